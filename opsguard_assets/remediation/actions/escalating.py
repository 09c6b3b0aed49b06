"""Escalating: the next of the escalation chain is told at once, and a ticket gets a higher priority.

Here: the action `escalate`. Not here: the chain that an incident climbs by itself (`routing`), escalation by risk
(`opsguard_assets.tickets.escalation`), from which the priorities are.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from sqlalchemy import Connection

from opsguard_assets.effects.machine import State
from opsguard_assets.remediation.actions.action import Change, Plan, Result, Situation, StepState, World
from opsguard_assets.remediation.actions.effects import (
    changes_of,
    effect_now,
    look_at_effect,
    state_of,
    waiting_for,
    without_changes,
)
from opsguard_assets.remediation.actions.recipients_io import Recipient, Staff, recipients_of, staff_of
from opsguard_assets.remediation.actions.telling import reach_of, still_waits, tell, untell
from opsguard_assets.remediation.actions.texts import filled
from opsguard_assets.remediation.actions.tickets_io import (
    Ticket,
    change_back,
    change_of_ticket,
    plan_change,
    ticket_of,
)
from opsguard_assets.remediation.playbook.steps import Escalate
from resources.sql import statement

# As an escalation by risk raises them (`tickets.escalation.plan`).
_RAISED: Final[Mapping[str, str]] = {"low": "high", "medium": "high", "high": "critical"}

# What decides where the message and the ticket came to different states.
_GRAVEST: Final = (StepState.PLANNED, StepState.FAILED, StepState.UNKNOWN)


@dataclass(frozen=True)
class _Prepared:
    recipients: Sequence[Recipient]
    ticket: Ticket | None
    priority: str | None
    target: str
    raised: Mapping[str, Any] | None
    messages: str | None


class EscalateAction:
    """The action `escalate`. It is done when somebody was reached and the ticket, if there is one, has its priority."""

    def plan(self, world: World, step: Escalate, situation: Situation) -> Plan:  # noqa: ARG002 - the text says no more
        """Who is next, and which priority the ticket gets; of both what an earlier attempt has not done."""
        raised, messages = _left(situation)
        recipients: Sequence[Recipient] = ()
        words = "they were told by an earlier attempt"
        if messages is None:
            recipients, said = _next(world, staff_of(world, situation))
            if not recipients:
                return Plan(words=said, is_possible=False)
            words = f"tell {said}"
        ticket = ticket_of(world, situation.alert, situation.now) if raised is None else None
        priority = _RAISED.get(ticket.priority) if ticket is not None and ticket.trouble is None else None
        changes = []
        if ticket is not None and priority is not None:
            changes = [Change(ticket.name, "priority", ticket.priority, priority)]
            words += f"; raise {ticket.name} from {ticket.priority} to {priority}"
        elif raised is not None:
            changes = changes_of(raised)
            words += f"; {changes[0].what} was raised by an earlier attempt"
        elif ticket is not None:
            words += f"; {ticket.trouble or f'{ticket.name} is {ticket.priority} already'}"
        return Plan(
            words=words,
            changes=changes,
            messages=len(recipients),
            prepared=_Prepared(recipients, ticket, priority, world.settings.ticket_system.kind, raised, messages),
        )

    def act(self, connection: Connection, step: Escalate, situation: Situation, plan: Plan) -> Result:
        """Plans the message and the change of the ticket, and waits for both."""
        if not plan.is_possible:
            return Result(state=StepState.FAILED, words=plan.words)
        given: _Prepared = plan.prepared
        words = filled(step.text, situation)
        output: dict[str, Any] = {"execution_id": situation.execution_id}
        output["messages"] = given.messages or tell(connection, situation, given.recipients, words)
        if given.ticket is not None and given.priority is not None:
            payload = change_of_ticket(situation, given.ticket, words, priority=given.priority)
            effect = plan_change(connection, situation, given.target, payload)
            output |= {"ticket": payload, "target": given.target, "ticket_effect": effect.effect_id}
        if given.raised is not None:
            output |= {name: given.raised[name] for name in ("ticket", "target", "ticket_effect")}
        waits = still_waits(situation, output, plan.words)
        return replace(waits, changes=plan.changes, effect_id=output.get("ticket_effect"))

    def look(
        self,
        connection: Connection,
        step: Escalate,  # noqa: ARG002 - the messages say it all
        situation: Situation,
        output: Mapping[str, Any],
    ) -> Result:
        """Whether somebody was reached, and the state of the ticket; its undoing, where that waits."""
        if output.get("effect_id") is not None:
            return look_at_effect(connection, output)
        found = reach_of(connection, situation.execution_id, output["messages"])
        states, words, changes = [found.state], found.said(), changes_of(output)
        if output.get("ticket_effect") is not None:
            effect = effect_now(connection, int(output["ticket_effect"]))
            words += f"; the ticket: {effect.words or effect.state.value}"
            if effect.state is State.SUPERSEDED:
                changes = []  # somebody saw to it meanwhile
            else:
                states.append(state_of(effect.state))
        state = next((each for each in _GRAVEST if each in states), StepState.DONE)
        if state is StepState.PLANNED:
            return replace(still_waits(situation, output, words), changes=changes)
        if output.get("ticket_effect") is not None and effect.state is not State.DONE:
            changes = []
        has_arrived = state is StepState.FAILED and found.state is StepState.DONE
        return Result(state=state, words=words, output=without_changes(output), changes=changes, did_part=has_arrived)

    def undo(self, connection: Connection, step: Escalate, situation: Situation, output: Mapping[str, Any]) -> Result:
        """Those who were told are told that it was undone; the ticket that was raised has its former priority again."""
        words = f"Taken back: {filled(step.text, situation)}"
        _, have = untell(connection, situation, int(output["execution_id"]), output["messages"], words)
        said = f"{have} people are told of it"
        if not _is_raised(connection, output):
            return Result(state=StepState.DONE, words=said)
        payload = change_back(situation, output["ticket"], filled("{playbook} was undone", situation))
        effect = plan_change(connection, situation, output["target"], payload)
        name = f"ticket {payload['ticket_id']}"
        change = Change(name, "priority", payload["expected_priority"], payload["priority"])
        words = f"{said}; {name} goes back to {payload['priority']}"
        return waiting_for(effect, words, {}, (change,))


def _left(situation: Situation) -> tuple[Mapping[str, Any] | None, str | None]:
    """What a failed attempt had done already: raised the ticket, or sent messages of which one arrived."""
    left = situation.left
    if left is None:
        return None, None
    return (left, None) if changes_of(left) else (None, left["messages"])


def _is_raised(connection: Connection, output: Mapping[str, Any]) -> bool:
    number = output.get("ticket_effect")
    return number is not None and effect_now(connection, int(number)).state is State.DONE


def _next(world: World, around: Staff) -> tuple[Sequence[Recipient], str]:
    """Those of the next rung of the chain who can be reached, and who that is or why nobody is."""
    with world.database.begin() as connection:
        asked = {"incident_id": around.incident["incident_id"] if around.incident else None}
        rows = connection.execute(statement(__name__, "telling/of_incident"), asked).all()
    roles, people = {row.audience for row in rows}, {row.person_id for row in rows}
    chain = list(world.settings.routing.chain)
    reached = {role: recipients_of(around, (role,)) for role in chain}
    for role in chain:
        fresh = [each for each in reached[role].recipients if each.person_id not in people]
        if role not in roles and fresh:
            return fresh, f"{_named(fresh)}, the {role.replace('_', ' ')}"
    for role in reversed(chain):
        again = reached[role].recipients
        if again:
            return again, f"{_named(again)} again, the {role}: everybody of the chain was told before"
    absent = [why for role in chain for why in reached[role].absent]
    return (), f"nobody of the escalation chain can be told: {'; '.join(absent) or 'it is empty'}"


def _named(recipients: Sequence[Recipient]) -> str:
    return ", ".join(f"{each.name} by {each.channel}" for each in recipients)
