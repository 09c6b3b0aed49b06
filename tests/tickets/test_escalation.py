"""What is escalated, to what, to whom, and who is told: each rule on a desk so small that a person can check it."""

from collections import Counter
from datetime import timedelta

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsguard_assets.tickets.escalation.plan import PLAN, EscalationRules
from tests.tickets.desks import NOW, at_risk, desk, given_out, on_duty, plan, step, ticket


def only(planned):
    assert len(planned) == 1
    return planned.row(0, named=True)


def decision(*arguments, **settings):
    return only(plan(*arguments, **settings))["decision"]


@pytest.mark.parametrize(("risk", "candidates"), [(0.8, 1), (0.79999, 0), (1.0, 1), (None, 0)])
def test_a_ticket_is_a_candidate_from_the_risk_that_escalates(risk, candidates):
    assert len(plan([at_risk(risk=risk)], [ticket()])) == candidates


def test_the_threshold_is_the_one_that_is_set():
    assert decision([at_risk(risk=0.6)], [ticket()], rules=EscalationRules(escalate_from=0.5)) == "escalate"


def test_a_breached_ticket_is_not_escalated_whatever_its_row_says():
    assert plan(
        [at_risk(state="breached", risk=None), at_risk("T2", state="breached", risk=0.99)], [ticket()]
    ).is_empty()


@pytest.mark.parametrize(
    ("before", "after"), [("low", "high"), ("medium", "high"), ("high", "critical"), ("critical", "critical")]
)
def test_the_priority_rises_one_step_at_least_to_high_and_ends_at_critical(before, after):
    row = only(plan([at_risk()], [ticket(priority=before)]))
    assert (row["decision"], row["from_priority"], row["to_priority"], row["step"]) == ("escalate", before, after, 1)


def test_an_unassigned_ticket_goes_to_the_least_loaded_active_member_of_its_group_who_is_on_duty():
    members = [(name, "G") for name in ("busy", "gone", "home", "free")] + [("other", "H")]
    where = desk(members, on_duty("busy", "gone", "free", "other"), people=[{"person_id": "gone", "is_active": False}])
    busy = [ticket(f"B{n}", assignee_id="busy") for n in range(2)] + [ticket("F", assignee_id="free")]
    row = only(plan([at_risk()], [ticket(), *busy], where))
    assert row["to_assignee_id"] == "free"
    assert row["reason"] == (
        "90 % likely to miss its deadline at 2026-03-02 12:00 UTC; priority medium to high; "
        "given to free, the least loaded of 2 on duty in G"
    )


@pytest.mark.parametrize(("minutes", "present"), [(0, True), (59, True), (60, False), (-1, False)])
def test_duty_holds_from_its_first_instant_until_before_its_last(minutes, present):
    start = NOW - timedelta(minutes=minutes)
    where = desk([("A", "G")], [{"person_id": "A", "starts_at": start, "ends_at": start + timedelta(hours=1)}])
    assert (only(plan([at_risk()], [ticket()], where))["to_assignee_id"] == "A") is present


def test_an_assigned_ticket_stays_with_its_assignee():
    where = desk([("free", "G")], on_duty("free"))
    row = only(plan([at_risk()], [ticket(assignee_id="off duty")], where))
    assert row["from_assignee_id"] == row["to_assignee_id"] == "off duty"
    assert "assignee stays off duty" in row["reason"]


def told(where, **changes):
    row = only(plan([at_risk()], [ticket(**changes)], where))
    return [(one["person_id"], one["role"]) for one in row["tell"]], row["reason"]


LEAD = [{"group_id": "G", "lead_id": "lead"}]
SUPERVISOR = [{"site_id": "S1", "supervisor_id": "post"}]


def test_assignee_and_superior_are_told():
    where = desk(people=[{"person_id": "A", "reports_to": "boss"}], groups=LEAD, sites=SUPERVISOR)
    assert told(where, assignee_id="A")[0] == [("A", "assignee"), ("boss", "supervisor")]


def test_without_a_superior_the_lead_is_told_and_without_a_lead_the_supervisor_of_the_site():
    assert told(desk(groups=LEAD, sites=SUPERVISOR), assignee_id="A")[0] == [("A", "assignee"), ("lead", "lead")]
    assert told(desk(sites=SUPERVISOR), assignee_id="A")[0] == [("A", "assignee"), ("post", "site supervisor")]


def test_nobody_is_told_twice():
    assert told(desk(groups=LEAD), assignee_id="lead")[0] == [("lead", "assignee")]


def test_with_nobody_on_duty_the_ticket_stays_unassigned_its_lead_is_told_and_the_row_says_so():
    people, reason = told(desk([("A", "G")], groups=LEAD))
    assert people == [("lead", "lead")]
    assert reason.endswith("stays unassigned: nobody of G is on duty")


def test_where_nobody_can_be_told_the_row_says_so():
    people, reason = told(desk(), group_id=None)
    assert people == []
    assert reason.endswith("stays unassigned: it has no group; nobody is known who could be told")


