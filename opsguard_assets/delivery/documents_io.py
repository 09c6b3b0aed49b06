"""Messages that carry a document: what they say was fixed when they were planned, and their files are kept by digest.

Here: from a payload to its letter. Not here: planning (`opsguard_assets.scorecards.signing`), keeping files
(`resources.kept_files`).

Other messages show what is true when they are sent. A scorecard says what was signed.
"""

from collections.abc import Mapping
from typing import Any

from opsguard_assets.delivery.letter import Enclosure, Fact, Letter, Section
from opsguard_assets.delivery.written import Written
from resources.kept_files import kept_files
from resources.lake import Lake

SCORECARD = "scorecard"


def written(lake: Lake, payload: Mapping[str, Any]) -> Written:
    """The letter of a planned message with its files.

    Args:
        lake: Below it lie the files.
        payload: `letter` (fields of `Letter`; facts as pairs, sections as their fields) and `files` (`name`,
            `media_type`, `digest`).

    Raises:
        resources.kept_files.KeptFileError: When a file is not there or not what was kept.
    """
    said = dict(payload["letter"])
    files = kept_files(lake)
    return Written(
        Letter(
            **{
                **said,
                "facts": [Fact(*each) for each in said.get("facts", ())],
                "sections": [Section(**each) for each in said.get("sections", ())],
                "enclosures": [
                    Enclosure(each["name"], each["media_type"], files.read(each["digest"])) for each in payload["files"]
                ],
            }
        )
    )
