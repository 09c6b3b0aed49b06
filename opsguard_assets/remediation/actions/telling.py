"""What a step says to people: planned as messages, and waited for until one of them arrived.

Here: planning messages in the step's transaction, and how far they got. Not here: who is told (`recipients_io`), what a
message looks like (`opsguard_assets.delivery`), questions (`asking`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

import polars as pl
from sqlalchemy import Connection

from opsguard_assets.alerts.finding import LIFE_SAFETY
from opsguard_assets.effects import io as effects_io
from opsguard_assets.effects.machine import State
from opsguard_assets.incidents.messages_io import record
from opsguard_assets.incidents.notices import DECIDED_TOLD, OF_EXECUTION, PLAYBOOK
from opsguard_assets.remediation.actions.action import Result, Situation, StepState
from opsguard_assets.remediation.actions.effects import changes_of, without_changes
from opsguard_assets.remediation.actions.recipients_io import Recipient
from opsguard_assets.remediation.actions.texts import actor_of
from resources.sql import statement

# How soon is looked whether somebody was reached, and how late at most; in between as long as it has taken already.
_SOONEST, _LATEST = timedelta(seconds=30), timedelta(minutes=10)
_HAS_IT: Final = (State.DONE.value, State.SENDING.value, State.UNKNOWN.value)


def tell(connection: Connection, situation: Situation, recipients: Sequence[Recipient], words: str) -> str:
    """Plans what a step says to its recipients, each once.

    Returns:
        What the keys of these messages begin with, for `reach_of` and `untell`.
    """
    beginning = f"{PLAYBOOK}/{situation.key}/"
    alert = situation.alert
    rows = [
        {
            "incident_id": alert.get("incident_id"), "kind": PLAYBOOK, "step": situation.number,
            "audience": each.audience, "person_id": each.person_id, "channel": each.channel, "address": each.address,
            "decision": DECIDED_TOLD, "reason": f"{each.audience.replace('_', ' ')}, by playbook {situation.playbook}",
            "rule": actor_of(situation), "urgency": "now", "due_at": situation.now,
            "message_key": f"{beginning}{each.channel}/{each.address}", "priority": alert.get("priority") or 0,
            "is_critical": alert["severity"] == "critical" or alert["alert_type"] in LIFE_SAFETY,
            "execution_id": situation.execution_id, "words": words,
        }
        for each in recipients
    ]  # fmt: skip
    notices = pl.DataFrame(rows, schema=OF_EXECUTION)
    record(connection, notices, at=situation.now, actor=actor_of(situation))
    return beginning


@dataclass(frozen=True)
class Reach:
    """How far the messages of a step got.

    Attributes:
        states: How many are in which state of their effects.
        words: What was said about those that arrived nowhere.
    """

    states: Mapping[str, int]
    words: Sequence[str]

    @property
    def state(self) -> StepState:
        """Done once a message arrived, planned while one is on its way, unknown while one is in doubt, else failed."""
        if self.states.get(State.DONE):
            return StepState.DONE
        if self.states.get(State.PLANNED) or self.states.get(State.SENDING):
            return StepState.PLANNED
        return StepState.UNKNOWN if self.states.get(State.UNKNOWN) else StepState.FAILED

    def said(self) -> str:
        """For people."""
        done, every = self.states.get(State.DONE, 0), sum(self.states.values())
        if self.state is StepState.PLANNED:
            return "the messages are on their way"
        if self.state is StepState.UNKNOWN:
            return "whether a message arrived is not known"
        if not done:
            return "reached nobody" + (f": {self.words[0]}" if self.words else "")
        return f"reached {done} of {every}" if done < every else "reached everybody"


def reach_of(connection: Connection, execution_id: int, beginning: str) -> Reach:
    """How far the messages of a step got."""
    rows = _messages(connection, execution_id, beginning)
    states: dict[str, int] = {}
    for row in rows:
        states[row["state"]] = states.get(row["state"], 0) + 1
    words = [row["answer"] for row in rows if row["answer"] and row["state"] not in _HAS_IT]
    return Reach(states, words)


def still_waits(situation: Situation, output: Mapping[str, Any], words: str) -> Result:
    """A step that waits for its messages, and when it is looked at next."""
    since = situation.now - (situation.began_at or situation.now)
    due_at = situation.now + min(max(since, _SOONEST), _LATEST)
    return Result(
        state=StepState.PLANNED, words=words, output=without_changes(output), changes=changes_of(output), due_at=due_at
    )


def untell(
    connection: Connection, situation: Situation, execution_id: int, beginning: str, words: str
) -> tuple[int, int]:
    """Takes back what was not sent yet, and tells everybody else that it was undone.

    Args:
        connection: The transaction of the engine.
        situation: What is undone.
        execution_id: The execution that told them.
        beginning: What `tell` returned.
        words: What they are told.

    Returns:
        How many messages were taken back, and how many people are told.
    """
    rows = _messages(connection, execution_id, beginning)
    planned = [row["effect_id"] for row in rows if row["state"] == State.PLANNED]
    why = "the playbook was undone"
    taken = effects_io.settle_planned(
        connection, planned, State.SUPERSEDED, at=situation.now, actor=actor_of(situation), words=why
    )
    connection.execute(statement(__name__, "asking/superseded"), {"effect_ids": taken, "words": why})
    names = ("audience", "person_id", "channel", "address")
    have = [Recipient(*(row[name] for name in names)) for row in rows if row["state"] in _HAS_IT]
    tell(connection, situation, have, words)
    return len(taken), len(have)


def _messages(connection: Connection, execution_id: int, beginning: str) -> list[dict[str, Any]]:
    asked = {"execution_id": execution_id, "beginning": beginning}
    return [dict(row) for row in connection.execute(statement(__name__, "telling/messages"), asked).mappings()]
