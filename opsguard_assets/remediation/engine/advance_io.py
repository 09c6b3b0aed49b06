"""Advancing executions: what is due is claimed and moved, step by step, until nothing is due.

Here: the order. Not here: which move comes next (`machine`), what a move writes (`moves_io`), what a step does
(`remediation.actions`).

A step is planned outside of any transaction. One transaction then checks the lease, does the step, writes its row and
moves the execution. Whatever dies between two of them leaves a state from which the next worker goes on.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final

from sqlalchemy import Connection

from opsguard_assets.effects import drain_io
from opsguard_assets.effects import io as effects_io
from opsguard_assets.effects.adapter import Adapter
from opsguard_assets.effects.drain_io import Clock, utc_now
from opsguard_assets.effects.machine import Policy
from opsguard_assets.effects.machine import State as EffectState
from opsguard_assets.intake.raw.received import SourceError
from opsguard_assets.remediation.actions import offering, simulated_people
from opsguard_assets.remediation.actions.action import Plan, Result, StepState, World
from opsguard_assets.remediation.actions.catalog import CATALOG
from opsguard_assets.remediation.actions.effects import effect_now
from opsguard_assets.remediation.engine import approvals_io, claim_io, moves_io
from opsguard_assets.remediation.engine.approvals import (
    Ask,
    Await,
    Go,
    Refused,
    covered,
    entry_of,
    standing,
)
from opsguard_assets.remediation.engine.cases_io import (
    Catalog,
    UnreadableTextError,
    alerts_now,
    cases_of,
    entries_of,
    plan_of,
)
from opsguard_assets.remediation.engine.claim_io import Claim
from opsguard_assets.remediation.engine.machine import (
    FAILURE_TIME,
    Act,
    End,
    Look,
    Move,
    Next,
    Rehearse,
    Rest,
    Turn,
    deadline_of,
    next_move,
    retry_at,
)
from opsguard_assets.remediation.engine.moves_io import ACTOR, LostLeaseError
from opsguard_assets.remediation.engine.pauses_io import settle_paused
from opsguard_assets.remediation.engine.settle_io import settled
from opsguard_assets.remediation.engine.states import ON_FAILURE, STEPS, UNDO, Case, Place, State
from opsguard_assets.remediation.playbook.gates import Gate, gate_of
from opsguard_assets.remediation.playbook.steps import Step

KIND: Final = "remediation"
# What is handed over outside is tried for an hour and a half, a minute apart at first.
POLICY: Final = Policy(backoff=timedelta(seconds=30))
# Where a step raised an error, it is tried again after this, until its time is over.
_AFTER_ERROR: Final = timedelta(minutes=1)
# Side effects that may still happen.
_OPEN: Final = (EffectState.PLANNED, EffectState.SENDING, EffectState.UNKNOWN)


@dataclass(frozen=True)
class Advanced:
    """What a tick did.

    Attributes:
        moved: Executions that were taken up.
        ended: How executions ended.
        settled: How side effects ended.
        errors: Steps that raised an error, in words; they are tried again until their time is over.
        silent: Targets that do not answer.
    """

    moved: int
    ended: Mapping[str, int]
    settled: Mapping[str, int]
    errors: Sequence[str]
    silent: Sequence[str]


@dataclass
class _Tick:
    """What one tick reads, and counts."""

    world: World
    catalog: Catalog
    now: Clock
    holds: set[int] = field(default_factory=set)
    moved: int = 0
    ended: Counter[str] = field(default_factory=Counter)
    errors: list[str] = field(default_factory=list)


def advance(world: World, adapters: Sequence[Adapter], *, now: Clock = utc_now, catalog: Catalog = CATALOG) -> Advanced:
    """Moves every execution that is due as far as it goes, and hands its side effects over.

    Args:
        world: What is read and where it is written.
        adapters: How side effects leave the house, each for other targets.
        now: The clock (UTC).
        catalog: What does the steps.
    """
    settled_in_all, silent = Counter[str](), set[str]()
    claim_io.end_leases(world.database, now())
    tick = _Tick(world, catalog, now)
    _simulated(tick)
    while True:  # side effects that settle wake their executions, and these may plan further ones
        looked_at = _round(tick)
        done = [_drained(world, adapter, adapters, now) for adapter in adapters]
        ended = Counter[str]()
        for each in done:
            ended.update({state.value: n for state, n in each.settled.items() if state is not EffectState.PLANNED})
        silent |= {t for adapter, each in zip(adapters, done, strict=True) if each.is_stopped for t in adapter.targets}
        settled_in_all += ended
        if not looked_at and not ended:
            break
    settle_paused(world.database, now())
    return Advanced(tick.moved, dict(tick.ended), dict(settled_in_all), tick.errors, sorted(silent))


def _simulated(tick: _Tick) -> None:
    """People of the simulated provider answer what they were asked."""
    try:
        simulated_people.answer_offers(tick.world.database, tick.world.settings, tick.now())
    except SourceError as error:  # what is wrong with the provider stops no playbook; the check of the tick fails
        tick.errors.append(str(error))


def _drained(world: World, adapter: Adapter, adapters: Sequence[Adapter], now: Clock) -> drain_io.Drained:
    others = [target for other in adapters if other is not adapter for target in other.targets]
    return drain_io.drain(world.database, KIND, adapter, POLICY, on_settled=settled, others=others, now=now)


def _round(tick: _Tick) -> int:
    """Looks at what waits, takes what is due, and moves it; how many executions were looked at."""
    at = tick.now()
    tick.holds |= claim_io.poll(tick.world, tick.holds, at)
    claims, looked_at = claim_io.claim(tick.world.database, at)
    if not claims:
        return looked_at
    with tick.world.database.begin() as connection:
        cases = cases_of(connection, [claim.execution_id for claim in claims], tick.world.settings)
    readable = [case for case in cases.values() if isinstance(case, Case)]
    tick.world = replace(tick.world, beside={case.execution.alert_id: case.alert for case in readable}, read={})
    for claim in claims:
        tick.moved += 1
        with suppress(LostLeaseError):
            case: Case | UnreadableTextError | None = cases[claim.execution_id]
            if isinstance(case, UnreadableTextError):
                _end(tick, claim, case.execution, End(State.FAILED, str(case)), at)
                continue
            while case is not None:
                case = _step(tick, claim, case)
    return looked_at


def _step(tick: _Tick, claim: Claim, case: Case) -> Case | None:
    """One move; the case afterwards, None where the worker lets it go."""
    at = tick.now()
    move = next_move(case, at, holds=claim.execution_id in tick.holds)
    try:
        return _made(tick, claim, case, move, at)
    except LostLeaseError:
        raise
    except Exception as error:  # noqa: BLE001 - one broken step must not stop the others; the check of the tick fails
        words = f"execution {claim.execution_id} of {case.execution.playbook}: {type(error).__name__}: {error}"
        tick.errors.append(words)
        with tick.world.database.begin() as connection:
            moves_io.fence(connection, claim)
            if isinstance(move, Look) and move.is_last:
                result = Result(state=StepState.FAILED, words=f"{type(error).__name__}; its time is over")
                attempt = case.steps[move.place].attempts
                return _written(connection, case, move.place, move.step, attempt, None, result, at)
            _leave(connection, case, case.execution.state, at + _AFTER_ERROR, at)
        return None


def _made(tick: _Tick, claim: Claim, case: Case, move: Move, at: datetime) -> Case | None:
    match move:
        case Act():
            return _act(tick, claim, _looked_up(tick, case), move, at)
        case Look():
            return _look(tick, claim, _looked_up(tick, case), move, at)
        case Next() | Turn():
            return _turned(tick, claim, case, move, at)
        case Rest(until):
            _rest(tick, claim, case, until, at)
        case End():
            _end(tick, claim, case.execution, move, at)
        case Rehearse():
            _rehearse(tick, claim, _looked_up(tick, case), at)
    return None


def _turned(tick: _Tick, claim: Claim, case: Case, move: Next | Turn, at: datetime) -> Case:
    """The execution goes on at another step, or with what is done where one failed."""
    with tick.world.database.begin() as connection:
        moves_io.fence(connection, claim)
        if isinstance(move, Next):
            return moves_io.move(connection, case, State.RUNNING, move.place, now=at)
        deadline_at = max(case.execution.deadline_at, at + FAILURE_TIME)
        place = (ON_FAILURE, 0)
        return moves_io.move(
            connection, case, State.RUNNING, place, now=at, reason=move.reason, deadline_at=deadline_at
        )


def _rest(tick: _Tick, claim: Claim, case: Case, until: datetime, at: datetime) -> None:
    poll_at = at + timedelta(seconds=tick.world.settings.remediation.poll_seconds)
    with tick.world.database.begin() as connection:
        moves_io.fence(connection, claim)
        _leave(connection, case, State.WAITING, min(until, poll_at), at)


def _looked_up(tick: _Tick, case: Case) -> Case:
    """The case with its alert as it is now: steps before may have changed it, and so may people, who wake nobody."""
    number = case.execution.alert_id
    with tick.world.database.begin() as connection:
        return replace(case, alert=alerts_now(connection, [number])[number])


def _act(tick: _Tick, claim: Claim, case: Case, move: Act, at: datetime) -> Case | None:
    """Plans a step, sees whether somebody has to agree, and does it."""
    plan = plan_of(tick.world, tick.catalog, case, move.place, at)
    gate = None
    if plan.is_possible and move.place[0] != UNDO:
        gate = gate_of(case.playbook, case.execution.mode, move.place)
    if gate is not None:
        stands = standing(entry_of(move.place, move.step, plan), case.approvals, at)
        if not isinstance(stands, Go):
            _asked(tick, claim, case, move.place, gate, stands, at)
            return None
    with tick.world.database.begin() as connection:
        if moves_io.fence(connection, claim):  # switched off or paused since it was planned; the next look plans again
            _leave(connection, case, State.WAITING, case.execution.deadline_at, at)
            return None
        result = _done(tick, connection, case, move, plan, at)
        return _written(connection, case, move.place, move.step, move.attempt, plan, result, at)


def _done(tick: _Tick, connection: Connection, case: Case, move: Act, plan: Plan, at: datetime) -> Result:
    if not plan.is_possible:
        return Result(state=StepState.FAILED, words=plan.words)
    situation, action = case.situation(move.place, move.attempt, at), tick.catalog[move.step.do]
    if move.place[0] != UNDO:
        return action.act(connection, move.step, situation, plan)
    before = case.undone[move.place[1]]
    if move.step.trait.is_final:
        return Result(state=StepState.SKIPPED, words=f"nothing takes back what {before.name} did")
    return action.undo(connection, move.step, situation, before.output or {})


def _asked(
    tick: _Tick, claim: Claim, case: Case, place: Place, gate: Gate, stands: Ask | Await | Refused, at: datetime
) -> None:
    """Asks, waits for whom was asked, or ends where it must not be done."""
    if isinstance(stands, Refused):
        _end(tick, claim, case.execution, End(stands.state, stands.reason), at, expired=stands.expired)
        return
    if isinstance(stands, Ask):
        places = covered(case.playbook, case.execution.mode, gate, place)
        entries = entries_of(tick.world, tick.catalog, case, places, at)
        readers = approvals_io.readers_of(tick.world, case, gate, at)
        until = at + timedelta(minutes=gate.terms.expires_minutes)
    with tick.world.database.begin() as connection:
        moves_io.fence(connection, claim)
        if isinstance(stands, Ask):
            approvals_io.ask(connection, case, gate, entries, readers, at)
        else:
            until = stands.until
        _leave(connection, case, State.AWAITING, min(until, case.execution.deadline_at), at)


def _look(tick: _Tick, claim: Claim, case: Case, move: Look, at: datetime) -> Case | None:
    """Looks again at a step that waits; once its time is over it has failed, unless it cannot be taken back now."""
    record = case.steps[move.place]
    situation, action = case.situation(move.place, record.attempts, at), tick.catalog[move.step.do]
    with tick.world.database.begin() as connection:
        moves_io.fence(connection, claim)
        if move.step.do == "wait_for":
            holds = claim.execution_id in tick.holds
            words = f"{record.words}: it did" if holds else f"{record.words}: it did not happen in time"
            result = Result(state=StepState.DONE if holds else StepState.FAILED, words=words)
        elif record.output is None:
            result = Result(state=StepState.FAILED, words=f"{record.words}; its time is over")
        else:
            result = action.look(connection, move.step, situation, record.output)
            result = replace(result, effect_id=result.effect_id or record.effect_id)
        if result.state is StepState.PLANNED and move.is_last:
            result = _time_over(connection, move.step, result, at)
            if result.state is StepState.FAILED and result.effect_id is not None:
                # What it had changed without the side effect that was taken back.
                now = action.look(connection, move.step, situation, record.output or {})
                has_part = now.did_part or now.state is StepState.DONE
                result = replace(result, changes=now.changes, did_part=has_part)
        tick.holds.discard(claim.execution_id)
        return _written(connection, case, move.place, move.step, record.attempts, None, result, at)


def _time_over(connection: Connection, step: Step, result: Result, at: datetime) -> Result:
    """A step whose time is over has failed, unless its side effect is being handed over or was promised to somebody."""
    if result.effect_id is not None and step.do in offering.PROMISED:
        return replace(result, due_at=at + _AFTER_ERROR)
    if result.effect_id is not None:
        words = "its time is over"
        taken = effects_io.settle_planned(
            connection, [result.effect_id], EffectState.SUPERSEDED, at=at, actor=ACTOR, words=words
        )
        if not taken and effect_now(connection, result.effect_id).state in _OPEN:
            return replace(result, due_at=at + _AFTER_ERROR)
    return replace(result, state=StepState.FAILED, words=f"{result.words}; its time is over")


def _written(
    connection: Connection,
    case: Case,
    place: Place,
    step: Step,
    attempt: int,
    plan: Plan | None,
    result: Result,
    at: datetime,
) -> Case | None:
    """Writes a step and moves the execution accordingly; the case afterwards, None where it waits."""
    if step.do in offering.PROMISED and result.state is not StepState.PLANNED and place[0] != UNDO:
        offering.end_open(connection, case.execution.execution_id, step=place[1], at=at, actor=ACTOR)
    if result.state is StepState.FAILED and attempt <= step.retries and place[0] != UNDO:
        again = retry_at(attempt, at)
        if again < min(_ends_of(case, place, step, at)):
            moves_io.put_back(connection, case, place, attempt, plan, result, at)
            _leave(connection, case, State.WAITING, again, at)
            return None
    written = moves_io.write_step(connection, case, place, attempt, plan, result, at)
    if result.state is StepState.PLANNED:
        _leave(connection, case, State.WAITING, _look_at(case, place, step, result, at), at)
        return None
    if result.state in {StepState.DONE, StepState.SKIPPED}:
        place = place[0], place[1] + 1
    return moves_io.move(connection, written, State.RUNNING, place, now=at)


def _look_at(case: Case, place: Place, step: Step, result: Result, at: datetime) -> datetime:
    """When a step that waits is looked at next."""
    later = [each for each in _ends_of(case, place, step, at) if each > at]
    return min([*later, *([result.due_at] if result.due_at is not None else [])], default=at + _AFTER_ERROR)


def _ends_of(case: Case, place: Place, step: Step, at: datetime) -> list[datetime]:
    """When the time of a step is over: that of its execution, and its own, which began with its first attempt."""
    record = case.steps.get(place)
    own = record.deadline_at if record is not None else deadline_of(step, at)
    return [case.execution.deadline_at, *([own] if own is not None else [])]


def _leave(connection: Connection, case: Case, state: State, due_at: datetime, at: datetime) -> None:
    """Lets an execution go until it is due again."""
    moves_io.move(connection, case, state, case.execution.place, due_at=due_at, now=at)


def _end(tick: _Tick, claim: Claim, execution: Any, move: End, at: datetime, *, expired: int | None = None) -> None:
    with tick.world.database.begin() as connection:
        moves_io.fence(connection, claim)
        if expired is not None:
            approvals_io.expire(connection, approvals_io.approval_of(connection, expired), at)
        rules = tick.world.settings.remediation.breaker
        moves_io.end(connection, execution, move.state, move.reason, at, actor=ACTOR, rules=rules)
    tick.ended[move.state.value] += 1


def _rehearse(tick: _Tick, claim: Claim, case: Case, at: datetime) -> None:
    """What shadow does: every step is planned and recorded as skipped, and nothing is written anywhere else."""
    places = [(STEPS, number) for number in range(len(case.playbook.steps))]
    plans = [plan_of(tick.world, tick.catalog, case, place, at) for place in places]
    with tick.world.database.begin() as connection:
        moves_io.fence(connection, claim)
        for place, plan in zip(places, plans, strict=True):
            result = Result(state=StepState.SKIPPED, words=f"would: {plan.words}", changes=plan.changes)
            moves_io.write_step(connection, case, place, 1, plan, result, at)
        rules = tick.world.settings.remediation.breaker
        end = partial(moves_io.end, connection, case.execution, State.SUCCEEDED)
        end("shadow: nothing was done", at, actor=ACTOR, rules=rules)
    tick.ended[State.SUCCEEDED.value] += 1
