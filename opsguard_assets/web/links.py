"""The pages behind links: one incident or one alert, acknowledge and feedback.

Here: routes below `/a/<token>`. Not here: tokens (`tokens`), what a click does (`acting`), how pages look (`pages`).

GET and HEAD show and change nothing, because scanners of mail follow links; only POST acts. After it the browser is
sent to the page, so that reloading repeats nothing; the page says what the link was used for.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from opsguard_assets.alerts.people import ActionError
from opsguard_assets.views import reading
from opsguard_assets.views.actions import VERDICTS, Subject, subject_of
from opsguard_assets.views.alerts import described
from opsguard_assets.views.incidents import IncidentView, incident_view, names_of_incidents
from opsguard_assets.views.names import Names, homes_of, names_of
from opsguard_assets.web import tokens
from opsguard_assets.web.acting import act
from opsguard_assets.web.pages import page
from opsguard_assets.web.service import Service
from opsguard_assets.web.tokens import ACKNOWLEDGE, FEEDBACK, VIEW, Token, TokenError, Use

_FORM_SECONDS = 10.0
_MOST_FIELDS = 8
_MOST_ALERTS = 100


@dataclass(frozen=True)
class Reader:
    """Who reads, by the link.

    Attributes:
        name: As histories call them.
        zone: Their time zone.
    """

    name: str
    zone: str


def routes(service: Service) -> list[Route]:
    """The routes of links."""
    links = _Links(service)
    return [
        Route("/a/{token}", links.show, methods=["GET"]),
        Route("/a/{token}/alerts/{number:int}", links.show_alert, methods=["GET"]),
        Route("/a/{token}/acknowledge", links.acknowledge, methods=["POST"]),
        Route("/a/{token}/feedback", links.feedback, methods=["POST"]),
    ]


@dataclass(frozen=True)
class _Links:
    service: Service

    async def show(self, request: Request) -> Response:
        """The page of what the link is about."""
        return await run_in_threadpool(self._shown, request.path_params["token"])

    async def show_alert(self, request: Request) -> Response:
        """The page of one alert of the incident that the link is about, and of no other."""
        return await run_in_threadpool(self._shown_alert, request.path_params["token"], request.path_params["number"])

    async def acknowledge(self, request: Request) -> Response:
        """Acknowledges, once."""
        async with _in_time():
            await request.body()  # what is too large is refused before anything is done
        return await run_in_threadpool(self._acted, request.path_params["token"], ACKNOWLEDGE, ACKNOWLEDGE)

    async def feedback(self, request: Request) -> Response:
        """Takes one word of feedback, once."""
        async with _in_time(), request.form(max_files=0, max_fields=_MOST_FIELDS, max_part_size=1_000) as form:
            verdict = form.get("verdict")
        if verdict not in VERDICTS:
            raise HTTPException(400, f"Feedback is one of {', '.join(VERDICTS)}.")
        return await run_in_threadpool(self._acted, request.path_params["token"], FEEDBACK, str(verdict))

    def _acted(self, secret: str, purpose: str, action: str) -> Response:
        now = self.service.now()
        try:
            self._used(secret, purpose, action, now)
        except TokenError:
            return self._gone(now)
        except ActionError as error:
            return self._shown(secret, notice=str(error), status=409)
        return RedirectResponse(f"/a/{secret}", status_code=303)

    def _used(self, secret: str, purpose: str, action: str, now: datetime) -> Use:
        with self.service.database.begin() as connection:
            found = tokens.peek(connection, secret, purpose, at=now)
            reader = self._reader(found) if found else None

            def do(token: Token) -> dict[str, Any]:
                actor = reader.name if reader else token.recipient
                return act(connection, subject_of(token.subject), action, at=now, actor=actor, surface="web")

            return tokens.use(connection, secret, purpose, at=now, act=do)

    def _shown(self, secret: str, *, notice: str | None = None, status: int = 200) -> Response:
        now = self.service.now()
        with self.service.database.begin() as connection:
            token = tokens.peek(connection, secret, VIEW, at=now)
            done = self._done(connection, secret, now)
        if token is None:
            return self._gone(now)
        reader, subject = self._reader(token), subject_of(token.subject)
        shown = {
            "now": now, "zone": reader.zone, "status": status, "notice": notice, "home": f"/a/{secret}",
            "expires_at": token.expires_at, **done,
        }  # fmt: skip
        if subject.kind == "alert":
            return self._alert_page(subject.number, may_act=True, **shown)
        return self._incident_page(subject.number, **shown)

    def _done(self, connection: Connection, secret: str, now: datetime) -> dict[str, Any]:
        """What the link may still be used for, and what it was used for."""
        found = {purpose: tokens.peek(connection, secret, purpose, at=now) for purpose in (ACKNOWLEDGE, FEEDBACK)}
        done: dict[str, Any] = {}
        for purpose, token in found.items():
            done[f"may_{purpose}"] = token is not None and token.used_at is None
            done[f"{purpose}_done"] = token if token is not None and token.used_at is not None else None
        return done

    def _incident_page(self, number: int, *, now: datetime, zone: str, **shown: Any) -> Response:
        database, lake = self.service.database, self.service.lake
        names = names_of_incidents(database, lake, [number])
        view = incident_view(database, names, number, now)
        if view is None:
            return self._gone(now)
        with database.begin() as connection:
            messages = reading.messages_of(connection, number)
        people = names_of(lake, [], people=[row["person_id"] for row in messages])
        return page(
            "incident", now=now, zone=zone, view=view, alerts=view.alerts[:_MOST_ALERTS], more=_more(view),
            messages=_with_names(messages, people), **shown,
        )  # fmt: skip

    def _shown_alert(self, secret: str, number: int) -> Response:
        now = self.service.now()
        with self.service.database.begin() as connection:
            token = tokens.peek(connection, secret, VIEW, at=now)
            holds = token is not None and _holds(connection, subject_of(token.subject), number)
        if token is None or not holds:
            return self._gone(now)
        nothing: dict[str, Any] = dict.fromkeys(
            ("notice", "may_acknowledge", "may_feedback", "acknowledge_done", "feedback_done")
        )
        return self._alert_page(
            number, now=now, zone=self._reader(token).zone, home=f"/a/{secret}", expires_at=token.expires_at,
            may_act=False, status=200, **nothing,
        )  # fmt: skip

    def _alert_page(self, number: int, *, now: datetime, zone: str, **shown: Any) -> Response:
        with self.service.database.begin() as connection:
            found = reading.alerts_of(connection, [number])
            history = reading.alert_history(connection, number)
        if not found:
            return self._gone(now)
        (row,) = described(found, names_of(self.service.lake, found), now)
        return page("alert", now=now, zone=zone, alert=row, history=history, **shown)

    def _reader(self, token: Token) -> Reader:
        name, zone = homes_of(self.service.lake, [token.recipient]).get(token.recipient, (None, None))
        return Reader(name or token.recipient, zone or self.service.zone)

    def _gone(self, now: datetime) -> Response:
        return page("gone", status=410, now=now, zone=self.service.zone)


@asynccontextmanager
async def _in_time() -> AsyncIterator[None]:
    """Gives a form that arrives too slowly up."""
    try:
        async with asyncio.timeout(_FORM_SECONDS):
            yield
    except TimeoutError:
        raise HTTPException(408, "The form did not arrive in time.") from None


def _holds(connection: Connection, subject: Subject, number: int) -> bool:
    """Whether an alert is what a link is about, or in the incident that it is about."""
    if subject.kind == "alert":
        return subject.number == number
    return reading.incident_of(connection, number) == subject.number


def _more(view: IncidentView) -> int:
    return max(0, len(view.alerts) - _MOST_ALERTS)


def _with_names(messages: list[dict[str, Any]], names: Names) -> list[dict[str, Any]]:
    """Messages with the name of whom each was for: a person, or the address of a channel."""
    return [{**row, "who": names.person(row["person_id"]) or row["address"] or "nobody"} for row in messages]
