"""What actions do at once does what its plan says, once, and is taken back where nobody changed it since."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import text

from opsguard_assets.alerts import people
from opsguard_assets.remediation.actions.action import Change, StepState
from opsguard_assets.remediation.actions.evidence import gather
from opsguard_assets.remediation.actions.texts import filled
from resources.lake import Lake
from tests.alerts.given import NOON
from tests.incidents.world import found, tick
from tests.remediation.given import alert, begun, done, record, silent_device, situation, step_of, undone, world

FALSE_ALARM = {"do": "resolve_alert", "unseen": True, "note": "false alarm of {entity}"}
MUTE = {"do": "mute", "minutes": 60, "reason": "{entity} reports nonsense"}


@pytest.fixture
def place(database, tmp_path):
    return world(database, tmp_path)


def test_an_alert_that_still_holds_is_not_resolved_and_the_step_says_when_it_was_found(place, database):
    row = silent_device(database)
    plan, result = done(place, step_of(do="resolve_alert"), situation(row))
    assert (plan.is_possible, plan.changes) == (False, ())
    assert result.state is StepState.FAILED
    assert "it was found at 2026-03-02 12:00 UTC" in result.words
    assert alert(database)["state"] == "open"


def test_an_alert_that_a_later_look_cleared_needs_nothing_more(place, database):
    silent_device(database)
    tick(database, 15)
    _, result = done(place, step_of(do="resolve_alert"), situation(alert(database)))
    assert (result.state, result.changes) == (StepState.DONE, ())
    assert alert(database)["resolution"] == "cleared"


@pytest.mark.parametrize("step", [FALSE_ALARM, MUTE], ids=lambda step: step["do"])
def test_what_is_done_is_what_was_planned(place, database, step):
    row = silent_device(database)
    plan, result = done(place, step_of(**step), situation(row))
    assert result.state is StepState.DONE
    assert list(result.changes) == list(plan.changes)
    assert plan.changes


def test_a_false_alarm_is_resolved_by_the_playbook_and_not_by_a_person(place, database):
    row = silent_device(database)
    _, result = done(place, step_of(**FALSE_ALARM), situation(row))
    now = alert(database)
    assert result.changes == [Change(f"alert {row['alert_id']}", "state", "open", "resolved")]
    assert (now["resolution"], now["resolved_by"]) == ("by a playbook", "playbook quick-fix")
    tick(database, 15, found("D1"))
    assert alert(database)["state"] == "resolved", "while it holds it is not raised again"
    assert decisions_on(database, "D1") == ["raised", "resolved by a playbook"]


def test_undo_opens_the_alert_again(place, database):
    row = silent_device(database)
    where, step = situation(row), step_of(**FALSE_ALARM)
    _, result = done(place, step, where)
    assert undone(place, step, where, result).changes == [
        Change(f"alert {row['alert_id']}", "state", "resolved", "open")
    ]
    kept = ("state", "severity", "title", "openings", "resolved_at", "resolution")
    assert {name: alert(database)[name] for name in kept} == {name: row[name] for name in kept}


def test_undo_leaves_what_somebody_changed_since(place, database):
    row = silent_device(database)
    where, step = situation(row), step_of(**FALSE_ALARM)
    _, result = done(place, step, where)
    tick(database, 15)
    tick(database, 30, found("D1"))
    assert undone(place, step, where, result).state is StepState.SKIPPED
    assert alert(database)["state"] == "open"


def test_an_alert_that_somebody_resolved_between_plan_and_act_stays_theirs(place, database):
    row = silent_device(database)
    people.resolve(database, row["alert_id"], at=NOON + timedelta(minutes=1), actor="ada", note="fixed")
    _, result = done(place, step_of(**FALSE_ALARM), situation(row))
    assert (result.state, result.changes) == (StepState.DONE, ())
    assert alert(database)["resolved_by"] == "ada"


def test_a_mute_lasts_as_long_as_it_says_and_undo_ends_it(place, database):
    row = silent_device(database)
    where, step = situation(row), step_of(**MUTE)
    _, result = done(place, step, where)
    tick(database, 20, found("D1"))
    assert alert(database)["state"] == "suppressed"
    assert undone(place, step, situation(row, minutes=25), result).state is StepState.DONE
    tick(database, 30, found("D1"))
    assert alert(database)["state"] == "open"
    assert undone(place, step, situation(row, minutes=35), result).state is StepState.SKIPPED


@pytest.mark.parametrize("chosen", [{}, {"triage": {"life_safety": ["device_silent"]}}], ids=["built in", "configured"])
def test_what_protects_lives_is_never_muted(database, tmp_path, chosen):
    kind = "device_silent" if chosen else "fire"
    tick(database, 0, found("D1", kind))
    _, result = done(world(database, tmp_path, **chosen), step_of(**MUTE), situation(alert(database)))
    assert result.state is StepState.FAILED
    with database.begin() as connection:
        assert connection.execute(text("SELECT count(*) FROM mutes")).scalar_one() == 0


def test_diagnostics_hold_what_is_known_of_the_device_and_its_site_and_nothing_of_another_client(place, database):
    row = silent_device(database)
    tick(database, 1, found("D1"), found("D2"), found("D3", client_id="C2"), found("D4", site_id="S2"))
    reports = [{"device_id": "D1", "at": NOON - timedelta(minutes=5 * n), "battery_pct": 50.0 - n} for n in range(4)]
    old = {"device_id": "D1", "at": NOON - timedelta(days=3), "battery_pct": 99.0}
    record(place.lake, "telemetry", *reports, old, {"device_id": "D2", "at": NOON, "battery_pct": 1.0})
    record(place.lake, "device_events", {"device_id": "D1", "at": NOON - timedelta(hours=2), "kind": "error"})
    step, where = step_of(do="collect_diagnostics", rows=3), situation(row, begun(database, row))
    plan, result = done(place, step, where)
    assert plan.changes == ()
    assert result.output == {"rows": {"telemetry": 3, "events": 1, "alerts": 1}}
    (kept,) = attachments(database)
    assert [each["battery_pct"] for each in kept["content"]["telemetry"]] == [50.0, 49.0, 48.0]
    assert [each["entity_id"] for each in kept["content"]["alerts"]] == ["D2"]
    assert "Reports of D1" in kept["plot"]
    done(place, step, where)
    assert len(attachments(database)) == 1, "the same step attaches once"


def test_what_is_known_of_many_is_read_once_and_says_of_each_the_same_as_alone(place, database, monkeypatch):
    told = found("7", "sla_breach_risk", entity_type="ticket", site_id="S2")
    tick(database, 0, found("D1"), found("D2", site_id="S2"), found("D3", client_id="C2"), told)
    alerts = [alert(database, entity) for entity in ("D1", "D2", "D3", "7")]
    record(place.lake, "telemetry", *({"device_id": f"D{n}", "at": NOON, "battery_pct": 50.0 + n} for n in range(1, 5)))
    ticket = {"title": "t", "status": "open", "opened_at": NOON, "updated_at": NOON}
    places = [("1", "C1", "S1"), ("2", "C2", "S1"), ("3", "C1", "S2"), ("7", "C9", "S9"), ("8", "C1", "S8")]
    names = ("ticket_id", "client_id", "site_id")
    record(place.lake, "tickets", *({**ticket, **dict(zip(names, each, strict=True))} for each in places))
    step, now = step_of(do="collect_diagnostics"), NOON + timedelta(minutes=5)
    alone = [gather(place, step, each, now) for each in alerts]
    assert [[row["ticket_id"] for row in each.tables["tickets"]] for each in alone] == [["1"], ["3"], ["2"], ["3", "7"]]
    read, known = [], Lake.known
    monkeypatch.setattr(Lake, "known", lambda lake, table, *at: read.append(table.name) or known(lake, table, *at))
    together = replace(place, beside={each["alert_id"]: each for each in alerts})
    assert [gather(together, step, each, now) for each in alerts] == alone
    assert sorted(read) == ["device_events", "shift_compliance", "telemetry", "tickets", "work_orders"]


def test_diagnostics_of_an_entity_of_which_nothing_is_known_say_so(place, database):
    row = silent_device(database)
    _, result = done(place, step_of(do="collect_diagnostics"), situation(row, begun(database, row)))
    assert result.words == "attached what is known of the last 24 hours: nothing"
    assert attachments(database)[0]["plot"] is None


@pytest.mark.parametrize("hostile", ["<script>x</script>", "{playbook}", "\u202eabc\x00", "a\nb", "%s {0} {alert!r}"])
def test_names_from_outside_are_filled_in_as_they_are_and_never_read_as_placeholders(database, hostile):
    row = {**silent_device(database), "title": hostile, "entity_id": hostile}
    said = filled("{what} / {entity}", situation(row))
    one = " ".join(hostile.split()).replace("\u202e", "\ufffd").replace("\x00", "\ufffd")
    assert said == f"{one} / {one}"


def decisions_on(database, entity):
    asked = text("SELECT decision FROM decisions WHERE dedup_key LIKE '%:' || :entity ORDER BY first_as_of")
    with database.begin() as connection:
        return connection.execute(asked, {"entity": entity}).scalars().all()


def attachments(database):
    with database.begin() as connection:
        rows = connection.execute(text("SELECT * FROM alert_attachments ORDER BY attachment_id")).mappings()
        return [dict(row) for row in rows]
