"""Executions for people: lists, and one with its steps, approvals and history.

Here: statements. Not here: commands and pages that show them.
"""

from dataclasses import asdict
from typing import Any, Final

from opsguard_assets.remediation.engine.approvals_io import votes_on
from opsguard_assets.remediation.engine.cases_io import MissingExecutionError, approvals_of
from opsguard_assets.remediation.engine.states import State
from resources.database import Database
from resources.sql import statement

STATES: Final = tuple(state.value for state in State)
Row = dict[str, Any]


def executions(
    database: Database,
    *,
    states: tuple[str, ...] = STATES,
    playbook: str | None = None,
    alert_id: int | None = None,
    limit: int = 50,
) -> list[Row]:
    """Executions, the newest first, with the approval that each waits for."""
    values = {"states": list(states), "playbook": playbook, "alert_id": alert_id, "limit": limit}
    with database.begin() as connection:
        return [dict(row) for row in connection.execute(statement(__name__, "reading/log"), values).mappings()]


def one(database: Database, execution_id: int) -> Row:
    """An execution with its `text`, `steps`, `approvals` (each with `votes`) and `history`.

    Raises:
        MissingExecutionError: When there is none of this number.
    """
    asked = {"execution_id": execution_id}
    of_one = {"execution_ids": [execution_id]}
    with database.begin() as connection:
        row = connection.execute(statement(__name__, "reading/execution"), of_one).mappings().first()
        if row is None:
            raise MissingExecutionError(
                f"There is no execution {execution_id}; `opsguard playbook log` shows those that there are."
            )
        steps = connection.execute(statement(__name__, "reading/steps"), of_one).mappings()
        history = connection.execute(statement(__name__, "reading/history"), asked).mappings()
        asked_for = approvals_of(connection, [execution_id])
        return {
            **{name: value for name, value in row.items() if name != "content"},
            "steps": [{name: each[name] for name in each if name != "execution_id"} for each in steps],
            "approvals": [{**asdict(each), "votes": votes_on(connection, each.approval_id)} for each in asked_for],
            "history": [dict(each) for each in history],
        }


def decisions_about(database: Database, alert_id: int) -> list[Row]:
    """Why playbooks ran about an alert or did not, the newest first."""
    with database.begin() as connection:
        rows = connection.execute(statement(__name__, "reading/decisions"), {"alert_id": alert_id})
        return [dict(row) for row in rows.mappings()]
