"""Messages whose words were fixed when they were planned: scorecards with their files, questions with their link.

Here: from a payload to its letter. Not here: planning (`opsguard_assets.scorecards.signing`,
`opsguard_assets.satisfaction`), keeping files (`resources.kept_files`).

Other messages show what is true when they are sent. A scorecard says what was signed. A link is made when the message
is written, because only the digest of its token may be kept.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from opsguard_assets.delivery.letter import Enclosure, Fact, Letter, Section
from opsguard_assets.delivery.written import LinkOf, Pointless, Written
from opsguard_assets.web.tokens import document
from resources.kept_files import kept_files
from resources.lake import Lake

NO_SERVICE = Pointless("no web service is set up that its link could lead to (web.base_url)")


def written(lake: Lake, payload: Mapping[str, Any], link_of: LinkOf, now: datetime) -> Written | Pointless:
    """The letter of a planned message with its files and its link.

    Args:
        lake: Below it lie the files.
        payload: `letter` (fields of `Letter`; facts as pairs, sections as their fields), `files` (`name`,
            `media_type`, `digest`), and `link_to`, what a link is about that its reader acts by, or `page`, the digest
            of the document as a page.
        link_of: Makes links.
        now: The time of the clock (UTC).

    Raises:
        resources.kept_files.KeptFileError: When a file is not there or not what was kept.
    """
    said = dict(payload["letter"])
    if (subject := payload.get("link_to")) is not None:
        said["link"] = link_of(subject, payload["address"], now, True)
        if said["link"] is None:
            return NO_SERVICE
    elif (page := payload.get("page")) is not None:
        said["link"] = link_of(document(page), payload["address"], now, False)
    files = kept_files(lake)
    return Written(
        Letter(
            **{
                **said,
                "facts": [Fact(*each) for each in said.get("facts", ())],
                "sections": [Section(**each) for each in said.get("sections", ())],
                "enclosures": [
                    Enclosure(each["name"], each["media_type"], files.read(each["digest"]))
                    for each in payload.get("files", ())
                ],
            }
        )
    )
