"""Everything that decides what happens next to an execution, read at one moment; and what its steps would do.

Here: reading, and plans, which read only. Not here: deciding (`machine`, `approvals`), moving (`moves_io`).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from datetime import datetime
from functools import lru_cache
from typing import Any, TypeAlias, TypeVar

from pydantic import ValidationError
from sqlalchemy import Connection, RowMapping

from opsguard_assets.config.settings import Settings
from opsguard_assets.domains import alert_type
from opsguard_assets.remediation.actions.action import Action, Plan, StepState, World
from opsguard_assets.remediation.engine.approvals import Entry, entry_of
from opsguard_assets.remediation.engine.states import (
    UNDO,
    ApprovalRecord,
    Case,
    Execution,
    Place,
    State,
    StepRecord,
)
from opsguard_assets.remediation.playbook.model import Playbook
from opsguard_assets.views.reading import alerts_of, incidents_of
from resources.sql import statement

Catalog: TypeAlias = Mapping[str, Action[Any]]
_Record = TypeVar("_Record", Execution, StepRecord, ApprovalRecord)


class UnreadableTextError(ValueError):
    """This version of OpsGuard does not understand the text that an execution began with.

    Attributes:
        execution: The execution.
    """

    def __init__(self, execution: Execution, error: ValidationError) -> None:
        """What is wrong with the text, in one sentence."""
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        super().__init__(f"this version of OpsGuard cannot follow the text that it began with: {place}: {first['msg']}")
        self.execution = execution


class MissingExecutionError(LookupError):
    """There is no such execution; the message says where those that there are can be seen."""


def case_of(connection: Connection, execution_id: int, settings: Settings) -> Case:
    """An execution with all that decides what happens next to it.

    Raises:
        MissingExecutionError: When there is none of this number.
        UnreadableTextError: When its text cannot be followed any more.
    """
    found = cases_of(connection, [execution_id], settings).get(execution_id)
    if found is None:
        raise MissingExecutionError(
            f"There is no execution {execution_id}; `opsguard playbook log` shows those that there are."
        )
    if isinstance(found, UnreadableTextError):
        raise found
    return found


def cases_of(
    connection: Connection, execution_ids: Sequence[int], settings: Settings
) -> dict[int, Case | UnreadableTextError]:
    """Executions with all that decides what happens next to them, by number: one question per table for all."""
    asked = {"execution_ids": list(execution_ids)}
    rows = connection.execute(statement(__name__, "reading/execution"), asked).mappings().all()
    undone = [row["undo_of"] for row in rows if row["undo_of"] is not None]
    steps = _by_execution(steps_of(connection, [*execution_ids, *undone]))
    approvals: dict[int, list[ApprovalRecord]] = {}
    for each in approvals_of(connection, execution_ids):
        approvals.setdefault(each.execution_id, []).append(each)
    alerts = alerts_now(connection, [row["alert_id"] for row in rows])
    cases: dict[int, Case | UnreadableTextError] = {}
    for row in rows:
        execution = _record(Execution, {**row, "state": State(row["state"])})
        number, alert = execution.execution_id, alerts[execution.alert_id]
        try:
            playbook = playbook_of(row["content"])
        except ValidationError as error:
            cases[number] = UnreadableTextError(execution, error)
            continue
        cases[number] = Case(
            execution=execution,
            playbook=playbook,
            steps={record.place: record for record in steps.get(number, [])},
            approvals=approvals.get(number, []),
            alert=alert,
            team=playbook.team or alert_type(alert["alert_type"], settings.triage.life_safety).team,
            undone=[record for record in reversed(steps.get(execution.undo_of or 0, [])) if record.changed],
        )
    return cases


def alerts_now(connection: Connection, alert_ids: Sequence[int]) -> dict[int, dict[str, Any]]:
    """Alerts as they are now, with the number of their incident, by number."""
    incidents = incidents_of(connection, alert_ids)
    rows = alerts_of(connection, alert_ids)
    return {row["alert_id"]: {**row, "incident_id": incidents.get(row["alert_id"])} for row in rows}


def steps_of(connection: Connection, execution_ids: Sequence[int]) -> list[tuple[int, StepRecord]]:
    """The steps that executions reached, in the order in which each reached them, with their execution."""
    asked = {"execution_ids": list(execution_ids)}
    rows = connection.execute(statement(__name__, "reading/steps"), asked).mappings()
    return [(row["execution_id"], step_record(row)) for row in rows]


def step_record(row: RowMapping) -> StepRecord:
    """A row of `execution_steps`."""
    return _record(StepRecord, {**row, "state": StepState(row["state"])})


def approvals_of(connection: Connection, execution_ids: Sequence[int]) -> list[ApprovalRecord]:
    """The approvals of executions, the oldest first."""
    asked = {"execution_ids": list(execution_ids)}
    rows = connection.execute(statement(__name__, "reading/approvals"), asked).mappings()
    return [_record(ApprovalRecord, dict(row)) for row in rows]


def _by_execution(steps: Iterable[tuple[int, StepRecord]]) -> dict[int, list[StepRecord]]:
    found: dict[int, list[StepRecord]] = {}
    for number, record in steps:
        found.setdefault(number, []).append(record)
    return found


@lru_cache(maxsize=256)
def playbook_of(content: str) -> Playbook:
    """The playbook of a kept text.

    Raises:
        ValidationError: When this version of OpsGuard does not understand the text any more.
    """
    return Playbook.model_validate_json(content)


def plan_of(world: World, catalog: Catalog, case: Case, place: Place, now: datetime) -> Plan:
    """What a step would do now. Undoing has no plan of its own: it follows the output of the step that it undoes."""
    step = case.step_at(place)
    if step is None or place[0] == UNDO:
        return Plan(words="undo")
    record = case.steps.get(place)
    return catalog[step.do].plan(world, step, case.situation(place, record.attempts + 1 if record else 1, now))


def entries_of(world: World, catalog: Catalog, case: Case, places: Sequence[Place], now: datetime) -> list[Entry]:
    """What some steps would do now, as an approval shows them."""
    return [
        entry_of(place, step, plan_of(world, catalog, case, place, now))
        for place in places
        if (step := case.step_at(place)) is not None
    ]


def _record(kind: type[_Record], row: Mapping[str, Any]) -> _Record:
    return kind(**{each.name: row[each.name] for each in fields(kind)})
