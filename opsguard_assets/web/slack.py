"""Slack's interactivity endpoint: a click on a button of a message arrives here, signed by Slack.

Here: checking the signature, acting once per request, answering within three seconds. Not here: what a click does
(`acting`), and messages (`delivery`): buttons go by an update of the message, whatever surface decided.

Slack says who clicked, and the value of a button is what our own message said, so the signature is the permission.
"""

import asyncio
import hashlib
import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs

import polars as pl
from slack_sdk.signature import SignatureVerifier
from slack_sdk.webhook import WebhookClient
from sqlalchemy import Connection
from starlette.background import BackgroundTask
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from opsguard_assets.alerts.people import ActionError
from opsguard_assets.tables.registry import TABLES
from opsguard_assets.views import reading
from opsguard_assets.views.actions import ACTIONS, ANSWERS, ANSWERS_OF, EXPLAIN, Subject, subject_of
from opsguard_assets.views.alerts import described
from opsguard_assets.views.clocks import day_clock, time_left
from opsguard_assets.views.incidents import incident_view, names_of_incidents
from opsguard_assets.views.names import names_of
from opsguard_assets.views.texts import line, shortened, visible
from opsguard_assets.web.acting import act
from opsguard_assets.web.answering import answered
from opsguard_assets.web.gate import ENDED, may_be_seen
from opsguard_assets.web.service import Service
from resources.sql import statement

# Slack shows an error where there is no answer within three seconds; the rest of the work goes on behind the answer.
_ANSWER_SECONDS = 2.0
_BODY_SECONDS = 2.0
_POST_SECONDS = 10
_LONGEST_ANSWER = 2_900  # of a plain text in a section: 3,000
_log = logging.getLogger("opsguard.web")


@dataclass(frozen=True)
class Click:
    """A click on a button.

    Attributes:
        action: The name of the button, one of `ACTIONS`.
        subject: What it is about.
        user_id: Who clicked, in Slack.
        user_name: The same as Slack calls them.
        channel_id: In which channel the message is; empty where Slack does not say.
        answer_to: Where an answer to the person who clicked goes; None where nowhere.
    """

    action: str
    subject: Subject
    user_id: str
    user_name: str
    channel_id: str
    answer_to: str | None


def routes(service: Service) -> list[Route]:
    """The route of Slack's clicks; none without a signing secret."""
    if service.slack_secret is None:
        return []
    verifier = SignatureVerifier(service.slack_secret.get_secret_value())
    return [Route("/slack/interactivity", _Clicks(service, verifier).receive, methods=["POST"])]


@dataclass(frozen=True)
class _Clicks:
    service: Service
    verifier: SignatureVerifier

    async def receive(self, request: Request) -> Response:
        """One request of Slack."""
        try:
            async with asyncio.timeout(_BODY_SECONDS):
                body = await request.body()
        except TimeoutError:
            raise HTTPException(408, "The request did not arrive in time.") from None
        if not is_signed(self.verifier, body, dict(request.headers)):
            raise HTTPException(401, "This request is not signed by Slack.")
        click = click_of(body)
        if click is None:
            return Response()
        stamp = request.headers["x-slack-request-timestamp"]
        digest = hashlib.sha256(stamp.encode() + b":" + body).digest()
        work = asyncio.ensure_future(run_in_threadpool(self.act_on, click, digest))
        # Not `wait_for`: that would cancel the work when the time is up.
        await asyncio.wait({work}, timeout=_ANSWER_SECONDS)
        return Response(background=BackgroundTask(self._answer, click, work))

    def act_on(self, click: Click, digest: bytes) -> str | None:
        """Does what a click says, once per request; returns the answer for that person, None for a replay."""
        now = self.service.now()
        with self.service.database.begin() as connection:
            if not may_be_seen(self.service, connection, click.subject, now):
                return ENDED
        if click.action in ANSWERS:
            return self._answered(click, digest, now)
        actor = self._actor(click)
        try:
            with self.service.database.begin() as connection:
                seen = connection.execute(
                    statement(__name__, "remember_request"), {"digest": digest, "at": now}
                ).first()
                if seen is None:
                    return None
                if click.action == EXPLAIN:
                    why = _why_told(connection, click)
                else:
                    done = act(connection, click.subject, click.action, at=now, actor=actor, surface="slack")
                    return str(done["words"])
        except ActionError as error:
            return str(error)
        return f"{explained(self.service, click.subject, now)}{why}"

    def _answered(self, click: Click, digest: bytes, now: datetime) -> str | None:
        """Answers a question, once: answering again changes nothing, so the request is remembered afterwards."""
        people = self._people(click)
        if len(people) != 1:
            who = "more than one person" if people else "nobody"
            return (
                f"OpsGuard does not know who you are: {who} in `people` has your Slack account. Answer by the link in "
                "the message, or ask the operations desk."
            )
        (person,) = people
        try:
            words = answered(
                self.service, click.subject, click.action, person_id=person["person_id"], note=None, surface="slack",
                now=now,
            )["words"]  # fmt: skip
        except ActionError as error:
            words = str(error)
        with self.service.database.begin() as connection:
            values = {"digest": digest, "at": now}
            seen = connection.execute(statement(__name__, "remember_request"), values).first()
        return None if seen is None else str(words)

    async def _answer(self, click: Click, work: "asyncio.Future[str | None]") -> None:
        """Tells the person who clicked alone; lost where Slack does not take it, for what was done is done."""
        try:
            words = await work
        except Exception:  # noqa: BLE001 - the person who clicked is told, whatever it was
            _log.exception("a click on %s of %s failed", click.action, click.subject)
            words = "OpsGuard could not do that now. Try again, or use `opsguard` on the command line."
        if words is None or click.answer_to is None or not click.answer_to.startswith(self.service.slack_answers):
            return
        client = WebhookClient(click.answer_to, timeout=_POST_SECONDS, retry_handlers=[])
        try:
            answer = await run_in_threadpool(client.send_dict, message(words))
        except Exception as error:  # noqa: BLE001 - whatever the network does
            _log.warning("Slack did not take an answer: %s", type(error).__name__)
            return
        if answer.status_code >= 400:  # noqa: PLR2004 - as HTTP counts
            _log.warning("Slack did not take an answer: status %s", answer.status_code)

    def _actor(self, click: Click) -> str:
        """The name of who clicked; as Slack calls them unless exactly one known person has the account."""
        known = self._people(click)
        return (
            str(known[0]["name"]) if len(known) == 1 else shortened(f"{click.user_name or click.user_id} (Slack)", 80)
        )

    def _people(self, click: Click) -> list[dict[str, Any]]:
        """`person_id` and `name` of who has the account that clicked: at most two, since two already say nothing."""
        people = self.service.lake.known(TABLES["people"]).filter(pl.col("slack_user_id") == click.user_id)
        return people.select("person_id", "name").head(2).collect().to_dicts()


