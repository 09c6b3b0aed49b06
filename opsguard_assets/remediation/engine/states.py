"""Executions, their steps and their approvals as rows of the database, and all of one execution together.

Here: the shapes, and the steps of each phase. Not here: reading them (`cases_io`), what happens next (`machine`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final, TypeAlias

from opsguard_assets.remediation.actions.action import Situation, StepState
from opsguard_assets.remediation.playbook.model import Playbook
from opsguard_assets.remediation.playbook.steps import Step

STEPS, ON_FAILURE, UNDO = "steps", "on_failure", "undo"
SHADOW: Final = "shadow"
# In the output of a step that failed: it had done a part that changes nothing, such as a message that arrived.
DID_PART: Final = "did_part"
# Phase and number of a step.
Place: TypeAlias = tuple[str, int]


class State(StrEnum):
    """Where an execution stands."""

    AWAITING = "awaiting_approval"
    RUNNING = "running"
    WAITING = "waiting"
    SUCCEEDED = "succeeded"
    PARTIAL = "partial"
    FAILED = "failed"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    UNKNOWN = "unknown"

    @property
    def is_over(self) -> bool:
        """Whether nothing follows by itself."""
        return self not in {State.AWAITING, State.RUNNING, State.WAITING}


@dataclass(frozen=True, kw_only=True)
class Standing:
    """How a playbook stands.

    Attributes:
        mode: How much it may do by itself.
        paused_why: Why it is paused; None where it is not.
        is_off: Whether its kill switch, or that of all playbooks, is off.
    """

    mode: str
    paused_why: str | None
    is_off: bool


@dataclass(frozen=True, kw_only=True)
class Execution:
    """An execution: the columns of `executions` that decide what happens next."""

    execution_id: int
    playbook: str
    digest: str
    alert_id: int
    opening: int
    client_id: str | None
    site_id: str | None
    mode: str
    requested_by: str
    undo_of: int | None
    state: State
    phase: str
    step: int
    triggered_at: datetime
    begun_at: datetime | None
    deadline_at: datetime
    reason: str | None

    @property
    def place(self) -> Place:
        """Where it is."""
        return self.phase, self.step


@dataclass(frozen=True, kw_only=True)
class StepRecord:
    """A step that was reached. While it is planned, no `output` means that its next attempt is due."""

    phase: str
    step: int
    name: str
    action: str
    state: StepState
    effect_id: int | None
    attempts: int
    input: Mapping[str, Any]
    output: Mapping[str, Any] | None
    words: str | None
    started_at: datetime
    deadline_at: datetime | None

    @property
    def place(self) -> Place:
        """Which step it is."""
        return self.phase, self.step

    @property
    def left(self) -> Mapping[str, Any] | None:
        """The output of an attempt that failed and had done a part of what it was to do."""
        return self.input.get("left")

    @property
    def changed(self) -> bool:
        """Whether there is something to undo: it is done, or has failed and had done a part, such as telling people."""
        output = self.output or {}
        has_part = bool(output.get("changes") or output.get(DID_PART))
        return self.state is StepState.DONE or (self.state is StepState.FAILED and has_part)


@dataclass(frozen=True, kw_only=True)
class ApprovalRecord:
    """What somebody was asked to agree to."""

    approval_id: int
    execution_id: int
    phase: str
    step: int
    action_digest: str
    plan: Sequence[Mapping[str, Any]]
    team: str | None
    needed: int
    requester: str
    requester_may_approve: bool
    asked_at: datetime
    expires_at: datetime
    decision: str | None
    decided_at: datetime | None
    decided_by: str | None
    reason: str | None

    @property
    def place(self) -> Place:
        """The step before which it was asked."""
        return self.phase, self.step


@dataclass(frozen=True, kw_only=True)
class Case:
    """Everything that decides what happens next to an execution.

    Attributes:
        execution: It.
        playbook: The text that it began with.
        steps: The steps that it reached, its own.
        approvals: Its approvals, the oldest first.
        alert: The alert as it is now, with `incident_id`.
        team: The team of the playbook, else that of the alert.
        undone: The steps of the execution that this one undoes, in the order in which they are undone.
    """

    execution: Execution
    playbook: Playbook
    steps: Mapping[Place, StepRecord]
    approvals: Sequence[ApprovalRecord]
    alert: Mapping[str, Any]
    team: str | None
    undone: Sequence[StepRecord] = ()

    def step_at(self, place: Place) -> Step | None:
        """The step of a place; None behind the last one."""
        phase, number = place
        if phase == UNDO:
            return self.step_at(self.undone[number].place) if number < len(self.undone) else None
        steps: tuple[Step, ...] = getattr(self.playbook, phase)
        return steps[number] if number < len(steps) else None

    def situation(self, place: Place, attempt: int, now: datetime) -> Situation:
        """What a step is about, for its action."""
        execution = self.execution
        phase, number = place
        if phase == UNDO:
            phase, number = self.undone[number].place
        record = self.steps.get(place)
        reached = [*self.undone, *self.steps.values()]
        known = {each.name: each.output for each in reached if each.output is not None}
        return Situation(
            execution_id=execution.execution_id,
            playbook=execution.playbook,
            phase=phase,
            number=number,
            key=key_of(execution, place, attempt),
            alert=self.alert,
            team=self.team,
            requested_by=execution.requested_by,
            outputs=known,
            began_at=record.started_at if record else None,
            left=record.left if record else None,
            deadline_at=execution.deadline_at,
            now=now,
        )


def name_of(step: Step, number: int) -> str:
    """The name of a step in the log: its own, else its action and number, counted from 1."""
    return step.name or f"{step.do}-{number + 1}"


def key_of(execution: Execution, place: Place, attempt: int = 1) -> str:
    """What a step is recognised by. An attempt after one that certainly failed has a key of its own."""
    phase, number = place
    words = f"{execution.playbook}/{execution.alert_id}/{execution.opening}/{execution.execution_id}/{phase}/{number}"
    return words if attempt == 1 else f"{words}/{attempt}"
