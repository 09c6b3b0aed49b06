"""Resolving an alert: only what was seen to be over, unless the playbook says that nobody has to see it.

Here: the action `resolve_alert`. Not here: how alerts clear by themselves (`alerts.lifecycle`).

An alert whose cause was seen clear is resolved by its monitor, in the tick that saw it. So this step checks that this
happened; it resolves by its own word only where `unseen` says so, for false alarms.
"""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, text

from opsguard_assets.alerts.finding import BY_PLAYBOOK
from opsguard_assets.alerts.lifecycle import lock_alerts
from opsguard_assets.alerts.people import reopen_resolved, resolve_all
from opsguard_assets.remediation.actions.action import Change, Immediate, Plan, Result, Situation, StepState, World
from opsguard_assets.remediation.actions.texts import actor_of, filled
from opsguard_assets.remediation.playbook.steps import ResolveAlert

_STATE = text("SELECT state FROM alerts WHERE alert_id = :alert_id FOR UPDATE")


class ResolveAlertAction(Immediate):
    """The action `resolve_alert`."""

    def plan(self, world: World, step: ResolveAlert, situation: Situation) -> Plan:  # noqa: ARG002 - the alert is given
        """Resolves it, or says why it may not."""
        alert = situation.alert
        name = _name(situation)
        if alert["state"] == "resolved":
            return Plan(words=f"{name} is already resolved: {alert['resolution']}")
        if not step.unseen:
            words = f"{name} still holds: it was found at {alert['last_seen_at']:%Y-%m-%d %H:%M} UTC"
            return Plan(words=words, is_possible=False)
        return Plan(words=f"resolve {name}", changes=[Change(name, "state", alert["state"], "resolved")])

    def act(self, connection: Connection, step: ResolveAlert, situation: Situation, plan: Plan) -> Result:
        """Resolves it where the plan says so and it is still as planned."""
        if not plan.is_possible:
            return Result(state=StepState.FAILED, words=plan.words)
        if not plan.changes:
            return Result(state=StepState.DONE, words=plan.words, output={"resolved_here": False})
        alert_id = situation.alert["alert_id"]
        lock_alerts(connection)
        if connection.execute(_STATE, {"alert_id": alert_id}).scalar_one() == "resolved":
            words = f"{_name(situation)} was resolved meanwhile"
            return Result(state=StepState.DONE, words=words, output={"resolved_here": False})
        resolve_all(
            connection, [alert_id], at=situation.now, actor=actor_of(situation), note=filled(step.note, situation),
            resolution=BY_PLAYBOOK,
        )  # fmt: skip
        words = f"resolved {_name(situation)}"
        return Result(state=StepState.DONE, words=words, output={"resolved_here": True}, changes=plan.changes)

    def undo(
        self,
        connection: Connection,
        step: ResolveAlert,  # noqa: ARG002 - the same for every step
        situation: Situation,
        output: Mapping[str, Any],
    ) -> Result:
        """Opens it again, if it is still as this step left it."""
        name = _name(situation)
        if not output.get("resolved_here"):
            return Result(state=StepState.SKIPPED, words=f"{name} was not resolved by this step")
        lock_alerts(connection)
        is_open = reopen_resolved(
            connection, situation.alert["alert_id"], at=situation.now, actor=actor_of(situation),
            note="the playbook was undone",
        )  # fmt: skip
        if not is_open:
            return Result(state=StepState.SKIPPED, words=f"{name} was changed since; it is left as it is")
        changes = [Change(name, "state", "resolved", "open")]
        return Result(state=StepState.DONE, words=f"{name} is open again", changes=changes)


def _name(situation: Situation) -> str:
    return f"alert {situation.alert['alert_id']}"
