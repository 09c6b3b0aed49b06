"""Outcomes and the ladder on a real database: what the engine records is read as what it means."""

from datetime import timedelta

import dagster as dg
import pytest
from sqlalchemy import bindparam, text
from sqlalchemy.dialects.postgresql import JSONB

from opsguard_assets.alerts.feedback import give_feedback
from opsguard_assets.alerts.lifecycle import lock_alerts
from opsguard_assets.alerts.people import acknowledge, reopen_resolved, resolve, resolve_all
from opsguard_assets.config.remediation import Remediation
from opsguard_assets.config.settings import Settings
from opsguard_assets.domains import ALERT_TYPES
from opsguard_assets.remediation.autonomy.assets import autonomy_asset
from opsguard_assets.remediation.autonomy.io import climb, history, ladder_at, modes, set_mode
from opsguard_assets.remediation.engine.people_io import undo
from opsguard_assets.remediation.outcomes.assets import outcomes_asset
from opsguard_assets.remediation.outcomes.io import outcomes_at, playbooks_in_force
from resources.lake import Lake
from tests.incidents.world import at, found, rows, tick
from tests.remediation.engines import NOTE, Engine, lake_of
from tests.remediation.recorded import executed, known, playbook

DAY = 24 * 60
ALONE = Remediation(max_autonomy="alone", outcome_hours=1)


def raised(database, *devices, minutes=0):
    """The numbers of the alerts of silent devices, in the order of the devices."""
    tick(database, minutes, *(found(device) for device in devices))
    numbers = {row["entity_id"]: row["alert_id"] for row in rows(database, "SELECT alert_id, entity_id FROM alerts")}
    return [numbers[device] for device in devices]


def outcomes(database, tmp_path, minutes=2 * DAY):
    settings = Settings(remediation=Remediation(outcome_hours=1))
    return outcomes_at(database, Lake(str(tmp_path)), settings, ALERT_TYPES, playbooks_in_force(database), at(minutes))


def test_outcomes_tell_what_monitors_people_and_nobody_saw_apart(database, tmp_path):
    known(database, playbook())
    alerts = raised(database, "cleared", "taken", "holds", "shadow", "undone", "without")
    runs = {name: executed(database, alert) for name, alert in zip(("cleared", "taken", "holds"), alerts, strict=False)}
    executed(database, alerts[3], mode="shadow")
    runs["undone"] = executed(database, alerts[4])
    executed(database, alerts[4], undo_of=runs["undone"], by="ada", minutes=20, acted=None)
    acknowledge(database, alerts[1], at=at(8), actor="ada")
    tick(database, 10, found("holds"), found("without"), found("undone"), found("taken"))
    tick(database, 30, found("holds"), found("without"), found("undone"))
    tick(database, 90, found("holds"), found("without"))
    report = outcomes(database, tmp_path)
    told_of = {row["execution_id"]: row for row in report.executions.to_dicts()}
    verdicts = {name: told_of[number]["verdict"] for name, number in runs.items()}
    assert verdicts == {
        "cleared": "auto-resolved", "taken": "not resolved", "holds": "not resolved", "undone": "not resolved",
    }  # fmt: skip
    assert told_of[runs["cleared"]]["acted_at"] == at(2), "collecting diagnostics resolves nothing"
    assert "playbooks acted 4 times: 1 of 4 alerts auto-resolved, 25%" in report.words
    assert report.words_of_all.startswith("of all 4 alerts that ended, playbooks resolved 1 without a person, 25% (")
    assert "expected are 30% to 60%" in report.words_of_all
    assert report.by_playbook["matched"].item() == 4
    assert report.by_playbook["controls"].item() == 2
    assert report.automate_next.is_empty()
    early = outcomes(database, tmp_path, minutes=3)
    assert early.executions["verdict"].to_list() == ["inconclusive"] * 3 + [None, "inconclusive"]


def test_an_alert_that_comes_back_is_an_episode_of_its_own(database, tmp_path):
    known(database, playbook())
    (alert,) = raised(database, "D1")
    executed(database, alert)
    tick(database, 10)
    tick(database, 20, found("D1"))
    executed(database, alert, minutes=21)
    tick(database, 30)
    report = outcomes(database, tmp_path)
    assert report.executions.select("opening", "verdict", "why").rows() == [
        (1, "not resolved", "the cause came back"),
        (2, "auto-resolved", "a monitor saw the cause clear, and nobody had to take it up"),
    ]


