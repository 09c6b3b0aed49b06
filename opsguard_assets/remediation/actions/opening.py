"""Opening a ticket in the ticket system. Not here: handing it over (`adapters_io`)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from opsguard_assets.config.ticket_system import SqlTicketSystem
from opsguard_assets.duty.teams import group_of
from opsguard_assets.remediation.actions.action import Change, Plan, Result, Situation, StepState, World
from opsguard_assets.remediation.actions.effects import CANCEL, CREATE, WaitsForItsEffect, plan_effect, waiting_for
from opsguard_assets.remediation.actions.roster_io import roster_now
from opsguard_assets.remediation.actions.texts import filled
from opsguard_assets.remediation.playbook.steps import CreateTicket

_NEW = "new ticket"


@dataclass(frozen=True)
class _Prepared:
    target: str
    payload: Mapping[str, Any]
    can_cancel: bool


class CreateTicketAction(WaitsForItsEffect):
    """The action `create_ticket`."""

    def plan(self, world: World, step: CreateTicket, situation: Situation) -> Plan:
        """The ticket that it would open."""
        desk = world.settings.ticket_system
        if isinstance(desk, SqlTicketSystem) and desk.create is None:
            words = "no ticket can be opened: `ticket_system.create` says how, and is not set"
            return Plan(words=words, is_possible=False)
        team = step.team or situation.team
        group = group_of(roster_now(world, situation.now).desk, team)
        if step.team is not None and group is None:
            return Plan(words=f"there is no team {step.team}", is_possible=False)
        alert = situation.alert
        payload = {
            "do": CREATE,
            "title": filled(step.title, situation),
            "description": filled(step.description, situation),
            "priority": step.priority or alert["severity"],
            "group_id": group,
            "client_id": alert.get("client_id"),
            "site_id": alert.get("site_id"),
        }
        shown = [Change(_NEW, name, None, payload[name]) for name in ("title", "priority", "group_id") if payload[name]]
        can_cancel = not isinstance(desk, SqlTicketSystem) or desk.cancel is not None
        return Plan(
            words=f"open a ticket of priority {payload['priority']}: {payload['title']}",
            changes=shown,
            prepared=_Prepared(desk.kind, payload, can_cancel),
        )

    def act(self, connection: Connection, step: CreateTicket, situation: Situation, plan: Plan) -> Result:  # noqa: ARG002
        """Plans it, and waits for the ticket system."""
        if not plan.is_possible:
            return Result(state=StepState.FAILED, words=plan.words)
        given: _Prepared = plan.prepared
        effect = plan_effect(connection, situation, given.target, given.payload)
        output = {
            "created_key": effect.idempotency_key,
            "target": given.target,
            "can_cancel": given.can_cancel,
        }
        return waiting_for(effect, plan.words, output, plan.changes)

    def undo(
        self,
        connection: Connection,
        step: CreateTicket,  # noqa: ARG002 - what was done says it all
        situation: Situation,
        output: Mapping[str, Any],
    ) -> Result:
        """The ticket is cancelled, unless somebody has worked on it."""
        if not output["can_cancel"]:
            words = "the ticket stays: `ticket_system.cancel` says how one is cancelled, and is not set"
            return Result(state=StepState.SKIPPED, words=words)
        payload = {
            "do": CANCEL,
            "created_key": output["created_key"],
            "reason": filled("{playbook} was undone", situation),
        }
        effect = plan_effect(connection, situation, output["target"], payload)
        changes = (Change(_NEW, "state", "open", "cancelled"),)
        return waiting_for(effect, "the ticket is cancelled", {}, changes)
