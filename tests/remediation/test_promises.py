"""Who reads that the shift is theirs has it, whatever becomes of the execution; and no question outlives it."""

from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest
from sqlalchemy import text

from opsguard_assets.commands.playbooks_found import found_executions
from opsguard_assets.remediation.actions.adapters_io import adapters_of
from opsguard_assets.remediation.actions.offering import answer
from opsguard_assets.remediation.engine import advance_io, claim_io, people_io
from opsguard_assets.remediation.playbook.model import Playbook
from opsguard_assets.shifts.calendar.io import calendar_at
from resources.answers import Answer, Outcome
from resources.lake import Lake
from tests.alerts.given import NOON
from tests.incidents.world import found, tick
from tests.remediation.desk import SECRETS, records
from tests.remediation.given import alert

SHIFT = "R1@2026-03-02"
START = NOON + timedelta(minutes=5)
OFFER = {"do": "offer_shift", "most": 2, "minutes_each": 10}


@pytest.fixture
def own(at, tmp_path):
    """A provider whose lake nobody else sees."""
    records(tmp_path)
    at.place = replace(at.place, lake=Lake(str(tmp_path / "lake")))
    return at


def minute(number):
    return START + timedelta(minutes=number)


def advanced(at, number):
    place = at.place
    adapters = adapters_of(place.settings, SECRETS, place.lake, place.database)
    return advance_io.advance(place, adapters, now=lambda: minute(number))


def offering(at, row=None, at_minute=0, **more):
    """An execution by hand that has asked the first."""
    text = {"playbook": "cover", "title": "Cover", "trigger": {"when": {"type": "no_show"}}, "steps": [OFFER]}
    made = Playbook.model_validate({**text, **more})
    about, now = (row or at.alerts["shift"])["alert_id"], minute(at_minute)
    number = people_io.run(at.place, [made], "cover", about, actor="ada", now=now).execution_id
    with at.place.database.begin() as connection:
        connection.exec_driver_sql("UPDATE executions SET mode = 'alone'")
    assert advanced(at, at_minute).errors == []
    return number


def says(at, number, person, said="yes", at_minute=1):
    return answer(
        at.place.database, number, said, person_id=person, at=minute(at_minute), surface="web", travel=timedelta()
    )


def offers(at):
    return [tuple(row.values()) for row in at.rows("SELECT person_id, answer FROM shift_offers ORDER BY offer_id")]


def expected(at):
    """Who is expected in the shift."""
    shifts = calendar_at(at.place.lake, NOON + timedelta(days=1), since=NOON - timedelta(days=1), until=NOON).shifts
    return sorted(shifts.filter(shift_id=SHIFT, status="planned")["person_id"].to_list())


def cancelled(at, number):
    return people_io.cancel(at.place.database, at.place.settings, number, actor="eve", note="no", now=minute(2))


def test_a_yes_is_recorded_also_where_the_execution_is_cancelled_before_anybody_looked(own):
    number = offering(own)
    assert says(own, 1, "ana").words == "The shift is yours. Thank you."
    assert cancelled(own, number).is_new
    advanced(own, 3)
    assert expected(own) == ["ana"]
    (step,) = own.rows("SELECT state FROM execution_steps")
    assert step["state"] == "done"
    people_io.undo(own.place.database, own.place.settings, number, actor="eve", now=minute(4))
    advanced(own, 5)
    assert (expected(own), offers(own)) == (["gus"], [("ana", "withdrawn")])


def test_a_yes_before_a_deadline_is_recorded_after_it(own):
    offering(own, steps=[{**OFFER, "timeout_minutes": 5}])
    says(own, 1, "ana", at_minute=4)
    advanced(own, 7)
    assert (expected(own), own.rows("SELECT state FROM executions")) == (["ana"], [{"state": "succeeded"}])


def test_a_yes_that_could_not_be_recorded_is_withdrawn_and_the_person_told(own):
    offering(own)
    says(own, 1, "ana")
    with own.place.database.begin() as connection:
        connection.exec_driver_sql(
            "UPDATE effects SET state = 'failed', answer = 'no disk', settled_at = now(), settled_by = 'test' "
            "WHERE kind = 'remediation'"
        )
    advanced(own, 2)
    assert offers(own) == [("ana", "withdrawn")]
    assert own.messages()[-1][:2] == (
        "UANA", f"You do not have shift {SHIFT} after all: it could not be recorded as yours."
    )  # fmt: skip


