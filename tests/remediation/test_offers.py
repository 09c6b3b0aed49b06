"""A shift is offered to one person after the other, the first yes counts once, and becomes a substitution."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest

from opsguard_assets.remediation.actions.action import Change, StepState
from opsguard_assets.remediation.actions.catalog import CATALOG
from opsguard_assets.remediation.actions.offering import answer
from opsguard_assets.shifts.calendar.io import calendar_at
from resources.lake import Lake
from tests.alerts.given import NOON
from tests.remediation.desk import begun, ended, lived, reached, records, undone_in
from tests.remediation.given import done, record, situation, step_of

SHIFT = "R1@2026-03-02"
OFFER = step_of(do="offer_shift", most=2, minutes_each=10)
START = NOON + timedelta(minutes=5)
TRAVEL = timedelta(minutes=45)


@pytest.fixture
def at(at):
    at.row = at.alerts["shift"]
    return at


@pytest.fixture
def own(at, tmp_path):
    """A provider whose lake nobody else sees."""
    lake = Lake(str(tmp_path / "lake"))
    records(tmp_path)
    at.place = replace(at.place, lake=lake)
    return at


def offered(at, minutes=5, step=OFFER):
    """A step that has asked the first; plan, result, situation."""
    where = replace(situation(at.row, begun(at.place.database, at.row), minutes), began_at=START)
    where = replace(where, key=str(where.execution_id))
    plan, result = done(at.place, step, where)
    reached(at.place.database, step, where)
    return plan, result, where


def look(at, where, result, minutes, step=OFFER):
    """The step looked at so many minutes after it began."""
    output = {**result.output, "changes": [vars(change) for change in result.changes]}
    with at.place.database.begin() as connection:
        later = replace(where, now=START + timedelta(minutes=minutes))
        return CATALOG[step.do].look(connection, step, later, output)


def says(at, number, person, said, minutes=1):
    moment = START + timedelta(minutes=minutes)
    return answer(at.place.database, number, said, person_id=person, at=moment, surface="web", travel=TRAVEL)


def offers(at):
    rows = at.rows("SELECT person_id, answer FROM shift_offers ORDER BY offer_id")
    return [(row["person_id"], row["answer"]) for row in rows]


def expected_at(at):
    """Who is expected in the shift, by the calendar."""
    shifts = calendar_at(at.place.lake, NOON + timedelta(days=1), since=NOON - timedelta(days=1), until=NOON).shifts
    rows = shifts.filter(shift_id=SHIFT, status="planned")
    return rows["person_id"].to_list()


def test_people_are_asked_in_their_order_and_the_first_yes_becomes_a_substitution(own):
    plan, result, where = offered(own)
    assert plan.words == f"offer shift {SHIFT} to ana, bo, 10 minutes each"
    assert (result.words, result.due_at) == ("asked ana, until 12:15 UTC", START + timedelta(minutes=10))
    assert says(own, 1, "ana", "no").is_new
    result = look(own, where, result, 2)
    assert offers(own) == [("ana", "no"), ("bo", None)]
    assert says(own, 2, "bo", "yes", 3).words == "The shift is yours. Thank you."
    result = ended(own, OFFER, replace(where, now=START + timedelta(minutes=4)), look(own, where, result, 4))
    assert (result.state, result.words) == (
        StepState.DONE, f"bo takes shift {SHIFT}: recorded in substitutions",
    )  # fmt: skip
    assert list(result.changes) == list(plan.changes) == [
        Change(f"shift {SHIFT}", "person", "gus", "the first of ana, bo who says yes")
    ]  # fmt: skip
    assert expected_at(own) == ["bo"]
    keys = own.rows("SELECT message_key FROM notices WHERE kind = 'offer' ORDER BY notice_id")
    assert [row["message_key"] for row in keys] == ["offer/1/slack/UANA", "offer/2/slack/UBO"]
    back = undone_in(own, OFFER, where, result)
    assert (back.state, expected_at(own)) == (StepState.DONE, ["gus"])
    assert offers(own)[-1] == ("bo", "withdrawn")
    assert own.messages()[-1][:2] == ("UBO", f"You do not have to take shift {SHIFT}: quick-fix was undone.")
    assert undone_in(own, OFFER, where, result).state is StepState.SKIPPED


def test_who_takes_a_running_shift_over_is_expected_some_time_after_the_yes(own):
    _, result, where = offered(own)
    assert says(own, 1, "ana", "yes", minutes=3).is_new
    ended(own, OFFER, replace(where, now=START + timedelta(minutes=4)), look(own, where, result, 4))
    shifts = calendar_at(own.place.lake, NOON + timedelta(days=1), since=NOON - timedelta(days=1), until=NOON).shifts
    (ana,) = shifts.filter(shift_id=SHIFT, status="planned").to_dicts()
    assert ana["expected_from_at"] == START + timedelta(minutes=3) + TRAVEL > ana["starts_at"]


def test_whoever_does_not_answer_is_passed_over_and_where_nobody_says_yes_the_step_has_failed(at):
    _, result, where = offered(at)
    assert look(at, where, result, 9).words == "ana has been asked"
    result = look(at, where, result, 10)
    assert offers(at) == [("ana", "no answer"), ("bo", None)]
    result = look(at, where, result, 20)
    assert (result.state, result.words) == (StepState.FAILED, f"nobody of ana, bo took shift {SHIFT}")
    late = says(at, 2, "bo", "yes", 21)
    assert (late.is_new, late.words) == (False, "The time for an answer is over; somebody else is asked.")


def test_nobody_is_asked_beyond_the_time_of_the_step(at):
    short = step_of(do="offer_shift", most=2, minutes_each=10, timeout_minutes=10)
    _, result, where = offered(at, step=short)
    assert look(at, where, result, 10, short).state is StepState.FAILED
    assert offers(at) == [("ana", "no answer")]


def test_an_answer_counts_once_from_the_one_who_was_asked_and_while_the_step_waits_for_it(at):
    _, _, where = offered(at)
    for person, number in (("bo", 1), ("ana", 99)):
        with pytest.raises(LookupError, match="there is no offer"):
            says(at, number, person, "yes")
    reached(at.place.database, OFFER, where, "failed")
    assert says(at, 1, "ana", "yes").words == "The offer was withdrawn."
    again = says(at, 1, "ana", "no")
    assert (again.is_new, again.answer) == (False, "withdrawn")


def test_two_who_say_yes_to_one_shift_at_the_same_moment_are_one_yes(at):
    first = offered(at)[2]
    with at.place.database.begin() as connection:
        connection.exec_driver_sql("UPDATE shift_offers SET person_id = 'hal'")
    second = offered(at)[2]
    with at.place.database.begin() as connection:
        connection.exec_driver_sql(
            "UPDATE executions SET state = 'waiting', ended_at = NULL, due_at = now() + interval '1 h', "
            "is_by_hand = false, undo_of = execution_id"
        )
    with ThreadPoolExecutor(2) as pool:
        both = list(pool.map(lambda each: says(at, *each, "yes"), ((1, "hal"), (2, "ana"))))
    assert sorted(each.answer for each in both) == ["too late", "yes"]
    woken = at.rows("SELECT due_at FROM executions ORDER BY execution_id")
    assert [row["due_at"] for row in woken] == [START + timedelta(minutes=1)] * 2
    assert first.execution_id != second.execution_id
    plan = CATALOG["offer_shift"].plan(at.place, OFFER, replace(second, now=START))
    assert plan.words.endswith(f"has taken shift {SHIFT} already")


def test_an_answer_wakes_the_execution(at):
    offered(at)
    with at.place.database.begin() as connection:
        connection.exec_driver_sql("UPDATE executions SET due_at = now() + interval '1 year'")
    says(at, 1, "ana", "no")
    assert at.rows("SELECT due_at FROM executions")[0]["due_at"] == START + timedelta(minutes=1)


def test_what_is_over_is_neither_offered_nor_taken_back(at):
    plan, result, _ = lived(at, OFFER, at.row, minutes=8 * 60 + 1)
    assert (plan.words, result.state) == (f"shift {SHIFT} is over", StepState.FAILED)
    _, result, where = offered(at)
    assert undone_in(at, OFFER, where, result, later=8 * 60).state is StepState.SKIPPED


def test_substitutes_are_attached_the_best_first_and_why_there_is_nobody(own):
    suggest = step_of(do="suggest_substitute", most=2)
    _, result, _ = lived(own, suggest, own.row)
    assert (result.state, result.words) == (StepState.DONE, "attached ana, bo as substitutes")
    needs = {"roster_id": "R1", "person_id": "gus", "site_id": "S1", "post": "gate", "requires": ["diver"]}
    times = {"starts_local": "08:00", "ends_local": "20:00", "valid_from": NOON.date() - timedelta(days=60)}
    record(own.place.lake, "rosters", {**needs, **times, "known_at": NOON}, loaded_at=NOON)
    plan, result, _ = lived(own, suggest, own.row, number=1)
    assert result.state is StepState.FAILED
    assert "without what the post requires (diver)" in plan.words
    kept = own.rows("SELECT content FROM alert_attachments ORDER BY attachment_id")
    assert [person["person_id"] for person in kept[0]["content"]["proposals"]] == ["ana", "bo"]
    assert kept[1]["content"] == {"proposals": [], "nobody": plan.words}


@pytest.mark.parametrize("do", ["suggest_substitute", "offer_shift"])
def test_an_alert_about_something_else_has_no_substitutes(at, do):
    row = {**at.row, "entity_type": "device"}
    plan, result, _ = lived(at, step_of(do=do), row)
    assert (plan.words, result.state) == ("the alert is about no shift", StepState.FAILED)
