"""Visits by links: what a link is about, who reads it, and the page where it does not work.

Here: what every page behind a link begins with. Not here: tokens (`tokens`), the pages (`links`, `questions`,
`executions`).
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection
from starlette.exceptions import HTTPException
from starlette.responses import Response

from opsguard_assets.views import reading
from opsguard_assets.views.actions import Subject, subject_of
from opsguard_assets.views.executions import whose
from opsguard_assets.views.names import homes_of
from opsguard_assets.web import tokens
from opsguard_assets.web.gate import may_be_seen
from opsguard_assets.web.pages import page
from opsguard_assets.web.service import Service
from opsguard_assets.web.tokens import VIEW, Token

_FORM_SECONDS = 10.0


@dataclass(frozen=True)
class Reader:
    """Who reads, by the link.

    Attributes:
        name: As histories call them.
        zone: Their time zone.
        works_here: Whether they work for the provider. A client's channel, an executive and a webhook do not.
    """

    name: str
    zone: str
    works_here: bool


@dataclass(frozen=True)
class Visit:
    """A link that works.

    Attributes:
        secret: The token in its address.
        token: What it stands for.
        subject: What it is about.
        reader: Who reads.
        now: When (UTC).
    """

    secret: str
    token: Token
    subject: Subject
    reader: Reader
    now: datetime

    @property
    def home(self) -> str:
        """The address of its first page."""
        return f"/a/{self.secret}"

    @property
    def sees_inside(self) -> bool:
        """Whether it shows what the provider does by itself: executions, what they collect, who is told and could come.

        Approvals are asked of the provider's people alone, also of those whom `people` does not hold.
        """
        return self.reader.works_here or self.subject.kind == "approval"

    @property
    def shown(self) -> dict[str, Any]:
        """What every template uses."""
        return {
            "now": self.now,
            "zone": self.reader.zone,
            "home": self.home,
            "sees_inside": self.sees_inside,
            "expires_at": self.token.expires_at,
        }


def visit(service: Service, secret: str) -> Visit | None:
    """What a link stands for now; None where it does not work, or the plan of its client holds it no longer.

    Looking consumes nothing. A link to a document stands for nothing else.
    """
    now = service.now()
    with service.database.begin() as connection:
        token = tokens.peek(connection, secret, VIEW, at=now)
        if token is None or tokens.document_of(token) is not None:
            return None
        if not may_be_seen(service, connection, subject_of(token.subject), now):
            return None
    return Visit(secret, token, subject_of(token.subject), reader_of(service, token), now)


def reader_of(service: Service, token: Token) -> Reader:
    """Who reads by a token: a person by name, else the address that it was sent to."""
    known = homes_of(service.lake, [token.recipient]).get(token.recipient)
    if known is None:
        return Reader(token.recipient, service.zone, works_here=False)
    return Reader(known.name or token.recipient, known.zone or service.zone, works_here=known.works_here)


def holds_alert(service: Service, connection: Connection, visited: Visit, number: int) -> bool:
    """Whether an alert is what a link is about, or in its incident, and the plan of its client still holds it."""
    subject = visited.subject
    if subject.kind == "incident":
        is_inside = reading.incident_of(connection, number) == subject.number
    else:
        about = whose(connection, subject)
        is_inside = about is not None and about.alert_id == number
    return is_inside and may_be_seen(service, connection, Subject("alert", number), visited.now)


def gone(service: Service) -> Response:
    """The page of a link that does not work, for whatever reason."""
    return page("gone", status=410, now=service.now(), zone=service.zone)


@asynccontextmanager
async def in_time() -> AsyncIterator[None]:
    """Gives up on a form that arrives too slowly."""
    try:
        async with asyncio.timeout(_FORM_SECONDS):
            yield
    except TimeoutError:
        raise HTTPException(408, "The form did not arrive in time.") from None
