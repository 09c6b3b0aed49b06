"""Links of messages: the address of a page, with a token for one reader.

Here: making them when a message is written. Not here: tokens (`web.tokens`), pages.
"""

from datetime import datetime, timedelta

from opsguard_assets.delivery.written import LinkOf
from opsguard_assets.web.tokens import VIEW, issue, purposes_of
from resources.database import Database


def links_of(database: Database, base_url: str | None, lasts: timedelta) -> LinkOf:
    """What makes links; without an address of the web service nothing does."""

    def link(subject: str, recipient: str, at: datetime, may_act: bool) -> str | None:  # noqa: FBT001 - as `LinkOf`
        if base_url is None:
            return None
        with database.begin() as connection:
            purposes = purposes_of(subject) if may_act else (VIEW,)
            token = issue(connection, purposes, subject, recipient, at=at, lasts=lasts)
        return f"{base_url}/a/{token}"

    return link
