"""What the end of a side effect means for the execution whose step it belongs to, in the same transaction.

Here: waking it; who is told that a promise cannot be kept, where it was over. Not here: carrying side effects out
(`opsguard_assets.effects`), what the step makes of it (its action's `look`).
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Row

from opsguard_assets.effects.machine import State
from opsguard_assets.remediation.actions.action import Situation
from opsguard_assets.remediation.actions.offering import PROMISED
from opsguard_assets.remediation.actions.substituting import tell_unkept
from opsguard_assets.remediation.engine.approvals_io import ACTOR, wake
from opsguard_assets.remediation.engine.cases_io import alerts_now
from resources.sql import statement

# What a step has come to whose execution was over before its side effect was.
_AFTERWARDS: Final = {State.DONE: "done", State.UNKNOWN: "unknown"}


def settled(connection: Connection, effect_ids: Sequence[int], state: State, at: datetime) -> None:
    """Lets the executions go on that waited for some side effects, also where they had ended in doubt.

    Args:
        connection: The transaction that settles.
        effect_ids: Which side effects.
        state: What they came to.
        at: When (UTC).
    """
    if state is State.PLANNED:
        return
    rows = connection.execute(statement(__name__, "moving/of_effects"), {"effect_ids": list(effect_ids)}).all()
    for row in rows:
        place = {"execution_id": row.execution_id, "phase": row.phase, "step": row.step, "at": at}
        if row.state == "unknown" and row.step_state == "unknown" and state is not State.UNKNOWN:
            reopen(connection, place)
        elif row.step_state in {"planned", "unknown"} and row.is_over:
            words = f"its side effect ended as {state.value} after the execution had ended"
            after = {**place, "state": _AFTERWARDS.get(state, "failed"), "words": words}
            connection.execute(statement(__name__, "moving/end_step"), after)
            if after["state"] == "failed" and row.action in PROMISED:
                tell_unkept(connection, _situation(connection, row, at), row.output)
    wake(connection, [row.execution_id for row in rows], at)


def _situation(connection: Connection, row: Row[Any], at: datetime) -> Situation:
    """What the step was about, for messages about how it ended."""
    return Situation(
        execution_id=row.execution_id,
        playbook=row.playbook,
        phase=row.phase,
        number=row.step,
        key=row.idempotency_key,
        alert=alerts_now(connection, [row.alert_id])[row.alert_id],
        team=None,
        requested_by=row.requested_by,
        now=at,
    )


def reopen(connection: Connection, place: Mapping[str, Any]) -> None:
    """Goes on with an execution that ended in doubt, because it is known now whether its step happened.

    Args:
        connection: The transaction in which that became known.
        place: `execution_id`, `phase`, `step`, and `at`, the time of the clock (UTC).
    """
    connection.execute(statement(__name__, "moving/reopen"), dict(place))
    noted = {
        "execution_id": place["execution_id"], "at": place["at"], "actor": ACTOR, "from_state": "unknown",
        "to_state": "running", "detail": "it is known now whether the step happened",
    }  # fmt: skip
    connection.execute(statement(__name__, "moving/note"), noted)
