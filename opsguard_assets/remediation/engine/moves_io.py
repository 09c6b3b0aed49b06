"""Moves of an execution, each in a transaction that holds it by its lease.

Here: the fence, and what is written with every move. Not here: which move (`machine`), their order (`advance_io`).

What a step does is part of the transaction that moves the execution: it happens once, with the move, or not at all.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection

from opsguard_assets.config.remediation import Breaker
from opsguard_assets.effects import io as effects_io
from opsguard_assets.effects.machine import State as EffectState
from opsguard_assets.remediation.actions import offering
from opsguard_assets.remediation.actions.action import Plan, Result, StepState
from opsguard_assets.remediation.engine import approvals_io
from opsguard_assets.remediation.engine.breaker import BREAKER, FAILURES, JUDGED, why_to_pause
from opsguard_assets.remediation.engine.cases_io import step_record
from opsguard_assets.remediation.engine.claim_io import LEASE, Claim
from opsguard_assets.remediation.engine.machine import deadline_of
from opsguard_assets.remediation.engine.settle_io import settled
from opsguard_assets.remediation.engine.states import (
    DID_PART,
    SHADOW,
    UNDO,
    Case,
    Execution,
    Place,
    State,
    key_of,
    name_of,
)
from resources.sql import statement

ACTOR: Final = approvals_io.ACTOR


class LostLeaseError(Exception):
    """Somebody else holds the execution now, or woke it; nothing of this worker's is written."""


def fence(connection: Connection, claim: Claim) -> bool:
    """Locks an execution until the end of the transaction; whether a switch or a pause holds it up.

    Raises:
        LostLeaseError: When this worker does not hold it any more.
    """
    row = connection.execute(statement(__name__, "moving/fence"), vars(claim)).first()
    if row is None:
        raise LostLeaseError(claim.execution_id)
    return bool(row.is_held)


def move(
    connection: Connection,
    case: Case,
    state: State,
    place: Place,
    *,
    due_at: datetime | None = None,
    now: datetime,
    reason: str | None = None,
    deadline_at: datetime | None = None,
) -> Case:
    """Moves an execution; without `due_at` its worker goes on with it, under a new lease of the same token.

    Returns:
        The case as it is then. Nobody else can have changed it: who does wakes it, and the next commit fails.
    """
    phase, step = place
    execution = case.execution
    values = {
        "execution_id": execution.execution_id, "state": state.value, "phase": phase, "step": step,
        "due_at": due_at or now + LEASE, "keeps": due_at is None, "reason": reason, "deadline_at": deadline_at,
    }  # fmt: skip
    connection.execute(statement(__name__, "moving/move"), values)
    if (state, phase) != (execution.state, execution.phase):
        note(connection, execution, state, now, actor=ACTOR, detail=reason)
    moved = replace(
        execution, state=state, phase=phase, step=step, reason=reason or execution.reason,
        deadline_at=deadline_at or execution.deadline_at,
    )  # fmt: skip
    return replace(case, execution=moved)


def note(
    connection: Connection, execution: Execution, state: State, at: datetime, *, actor: str, detail: str | None
) -> None:
    """Notes in the history of an execution what happened to it."""
    values = {
        "execution_id": execution.execution_id, "at": at, "actor": actor, "from_state": execution.state.value,
        "to_state": state.value, "detail": detail,
    }  # fmt: skip
    connection.execute(statement(__name__, "moving/note"), values)


def end(
    connection: Connection, execution: Execution, state: State, reason: str, at: datetime, *, actor: str, rules: Breaker
) -> None:
    """Ends an execution: what it had open ends with it, and how it ended counts for its playbook."""
    number = execution.execution_id
    values = {"execution_id": number, "state": state.value, "reason": reason, "at": at}
    connection.execute(statement(__name__, "moving/end"), values)
    note(connection, execution, state, at, actor=actor, detail=reason)
    approvals_io.close_open(connection, number, at, by=actor, reason=reason)
    offering.end_open(connection, number, at=at, actor=actor)
    promised = {**values, "promised": sorted(offering.PROMISED)}
    effects = connection.execute(statement(__name__, "moving/in_flight"), promised).scalars().all()
    words = f"the execution ended: {reason}"
    effects_io.settle_planned(connection, effects, EffectState.SUPERSEDED, at=at, actor=actor, words=words)
    for effect in connection.execute(statement(__name__, "moving/promised"), promised).all():
        settled(connection, [effect.effect_id], EffectState(effect.state), at)
    connection.execute(statement(__name__, "moving/skip_rest"), {**values, "words": words})
    if execution.mode != SHADOW and execution.undo_of is None and state.value in JUDGED:
        _count(connection, execution.playbook, state, at, rules)


