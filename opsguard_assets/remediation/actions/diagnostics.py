"""Diagnostics: what is known of an alert's entity and site, attached to the alert.

Here: the action `collect_diagnostics`. Not here: what is looked up (`evidence`), how people see it (`views`).
"""

import json
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection

from opsguard_assets.remediation.actions.action import OnlyReads, Plan, Result, Situation, StepState, World
from opsguard_assets.remediation.actions.evidence import Evidence, gather
from opsguard_assets.remediation.playbook.steps import CollectDiagnostics
from resources.sql import statement


class CollectDiagnosticsAction(OnlyReads):
    """The action `collect_diagnostics`."""

    def plan(self, world: World, step: CollectDiagnostics, situation: Situation) -> Plan:
        """Reads it; nothing is changed."""
        found = gather(world, step, situation.alert, situation.now)
        return Plan(words=f"attach {found.words}", prepared=found)

    def act(self, connection: Connection, step: CollectDiagnostics, situation: Situation, plan: Plan) -> Result:  # noqa: ARG002
        """Attaches it, once per step."""
        found: Evidence = plan.prepared
        attach(connection, situation, "diagnostics", found.tables, found.plot)
        counts = {name: len(rows) for name, rows in found.tables.items()}
        return Result(state=StepState.DONE, words=f"attached {found.words}", output={"rows": counts})


def attach(
    connection: Connection,
    situation: Situation,
    kind: str,
    content: Mapping[str, Any],
    plot: str | None,
) -> None:
    """Attaches something to the alert; a second time of the same step changes nothing."""
    values = {
        "alert_id": situation.alert["alert_id"], "execution_id": situation.execution_id, "step": situation.number,
        "kind": kind, "at": situation.now, "content": json.dumps(content), "plot": plot,
    }  # fmt: skip
    connection.execute(statement(__name__, "attach"), values)