@pytest.mark.parametrize("why", ["held back", "not in the plan"])
def test_what_is_withheld_is_decided_and_changes_nothing(why):
    where = desk([("A", "G")], on_duty("A"))
    planned = plan([at_risk(withheld=why), at_risk("T2", risk=0.85)], [ticket(), ticket("T2")], where)
    held = planned.row(0, named=True)
    assert held["decision"] == why
    assert [held[name] for name in ("step", "to_priority", "to_assignee_id", "reason", "tell")] == [None] * 5
    assert planned.row(1, named=True)["to_assignee_id"] == "A"


@pytest.mark.parametrize(("minutes", "expected"), [(239, "cooling down"), (240, "escalate"), (-30, "cooling down")])
def test_a_ticket_is_left_in_peace_after_a_step_also_when_an_older_moment_is_looked_at(minutes, expected):
    assert decision([at_risk()], [ticket()], done=[step(minutes_ago=minutes)]) == expected


def test_steps_count_up_to_the_limit_and_those_that_changed_nothing_do_not_count():
    done = [step(number=1, state="failed"), step(number=2, state="superseded"), step(number=3)]
    row = only(plan([at_risk()], [ticket()], done=done, rules=EscalationRules(max_steps=2)))
    assert (row["decision"], row["step"]) == ("escalate", 4)
    row = only(plan([at_risk()], [ticket()], done=[*done, step(number=4)], rules=EscalationRules(max_steps=2)))
    assert (row["decision"], row["step"]) == ("steps used up", None)


@pytest.mark.parametrize("state", ["planned", "sent", "unknown"])
def test_while_a_step_is_undecided_there_is_no_further_one(state):
    assert decision([at_risk()], [ticket()], done=[step(state=state)]) == "an earlier step is undecided"


def test_a_ticket_that_ended_since_its_risk_was_computed_is_not_escalated():
    assert decision([at_risk()], []) == "not open any more"
    assert decision([at_risk()], [ticket(status="resolved")]) == "not open any more"


def test_until_the_next_load_priority_and_assignee_are_those_that_were_escalated_to():
    done = [step(to_assignee_id="A")]
    row = only(plan([at_risk()], [ticket()], done=done))
    assert (row["from_priority"], row["to_priority"], row["from_assignee_id"]) == ("high", "critical", "A")
    newer = ticket(updated_at=NOW - timedelta(hours=1), priority="low")
    row = only(plan([at_risk()], [newer], done=done))
    assert (row["from_priority"], row["to_priority"], row["from_assignee_id"]) == ("low", "high", None)


def test_a_critical_ticket_is_told_of_once_and_still_assigned_when_somebody_comes_on_duty():
    critical, done = ticket(priority="critical"), [step(to_priority="critical")]
    assert decision([at_risk()], [critical]) == "escalate"
    assert decision([at_risk()], [critical], done=done) == "nothing left to do"
    row = only(plan([at_risk()], [critical], desk([("A", "G")], on_duty("A")), done=done))
    assert (row["decision"], row["to_priority"], row["to_assignee_id"]) == ("escalate", "critical", "A")


def test_tickets_given_in_the_same_plan_count_and_the_greatest_risk_is_served_first():
    where = desk([("A", "G"), ("B", "G")], on_duty("A", "B"))
    names = ["low", "mid", "top"]
    planned = plan([at_risk(n, 0.8 + i / 100) for i, n in enumerate(names)], [ticket(n) for n in names], where)
    assert planned.select("ticket_id", "to_assignee_id").rows() == [("top", "A"), ("mid", "B"), ("low", "A")]


def test_a_plan_without_candidates_has_its_columns():
    assert plan([], [ticket()]).schema == PLAN
    assert plan([at_risk()], [ticket()]).schema == PLAN


STATES = ["planned", "sent", "done", "superseded", "failed", "unknown"]


@given(st.data())
def test_every_candidate_ends_in_one_decision_and_assignments_are_those_of_one_after_the_other(data):
    names = [f"T{n}" for n in range(data.draw(st.integers(0, 12)))]
    draw = lambda options: data.draw(st.sampled_from(options))  # noqa: E731 - short in the lines below
    people, groups = ["A", "B", "C"], ["G", "H"]
    tickets = [ticket(n, assignee_id=draw([None, None, *people]), group_id=draw([None, *groups])) for n in names]
    risk = [at_risk(n, draw([0.7, 0.8, 0.9, None]), withheld=draw([None, None, "held back"])) for n in names]
    done = [step(n, 1, draw(STATES), draw([10, 500])) for n in names if draw([True, False])]
    members = [(p, g) for p in people for g in groups if draw([True, False])]
    planned = plan(risk, tickets, desk(members, on_duty("A", "B")), done)
    assert sorted(planned["ticket_id"]) == sorted(row["ticket_id"] for row in risk if (row["risk"] or 0) >= 0.8)
    assert planned["decision"].null_count() == 0
    acted = planned.filter(pl.col("decision") == "escalate")
    asking = acted.filter(pl.col("from_assignee_id").is_null())
    # In this world a step that counts was planned on the state that the ticket still has.
    loads = Counter(t["assignee_id"] for t in tickets if t["assignee_id"])
    expected = given_out(asking.select("ticket_id", "group_id").rows(), [m for m in members if m[0] != "C"], loads)
    found = dict(
        asking.filter(pl.col("to_assignee_id").is_not_null()).select("ticket_id", "to_assignee_id").iter_rows()
    )
    assert found == expected