class NoDisk:
    """Where records go, and nothing can be written any more."""

    targets, can_tell = ("records",), False

    def may_repeat(self, effect):  # noqa: ARG002 - as every place that effects go to
        return True

    def send(self, effect):  # noqa: ARG002
        return Answer(Outcome.FAILED, "no disk")


def is_told(at, audience, person, address):
    """Somebody is told of the incident of the shift."""
    with at.place.database.begin() as connection:
        values = {"n": at.alerts["shift"]["incident_id"], "a": audience, "p": person, "to": address}
        connection.execute(text(TOLD), values)


TOLD = """
INSERT INTO notices (incident_id, kind, audience, person_id, channel, address, decision, reason, rule, urgency,
    decided_at, due_at) VALUES (:n, 'raised', :a, :p, 'slack', :to, 'told', 'why', 'r', 'now', now(), now())
"""
NOT_YOURS = ("UANA", f"You do not have shift {SHIFT} after all: it could not be recorded as yours.")
NOBODYS = f"Nobody has shift {SHIFT}: Ana said yes, but it could not be recorded. Ana is told. Find somebody."


def test_a_yes_that_cannot_be_recorded_after_a_cancellation_is_told_once_to_the_person_and_those_of_the_incident(own):
    for told in (("lead", "lena", "ULENA"), ("owner", "ana", "UANA"), ("client", None, "#acme")):
        is_told(own, *told)
    number = offering(own)
    says(own, 1, "ana")
    cancelled(own, number)
    for at_minute in (3, 4):
        assert advance_io.advance(own.place, [NoDisk()], now=partial(minute, at_minute)).errors == []
    assert offers(own) == [("ana", "withdrawn")]
    assert [row[:2] for row in own.messages()] == [NOT_YOURS, ("ULENA", NOBODYS)]
    assert claim_io.unkept(own.place.database, NOON) == 1
    with own.place.database.begin() as connection:
        connection.exec_driver_sql("UPDATE executions SET ended_at = now()")
        connection.exec_driver_sql("UPDATE execution_steps SET ended_at = now()")
    (line,) = (found for found in found_executions(own.place.database) if found[0] == "promised shifts")
    assert line[1:3] == (False, "1 of the last week could not be recorded after its execution had ended")


@pytest.mark.parametrize(("came_to", "step", "answered"), [("failed", "failed", "withdrawn"), ("done", "done", "yes")])
def test_a_record_that_ended_before_a_cancellation_and_that_nobody_looked_at_counts(own, came_to, step, answered):
    number = offering(own)
    says(own, 1, "ana")
    with own.place.database.begin() as connection:
        connection.exec_driver_sql(
            f"UPDATE effects SET state = '{came_to}', answer = 'it ended', settled_at = now(), settled_by = 'test' "
            "WHERE kind = 'remediation'"
        )
    cancelled(own, number)
    assert own.rows("SELECT state FROM execution_steps") == [{"state": step}]
    assert offers(own) == [("ana", answered)]
    told = [row[:2] for row in own.messages()]
    assert told == ([NOT_YOURS, ("UNORA", NOBODYS)] if came_to == "failed" else []), "the centre, where nobody else is"


def test_what_was_asked_ends_with_the_execution(own):
    cancelled(own, offering(own))
    assert offers(own) == [("ana", "withdrawn")]
    assert own.rows("SELECT state FROM effects WHERE kind = 'message'") == [{"state": "superseded"}]


def test_at_the_deadline_of_the_execution_nobody_else_is_asked(own):
    offering(own, timeout_minutes=10)
    advanced(own, 10)
    assert offers(own) == [("ana", "no answer")]
    assert own.rows("SELECT state FROM executions") == [{"state": "failed"}]


