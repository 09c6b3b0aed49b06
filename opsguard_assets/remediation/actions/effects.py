"""Side effects of steps outside of OpsGuard's database: planned with the step, each once.

Here: planning them, and what their state means for a step. Not here: carrying them out (`adapters_io`, and
`opsguard_assets.effects`), messages (`telling`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import polars as pl
from sqlalchemy import Connection

from opsguard_assets.effects import io as effects_io
from opsguard_assets.effects.machine import State
from opsguard_assets.remediation.actions.action import Change, Result, Situation, StepState
from opsguard_assets.remediation.actions.texts import actor_of
from resources.sql import statement

# The kind of effect that steps have.
REMEDIATION: Final = "remediation"
# Where they go: the ticket system by its kind, and these.
WEBHOOK, COMMAND, WORK_ORDERS, RECORDS = "webhook", "command", "work_orders", "records"
# What is done to a ticket.
CHANGE, CREATE, CANCEL = "change", "create", "cancel"


@dataclass(frozen=True)
class Planned:
    """A side effect.

    Attributes:
        effect_id: Its number.
        state: Where it stands.
        idempotency_key: What it is recognised by outside.
        words: What was said last; None before the first answer.
    """

    effect_id: int
    state: State
    idempotency_key: str
    words: str | None


def plan_effect(
    connection: Connection, situation: Situation, target: str, payload: Mapping[str, Any], *, about: str = ""
) -> Planned:
    """Plans a side effect of a step under its key; what is planned or done already stays as it is.

    Args:
        connection: The transaction of the engine.
        situation: What the step is about.
        target: Where it goes.
        payload: What is sent; instants as text.
        about: What of the step it is, where a step has several.
    """
    key = f"{situation.key}/{about}" if about else situation.key
    rank = float(situation.alert.get("priority") or 0)
    return plan_under(connection, key, target, payload, rank=rank, at=situation.now, actor=actor_of(situation))


def plan_under(
    connection: Connection, key: str, target: str, payload: Mapping[str, Any], *, rank: float, at: datetime, actor: str
) -> Planned:
    """Plans a side effect under a key of its own; what is planned or done already stays as it is."""
    row = {"key": key, "target": target, "rank": rank, "payload": dict(payload)}
    effects_io.plan(connection, REMEDIATION, pl.DataFrame([row]), at=at, actor=actor)
    return _planned(connection.execute(statement(__name__, "effects/of_key"), {"kind": REMEDIATION, "key": key}).one())


def effect_now(connection: Connection, effect_id: int) -> Planned:
    """A side effect as it stands."""
    return _planned(connection.execute(statement(__name__, "effects/one"), {"effect_id": effect_id}).one())


def _planned(row: Any) -> Planned:
    return Planned(int(row.effect_id), State(row.state), str(row.idempotency_key), row.answer)


def state_of(state: State) -> StepState:
    """What the state of its side effect means for a step, which failed where somebody else was faster (superseded)."""
    return {
        State.PLANNED: StepState.PLANNED, State.SENDING: StepState.PLANNED, State.DONE: StepState.DONE,
        State.UNKNOWN: StepState.UNKNOWN,
    }.get(state, StepState.FAILED)  # fmt: skip


def waiting_for(effect: Planned, said: str, output: Mapping[str, Any], changes: Sequence[Change]) -> Result:
    """A step that waits for its side effect, or has it already.

    Args:
        effect: The side effect.
        said: What the step does, for people.
        output: What later looks and `undo` need.
        changes: What is changed once the effect is done.
    """
    whole = {**output, "effect_id": effect.effect_id, "said": said}
    state = state_of(effect.state)
    is_well = state in {StepState.PLANNED, StepState.DONE}
    return Result(
        state=state,
        words=said if effect.words is None else f"{said}: {effect.words}",
        output=whole,
        changes=changes if is_well else (),
        effect_id=effect.effect_id,
    )


def look_at_effect(connection: Connection, output: Mapping[str, Any]) -> Result:
    """Where the side effect of a step stands, by the output that the step has so far."""
    effect = effect_now(connection, int(output["effect_id"]))
    return waiting_for(effect, output["said"], without_changes(output), changes_of(output))


def changes_of(output: Mapping[str, Any]) -> list[Change]:
    """The changes that the engine keeps with the output of a step."""
    return [Change(**each) for each in output.get("changes", ())]


def without_changes(output: Mapping[str, Any]) -> dict[str, Any]:
    """The output of a step as its action gave it."""
    return {name: value for name, value in output.items() if name != "changes"}


class WaitsForItsEffect:
    """What actions share whose step is over when its side effect is."""

    def look(
        self,
        connection: Connection,
        step: Any,  # noqa: ARG002 - the same for every step
        situation: Situation,  # noqa: ARG002 - likewise
        output: Mapping[str, Any],
    ) -> Result:
        """Where the effect stands."""
        return look_at_effect(connection, output)
