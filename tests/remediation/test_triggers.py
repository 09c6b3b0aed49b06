"""A playbook starts once per episode of an alert, within its limits, where it may; otherwise the reason is recorded."""

import threading
from datetime import UTC, datetime, timedelta

import pytest

from opsguard_assets.alerts import people
from opsguard_assets.alerts.own_types import PLAYBOOK_PAUSED
from opsguard_assets.remediation.engine import advance_io, people_io
from opsguard_assets.remediation.engine.breaker import why_to_pause
from opsguard_assets.remediation.engine.claim_io import next_due
from opsguard_assets.remediation.playbook.model import Playbook
from tests.incidents.world import found, give_priority, tick
from tests.remediation.engines import CLIENT, NOTE, WAIT, Engine, lake_of


def test_it_starts_once_per_episode_however_often_triggers_run(engine):
    engine.use(NOTE)
    engine.alert("D1")
    assert engine.triggered().decisions == {"started": 1}
    engine.alert("D1", minutes=15)
    assert engine.triggered().decisions == {}
    engine.advanced()
    assert len(engine.things()) == 1


def test_a_flapping_alert_starts_it_once_per_episode_and_its_cool_down_survives_the_reopening(engine):
    engine.use(NOTE, limits={"cool_down_minutes": 240})
    for turn in range(4):
        engine.alert("D1", minutes=30 * turn)
        engine.triggered()
        engine.alert(minutes=30 * turn + 15)
    found = engine.rows("SELECT opening, decision FROM trigger_decisions ORDER BY opening")
    assert [row["decision"] for row in found] == ["started", "cool-down", "cool-down", "cool-down"]
    assert [row["opening"] for row in found] == [1, 2, 3, 4]
    (last,) = engine.rows("SELECT max(reason) AS reason FROM trigger_decisions WHERE decision = 'cool-down'")
    assert "less than 240 minutes ago" in last["reason"]


def test_what_changes_later_about_an_alert_starts_nothing(engine):
    engine.use(NOTE, trigger={"when": {"type": "device_silent", "priority": {"at_least": 70}}})
    engine.alert("D1")
    assert engine.triggered().decisions == {}
    (row,) = engine.rows("SELECT alert_id FROM alerts")
    give_priority(engine.database, row["alert_id"], 90)
    people.acknowledge(engine.database, row["alert_id"], at=engine.clock(), actor="ada")
    assert engine.triggered().decisions == {}


def test_a_severity_that_rises_starts_what_asks_for_it(engine):
    trigger = {"when": {"type": "device_silent", "severity": "critical"}, "on": ["severity_raised"]}
    engine.use(NOTE, trigger=trigger)
    engine.alert("D1")
    assert engine.triggered().decisions == {}
    engine.alert("D1", minutes=15, severity="critical")
    assert engine.triggered().decisions == {"started": 1}


def test_an_alert_is_looked_at_once_it_has_its_priority_or_has_waited_long_for_it(engine):
    engine.use(NOTE)
    engine.alert("D1", is_triaged=False)
    assert engine.triggered().looked_at == 0
    engine.clock.passes(minutes=21)
    assert engine.triggered().decisions == {"started": 1}


def test_an_alert_that_is_over_before_anybody_looked_starts_nothing(engine):
    engine.use(NOTE)
    engine.alert("D1")
    engine.alert(minutes=15)
    assert engine.triggered().decisions == {}


def test_what_happened_too_long_ago_is_said_to_be_too_old(engine):
    engine.use(NOTE, limits={"start_within_minutes": 30})
    engine.alert("D1")
    engine.clock.passes(minutes=31)
    assert engine.triggered().decisions == {"too old": 1}


def test_two_alerts_about_one_entity_at_once_start_it_once(engine):
    engine.use(NOTE, trigger={"when": {"entity_type": "device"}})
    tick(engine.database, 0, found("D1"), found("D1", "site_silent"))
    engine.clock.passes(minutes=21)
    assert engine.triggered().decisions == {"cool-down": 1, "started": 1}


