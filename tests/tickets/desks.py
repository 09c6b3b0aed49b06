"""A small helpdesk for the tests of escalation: rows as dictionaries in, frames out; and a slow way to compare with."""

from datetime import timedelta

import polars as pl

from opsguard_assets.duty.desk import Desk
from opsguard_assets.tickets.escalation.escalate import Given
from opsguard_assets.tickets.escalation.plan import DONE, EscalationRules, plan_escalations
from tests.tickets.frames import INSTANT, frame, utc

NOW = utc(2026, 3, 2, 12)
RULES = EscalationRules()
MEMBERSHIPS = {"person_id": pl.String, "group_id": pl.String}
DUTY = {"person_id": pl.String, "starts_at": INSTANT, "ends_at": INSTANT}
PEOPLE = {"person_id": pl.String, "is_active": pl.Boolean, "reports_to": pl.String}
GROUPS = {"group_id": pl.String, "lead_id": pl.String}
SITES = {"site_id": pl.String, "supervisor_id": pl.String}
RISK = {
    "ticket_id": pl.String,
    "as_of": INSTANT,
    "client_id": pl.String,
    "state": pl.String,
    "risk": pl.Float64,
    "resolution_due_at": INSTANT,
    "model_name": pl.String,
    "model_version": pl.String,
    "model_run_id": pl.String,
    "withheld": pl.String,
    "told_by": pl.String,
}
OPEN = {
    "ticket_id": pl.String,
    "site_id": pl.String,
    "group_id": pl.String,
    "assignee_id": pl.String,
    "priority": pl.String,
    "status": pl.String,
    "updated_at": INSTANT,
}


def ticket(ticket_id="T1", **changes):
    row = {
        "site_id": "S1",
        "group_id": "G",
        "priority": "medium",
        "status": "open",
        "updated_at": NOW - timedelta(hours=9),
    }
    return {"ticket_id": ticket_id, **row, **changes}


def at_risk(ticket_id="T1", risk=0.9, **changes):
    model = {"model_name": "rule", "model_version": "1"}
    row = {"as_of": NOW - timedelta(minutes=15), "client_id": "C", "state": "running", "resolution_due_at": NOW}
    return {"ticket_id": ticket_id, "risk": risk, **row, **model, **changes}


def step(ticket_id="T1", number=1, state="done", minutes_ago=500, **changes):
    row = {"to_priority": "high", "expected_updated_at": NOW - timedelta(hours=9)}
    return {
        "ticket_id": ticket_id,
        "step": number,
        "state": state,
        "as_of": NOW - timedelta(minutes=minutes_ago),
        **row,
        **changes,
    }


def on_duty(*people):
    return [
        {"person_id": name, "starts_at": NOW - timedelta(hours=1), "ends_at": NOW + timedelta(hours=1)}
        for name in people
    ]


def desk(members=(), duty=(), people=(), groups=(), sites=()):
    return Desk(
        frame([{"person_id": person, "group_id": group} for person, group in members], MEMBERSHIPS),
        frame(duty, DUTY),
        frame(people, PEOPLE),
        frame(groups, GROUPS),
        frame(sites, SITES),
    )


def plan(risk, tickets, where=None, done=(), rules=RULES, as_of=NOW):
    return plan_escalations(frame(risk, RISK), frame(tickets, OPEN), where or desk(), frame(done, DONE), as_of, rules)


def given_out(tickets, members, loads):
    """The rule of `assign`, one ticket after the other: {ticket: person}."""
    load, given = dict(loads), {}
    for group in sorted({group for _, group in tickets if group is not None}):
        people = sorted(person for person, of in members if of == group)
        for name, of in tickets:
            if of == group and people:
                chosen = min(people, key=lambda person: (load.get(person, 0), person))
                load[chosen] = load.get(chosen, 0) + 1
                given[name] = chosen
    return given


def on_duty_now(*people, lead=None):
    """A desk at which these people of the group G are on duty for a year around any test."""
    span = {"starts_at": utc(2000, 1, 1), "ends_at": utc(2199, 1, 1)}
    groups = [{"group_id": "G", "lead_id": lead}] if lead else []
    return desk([(name, "G") for name in people], [{"person_id": name, **span} for name in people], groups=groups)


def given(as_of, *names, where=None, **changes):
    """What a plan is made from: these tickets, all at risk."""
    updated = utc(2026, 1, 1)
    risk = [at_risk(name, as_of=as_of, resolution_due_at=as_of) for name in names]
    tickets = [ticket(name, **{"updated_at": updated, **changes}) for name in names]
    return Given(frame(risk, RISK), as_of, frame(tickets, OPEN), where or desk())