def _count(connection: Connection, playbook: str, state: State, at: datetime, rules: Breaker) -> None:
    """Counts how an execution ended, and pauses its playbook where that was once too often."""
    counted = {"playbook": playbook, "failed": state.value in FAILURES}
    row = connection.execute(statement(__name__, "moving/count_end"), counted).first()
    if row is None or row.is_paused or state.value not in FAILURES:
        return
    last = {"playbook": playbook, "last": rules.of_last}
    ends = connection.execute(statement(__name__, "moving/last_ends"), last).scalars().all()
    why = why_to_pause(row.failures_in_a_row, ends, rules)
    if why is not None:
        values = {"playbook": playbook, "at": at, "by": BREAKER, "why": why}
        connection.execute(statement(__name__, "moving/pause"), values)


def write_step(
    connection: Connection, case: Case, place: Place, attempt: int, plan: Plan | None, result: Result, now: datetime
) -> Case:
    """Writes what a step has come to; gives the case with it.

    Args:
        connection: The transaction of the move.
        case: The execution.
        place: The step.
        attempt: Which attempt, counted from 1.
        plan: What it would do; None where it was begun before.
        result: What it came to.
        now: The time of the clock (UTC).
    """
    step, record = case.step_at(place), case.steps.get(place)
    if step is None:
        raise AssertionError(f"execution {case.execution.execution_id} has no step {place}")
    phase, number = place
    given = record.input if record is not None and plan is None else _input(step.model_dump(mode="json"), plan)
    kept = _kept(result)
    left = record.left if record is not None else None
    if left is not None:
        given = {**given, "left": left}
        # An attempt that did nothing leaves what the one before it had done.
        kept = {**left} if result.state is StepState.FAILED and not result.output else kept
    name = name_of(step, number)
    if phase == UNDO:
        name = f"undo {case.undone[number].name}"
    values = {
        "execution_id": case.execution.execution_id, "phase": phase, "step": number, "name": name, "action": step.do,
        "state": result.state.value, "key": key_of(case.execution, place), "effect_id": result.effect_id,
        "attempts": attempt, "input": json.dumps(given), "words": result.words, "at": now,
        "output": json.dumps(kept),
        "deadline_at": deadline_of(step, now) if phase != UNDO else None,
        "ended_at": None if result.state is StepState.PLANNED else now,
    }  # fmt: skip
    row = connection.execute(statement(__name__, "moving/step"), values).mappings().one()
    return replace(case, steps={**case.steps, place: step_record(row)})


def put_back(
    connection: Connection, case: Case, place: Place, attempt: int, plan: Plan | None, failed: Result, now: datetime
) -> None:
    """Writes that an attempt certainly failed and that the next one waits: a planned step without output.

    What the attempt had done all the same is kept beside its input, as `left`.
    """
    waits = Result(state=StepState.PLANNED, words=f"attempt {attempt} failed: {failed.words}")
    write_step(connection, case, place, attempt, plan, waits, now)
    phase, number = place
    left = None
    if failed.changes or failed.did_part:
        left = _kept(failed)
    values = {"execution_id": case.execution.execution_id, "phase": phase, "step": number, "left": json.dumps(left)}
    connection.execute(statement(__name__, "moving/without_output"), values)


def _kept(result: Result) -> dict[str, Any]:
    """What is stored of a result: its output, its changes and, of a failed step, whether a part of it was done."""
    part = {DID_PART: True} if result.did_part else {}
    return {**result.output, **part, "changes": [asdict(change) for change in result.changes]}


def _input(parameters: Mapping[str, Any], plan: Plan | None) -> dict[str, Any]:
    if plan is None:
        return {"parameters": dict(parameters)}
    said = {"words": plan.words, "changes": [asdict(change) for change in plan.changes], "messages": plan.messages}
    return {"parameters": dict(parameters), "plan": said}
