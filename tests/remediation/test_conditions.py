"""A condition holds by what was recorded after the step began, and is asked once for all that wait."""

from datetime import timedelta

import polars as pl
import pytest

from opsguard_assets.alerts import people
from opsguard_assets.remediation.actions.conditions import CONDITIONS, WAITING, holding
from opsguard_assets.remediation.actions.waiting import WORDS
from opsguard_assets.remediation.playbook.steps import ACTIONS
from tests.alerts.given import NOON
from tests.incidents.world import found, tick
from tests.remediation.given import alert, done, record, silent_device, situation, step_of, world

NOW = NOON + timedelta(hours=1)


@pytest.fixture
def place(database, tmp_path):
    return world(database, tmp_path)


def waiting(*rows):
    usual = {"alert_id": 1, "entity_type": "device", "entity_id": "D1", "site_id": "S1", "began_at": NOON}
    return pl.DataFrame([{**usual, "execution_id": n, **row} for n, row in enumerate(rows, 1)], schema=WAITING)


def test_every_condition_that_a_playbook_may_name_can_be_asked_and_has_words():
    named = set(ACTIONS["wait_for"].model_json_schema()["properties"]["condition"]["enum"])
    assert set(CONDITIONS) == named == set(WORDS)


@pytest.mark.parametrize("condition", CONDITIONS)
def test_nothing_holds_where_nothing_is_known(place, condition):
    assert holding(place, condition, waiting({}, {"entity_type": "ticket"}), NOW) == set()


def test_an_alert_is_cleared_by_a_look_and_not_by_the_word_of_a_person(place, database):
    tick(database, 0, found("D1"), found("D2"), found("D3"))
    people.resolve(database, alert(database, "D1")["alert_id"], at=NOON, actor="ada", note="done")
    tick(database, 15, found("D1"), found("D3"))
    rows = [{"alert_id": alert(database, name)["alert_id"]} for name in ("D1", "D2", "D3")]
    assert holding(place, "alert_cleared", waiting(*rows), NOW) == {2}


def test_an_alert_is_taken_once_somebody_acknowledged_or_resolved_it(place, database):
    tick(database, 0, found("D1"), found("D2"), found("D3"))
    people.acknowledge(database, alert(database, "D1")["alert_id"], at=NOON, actor="ada")
    people.resolve(database, alert(database, "D2")["alert_id"], at=NOON, actor="ada", note="done")
    rows = [{"alert_id": alert(database, name)["alert_id"]} for name in ("D1", "D2", "D3")]
    assert holding(place, "alert_acknowledged", waiting(*rows), NOW) == {1, 2}


def test_a_device_reports_again_where_a_report_was_measured_after_the_step_began(place):
    before, after = NOON - timedelta(minutes=1), NOON + timedelta(minutes=1)
    record(place.lake, "telemetry", {"device_id": "D1", "at": before}, {"device_id": "D2", "at": after}, loaded_at=NOW)
    rows = waiting({}, {"entity_id": "D2"}, {"entity_id": "D2", "began_at": NOON + timedelta(minutes=2)})
    assert holding(place, "device_reports", rows, NOW) == {2}


def test_a_site_reports_again_where_any_of_its_devices_does(place):
    record(place.lake, "devices", {"device_id": "D1", "site_id": "S1"}, {"device_id": "D2", "site_id": "S2"})
    record(place.lake, "telemetry", {"device_id": "D2", "at": NOON + timedelta(minutes=1)}, loaded_at=NOW)
    rows = waiting({"entity_type": "site", "entity_id": "S1"}, {"entity_type": "site", "entity_id": "S2"})
    assert holding(place, "site_reports", rows, NOW) == {2}


def test_tickets_are_assigned_answered_and_resolved_as_the_helpdesk_says(place):
    opened = {"client_id": "C1", "priority": "high", "status": "open", "opened_at": NOON, "updated_at": NOON}
    record(
        place.lake, "tickets",
        {**opened, "ticket_id": "T1", "assignee_id": "P1"},
        {**opened, "ticket_id": "T2", "first_response_at": NOON},
        {**opened, "ticket_id": "T3", "resolved_at": NOON, "status": "resolved"},
        loaded_at=NOW,
    )  # fmt: skip
    rows = waiting(*({"entity_type": "ticket", "entity_id": f"T{n}"} for n in (1, 2, 3)))
    got = {name: holding(place, f"ticket_{name}", rows, NOW) for name in ("assigned", "responded", "resolved")}
    assert got == {"assigned": {1}, "responded": {2}, "resolved": {3}}


def test_a_wait_begins_as_planned_and_is_looked_at_in_the_same_tick(place, database):
    row = silent_device(database)
    step = step_of(do="wait_for", condition="device_reports", within_minutes=15)
    plan, result = done(place, step, situation(row))
    assert plan.words == "wait until the device reports again, 15 minutes at most"
    assert (result.state.value, result.due_at) == ("planned", situation(row).now)
