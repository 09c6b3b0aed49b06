"""What every action offers to the engine: a plan without any effect, and the act in the engine's own transaction.

Here: the contract. Not here: the actions, and when they are asked (`remediation.engine`).

The plan is what people approve, what a dry run prints and what shadow keeps; the act reports the changes that it made
in the same words, so that both can be compared.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol, TypeVar

from sqlalchemy import Connection

from opsguard_assets.config.settings import Settings
from opsguard_assets.remediation.playbook.steps import Step
from resources.database import Database
from resources.lake import Lake

# The steps that an action does.
S_contra = TypeVar("S_contra", bound=Step, contravariant=True)


class StepState(StrEnum):
    """Where a step stands."""

    PLANNED = "planned"  # begun; it waits for its effect, its condition or its next attempt
    DONE = "done"
    FAILED = "failed"
    UNKNOWN = "unknown"  # nobody can tell whether its side effect happened
    SKIPPED = "skipped"


@dataclass(frozen=True)
class World:
    """What actions may read and where they write, beside the engine's connection.

    Attributes:
        database: Alerts, incidents, executions.
        lake: Records; read before the transaction begins.
        settings: All settings.
        known: What was read already, by what it is and when it was known: many steps of a tick ask for the same.
        beside: The alerts of the executions that are moved together; what is read of the lake for one is read for all.
        read: What was read for them, by what it is.
    """

    database: Database
    lake: Lake
    settings: Settings
    known: dict[tuple[str, str, datetime], Any] = field(default_factory=dict, repr=False, compare=False)
    beside: Mapping[int, Mapping[str, Any]] = field(default_factory=dict, repr=False, compare=False)
    read: dict[tuple[Any, ...], Any] = field(default_factory=dict, repr=False, compare=False)


@dataclass(frozen=True, kw_only=True)
class Situation:
    """What a step is about.

    Attributes:
        execution_id: The execution; 0 in a dry run.
        playbook: Its playbook.
        phase: steps, on_failure or undo.
        number: The number of the step in its phase.
        key: The idempotency key of the step: the same however often an attempt is repeated; one after an attempt that
            certainly failed has its own.
        alert: The alert as it is now: the columns of `alerts`, with `incident_id` (None where it is in none).
        team: The team of the alert or of the playbook; None where neither names one.
        requested_by: Who or what started the execution.
        outputs: Outputs of earlier steps, by name.
        began_at: When the step began (UTC); None in a plan.
        left: The output of an attempt of this step that failed and had done a part; the next one does what is missing.
        deadline_at: When the execution has failed (UTC); None in a plan or a dry run.
        now: The time of the clock (UTC).
    """

    execution_id: int
    playbook: str
    phase: str = "steps"
    number: int
    key: str
    alert: Mapping[str, Any]
    team: str | None
    requested_by: str
    outputs: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    began_at: datetime | None = None
    left: Mapping[str, Any] | None = None
    deadline_at: datetime | None = None
    now: datetime


@dataclass(frozen=True)
class Change:
    """One change of something that people know.

    Attributes:
        what: What is changed: "ticket T-17", "alert 3", "device D-9".
        attribute: What of it.
        before: Its value before; None where there is none, or nobody can know it.
        after: Its value afterwards.
    """

    what: str
    attribute: str
    before: str | None
    after: str | None


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What a step would do now.

    Attributes:
        words: In one sentence, for people.
        changes: What it would change; nothing where it only reads.
        messages: How many messages it would send.
        is_possible: False where it could not be done now; `words` say why.
        prepared: What `act` needs and had to be read outside of its transaction. It is not part of what is approved.
    """

    words: str
    changes: Sequence[Change] = ()
    messages: int = 0
    is_possible: bool = True
    prepared: Any = None


@dataclass(frozen=True, kw_only=True)
class Result:
    """What a step came to, for now.

    Attributes:
        state: Its state; planned where it waits.
        words: What happened, in one sentence.
        output: What later steps and `undo` need, and people see; JSON. `changes` are added by the engine.
        changes: What was changed, in the words of the plan.
        effect_id: Its side effect in the effects engine, if it has one and waits for it.
        due_at: When to look again where it waits; None: when its effect is settled, or at its time-out.
        did_part: Whether a step that failed had done a part that changes nothing, such as a message that arrived.
    """

    state: StepState
    words: str
    output: Mapping[str, Any] = field(default_factory=dict)
    changes: Sequence[Change] = ()
    effect_id: int | None = None
    due_at: datetime | None = None
    did_part: bool = False


class Action(Protocol[S_contra]):
    """One typed action. It holds no state: everything that it needs is passed to it.

    `act`, `look` and `undo` run in the transaction that moves the execution: whatever they write happens once, with
    the move, or not at all. They speak to no network; what leaves the house they plan as an effect of the kind
    "remediation", a message or a change of the ticket system, under `situation.key`.
    """

    def plan(self, world: World, step: S_contra, situation: Situation) -> Plan:
        """What it would do now; reads only, outside of any transaction."""

    def act(self, connection: Connection, step: S_contra, situation: Situation, plan: Plan) -> Result:
        """Does it. `plan` was made just before, under the same lease."""

    def look(self, connection: Connection, step: S_contra, situation: Situation, output: Mapping[str, Any]) -> Result:
        """Looks again at a step that waits, when it is due; its time-out is the engine's."""

    def undo(self, connection: Connection, step: S_contra, situation: Situation, output: Mapping[str, Any]) -> Result:
        """Takes back a step that is done, by its output; skipped where somebody changed it since."""


class Immediate:
    """What actions share that are done at once: there is nothing to look at later."""

    def look(self, connection: Connection, step: Step, situation: Situation, output: Mapping[str, Any]) -> Result:  # noqa: ARG002
        """Never asked: a step of such an action does not wait.

        Raises:
            AssertionError: Always.
        """
        raise AssertionError(f"step {situation.number} of {situation.playbook} does not wait")


class OnlyReads(Immediate):
    """What is shared by actions that only read."""

    def undo(self, connection: Connection, step: Step, situation: Situation, output: Mapping[str, Any]) -> Result:  # noqa: ARG002
        """There is nothing to undo; what was collected stays."""
        return Result(state=StepState.SKIPPED, words="it only reads; there is nothing to undo")
