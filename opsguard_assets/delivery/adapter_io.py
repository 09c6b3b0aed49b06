"""Messages as side effects: one channel's adapter, and what is written down when a message is settled.

Here: looking again, handing over, threads, messages that are sent again. Not here: the engine
(`opsguard_assets.effects`), letters, channels.

What became of a message in doubt is found out where the channel can tell. Where it cannot, a critical message is sent
once more, marked as possibly repeated, as a message of its own; any other one stays unknown until a person looks.
"""

import json
import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import polars as pl
from sqlalchemy import Connection, text

from opsguard_assets.delivery import questions_io
from opsguard_assets.delivery.letters_io import Letters
from opsguard_assets.delivery.transports_io import LATER, Message, Transport
from opsguard_assets.delivery.written import Pointless
from opsguard_assets.effects import io as effects_io
from opsguard_assets.effects.machine import Effect, State
from resources.answers import Answer, Outcome
from resources.channels.handed_over import ChannelError, HandedOver, Reference
from resources.database import DatabaseError
from resources.room import StorageError
from resources.sql import statement

KIND = "message"
_LOG = logging.getLogger(__name__)
# What is wrong with the house, and not with one message: whoever drains has to hear it.
_OURS = (DatabaseError, StorageError)


@dataclass
class ChannelAdapter:
    """Carries the messages of one channel out.

    Attributes:
        name: The channel.
        transport: How it carries letters.
        letters: Writes them.
        give_up: Nothing that was due longer ago is sent.
        now: The clock (UTC).
    """

    name: str
    transport: Transport
    letters: Letters
    give_up: timedelta
    now: Callable[[], datetime]
    _last: tuple[Effect, Reference | None, int | None] | None = None

    @property
    def targets(self) -> Collection[str]:
        """The channel."""
        return (self.name,)

    @property
    def can_tell(self) -> bool:
        """As the channel says."""
        return self.transport.can_tell

    def may_repeat(self, effect: Effect) -> bool:
        """As the channel says."""
        return self.transport.may_repeat(effect)

    def send(self, effect: Effect) -> Answer:
        """Writes the letter as of now and hands it over; what has become pointless or too old is not sent."""
        self._last = (effect, None, None)
        if self.now() - effect.planned_at > self.give_up:
            return _not_sent(effect, Outcome.FAILED, "it is too old to be sent")
        try:
            written = self.letters.write(effect, self.now())
        except _OURS:
            raise
        except Exception as error:  # noqa: BLE001 - one message that cannot be written must not hold up all others
            _LOG.warning("message %s (%s) could not be written", effect.effect_id, effect.key, exc_info=error)
            return _not_sent(effect, Outcome.FAILED, f"it could not be written: {type(error).__name__}")
        if isinstance(written, Pointless):
            return _not_sent(effect, Outcome.SUPERSEDED, written.words)
        letter = written.letter.said_again() if effect.payload.get("is_repeat") else written.letter
        handed = self._handed_over(Message(effect, letter, written.thread, self.now()))
        self._last = (effect, handed.reference, written.version)
        return handed.answer

    def ask(self, effect: Effect) -> Answer:
        """Looks for a message that may have arrived."""
        self._last = (effect, None, None)
        looked = self.transport.look_for(effect, self.letters.thread_of(effect), self.now())
        # It shows what was true when it was posted, which is at least the version that it was planned for.
        self._last = (effect, looked.reference, effect.payload.get("version"))
        return looked.answer

    def _handed_over(self, message: Message) -> HandedOver:
        try:
            return self.transport.hand_over(message)
        except ChannelError as error:
            return HandedOver(_not_sent(message.effect, Outcome.NOT_REACHED, str(error)))
        except Exception as error:  # noqa: BLE001 - whatever a library raises, it may have been handed over before
            _LOG.warning("message %s: the channel failed", message.effect.effect_id, exc_info=error)
            return HandedOver(Answer(Outcome.UNKNOWN, f"the channel failed: {type(error).__name__}"))

    def note(self, connection: Connection, effect_ids: Sequence[int], state: State, at: datetime) -> None:
        """Writes down what follows from a settlement, in its transaction."""
        if state is State.DONE and self._last is not None and self._last[0].effect_id in effect_ids:
            effect, reference, version = self._last
            note_done(connection, effect, reference, version, at, reaches_people=self.transport.reaches_people)
        if state is State.UNKNOWN:
            # Also what nobody was asked about: a process died, and the channel cannot tell.
            found = [effects_io.effect_of(connection, number) for number in effect_ids]
            for effect in filter(None, found):
                if effect.target == self.name and not self.transport.ends_doubt(effect):
                    send_again(connection, effect, at)


def note_done(
    connection: Connection,
    effect: Effect,
    reference: Reference | None,
    version: int | None,
    at: datetime,
    *,
    reaches_people: bool,
) -> None:
    """Keeps where a message is and what it shows; an escalation notice is delivered."""
    payload = effect.payload
    if payload["kind"] == "escalation":
        if reaches_people:
            values = {name: payload[name] for name in ("escalation_id", "person_id")}
            delivered = "UPDATE escalation_notices SET state = 'delivered' WHERE escalation_id = :escalation_id "
            connection.execute(text(delivered + "AND person_id = :person_id"), values)
        return
    if payload.get("about"):
        questions_io.note_sent(connection, effect, reference, at)
        return
    if payload.get("incident_id") is None:
        return
    shown = {
        **{name: payload[name] for name in ("incident_id", "channel", "address")},
        "version": version or payload.get("version") or 0,
    }
    if payload["kind"] in LATER:
        connection.execute(statement(__name__, "show_version"), shown)
    elif payload["kind"] == "raised" and reference is not None:
        values = {**shown, "effect_id": effect.effect_id, "reference": json.dumps(dict(reference)), "at": at}
        missed = connection.execute(statement(__name__, "begin_thread"), values).first()
        if missed is not None:
            _catch_up(connection, effect, missed.state, int(missed.version), at)


def send_again(connection: Connection, effect: Effect, at: datetime) -> None:
    """Plans a critical message in doubt once more, marked as possibly repeated; its key allows one repetition."""
    payload = effect.payload
    if not payload.get("is_critical") or payload.get("is_repeat"):
        return
    again = {**payload, "is_repeat": True, "first_key": effect.idempotency_key}
    _plan(connection, f"{effect.key}/again", effect, again, at)


def _catch_up(connection: Connection, effect: Effect, state: str, version: int, at: datetime) -> None:
    """Somebody took the incident, or it was resolved, after the message was written: the reader learns it.

    Whoever decided that did not plan an edit, because there was no message yet that could be edited.
    """
    kind = "resolved" if state == "resolved" else "update"
    payload = {**effect.payload, "kind": kind, "version": version}
    _plan(connection, f"{effect.key}/{kind}/{version}", effect, payload, at)


def _plan(connection: Connection, key: str, effect: Effect, payload: Mapping[str, object], at: datetime) -> None:
    row = {"key": key, "target": effect.target, "rank": 100.0, "payload": dict(payload)}
    effects_io.plan(connection, KIND, pl.DataFrame([row]), at=at, actor=KIND)


def _not_sent(effect: Effect, outcome: Outcome, words: str) -> Answer:
    """Nothing was handed over now; where an earlier attempt may have been carried out, that stays in doubt."""
    if effect.is_in_doubt:
        return Answer(Outcome.UNKNOWN, f"{words}; an earlier attempt may have arrived", look_after=timedelta(days=1))
    return Answer(outcome, words, is_heard=outcome is not Outcome.NOT_REACHED)
