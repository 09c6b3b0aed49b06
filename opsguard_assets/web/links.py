"""The pages behind links: one incident or one alert, acknowledge and feedback.

Here: routes below `/a/<token>`. Not here: tokens (`tokens`), what a click does (`acting`), how pages look (`pages`).

GET and HEAD show and change nothing, because scanners of mail follow links; only POST acts. After it the browser is
sent to the page, so that reloading repeats nothing; the page says what the link was used for.
"""

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
from opsguard_assets.views.actions import ANSWERS_OF, VERDICTS, subject_of
from opsguard_assets.views.alerts import described
from opsguard_assets.views.attachments import attachment, attachments_of
from opsguard_assets.views.executions import of_alerts
from opsguard_assets.views.incidents import IncidentView, incident_view, names_of_incidents
from opsguard_assets.views.names import names_of, with_readers
from opsguard_assets.web import documents, questions, satisfaction, tokens
from opsguard_assets.web.acting import act
from opsguard_assets.web.gate import ENDED, may_be_seen
from opsguard_assets.web.pages import page
from opsguard_assets.web.service import Service
from opsguard_assets.web.tokens import ACKNOWLEDGE, FEEDBACK, Token, TokenError, Use
from opsguard_assets.web.visits import Visit, gone, holds_alert, in_time, reader_of, visit

_MOST_FIELDS = 8
_MOST_ALERTS, _MOST_ROWS = 100, 10


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
        async with in_time():
            await request.body()  # what is too large is refused before anything is done
        return await run_in_threadpool(self._acted, request.path_params["token"], ACKNOWLEDGE, ACKNOWLEDGE)

    async def feedback(self, request: Request) -> Response:
        """Takes one word of feedback, once."""
        async with in_time(), request.form(max_files=0, max_fields=_MOST_FIELDS, max_part_size=1_000) as form:
            verdict = form.get("verdict")
        if verdict not in VERDICTS:
            raise HTTPException(400, f"Feedback is one of {', '.join(VERDICTS)}.")
        return await run_in_threadpool(self._acted, request.path_params["token"], FEEDBACK, str(verdict))

    def _acted(self, secret: str, purpose: str, action: str) -> Response:
        now = self.service.now()
        try:
            self._used(secret, purpose, action, now)
        except TokenError:
            return gone(self.service)
        except ActionError as error:
            return self._shown(secret, notice=str(error), status=409)
        return RedirectResponse(f"/a/{secret}", status_code=303)

    def _used(self, secret: str, purpose: str, action: str, now: datetime) -> Use:
        with self.service.database.begin() as connection:
            found = tokens.peek(connection, secret, purpose, at=now)
            if found and not may_be_seen(self.service, connection, subject_of(found.subject), now):
                raise TokenError(ENDED)
            reader = reader_of(self.service, found) if found else None

            def do(token: Token) -> dict[str, Any]:
                actor = reader.name if reader else token.recipient
                return act(connection, subject_of(token.subject), action, at=now, actor=actor, surface="web")

            return tokens.use(connection, secret, purpose, at=now, act=do)

    def _shown(self, secret: str, *, notice: str | None = None, status: int = 200) -> Response:
        visited = visit(self.service, secret)
        if visited is None:
            return documents.shown(self.service, secret) or gone(self.service)
        if visited.subject.kind in ANSWERS_OF:
            return questions.shown(self.service, visited)
        if visited.subject.kind == tokens.SATISFACTION:
            return satisfaction.shown(self.service, visited)
        with self.service.database.begin() as connection:
            done = self._done(connection, secret, visited.now)
        shown = {"status": status, "notice": notice, **done}
        if visited.subject.kind == "alert":
            return self._alert_page(visited, visited.subject.number, may_act=True, **shown)
        return self._incident_page(visited, **shown)

    def _done(self, connection: Connection, secret: str, now: datetime) -> dict[str, Any]:
        """What the link may still be used for, and what it was used for."""
        found = {purpose: tokens.peek(connection, secret, purpose, at=now) for purpose in (ACKNOWLEDGE, FEEDBACK)}
        done: dict[str, Any] = {}
        for purpose, token in found.items():
            done[f"may_{purpose}"] = token is not None and token.used_at is None
            done[f"{purpose}_done"] = token if token is not None and token.used_at is not None else None
        return done

    def _incident_page(self, visited: Visit, **shown: Any) -> Response:
        database, lake, number = self.service.database, self.service.lake, visited.subject.number
        names = names_of_incidents(database, lake, [number])
        view = incident_view(database, names, number, visited.now, inside=visited.sees_inside)
        if view is None:
            return gone(self.service)
        with database.begin() as connection:
            inside = visited.sees_inside
            messages = reading.messages_of(connection, number) if inside else []
            executions = of_alerts(connection, [row["alert_id"] for row in view.alerts]) if inside else []
        return page(
            "incident", view=view, alerts=view.alerts[:_MOST_ALERTS], more=_more(view), executions=executions,
            messages=with_readers(lake, messages), **shown, **visited.shown,
        )  # fmt: skip

    def _shown_alert(self, secret: str, number: int) -> Response:
        visited = visit(self.service, secret)
        if visited is None:
            return gone(self.service)
        with self.service.database.begin() as connection:
            holds = holds_alert(self.service, connection, visited, number)
        if not holds:
            return gone(self.service)
        nothing: dict[str, Any] = dict.fromkeys(
            ("notice", "may_acknowledge", "may_feedback", "acknowledge_done", "feedback_done")
        )
        return self._alert_page(visited, number, may_act=False, status=200, **nothing)

    def _alert_page(self, visited: Visit, number: int, **shown: Any) -> Response:
        with self.service.database.begin() as connection:
            found = reading.alerts_of(connection, [number])
            history = reading.alert_history(connection, number)
            collected = attachments_of(connection, number) if visited.sees_inside else []
            executions = of_alerts(connection, [number]) if visited.sees_inside else []
        if not found:
            return gone(self.service)
        (row,) = described(found, names_of(self.service.lake, found), visited.now, inside=visited.sees_inside)
        attachments = [attachment(each, visited.reader.zone, most=_MOST_ROWS) for each in collected]
        return page(
            "alert", alert=row, history=history, attachments=attachments, executions=executions, **shown,
            **visited.shown,
        )  # fmt: skip


def _more(view: IncidentView) -> int:
    return max(0, len(view.alerts) - _MOST_ALERTS)