def is_signed(verifier: SignatureVerifier, body: bytes, headers: Mapping[str, str]) -> bool:
    """Whether Slack signed a request within the last five minutes; whatever cannot be read is not signed."""
    try:
        return bool(verifier.is_valid_request(body, dict(headers)))
    except (ValueError, TypeError):  # a timestamp that is no number, a body that is no UTF-8, a signature beyond ASCII
        return False


def click_of(body: bytes) -> Click | None:
    """The click that a signed request tells of; None for what is none of ours, such as a link that was opened.

    Raises:
        HTTPException: 400 where it cannot be read.
    """
    try:
        payload = json.loads(parse_qs(body.decode(), max_num_fields=20)["payload"][0])
        kind, user, actions = payload["type"], payload["user"], payload.get("actions") or []
        found = [each for each in actions if each.get("action_id") in ACTIONS] if kind == "block_actions" else []
        if not found:
            return None
        action, subject = found[0]["action_id"], subject_of(found[0]["value"])
        if (action in ANSWERS or subject.kind in ANSWERS_OF) and action not in ANSWERS_OF.get(subject.kind, ()):
            return None
        return Click(
            action=action,
            subject=subject,
            user_id=str(user["id"]),
            user_name=str(user.get("name") or user.get("username") or ""),
            channel_id=str((payload.get("container") or {}).get("channel_id") or ""),
            answer_to=payload.get("response_url"),
        )
    except (ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError):
        raise HTTPException(400, "This request of Slack cannot be read.") from None


def message(words: str) -> dict[str, Any]:
    """An answer that only the person who clicked sees, as plain text: nothing in it is formatted or a mention."""
    plain = shortened_lines(words)
    block = {"type": "section", "text": {"type": "plain_text", "text": plain, "emoji": False}}
    escaped = plain.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return {"response_type": "ephemeral", "replace_original": False, "text": escaped, "blocks": [block]}


def shortened_lines(words: str) -> str:
    """A text of several lines as Slack takes it."""
    return visible(words)[:_LONGEST_ANSWER]


def explained(service: Service, subject: Subject, now: datetime) -> str:
    """What is known of an alert or incident, in a few lines."""
    if subject.kind == "incident":
        names = names_of_incidents(service.database, service.lake, [subject.number])
        view = incident_view(service.database, names, subject.number, now)
        if view is None:
            return "There is no such incident."
        said = {**vars(view), "next": view.next_step, "site_zone": view.zone}
    else:
        with service.database.begin() as connection:
            found = reading.alerts_of(connection, [subject.number])
        if not found:
            return "There is no such alert."
        (said,) = described(found, names_of(service.lake, found), now)
    due = ""
    if said["due_at"] is not None:
        zone = said["site_zone"] or service.zone
        due = f"By when: {day_clock(said['due_at'], now, zone)}, {time_left(said['minutes_left'])}\n"
    why = "".join(f"Why: {line(one)}\n" for one in said["why"])
    rest = f"Who has it: {line(said['holder'])}\nNext: {line(said['next'])}\n"
    priority = "" if said["priority"] is None else f"Priority: {said['priority']} of 100\n"
    return f"{line(said['title'])}\n{why}{due}{rest}{priority}"


def _why_told(connection: Connection, click: Click) -> str:
    if click.subject.kind != "incident":
        return ""
    values = {"incident_id": click.subject.number, "addresses": [click.user_id, click.channel_id]}
    row = connection.execute(statement(__name__, "why_told"), values).mappings().first()
    return f"Told here because: {line(row['reason'])} ({line(row['rule'])})\n" if row else ""
