"""What happens next to an execution: a case and a moment in, one move out.

Here: the decision. Not here: carrying a move out (`advance_io`), whether somebody has to agree first (`approvals`).

    running -> (begins, in its turn) -> running -> succeeded | partial
                                        -> waiting, awaiting_approval -> running
                                        -> failed (after `on_failure`) | cancelled | expired | unknown

Deadlines are rows, judged by whatever looks next: nothing depends on the process that set them being alive.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, TypeAlias

from opsguard_assets.remediation.actions.action import StepState
from opsguard_assets.remediation.engine.states import ON_FAILURE, SHADOW, STEPS, UNDO, Case, Place, State, StepRecord
from opsguard_assets.remediation.playbook.steps import Step, WaitFor

# What is done where a step failed has this long, also where the whole time is over: people have to hear of it. Where
# nobody looked for longer than that, it is too late for anything.
FAILURE_TIME: Final = timedelta(hours=1)
# A step that certainly failed is tried again after this; the wait doubles.
RETRY_AFTER: Final = timedelta(seconds=30)


@dataclass(frozen=True)
class Rehearse:
    """Plan all steps, record them as skipped, and end: what shadow does."""


@dataclass(frozen=True)
class Act:
    """Do a step; `attempt` counts from 1."""

    place: Place
    step: Step
    attempt: int


@dataclass(frozen=True)
class Look:
    """Look again at a step that waits; `is_last` where its time is over."""

    place: Place
    step: Step
    is_last: bool


@dataclass(frozen=True)
class Rest:
    """Nothing to do until then."""

    until: datetime


@dataclass(frozen=True)
class Next:
    """Go on with the step of a place."""

    place: Place


@dataclass(frozen=True)
class Turn:
    """Go on with what is done where a step failed."""

    reason: str


@dataclass(frozen=True)
class End:
    """It is over."""

    state: State
    reason: str


Move: TypeAlias = Rehearse | Act | Look | Rest | Next | Turn | End


def next_move(case: Case, now: datetime, *, holds: bool = False) -> Move:
    """What happens next.

    Args:
        case: The execution.
        now: The time of the clock (UTC).
        holds: Whether the condition that its step waits for was just found to hold.
    """
    execution = case.execution
    is_late = execution.deadline_at <= now
    if execution.begun_at is None:
        limit = case.playbook.limits.start_within_minutes
        return End(State.EXPIRED, f"it could not begin within {limit:g} minutes")
    if execution.mode == SHADOW:
        return End(State.FAILED, "its steps could not be planned in time") if is_late else Rehearse()
    step, record = case.step_at(execution.place), case.steps.get(execution.place)
    if step is None:
        return _end_of(case)
    if record is None:
        return _time_over(case, now) if is_late else Act(execution.place, step, 1)
    return _after(case, step, record, now, holds)


def _after(case: Case, step: Step, record: StepRecord, now: datetime, holds: bool) -> Move:  # noqa: FBT001 - passed on
    """What follows a step that was begun."""
    match record.state:
        case StepState.UNKNOWN:
            return End(State.UNKNOWN, f"nobody can tell whether {record.name} happened: {record.words}")
        case StepState.FAILED:
            return _after_failure(case, step, record, now)
        case StepState.PLANNED:
            return _waiting(case, step, record, now, holds)
    return Next((case.execution.phase, case.execution.step + 1))


def _waiting(case: Case, step: Step, record: StepRecord, now: datetime, holds: bool) -> Move:  # noqa: FBT001 - passed on
    until = min(each for each in (record.deadline_at, case.execution.deadline_at) if each is not None)
    place = case.execution.place
    if until <= now:
        return Look(place, step, is_last=True)
    if record.output is None:
        return Act(place, step, record.attempts + 1)
    if isinstance(step, WaitFor) and not holds:
        return Rest(until)
    return Look(place, step, is_last=False)


def _after_failure(case: Case, step: Step, record: StepRecord, now: datetime) -> Move:
    phase, number = case.execution.place
    is_late = case.execution.deadline_at <= now
    if phase == UNDO or (step.on_failure == "continue" and not is_late):
        return Next((phase, number + 1))
    return _failed(case, f"{record.name}: {record.words}", now)


def _time_over(case: Case, now: datetime) -> Move:
    return _failed(case, f"it had not ended after {case.playbook.timeout_minutes:g} minutes", now)


def _failed(case: Case, reason: str, now: datetime) -> Move:
    if case.execution.phase == STEPS and now <= case.execution.deadline_at + FAILURE_TIME:
        return Turn(reason)
    return End(State.FAILED, case.execution.reason or reason)


def _end_of(case: Case) -> Move:
    """How an execution ends that has no further step."""
    execution = case.execution
    if execution.phase == ON_FAILURE:
        return End(State.FAILED, execution.reason or "a step failed")
    failed = [r.name for r in case.steps.values() if r.phase == execution.phase and r.state is StepState.FAILED]
    if failed:
        return End(State.PARTIAL, f"failed: {', '.join(failed)}")
    return End(State.SUCCEEDED, "all of it was undone" if execution.phase == UNDO else "every step was done")


def deadline_of(step: Step, began_at: datetime) -> datetime | None:
    """When a step has failed by its own time."""
    minutes = step.timeout_minutes
    if isinstance(step, WaitFor):
        minutes = min(step.within_minutes, minutes or step.within_minutes)
    return None if minutes is None else began_at + timedelta(minutes=minutes)


def retry_at(attempts: int, now: datetime) -> datetime:
    """When a step is tried again that certainly failed so often."""
    return now + RETRY_AFTER * (1 << max(attempts - 1, 0))