def test_where_the_substitute_does_not_come_either_the_shift_is_offered_again(own):
    offering(own)
    says(own, 1, "ana")
    advanced(own, 2)
    tick(own.place.database, 1, found(SHIFT, "no_show", entity_type="shift", dedup_key=f"shift:{SHIFT}/ana"))
    offering(own, alert(own.place.database, SHIFT), at_minute=3)
    assert offers(own) == [("ana", "yes"), ("bo", None)]
    assert says(own, 2, "bo", at_minute=4).answer == "yes"
    advanced(own, 5)
    assert expected(own) == ["bo"]


def undoing(own, number):
    """Somebody undoes an execution, and cancels that before the shift is taken out of the records."""
    undone = people_io.undo(own.place.database, own.place.settings, number, actor="eve", now=minute(4))
    assert advance_io.advance(own.place, [], now=partial(minute, 5)).errors == []
    cancelled(own, undone.execution_id)
    return undone.execution_id


LED = "Ana was told not to take shift R1@2026-03-02, but this could not be recorded: the roster still expects them. "


@pytest.mark.parametrize(("told", "address"), [((), "ULENA"), ((("owner", "bo", "UBO"),), "UBO")])
def test_a_withdrawal_that_fails_after_its_undo_was_cancelled_is_told_to_those_of_the_incident_or_the_lead(
    own, told, address
):
    for each in told:
        is_told(own, *each)
    number = offering(own, team="iot-specialists")
    says(own, 1, "ana")
    advanced(own, 3)
    undoing(own, number)
    for at_minute in (6, 7):
        assert advance_io.advance(own.place, [NoDisk()], now=partial(minute, at_minute)).errors == []
    last = [row[:2] for row in own.messages()][-1]
    assert last == (address, f"{LED}Correct it, and find somebody.")
    assert len(own.messages()) == 2, "the person, and those who have to know; once"
    assert expected(own) == ["ana"]


def test_a_record_in_doubt_at_a_cancellation_is_named_by_the_doctor_until_somebody_says_what_happened(own):
    number = offering(own)
    says(own, 1, "ana")
    in_doubt = (
        "UPDATE effects SET state = 'unknown', answer = 'nobody knows', due_at = due_at + interval '1 year', "
        "settled_at = now(), settled_by = 'test' WHERE kind = 'remediation'"
    )
    with own.place.database.begin() as connection:
        connection.exec_driver_sql(in_doubt)
    cancelled(own, number)
    assert own.rows("SELECT state FROM execution_steps") == [{"state": "unknown"}]
    (line,) = (found for found in found_executions(own.place.database) if found[0] == "steps of playbooks")
    assert line[1:3] == (False, f"1 in doubt: execution {number}")
    settings, database = own.place.settings, own.place.database
    said = {"happened": True, "actor": "eve", "note": "it is there", "now": minute(9)}
    done = people_io.resolve_unknown(database, settings, number, **said)
    assert done.words == f"Step offer_shift-1 of execution {number} happened; it is cancelled."
    assert own.rows("SELECT state FROM execution_steps") == [{"state": "done"}]
    assert claim_io.standing_of(database, NOON).in_doubt == 0


def test_a_step_that_failed_with_only_its_message_delivered_is_taken_back(own):
    text = {"playbook": "up", "title": "Up", "trigger": {"when": {"type": "no_show"}}, "team": "iot-specialists"}
    step = {"do": "escalate", "text": "Look at {what}", "timeout_minutes": 5}
    made, place = Playbook.model_validate({**text, "steps": [step]}), own.place
    started = people_io.run(place, [made], "up", own.alerts["ticket"]["alert_id"], actor="ada", now=minute(0))
    with place.database.begin() as connection:
        connection.exec_driver_sql("UPDATE executions SET mode = 'alone'")
    assert advance_io.advance(place, [], now=partial(minute, 0)).errors == []
    own.deliver()
    assert advance_io.advance(place, [], now=partial(minute, 6)).errors == []
    assert own.rows("SELECT state FROM executions") == [{"state": "failed"}]
    assert own.rows("SELECT state FROM effects WHERE kind = 'remediation'") == [{"state": "superseded"}]
    people_io.undo(place.database, place.settings, started.execution_id, actor="eve", now=minute(7))
    assert advance_io.advance(place, [], now=partial(minute, 8)).errors == []
    assert [row[1] for row in own.messages()] == ["Look at Trouble 1", "Taken back: Look at Trouble 1"]
