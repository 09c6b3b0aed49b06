"""Giving an alert, and the ticket that it is about, to somebody.

Here: the action `assign`. Not here: who is on duty (`duty`), incidents (`incidents.people`), tickets (`tickets_io`).

The incident is given at once; the ticket is given by the ticket system, and the step waits for its answer. Who gets it
is told, if anything reaches them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import polars as pl
from sqlalchemy import Connection

from opsguard_assets.duty.desk import on_duty
from opsguard_assets.duty.least_loaded import assign
from opsguard_assets.duty.teams import group_of
from opsguard_assets.effects.machine import State
from opsguard_assets.incidents.people import give_in
from opsguard_assets.remediation.actions.action import Change, Plan, Result, Situation, StepState, World
from opsguard_assets.remediation.actions.effects import WaitsForItsEffect, changes_of, effect_now, waiting_for
from opsguard_assets.remediation.actions.recipients_io import Recipient, Staff, person_of, staff_of
from opsguard_assets.remediation.actions.telling import reach_of, tell, untell
from opsguard_assets.remediation.actions.texts import actor_of, filled
from opsguard_assets.remediation.actions.tickets_io import (
    Ticket,
    change_back,
    change_of_ticket,
    open_tickets,
    plan_change,
    ticket_of,
)
from opsguard_assets.remediation.playbook.steps import Assign

_LEAST: Final = "least_loaded"
_OWNER: Final = "owner"


@dataclass(frozen=True)
class _Prepared:
    person_id: str
    ticket: Ticket | None
    target: str
    incident: tuple[int, str | None] | None
    left: Mapping[str, Any] | None
    recipients: Sequence[Recipient]


@dataclass(frozen=True)
class _Chosen:
    """Somebody, or why nobody."""

    person_id: str | None
    words: str


class AssignAction(WaitsForItsEffect):
    """The action `assign`."""

    def plan(self, world: World, step: Assign, situation: Situation) -> Plan:
        """Who would get it, and who has it now."""
        around = staff_of(world, situation, step.team)
        ticket = ticket_of(world, situation.alert, situation.now)
        if ticket is None and around.incident is None:
            return Plan(words="there is nothing to give: no incident, and no ticket that is known", is_possible=False)
        if ticket is not None and ticket.trouble is not None:
            return Plan(words=ticket.trouble, is_possible=False)
        has_it = ticket.assignee_id if ticket is not None else (around.incident or {}).get("owner_id")
        left = situation.left
        if left is not None:
            chosen = _Chosen(left["person_id"], f"{around.name_of(left['person_id'])}, as an earlier attempt began")
        else:
            chosen = _chosen(world, step, situation, around, ticket, has_it)
        if chosen.person_id is None:
            return Plan(words=chosen.words, is_possible=False)
        return _plan(world, around, ticket, chosen, left)

    def act(self, connection: Connection, step: Assign, situation: Situation, plan: Plan) -> Result:  # noqa: ARG002
        """Gives it, where it is still as planned."""
        if not plan.is_possible:
            return Result(state=StepState.FAILED, words=plan.words)
        given: _Prepared = plan.prepared
        actor, person = actor_of(situation), given.person_id
        output: dict[str, Any] = {"person_id": person}
        if given.incident is not None:
            number, before = given.incident
            if not give_in(connection, number, person, before=before, at=situation.now, actor=actor):
                return Result(state=StepState.FAILED, words=f"incident {number} was changed by somebody meanwhile")
            output["incident"] = {"incident_id": number, "before": before}
        elif given.left is not None:
            output["incident"] = given.left.get("incident")
        said = given.left["messages"] if given.left is not None and given.left.get("did_part") else None
        words = filled("{what}. It was given to you by {playbook}.", situation)
        output |= {
            "messages": said or tell(connection, situation, given.recipients, words),
            "execution_id": situation.execution_id,
        }
        if given.ticket is None:
            return Result(state=StepState.DONE, words=f"given to {person}", output=output, changes=plan.changes)
        payload = change_of_ticket(
            situation, given.ticket, filled("{what}; given by {playbook}", situation), assignee_id=person
        )
        effect = plan_change(connection, situation, given.target, payload)
        output |= {"ticket": payload, "target": given.target}
        return waiting_for(effect, f"{given.ticket.name} goes to {person}", output, plan.changes)

    def look(self, connection: Connection, step: Assign, situation: Situation, output: Mapping[str, Any]) -> Result:
        """Where the ticket stands; where it was refused, an incident that was given and a message that went stay so."""
        result = super().look(connection, step, situation, output)
        if result.state is not StepState.FAILED or "messages" not in output:
            return result
        kept = changes_of(output) if output.get("incident") is not None else []
        reach = reach_of(connection, int(output["execution_id"]), output["messages"])
        return replace(
            result,
            changes=[each for each in kept if each.attribute == _OWNER],
            did_part=reach.state is not StepState.FAILED,
        )

    def undo(
        self,
        connection: Connection,
        step: Assign,  # noqa: ARG002 - what was done says it all
        situation: Situation,
        output: Mapping[str, Any],
    ) -> Result:
        """The former one has it again, unless somebody changed it meanwhile."""
        person, changes, said = output["person_id"], [], []
        words = filled("{what}. It is no longer yours: {playbook} was undone.", situation)
        taken, have = untell(connection, situation, int(output["execution_id"]), output["messages"], words)
        of_incident = output.get("incident")
        if of_incident is not None:
            number, before = int(of_incident["incident_id"]), of_incident["before"]
            at, actor = situation.now, actor_of(situation)
            if give_in(connection, number, before, before=person, at=at, actor=actor):
                changes.append(Change(f"incident {number}", _OWNER, person, before))
            else:
                said.append(f"incident {number} was changed since; it is left as it is")
        given = output.get("ticket") is not None and effect_now(connection, int(output["effect_id"]))
        if given and given.state is State.DONE:
            payload = change_back(situation, output["ticket"], filled("{playbook} was undone", situation))
            name = f"ticket {payload['ticket_id']}"
            changes.append(Change(name, "assignee", person, payload["assignee_id"]))
            effect = plan_change(connection, situation, output["target"], payload)
            words = "; ".join([f"{name} goes back to {payload['assignee_id'] or 'nobody'}", *said])
            return waiting_for(effect, words, {}, changes)
        if not changes and not said and (taken or have):
            return Result(state=StepState.DONE, words=f"{taken} messages were taken back, {have} people are told of it")
        if not changes:
            return Result(state=StepState.SKIPPED, words="; ".join(said) or "nothing had been given to anybody")
        return Result(state=StepState.DONE, words=f"{changes[0].what} is no longer {person}'s", changes=changes)


def _plan(world: World, around: Staff, ticket: Ticket | None, chosen: _Chosen, left: Mapping[str, Any] | None) -> Plan:
    person = chosen.person_id or ""
    changes, incident = [], None
    if around.incident is not None and around.incident["state"] != "resolved":
        incident = (int(around.incident["incident_id"]), around.incident["owner_id"])
        if incident[1] == person:
            incident = None
            # An earlier attempt of this step gave it: that stays a change of the step, and `undo` takes it back.
            changes = changes_of(left or {})
        else:
            changes.append(Change(f"incident {incident[0]}", _OWNER, incident[1], person))
    if ticket is not None:
        changes.append(Change(ticket.name, "assignee", ticket.assignee_id, person))
    if not changes:
        return Plan(words="there is nothing to give: the incident is resolved", is_possible=False)
    recipients = person_of(around, person, "owner")
    return Plan(
        words=f"give {' and '.join(change.what for change in changes)} to {chosen.words}",
        changes=changes,
        messages=len(recipients),
        prepared=_Prepared(person, ticket, world.settings.ticket_system.kind, incident, left, recipients),
    )


def _chosen(
    world: World, step: Assign, situation: Situation, around: Staff, ticket: Ticket | None, has_it: str | None
) -> _Chosen:
    if step.to == has_it:
        return _Chosen(None, f"{around.name_of(step.to)} has it already")
    desk = around.roster.desk
    if step.to != _LEAST:
        gone = desk.people.filter(pl.col("person_id") == step.to, pl.col("is_active").fill_null(value=True))
        return (
            _Chosen(None, f"there is nobody active with the identifier {step.to}")
            if gone.is_empty()
            else _Chosen(step.to, around.name_of(step.to))
        )
    team = step.team or (ticket.group_id if ticket is not None else None) or around.work["team"].item()
    loads = open_tickets(world, situation.now)
    group = group_of(desk, team)
    item = pl.DataFrame({"item_id": ["it"], "group_id": [group]}, schema={"item_id": pl.String, "group_id": pl.String})
    there = on_duty(desk, situation.now)
    given = assign(item, there, loads)
    if given.is_empty():
        return _Chosen(None, f"nobody of {team} is on duty")
    person, present = given["given_to"].item(), given["present"].item()
    if person == has_it or not _relieves(has_it, person, there, loads):
        owner = around.name_of(has_it)
        return _Chosen(None, f"nobody of {team} on duty has fewer open tickets than {owner}, who has it already")
    return _Chosen(person, f"{around.name_of(person)}, the least loaded of {present} on duty in {team}")


def _relieves(has_it: str | None, person: str, there: pl.DataFrame, loads: pl.DataFrame) -> bool:
    """Whether somebody else has less to do afterwards than the present owner.

    An owner who is not on duty is always relieved. The ticket counts among those of its owner.
    """
    if has_it is None or has_it not in there["person_id"].to_list():
        return True
    of_person = dict(loads.iter_rows())
    return has_it not in of_person or int(of_person.get(person, 0)) + 1 < int(of_person[has_it])
