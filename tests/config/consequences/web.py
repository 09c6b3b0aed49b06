"""What settings of the web service do: where it listens, which names it has, whom it believes, how much it takes.

The application runs without a socket: its protections are the same. Not here: its pages (`tests/web`).
"""

import asyncio
from datetime import timedelta
from unittest.mock import patch

import httpx

from opsguard_assets.config.settings import Settings
from opsguard_assets.views.actions import Subject
from opsguard_assets.web import answering
from opsguard_assets.web.app import create_app
from opsguard_assets.web.service import service_of
from opsguard_assets.web.tokens import VIEW, issue, peek
from resources.ports import PortError, listen_on
from tests.config.consequences.given import NOW, STORES, Seen, asked_by, lake_of, stop

VARIABLES = {"SLACK_SECRET": "8f742231b10e"}


def listens_at(settings: Settings) -> Seen:
    """Where it listens; where somebody else does, that is said with the port."""
    try:
        with listen_on(settings.web.host, settings.web.port) as listener:
            return listener.getsockname()[:2]
    except PortError as taken:
        return str(taken)


def names_answered(settings: Settings) -> Seen:
    """What it says to who calls it by several names."""
    names = ("127.0.0.1", "ops.example.org", "desk.internal", "evil.example")
    return _asked(settings, [("GET", "/", {"Host": name}) for name in names])


def slack_answered(settings: Settings) -> Seen:
    """What it says to a click that nobody signed."""
    return _asked(settings, [("POST", "/slack/interactivity", {})])


def asked_often(settings: Settings) -> Seen:
    """What it says to forty requests of one address, which tell of many."""
    forwarded = [{"X-Forwarded-For": f"192.0.2.{number}"} for number in range(40)]
    return _asked(settings, [("GET", "/", headers) for headers in forwarded])


def links_work(settings: Settings) -> Seen:
    """How many hours a link works."""
    database = STORES[0].migrated()
    with database.begin() as connection:
        token = issue(connection, (VIEW,), "incident/1", "P1", at=NOW, lasts=settings.web.link_lasts)
        return [hours for hours in range(0, 400, 12) if peek(connection, token, VIEW, at=NOW + timedelta(hours=hours))]


def shift_taken_over(settings: Settings) -> Seen:
    """What is asked for when somebody says yes to the offer of a shift: with the time that they need to arrive."""
    service = service_of(None, lake_of("web"), settings, VARIABLES)  # type: ignore[arg-type]
    offer = Subject("offer", 1)
    with patch.object(answering, "answer", stop):
        return asked_by(
            lambda: answering.answered(service, offer, "yes", person_id="P1", note=None, surface="web", now=NOW)
        )


def _asked(settings: Settings, requests: list[tuple[str, str, dict[str, str]]]) -> list[int]:
    app = create_app(service_of(None, lake_of("web"), settings, VARIABLES))  # type: ignore[arg-type]

    async def ask() -> list[int]:
        transport = httpx.ASGITransport(app=app, client=("10.0.0.7", 4711))
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
            return [
                (await client.request(method, path, headers=headers)).status_code for method, path, headers in requests
            ]

    return asyncio.run(ask())
