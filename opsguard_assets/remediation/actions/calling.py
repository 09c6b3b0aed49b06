"""Calling other systems: webhooks, and commands that restart a device.

Here: the actions `webhook` and `reboot_device`. Not here: the requests (`adapters_io`), their addresses
(`config.remediation`).
"""

from collections.abc import Mapping
from typing import Any

import polars as pl
from sqlalchemy import Connection

from opsguard_assets.remediation.actions.action import Change, Plan, Result, Situation, StepState, World
from opsguard_assets.remediation.actions.effects import (
    COMMAND,
    WEBHOOK,
    WaitsForItsEffect,
    plan_effect,
    waiting_for,
)
from opsguard_assets.remediation.actions.texts import filled
from opsguard_assets.remediation.playbook.steps import RebootDevice, Step, Webhook
from opsguard_assets.tables.registry import DEVICES

_ABOUT = (
    "alert_id", "alert_type", "severity", "title", "entity_type", "entity_id", "site_id", "client_id", "incident_id",
)  # fmt: skip


def about_of(situation: Situation) -> dict[str, Any]:
    """What every request says: the alert and the execution."""
    return {
        "playbook": situation.playbook,
        "execution_id": situation.execution_id,
        "step": situation.number + 1,
        "alert": {name: situation.alert.get(name) for name in _ABOUT},
    }


class _Final(WaitsForItsEffect):
    """What actions share that nothing takes back."""

    def act(self, connection: Connection, step: Step, situation: Situation, plan: Plan) -> Result:  # noqa: ARG002
        """Plans the request, and waits for the answer."""
        if not plan.is_possible:
            return Result(state=StepState.FAILED, words=plan.words)
        target, payload = plan.prepared
        effect = plan_effect(connection, situation, target, payload)
        return waiting_for(effect, plan.words, {}, plan.changes)

    def undo(self, connection: Connection, step: Step, situation: Situation, output: Mapping[str, Any]) -> Result:  # noqa: ARG002
        """Nothing takes it back."""
        return Result(state=StepState.SKIPPED, words=f"{step.do} cannot be taken back")


class WebhookAction(_Final):
    """The action `webhook`."""

    def plan(self, world: World, step: Webhook, situation: Situation) -> Plan:
        """What it would ask for, and where."""
        if step.to not in world.settings.remediation.webhooks:
            return Plan(words=f"`remediation.webhooks` has no {step.to}", is_possible=False)
        asked = filled(step.text, situation)
        payload = {"type": "opsguard.playbook", "data": {**about_of(situation), "text": asked}}
        return Plan(
            words=f"call {step.to}: {asked}",
            changes=[Change(f"webhook {step.to}", "asked for", None, asked)],
            prepared=(f"{WEBHOOK}:{step.to}", payload),
        )


class RebootDeviceAction(_Final):
    """The action `reboot_device`: the device of the alert, or the gateway of its site."""

    def plan(self, world: World, step: RebootDevice, situation: Situation) -> Plan:
        """Which device it would restart."""
        if step.command not in world.settings.remediation.commands:
            return Plan(words=f"`remediation.commands` has no {step.command}", is_possible=False)
        device = _device(world, situation)
        if device is None:
            return Plan(words="the alert is about no device and no site", is_possible=False)
        name, device_id = device
        data = {**about_of(situation), "command": step.command, "device_id": device_id}
        return Plan(
            words=f"restart {name} by {step.command}",
            changes=[Change(name, "restart", None, f"asked for by {step.command}")],
            prepared=(f"{COMMAND}:{step.command}", {"type": "opsguard.command", "data": data}),
        )


def _device(world: World, situation: Situation) -> tuple[str, str | None] | None:
    """The device of the alert; of a site its gateway, whose identifier is None where no or several records name it."""
    alert = situation.alert
    if alert["entity_type"] == "device":
        return f"device {alert['entity_id']}", str(alert["entity_id"])
    if alert["entity_type"] != "site":
        return None
    is_gateway = pl.col("kind").str.to_lowercase().str.contains("gateway").fill_null(value=False)
    known = world.lake.known(DEVICES, situation.now).filter(pl.col("site_id") == alert["entity_id"], is_gateway)
    found = known.select(pl.col("device_id").unique()).collect()["device_id"].to_list()
    return f"the gateway of site {alert['entity_id']}", str(found[0]) if len(found) == 1 else None