@pytest.mark.parametrize(
    ("client", "decision"),
    [
        ({"soar_enabled": False}, "not enabled"),
        ({"soar_enabled": None}, "not enabled"),
        ({"plan": "bronze"}, "not in the plan"),
    ],
)
def test_a_client_who_has_not_bought_it_gets_what_would_have_been_done(database, tmp_path, client, decision):
    engine = Engine(database, lake_of(tmp_path, **client))
    engine.use(NOTE, {"do": "resolve_alert"})
    engine.goes("D1")
    assert list(engine.decisions().values()) == [decision]
    (row,) = engine.executions()
    assert (row["mode"], row["state"], engine.things()) == ("shadow", "succeeded", [])


@pytest.mark.parametrize(("ends_in_days", "states"), [(5, ["succeeded"]), (-5, [])])
def test_a_trigger_compares_the_plan_in_force_which_a_trial_comes_before(database, tmp_path, ends_in_days, states):
    trial = {"plan": "gold", "ends_on": f"{datetime.now(UTC) + timedelta(days=ends_in_days):%Y-%m-%d}"}
    engine = Engine(
        database, lake_of(tmp_path, plan="silver"), plans={"clients": {CLIENT["client_id"]: {"trial": trial}}}
    )
    engine.use(NOTE, trigger={"when": {"type": "device_silent", "plan": "gold"}})
    engine.goes("D1")
    assert engine.states() == states


def test_an_alert_without_a_client_is_of_the_house_itself(engine):
    engine.use(NOTE)
    engine.goes("D1", client_id=None)
    assert (engine.states(), len(engine.things())) == (["succeeded"], 1)


def test_a_new_playbook_begins_in_shadow_and_its_mode_is_bounded_by_itself_and_the_settings(engine):
    engine.use(NOTE, name="new")
    engine.change("DELETE FROM playbook_modes")
    engine.change("DELETE FROM playbooks")
    engine.use(NOTE, name="newer", mode="alone", max_autonomy="approval")
    engine.goes("D1")
    found = {row["playbook"]: (row["mode"], row["state"]) for row in engine.executions()}
    assert found == {"new": ("shadow", "succeeded"), "newer": ("approval", "awaiting_approval")}


def test_no_more_run_at_once_at_a_site_than_it_says_and_the_others_follow(engine):
    engine.use(NOTE, WAIT, limits={"at_once_per_site": 2})
    engine.goes("D1", "D2", "D3", "D4")
    assert [row["begun_at"] is not None for row in engine.executions()] == [True, True, False, False]
    people_io.cancel(engine.database, engine.world.settings, 1, actor="ada", note="done", now=engine.clock())
    engine.advanced()
    assert [row["begun_at"] is not None for row in engine.executions()] == [True, True, True, False]


def test_the_end_of_one_lets_one_look_again_and_the_others_sleep_on(engine):
    engine.use(NOTE, WAIT, limits={"at_once_per_site": 2})
    engine.goes(*(f"D{n}" for n in range(8)))
    sleeping = "SELECT execution_id, due_at FROM executions WHERE begun_at IS NULL ORDER BY due_at, execution_id"
    before = engine.rows(sleeping)
    assert len(before) == 6
    engine.clock.passes(minutes=1)
    people_io.cancel(engine.database, engine.world.settings, 1, actor="eve", note="no", now=engine.clock())
    after = engine.rows(sleeping)
    assert after[0] == {**before[0], "due_at": engine.clock()}
    assert after[1:] == before[1:]
    people_io.cancel(engine.database, engine.world.settings, 2, actor="eve", note="no", now=engine.clock())
    assert [row["due_at"] == engine.clock() for row in engine.rows(sleeping)] == [True, True, *[False] * 4]
    engine.advanced()
    assert len(engine.rows(sleeping)) == 4