def test_waiting_is_not_acting_and_what_is_done_about_a_failure_or_may_have_been_done_is(database, tmp_path):
    known(database, playbook())
    alerts = raised(database, "waited", "failed", "unknown", "untouched", "shadow")
    executed(database, alerts[0], acted="wait_for")
    executed(database, alerts[1], state="failed", before="wait_for", acted="escalate", phase="on_failure")
    executed(database, alerts[2], state="unknown", acted_state="unknown")
    executed(database, alerts[4], mode="shadow")
    tick(database, 10, *(found(each) for each in ("failed", "unknown", "untouched")))
    tick(database, 90, *(found(each) for each in ("failed", "unknown", "untouched")))
    report = outcomes(database, tmp_path)
    assert report.executions["verdict"].to_list() == [None, "not resolved", "inconclusive", None]
    assert report.by_playbook.select("acted", "rate", "matched", "controls").row(0) == (2, 0.0, 2, 3)


def test_what_an_undo_opens_again_is_no_episode_of_its_own(database, tmp_path):
    known(database, playbook())
    (alert,) = raised(database, "D1")
    executed(database, alert, acted="resolve_alert")
    with database.begin() as connection:
        lock_alerts(connection)
        resolve_all(connection, [alert], at=at(4), actor="playbook own", note="", resolution="by a playbook")
    with database.begin() as connection:
        lock_alerts(connection)
        assert reopen_resolved(connection, alert, at=at(20), actor="playbook own", note="undone")
    report = outcomes(database, tmp_path, minutes=25)
    assert report.executions.select("raised_at", "over_at", "resolution").row(0) == (at(0), None, None)
    tick(database, 30)
    tick(database, 40, found("D1"))
    executed(database, alert, minutes=41)
    tick(database, 50)
    report = outcomes(database, tmp_path)
    assert report.executions.select("opening", "raised_at", "over_at").rows() == [
        (1, at(0), at(30)), (2, at(40), at(50)),
    ]  # fmt: skip


def test_what_no_playbook_in_use_is_about_could_be_automated_next(database, tmp_path):
    known(database, playbook())
    tick(database, 0, found("D1"), found("P1", "no_show"), found("P2", "no_show"))
    assert outcomes(database, tmp_path).automate_next["alert_type"].to_list() == ["no_show"]


def test_the_assets_show_outcomes_and_the_ladder(database, tmp_path):
    known(database, playbook())
    (alert,) = raised(database, "D1")
    executed(database, alert)
    tick(database, 10)
    settings = Settings()
    assets = [autonomy_asset(settings, []), outcomes_asset(settings, ALERT_TYPES, [])]
    stores = {"database": database, "lake": Lake(str(tmp_path / "lake"))}
    moment = {"config": {"as_of": at(3 * DAY).isoformat()}}
    run_config = {"ops": {asset.op.name: moment for asset in assets}}
    resources = {name: dg.ResourceDefinition.hardcoded_resource(store) for name, store in stores.items()}
    done = dg.materialize(assets, resources=resources, run_config=run_config)
    assert done.success
    (shown,) = done.asset_materializations_for_node("remediation__remediation_outcomes")
    assert "playbooks acted once: 1 of 1 alerts auto-resolved" in shown.metadata["headline"].value
    assert "of all 1 alerts that ended, playbooks resolved 1" in shown.metadata["headline"].value
    assert shown.metadata["all_alerts/rate"].value == 1.0
    assert "image/svg+xml" in shown.metadata["auto_resolution"].value
    (ladder,) = done.asset_materializations_for_node("remediation__autonomy")
    assert ladder.metadata["playbooks"].value == 1


def one_by_one(database, count, **run):
    alerts = raised(database, *(f"D{number}" for number in range(count)))
    return alerts, [executed(database, alert, minutes=number + 1, **run) for number, alert in enumerate(alerts)]


def test_in_shadow_it_rises_by_what_people_did(database):
    known(database, playbook(), mode="shadow")
    alerts, _ = one_by_one(database, 20, mode="shadow")
    for alert in alerts[:19]:
        acknowledge(database, alert, at=at(40), actor="ada")
    assert climb(database, ALONE, at(79))["runs"].item() == 19
    resolve(database, alerts[19], at=at(60), actor="ada", note="restarted it")
    found_now = climb(database, ALONE, at(81))
    assert found_now.select("mode", "to_mode", "agreed").row(0) == ("shadow", "approval", 20)
    (change,) = history(database, "own")
    assert (change["actor"], change["to_mode"], change["reason"]) == (
        "ladder",
        "approval",
        "people agreed with 20 of 20",
    )
    assert change["figures"]["digest"] == playbook().digest
    assert modes(database)["own"]["mode"] == "approval"
    assert climb(database, ALONE, at(90))["to_mode"].item() == "approval", "what was said in shadow counts no more"


