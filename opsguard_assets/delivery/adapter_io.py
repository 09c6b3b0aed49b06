"""Messages as side effects: one channel's adapter, and what is written down when a message is settled.

Here: looking again, handing over, threads, messages that are sent again. Not here: the engine
(`opsguard_assets.effects`), letters, channels.

A message in doubt is looked for where the channel can tell. Where it cannot, a critical message is sent
once more, marked as possibly repeated, as a message of its own; any other one stays unknown until a person looks.
"""

import json
import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import polars as pl
from sqlalchemy import Connection, text

from opsguard_assets.delivery import questions_io
from opsguard_assets.delivery.letters_io import Letters, numbers_of
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
# What is wrong with the house, and not with one message: the drain fails with it.
_OURS = (DatabaseError, StorageError)


@dataclass(frozen=True)
class Arrived:
    """A message that was handed over.

    Attributes:
        effect: What was planned.
        reference: Where it is; None where that is not known.
        version: The version of the incident that it shows; None where that is the one that it was planned for.
    """

    effect: Effect
    reference: Reference | None = None
    version: int | None = None

    @property
    def shown(self) -> dict[str, Any]:
        """The incident, the reader, and the version that they see."""
        payload = self.effect.payload
        place = {name: payload[name] for name in ("incident_id", "channel", "address")}
        return {**place, "version": self.version or payload.get("version") or 0}


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
    _sent: dict[int, "Arrived"] = field(default_factory=dict)

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
        self._sent[effect.effect_id] = Arrived(effect)
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
        self._sent[effect.effect_id] = Arrived(effect, handed.reference, written.version)
        return handed.answer

    def ask(self, effect: Effect) -> Answer:
        """Looks for a message that may have arrived."""
        looked = self.transport.look_for(effect, self.letters.thread_of(effect), self.now())
        # It shows what was true when it was posted, which is at least the version that it was planned for.
        self._sent[effect.effect_id] = Arrived(effect, looked.reference, effect.payload.get("version"))
        return looked.answer

    def _handed_over(self, message: Message) -> HandedOver:
        try:
            return self.transport.hand_over(message)
        except ChannelError as error:
            return HandedOver(_not_sent(message.effect, Outcome.NOT_REACHED, str(error)))
        except Exception as error:  # noqa: BLE001 - whatever a library raises, it may have been handed over before
            _LOG.warning("message %s: the channel failed", message.effect.effect_id, exc_info=error)
            return HandedOver(Answer(Outcome.UNKNOWN, f"the channel failed: {type(error).__name__}"))

    def expect(self, connection: Connection, effects: Sequence[Effect], at: datetime) -> None:
        """Looks at what messages tell of that are being claimed, in their transaction."""
        self._sent.clear()
        self.letters.look(connection, effects, at)

    def goes_with(self, effect: Effect, others: Sequence[Effect]) -> bool:
        """Not with another message about the same incident or question to the same reader: it follows that one."""
        place = _place_of(effect)
        return place is None or all(_place_of(other) != place for other in others)

    def note(self, connection: Connection, effect_ids: Sequence[int], state: State, at: datetime) -> None:
        """Writes down what follows from a settlement, in its transaction."""
        if state is State.DONE:
            arrived = [self._sent[number] for number in effect_ids if number in self._sent]
            note_done(connection, arrived, at, reaches_people=self.transport.reaches_people)
        if state is State.UNKNOWN:
            # Also what nobody was asked about: a process died, and the channel cannot tell.
            found = [effects_io.effect_of(connection, number) for number in effect_ids]
            for effect in filter(None, found):
                if effect.target == self.name and not self.transport.ends_doubt(effect):
                    send_again(connection, effect, at)


def note_done(connection: Connection, arrived: Sequence[Arrived], at: datetime, *, reaches_people: bool) -> None:
    """Keeps where messages are and what they show; an escalation notice is delivered."""
    first: dict[int, Arrived] = {}
    for each in arrived:
        payload = each.effect.payload
        if payload["kind"] == "escalation":
            if reaches_people:
                values = {"escalation_ids": numbers_of(payload), "person_id": payload["person_id"]}
                delivered = "UPDATE escalation_notices SET state = 'delivered' WHERE person_id = :person_id "
                connection.execute(text(delivered + "AND escalation_id = ANY (:escalation_ids)"), values)
        elif payload.get("about"):
            questions_io.note_sent(connection, each.effect, each.reference, at)
        elif payload.get("incident_id") is None:
            continue
        elif payload["kind"] in LATER:
            connection.execute(statement(__name__, "show_version"), each.shown)
        elif payload["kind"] == "raised" and each.reference is not None:
            first[each.effect.effect_id] = each
    if first:
        rows = json.dumps(
            [
                {**each.shown, "effect_id": number, "reference": dict(each.reference or {})}
                for number, each in first.items()
            ]
        )
        for missed in connection.execute(statement(__name__, "begin_threads"), {"rows": rows, "at": at}).all():
            _catch_up(connection, first[missed.effect_id].effect, missed.state, int(missed.version), at)


def send_again(connection: Connection, effect: Effect, at: datetime) -> None:
    """Plans a critical message in doubt once more, marked as possibly repeated; its key allows one repetition."""
    payload = effect.payload
    if not payload.get("is_critical") or payload.get("is_repeat"):
        return
    again = {**payload, "is_repeat": True, "first_key": effect.idempotency_key}
    _plan(connection, f"{effect.key}/again", effect, again, at)


def _catch_up(connection: Connection, effect: Effect, state: str, version: int, at: datetime) -> None:
    """Somebody took the incident, or it was resolved, after the message was written: the reader learns it.

    That decision planned no edit, because there was no message yet that could be edited.
    """
    kind = "resolved" if state == "resolved" else "update"
    payload = {**effect.payload, "kind": kind, "version": version}
    _plan(connection, f"{effect.key}/{kind}/{version}", effect, payload, at)


def _plan(connection: Connection, key: str, effect: Effect, payload: Mapping[str, object], at: datetime) -> None:
    # The greatest priority: nothing that is new goes before what sets an earlier message right.
    row = {"key": key, "target": effect.target, "rank": 100.0, "payload": dict(payload)}
    effects_io.plan(connection, KIND, pl.DataFrame([row]), at=at, actor=KIND)


def _not_sent(effect: Effect, outcome: Outcome, words: str) -> Answer:
    """Nothing was handed over now; where an earlier attempt may have been carried out, that stays in doubt."""
    if effect.is_in_doubt:
        return Answer(Outcome.UNKNOWN, f"{words}; an earlier attempt may have arrived", look_after=timedelta(days=1))
    return Answer(outcome, words, is_heard=outcome is not Outcome.NOT_REACHED)


def _place_of(effect: Effect) -> tuple[Any, ...] | None:
    """The incident or question and the reader of a message; None where it is about neither."""
    payload = effect.payload
    about = payload.get("about") or payload.get("incident_id")
    return None if about is None else (about, payload["channel"], payload["address"])
