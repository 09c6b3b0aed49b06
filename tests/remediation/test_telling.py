"""Steps that tell people: whom, whether somebody was reached, and what is said when they are undone."""

import shutil
from dataclasses import replace

import pytest
from sqlalchemy import text

from opsguard_assets.remediation.actions import recipients_io
from opsguard_assets.remediation.actions.action import StepState
from opsguard_assets.remediation.actions.catalog import CATALOG
from resources.lake import Lake
from tests.alerts.given import NOON
from tests.remediation.desk import lived, undone_in
from tests.remediation.given import done, record, situation, step_of


def telling(*to, **more):
    return step_of(do="notify", to=list(to), text="{what} at {site}", **more)


def test_roles_become_people_by_the_rules_of_routing_and_each_is_told_once(at):
    plan, result, _ = lived(at, telling("on_duty", "supervisor", "lead", "noc", "client"), at.alerts["device"])
    assert (plan.messages, result.words) == (5, "reached everybody")
    assert [to for to, _, _ in at.messages()] == ["UANA", "USUE", "ULENA", "UNORA", "#acme"]
    assert {words for _, words, _ in at.messages()} == {"Trouble D1 at S1"}
    keys = at.rows("SELECT message_key, execution_id, incident_id FROM notices WHERE kind = 'playbook'")
    assert all(row["message_key"].startswith("playbook/") and row["execution_id"] for row in keys)


def test_a_step_that_finds_nobody_has_failed_and_says_why(at):
    plan, result, _ = lived(at, telling("on_duty", team="nobody's"), at.alerts["device"])
    assert (plan.is_possible, result.state, at.messages()) == (False, StepState.FAILED, [])
    assert plan.words == "nobody can be told: there is no team nobody's"


@pytest.mark.parametrize(
    ("delivered", "state", "words"),
    [
        ("failed", StepState.FAILED, "reached nobody: no mailbox"),
        ("unknown", StepState.UNKNOWN, "whether a message arrived is not known"),
        ("superseded", StepState.FAILED, "reached nobody: no mailbox"),
    ],
)
def test_a_step_that_reached_nobody_has_failed_and_doubt_stays_doubt(at, delivered, state, words):
    _, result, _ = lived(at, telling("lead"), at.alerts["device"], delivered=delivered)
    assert (result.state, result.words) == (state, words)


def test_undo_takes_back_what_was_not_sent_and_tells_the_others(at):
    _, result, where = lived(at, telling("lead"), at.alerts["device"])
    assert undone_in(at, telling("lead"), where, result).words == "0 messages were taken back, 1 people are told of it"
    assert at.messages()[-1] == ("ULENA", "Taken back: Trouble D1 at S1", "planned")
    _, waiting = done(at.place, telling("noc"), replace(where, key="again", number=1))
    undone_in(at, telling("noc"), where, waiting)
    assert [row[2] for row in at.messages() if row[0] == "UNORA"] == ["superseded"]


def test_when_the_whole_chain_was_told_before_its_last_is_told_again(at):
    up = step_of(do="escalate")
    words = [lived(at, up, at.alerts["device"], number=n)[0].words for n in range(4)]
    assert words == [
        "tell Sue by slack, the supervisor",
        "tell Lena by slack, the lead",
        "tell Nora by slack, the noc",
        "tell Nora by slack again, the noc: everybody of the chain was told before",
    ]


def test_whoever_has_no_address_is_passed_over_and_it_is_said(at, tmp_path):
    shutil.copytree(at.place.lake.uri, tmp_path / "lake")
    at.place = replace(at.place, lake=Lake(str(tmp_path / "lake")))
    record(at.place.lake, "people", {"person_id": "lena", "name": "Lena", "known_at": NOON}, loaded_at=NOON)
    plan = CATALOG["notify"].plan(at.place, telling("lead", "noc"), situation(at.alerts["device"]))
    assert plan.words == "tell Nora by slack (Lena has no address for the channels of the route)"


def test_executions_that_are_moved_together_read_once_who_works_where_and_what_changed_since_again(at, monkeypatch):
    rows = {row["alert_id"]: row for row in at.alerts.values()}
    step = telling("owner", "on_duty", "supervisor", "lead", "noc", "client")
    alone = {number: planned(at.place, step, row) for number, row in rows.items()}
    asked = []
    present = recipients_io.present_case
    monkeypatch.setattr(recipients_io, "present_case", lambda *given: asked.append(given) or present(*given))
    together = replace(at.place, beside=rows, read={})
    assert {number: planned(together, step, row) for number, row in rows.items()} == alone
    assert len(asked) == 1
    taken, *others = rows.values()
    with at.place.database.begin() as connection:
        given = text("UPDATE incidents SET owner_id = 'bo' WHERE incident_id = :number")
        connection.execute(given, {"number": taken["incident_id"]})
    assert planned(together, step, taken).startswith("tell Bo by slack")
    assert len(asked) == 2
    assert [planned(together, step, row) for row in others if row["incident_id"] != taken["incident_id"]]
    assert len(asked) == 2


def planned(place, step, row):
    return CATALOG["notify"].plan(place, step, situation(row)).words