def test_what_nobody_has_taken_up_yet_is_waited_for_before_anything_is_judged(database):
    """People take alerts up within minutes: of fresh ones, those that were taken are not the ones that needed it."""
    known(database, playbook(), mode="shadow")
    alerts, _ = one_by_one(database, 40, mode="shadow")
    for alert in alerts[:25]:
        acknowledge(database, alert, at=at(45), actor="ada")
    assert climb(database, ALONE, at(50)).select("to_mode", "runs").row(0) == ("shadow", 0)
    assert climb(database, ALONE, at(101)).select("to_mode", "agreed", "disagreed").row(0) == ("shadow", 25, 15)


def test_shadow_executions_for_clients_who_are_not_entitled_say_nothing_of_a_playbook_that_asks(database):
    known(database, playbook(), mode="approval")
    alerts = raised(database, *(f"D{number}" for number in range(25)))
    for number, alert in enumerate(alerts[:24]):
        executed(database, alert, decision="approved" if number % 2 else "denied")
    many_more(database, alerts[24], "shadow")
    acknowledge(database, alerts[24], at=at(35), actor="ada")
    found_now = climb(database, ALONE, at(200))
    assert found_now.select("to_mode", "agreed", "disagreed").row(0) == ("approval", 12, 12)


@pytest.mark.parametrize("harm", ["undone", "called wrong"])
def test_harm_is_not_forgotten_however_much_runs_after_it(database, harm):
    known(database, playbook(), mode="shadow")
    set_mode(database, "own", "alone", actor="ada", why="it looked good", now=at(0))
    alerts = raised(database, "D1", "D2", "D3", "D4")
    for number, alert in enumerate(alerts[:3]):
        run = executed(database, alert, mode="alone", minutes=1 + number)
        if harm == "undone":
            executed(database, alert, undo_of=run, by="ada", minutes=10, acted=None)
        else:
            with database.begin() as connection:
                give_feedback(connection, [alert], "wrong", at=at(10), actor="ada", surface="cli")
    many_more(database, alerts[3], "alone")
    found_now = climb(database, ALONE, at(0) + timedelta(days=2))
    assert found_now.select("to_mode", "harms", "succeeded").row(0) == ("shadow", 3, 200)


def test_with_approval_it_rises_by_decisions_and_success_and_never_above_the_settings(database):
    known(database, playbook(), mode="approval")
    one_by_one(database, 20, decision="approved")
    assert climb(database, Remediation(), at(100))["to_mode"].item() == "approval"
    assert climb(database, ALONE, at(100))["to_mode"].item() == "alone"
    assert climb(database, Remediation(max_autonomy="shadow"), at(101))["to_mode"].item() == "shadow"


def test_a_text_that_only_an_earlier_version_could_read_holds_up_no_other(database):
    known(database, playbook("older"), mode="alone")
    known(database, playbook("own"), mode="approval")
    with database.begin() as connection:
        older = text("UPDATE playbook_versions SET content = content || :more WHERE playbook = 'older'")
        connection.execute(older.bindparams(bindparam("more", {"of_old": 1}, type_=JSONB)))
    assert climb(database, ALONE, at(100))["playbook"].to_list() == ["own"]
    assert [row["playbook"] for row in ladder_at(database, ALONE, at(100))] == ["own"]
    assert modes(database)["older"]["mode"] == "alone"


def test_the_ladder_is_shown_without_anything_moving(database):
    known(database, playbook(), mode="approval")
    one_by_one(database, 20, decision="approved")
    (row,) = ladder_at(database, ALONE, at(100))
    told = {name: row[name] for name in ("title", "mode", "to_mode", "highest", "agreed", "harms", "mode_reason")}
    assert told == {
        "title": "Own", "mode": "approval", "to_mode": "alone", "highest": "alone", "agreed": 20, "harms": 0,
        "mode_reason": "read first",
    }  # fmt: skip
    assert modes(database)["own"]["mode"] == "approval"


