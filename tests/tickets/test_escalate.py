"""Carrying escalations out: once per ticket and step, recorded with every transition."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from opsguard_assets.tickets.escalation import io as store
from opsguard_assets.tickets.escalation.escalate import EscalationError, Waits, escalate, resolve_unknown
from resources.answers import Outcome
from resources.ticket_system.record import RecordOnlySystem
from tests.tickets.desks import RULES, given, on_duty_now
from tests.tickets.escalators import Scripted, rows

WAITS = Waits()


def now():
    return datetime.now(UTC).replace(microsecond=0)


def run(database, system, *names, at=None, waits=WAITS, **where):
    at = at or now()
    return escalate(database, system, given(at, *names, **where), at, RULES, waits)


def states(database):
    return {row["ticket_id"]: row["state"] for row in store.escalations(database)}


def test_record_only_escalates_in_one_transaction_and_tells_assignee_and_lead(database):
    done = run(database, RecordOnlySystem(), "T1", "T2", where=on_duty_now("A", lead="L"))
    assert done.settled == {"done": 2}
    (first, second) = rows(database, "escalations", "ticket_id")
    assert (first["ticket_id"], first["step"], first["state"], first["to_assignee_id"]) == ("T1", 1, "done", "A")
    assert first["idempotency_key"] != second["idempotency_key"]
    notices = [(n["person_id"], n["role"], n["state"]) for n in rows(database, "escalation_notices", "person_id")]
    assert notices == [("A", "assignee", "pending")] * 2 + [("L", "lead", "pending")] * 2
    history = [(t["from_state"], t["to_state"]) for t in rows(database, "escalation_transitions", "transition_id")]
    assert history == [(None, "planned")] * 2 + [("planned", "done")] * 2
    (tick,) = rows(database, "escalation_ticks", "as_of")
    assert (tick["candidates"], tick["decisions"]) == (2, {"escalate": 2})


def test_the_same_moment_again_escalates_nothing(database):
    at = now()
    run(database, RecordOnlySystem(), "T1", at=at)
    again = run(database, RecordOnlySystem(), "T1", at=at)
    assert again.settled == {"done": 0}
    assert again.plan["decision"].to_list() == ["cooling down"]
    assert len(rows(database, "escalations", "ticket_id")) == 1
    assert rows(database, "escalation_ticks", "as_of")[0]["decisions"] == {"escalate": 1}


def test_steps_follow_each_other_after_the_cool_down_until_nothing_is_left(database):
    start = now() - timedelta(days=2)
    for hours in (0, 4, 8, 12):
        run(database, RecordOnlySystem(), "T1", at=start + timedelta(hours=hours))
    found = [(row["step"], row["from_priority"], row["to_priority"]) for row in rows(database, "escalations", "step")]
    assert found == [(1, "medium", "high"), (2, "high", "critical")]


def test_the_database_refuses_a_second_row_of_a_ticket_and_step(database):
    at = now()
    plan = run(database, RecordOnlySystem(), "T1", at=at).plan
    with database.begin() as connection:
        tick = {"as_of": at, "risk_as_of": at, "at": at}
        assert store.record_plan(connection, plan, tick, "record") == []


@pytest.mark.parametrize(
    ("outcome", "state", "told"),
    [
        (Outcome.DONE, "done", ""),
        (Outcome.SUPERSEDED, "superseded", None),
        (Outcome.FAILED, "failed", "The helpdesk could not be changed; somebody has to do it there"),
        (Outcome.UNKNOWN, "unknown", "Whether the helpdesk was changed is not known; look there"),
        (Outcome.NOT_REACHED, "planned", None),
    ],
)
def test_every_answer_leads_to_its_state_and_a_missed_deadline_is_told_where_a_person_was_not_faster(
    database, outcome, state, told
):
    done = run(database, Scripted(outcome), "T1", where=on_duty_now("A"))
    assert done.settled == {state: 1}
    (row,) = rows(database, "escalations", "ticket_id")
    assert (row["state"], row["attempts"], row["answer"]) == (state, 1, "as scripted")
    assert (row["settled_at"] is None) == (state == "planned")
    messages = [notice["message"] for notice in rows(database, "escalation_notices", "person_id")]
    assert len(messages) == (told is not None)
    assert all(message.startswith("Ticket T1: 90 % likely") and (told or "") in message for message in messages)
    assert [t["to_state"] for t in rows(database, "escalation_transitions", "transition_id")][1:] == ["sent", state]


def test_what_was_not_reached_is_handed_over_by_the_next_run_under_the_same_key(database):
    system = Scripted(Outcome.NOT_REACHED, Outcome.DONE)
    run(database, system, "T1")
    second = run(database, system, "T1")
    assert second.settled == {"done": 1}
    assert second.plan["decision"].to_list() == ["an earlier step is undecided"]
    assert len({change.key for change in system.taken}) == 1
    assert [change.was_sent for change in system.taken] == [False, False]


def test_what_cannot_be_handed_over_for_long_has_failed(database):
    run(database, Scripted(Outcome.NOT_REACHED), "T1")
    system = Scripted()
    assert run(database, system, waits=Waits(give_up=timedelta(0))).settled == {"failed": 1}
    assert system.taken == []
    assert "last answer: as scripted" in rows(database, "escalations", "ticket_id")[0]["answer"]


def test_a_helpdesk_that_is_down_is_asked_three_times_and_not_a_hundred(database):
    system = Scripted(*[Outcome.NOT_REACHED] * 100)
    done = run(database, system, *(f"T{n}" for n in range(20)))
    assert (len(system.taken), done.is_stopped, done.settled) == (3, True, {"planned": 20})


def test_doubt_waits_for_a_person_unless_the_helpdesk_can_tell(database):
    run(database, Scripted(Outcome.UNKNOWN), "T1")
    system = Scripted(Outcome.DONE)
    assert run(database, system, "T1").settled == {}
    assert system.taken == []
    system = Scripted(Outcome.DONE, can_tell=True)
    assert run(database, system, "T1").settled == {"done": 1}
    assert [change.was_sent for change in system.taken] == [True]
    assert len(rows(database, "escalation_notices", "person_id")) == 0  # nobody is known in this desk


@pytest.mark.parametrize(("happened", "state"), [(True, "done"), (False, "failed")])
def test_a_person_ends_doubt_once_and_is_named(database, happened, state):
    run(database, Scripted(Outcome.UNKNOWN), "T1")
    (row,) = rows(database, "escalations", "ticket_id")
    resolve_unknown(database, row["escalation_id"], happened=happened, actor="ada", words="I looked")
    (row,) = rows(database, "escalations", "ticket_id")
    assert (row["state"], row["settled_by"], row["answer"]) == (state, "ada", "I looked")
    with pytest.raises(EscalationError, match="no escalation 1 in doubt"):
        resolve_unknown(database, row["escalation_id"], happened=happened, actor="ada", words="again")


def test_what_was_being_handed_to_a_system_that_is_not_in_use_any_more_is_in_doubt(database):
    run(database, Scripted(Outcome.NOT_REACHED), "T1")
    with database.begin() as connection:
        connection.execute(text("UPDATE effects SET state = 'sending', target = 'webhook'"))
    system = Scripted(Outcome.DONE)
    assert run(database, system, "T1").settled == {"unknown": 1}
    assert system.taken == []


def test_nothing_outside_is_changed_for_a_moment_long_past(database):
    with pytest.raises(EscalationError, match="are not changed by what was likely then"):
        run(database, Scripted(), "T1", at=now() - timedelta(hours=2))
    assert rows(database, "escalations", "ticket_id") == []


def test_escalations_are_listed_and_counted_by_state(database):
    run(database, Scripted(Outcome.DONE), "T1")
    assert store.counts(database) == {"done": 1}
    assert states(database) == {"T1": "done"}