def test_no_more_begin_within_an_hour_than_it_says_and_what_could_not_begin_expires(engine):
    engine.use(NOTE, limits={"per_hour": 2, "start_within_minutes": 90, "at_once_per_site": 9})
    engine.goes("D1", "D2", "D3", "D4", "D5")
    assert sorted(engine.states()) == ["running"] * 3 + ["succeeded"] * 2
    assert next_due(engine.database, [], engine.clock()) == engine.clock() + timedelta(hours=1)
    engine.clock.passes(minutes=61)
    engine.advanced()
    engine.clock.passes(minutes=30)
    engine.advanced()
    assert sorted(engine.states()) == ["expired"] + ["succeeded"] * 4
    assert len(engine.things()) == 4


def test_two_daemons_at_once_do_everything_once_and_pass_no_limit(engine):
    engine.use(NOTE, {**NOTE, "name": "second"}, WAIT, limits={"at_once_per_site": 5, "per_hour": 100})
    engine.alert(*(f"D{number}" for number in range(12)))
    engine.triggered()
    threads = [threading.Thread(target=engine.advanced) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(row["begun_at"] is not None for row in engine.executions()) == 5
    assert len(engine.things()) == len(set(engine.things())) == 10


def test_a_worker_that_was_held_up_commits_nothing_once_another_has_taken_over(engine, monkeypatch):
    engine.use(NOTE)
    engine.alert("D1")
    engine.triggered()
    act = engine.writes.act

    def slow(connection, step, situation, plan):
        monkeypatch.setattr(engine.writes, "act", act)
        return act(connection, step, situation, plan)

    def held_up(*arguments):
        monkeypatch.setattr(advance_io, "plan_of", planned)
        engine.clock.passes(minutes=16)
        engine.advanced()
        return planned(*arguments)

    planned = advance_io.plan_of
    monkeypatch.setattr(engine.writes, "act", slow)
    monkeypatch.setattr(advance_io, "plan_of", held_up)
    engine.advanced()
    assert (engine.states(), len(engine.things())) == (["succeeded"], 1)


SWITCHES = [("all", ""), ("playbook", "quick-fix"), ("client", "C1")]


@pytest.mark.parametrize(("scope", "name"), SWITCHES)
def test_a_kill_switch_stops_what_runs_between_two_steps_and_lets_it_go_on_later(engine, scope, name):
    engine.use(NOTE, {**WAIT, "within_minutes": 600}, {**NOTE, "name": "last"})
    engine.goes("D1")
    turn = {"actor": "ada", "note": "stop", "now": engine.clock()}
    done = people_io.switch(engine.database, scope, name, is_on=False, **turn)
    again = people_io.switch(engine.database, scope, name, is_on=False, **turn)
    assert (done.is_new, again.is_new) == (True, False)
    (row,) = engine.rows("SELECT alert_id FROM alerts")
    people.acknowledge(engine.database, row["alert_id"], at=engine.clock(), actor="ada")
    engine.alert("D1", "D2", minutes=15)
    assert engine.triggered().decisions == {"switched off": 1}
    engine.clock.passes(minutes=2)
    engine.advanced()
    assert (engine.states(), len(engine.things())) == (["waiting"], 1)
    people_io.switch(engine.database, scope, name, is_on=True, actor="ada", note="", now=engine.clock())
    engine.advanced()
    assert (engine.states(), len(engine.things())) == (["succeeded"], 2)


def test_a_paused_playbook_decides_nothing_and_goes_on_when_it_is_resumed(engine):
    engine.use(NOTE)
    people_io.pause(engine.database, "quick-fix", actor="ada", note="wrong team", now=engine.clock())
    engine.goes("D1")
    (row,) = engine.rows("SELECT decision, reason FROM trigger_decisions")
    assert (row["decision"], row["reason"]) == ("paused", "it is paused: wrong team")
    people_io.resume(engine.database, "quick-fix", now=engine.clock())
    engine.goes("D1", "D2", minutes=15)
    assert engine.states() == ["succeeded"]


def test_a_playbook_that_fails_too_often_pauses_itself_once_and_starts_anew_when_resumed(engine):
    engine.use({**NOTE, "name": "broken"}, limits={"at_once_per_site": 9})
    engine.goes("D1", "D2", "D3", "D4")
    (row,) = engine.rows("SELECT paused_by, paused_why FROM playbooks")
    assert (row["paused_by"], row["paused_why"]) == ("breaker", "3 executions in a row failed")
    assert sorted(engine.states()) == ["failed"] * 3 + ["waiting"], "the fourth is held up"
    people_io.resume(engine.database, "quick-fix", now=engine.clock())
    engine.advanced()
    assert engine.rows("SELECT paused_by, failures_in_a_row FROM playbooks") == [
        {"paused_by": None, "failures_in_a_row": 1}
    ]


def test_a_playbook_that_paused_itself_has_one_alert_until_it_is_resumed(engine):
    said = "SELECT state, resolution, openings, entity_id, reason FROM alerts WHERE alert_type = :kind"
    engine.use({**NOTE, "name": "broken"}, limits={"at_once_per_site": 9})
    engine.goes("D1", "D2", "D3", "D4")
    engine.clock.passes(minutes=1)
    engine.advanced()
    (row,) = engine.rows(said, kind=PLAYBOOK_PAUSED.name)
    assert (row["state"], row["openings"], row["entity_id"]) == ("open", 1, "quick-fix")
    assert row["reason"].startswith("3 executions in a row failed")
    assert len(engine.rows("SELECT as_of FROM monitor_ticks WHERE monitor = 'playbooks'")) == 1, "said once"
    people_io.resume(engine.database, "quick-fix", now=engine.clock())
    (row,) = engine.rows(said, kind=PLAYBOOK_PAUSED.name)
    assert (row["state"], row["resolution"]) == ("resolved", "cleared")


def test_a_pause_by_a_person_is_no_alert(engine):
    engine.use(NOTE)
    people_io.pause(engine.database, "quick-fix", actor="ada", note="wrong team", now=engine.clock())
    engine.advanced()
    assert engine.rows("SELECT 1 FROM alerts WHERE alert_type = :kind", kind=PLAYBOOK_PAUSED.name) == []


def test_what_only_shows_what_it_would_do_neither_waits_for_a_place_nor_takes_one(engine):
    limits = {"per_hour": 1, "at_once_per_site": 1}
    engine.use(NOTE, mode="shadow", limits=limits)
    engine.goes("D1", "D2", "D3")
    assert engine.states() == ["succeeded"] * 3
    engine.use(NOTE, limits=limits)
    engine.goes("D1", "D2", "D3", "D4", minutes=1)
    assert (engine.executions()[3]["mode"], engine.states()[3]) == ("alone", "succeeded")


def test_a_share_of_failures_pauses_it_too(engine):
    rules = engine.world.settings.remediation.breaker
    assert why_to_pause(1, ["failed", "succeeded"] * 5, rules) is None
    assert why_to_pause(1, ["failed"] * 6 + ["succeeded"] * 4, rules) == "6 of the last 10 executions failed"


def test_a_person_starts_it_whatever_its_limits_and_somebody_else_has_to_agree(engine):
    made = engine.use(NOTE, mode="shadow", limits={"per_hour": 1})
    engine.goes("D1")
    run = {"actor": "ada", "now": engine.clock()}
    done = people_io.run(engine.world, [made], "quick-fix", 1, **run)
    assert not people_io.run(engine.world, [made], "quick-fix", 1, **run).is_new
    engine.advanced()
    (row,) = [row for row in engine.executions() if row["execution_id"] == done.execution_id]
    assert (row["mode"], row["state"], row["is_by_hand"]) == ("approval", "awaiting_approval", True)
    assert engine.approvals()[0]["requester"] == "ada"


def test_a_text_is_kept_as_its_model_writes_it(engine):
    made = engine.use(NOTE, WAIT)
    (row,) = engine.rows("SELECT content, digest FROM playbook_versions")
    assert Playbook.model_validate(row["content"]) == made
    assert row["digest"] == made.digest