@pytest.mark.parametrize("harm", ["undone", "called wrong"])
def test_a_planted_bad_playbook_falls_to_shadow_with_the_reason_before_it_harms_five_times(database, harm):
    known(database, playbook(), mode="approval")
    set_mode(database, "own", "alone", actor="ada", why="it looked good", now=at(0))
    alerts = raised(database, *(f"D{number}" for number in range(8)))
    harms = 0
    for number, alert in enumerate(alerts):
        climb(database, ALONE, at(10 * number + 5))
        if modes(database)["own"]["mode"] == "shadow":
            break
        run = executed(database, alert, mode="alone", minutes=10 * number + 6)
        harms += 1
        if harm == "undone":
            executed(database, alert, undo_of=run, by="ada", minutes=10 * number + 14, acted=None)
        else:
            with database.begin() as connection:
                give_feedback(connection, [alert], "wrong", at=at(10 * number + 14), actor="ada", surface="cli")
    assert harms == 3
    change, *_ = history(database, "own")
    assert (change["from_mode"], change["to_mode"], change["reason"]) == (
        "alone", "shadow", "people undid it or called it wrong 3 times since it left shadow",
    )  # fmt: skip
    for number, alert in enumerate(raised(database, *(f"E{n}" for n in range(25)), minutes=200)):
        executed(database, alert, mode="shadow", minutes=201 + number)
        acknowledge(database, alert, at=at(230), actor="ada")
    assert climb(database, ALONE, at(286)).select("to_mode", "agreed").row(0) == ("shadow", 25)
    known(database, playbook(title="Better"))
    for number, alert in enumerate(raised(database, *(f"F{n}" for n in range(25)), minutes=300)):
        executed(database, alert, mode="shadow", minutes=301 + number)
        acknowledge(database, alert, at=at(330), actor="ada")
    assert climb(database, ALONE, at(386))["to_mode"].item() == "approval", "a new text may rise"


def test_a_bad_playbook_that_really_acts_is_demoted_and_then_only_shows_what_it_would_do(database, tmp_path):
    engine = Engine(database, lake_of(tmp_path), outcome_hours=1)
    engine.use(NOTE, mode="alone")
    for number in range(6):
        climb(database, engine.world.settings.remediation, engine.clock())
        engine.goes(f"D{number}", minutes=number)
        newest = engine.executions()[-1]
        if newest["mode"] != "shadow":
            undo(database, engine.world.settings, newest["execution_id"], actor="ada", now=engine.clock())
            engine.advanced()
        engine.clock.passes(minutes=10)
    assert len(engine.things()) == 3
    assert len(engine.things("undone")) == 3
    by_trigger = [row["mode"] for row in engine.executions() if row["undo_of"] is None]
    assert by_trigger == ["alone"] * 3 + ["shadow"] * 3
    assert modes(database)["quick-fix"]["mode_reason"].startswith("people undid it or called it wrong 3 times")


def test_a_new_text_starts_nothing_by_itself_from_the_first_moment_on(database, tmp_path):
    engine = Engine(database, lake_of(tmp_path))
    engine.use(NOTE, mode="alone")
    engine.playbooks = [engine.playbooks[0].model_copy(update={"title": "Changed"})]
    engine.goes("D1")
    assert [row["mode"] for row in engine.executions()] == ["shadow"]
    changes = [(row["from_mode"], row["to_mode"]) for row in history(database, "quick-fix")]
    assert changes == [("alone", "shadow"), (None, "shadow")]


def test_what_a_text_earned_another_one_does_not_have(database):
    known(database, playbook(), mode="shadow")
    set_mode(database, "own", "approval", actor="ada", why="we know it", now=at(0))
    known(database, playbook(title="Changed"))
    found_now = climb(database, ALONE, at(10))
    assert found_now.select("to_mode", "reason").row(0) == (
        "shadow", "its text changed; what it earned was earned by another one",
    )  # fmt: skip
    assert set_mode(database, "no-such", "shadow", actor="ada", why="x", now=at(0)) is None


def many_more(database, alert, mode):
    many = text(
        "INSERT INTO executions (playbook, digest, alert_id, opening, entity_type, entity_id, mode, requested_by, "
        "state, triggered_at, ended_at, deadline_at) SELECT 'own', :digest, :alert, n, 'device', 'D1', :mode, "
        "'trigger', 'succeeded', :at + n * interval '1 second', :at, :at FROM generate_series(2, 1000) AS n"
    )
    with database.begin() as connection:
        connection.execute(many, {"digest": playbook().digest, "alert": alert, "at": at(15), "mode": mode})


def test_only_the_newest_executions_are_read_however_many_there_are(database):
    known(database, playbook(), mode="approval")
    (alert,) = raised(database, "D1")
    many_more(database, alert, "approval")
    assert climb(database, ALONE, at(0) + timedelta(days=2))["succeeded"].item() == 200
