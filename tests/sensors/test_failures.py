"""A failed run of OpsGuard itself raises one alert per job, which clears with the next success."""

from datetime import UTC, datetime, timedelta

import dagster as dg
import pytest
from sqlalchemy import text

from opsguard_assets.alerts.own_types import RUN_FAILED
from opsguard_assets.alerts.queries import alerts, history
from opsguard_assets.build import build_defs
from opsguard_assets.config.settings import Settings
from opsguard_assets.failed_runs import settle_failed
from resources.lake import Lake
from sensors.failures import failed_runs_sensor
from tests.remediation.given import record

EVERY = ("open", "resolved")
REACHED = """
SELECT p.priority, p.basis, i.owner_id, (SELECT array_agg(key) FROM effects WHERE kind = 'message') AS planned
FROM alerts
JOIN alert_priorities AS p USING (alert_id)
JOIN incident_alerts USING (alert_id)
JOIN incidents AS i USING (incident_id)
"""


@dg.op(config_schema=bool)
def step(context) -> None:
    if not context.op_config:
        raise RuntimeError("no such luck")


@dg.job(name="score_sla_job")
def job() -> None:
    step()


@dg.job(name="train_sla_breach_job")
def other() -> None:
    step()


@pytest.fixture
def instance():
    with dg.DagsterInstance.ephemeral() as opened:
        yield opened


@pytest.fixture
def look(instance, database):
    """Looks once, with the cursor of the look before; the sensor's words."""
    cursor, settled = [None], []

    def settle(context, failed, at):
        settled.append(sorted(failed))
        settle_failed(context.resources.database, failed, at, lambda name: name == "score_sla_job")

    sensor = failed_runs_sensor(settle)

    def evaluate():
        given = {"database": database, "lake": None}  # what follows from settling has a test of its own
        context = dg.build_sensor_context(instance=instance, cursor=cursor[0], resources=given)
        result = sensor.evaluate_tick(context)
        assert not result.run_requests
        cursor[0] = result.cursor
        return result.skip_message, settled

    return evaluate


def run(job, instance, *, well, **tags):
    job.execute_in_process({"ops": {"step": {"config": well}}}, instance=instance, raise_on_error=False, tags=tags)


def test_two_failures_of_a_job_are_one_alert_until_it_succeeds(look, instance, database):
    assert look()[0] == "no job failed"
    run(job, instance, well=False)
    assert look()[0] == "failed: score_sla_job"
    run(job, instance, well=False)
    look()
    (alert,) = alerts(database)
    assert (alert["dedup_key"], alert["severity"], alert["occurrences"]) == (
        f"{RUN_FAILED.name}:score_sla_job",
        "high",
        2,
    )
    assert alert["title"] == "score_sla_job of OpsGuard failed"
    run(job, instance, well=True)
    assert look()[0] == "no job failed"
    (alert,) = alerts(database, states=EVERY)
    assert alert["state"] == "resolved"
    assert [row["to_state"] for row in history(database, alert["alert_id"])] == ["open", "resolved"]


def test_a_look_at_nothing_new_settles_nothing(look, instance):
    run(job, instance, well=False)
    look()
    look()
    assert look()[1] == [["score_sla_job"]]


def test_each_job_has_its_own_alert_and_the_newest_run_counts(look, instance, database):
    run(job, instance, well=False)
    run(other, instance, well=False)
    run(other, instance, well=True)
    run(other, instance, well=False)
    look()
    assert {row["entity_id"]: row["severity"] for row in alerts(database)} == {
        "score_sla_job": "high",
        "train_sla_breach_job": "medium",
    }


def test_a_run_that_is_tried_again_has_not_failed_yet(look, instance, database):
    run(job, instance, well=False, **{"dagster/will_retry": "true"})
    look()
    assert alerts(database) == []


def test_an_alert_says_which_run_and_when(look, instance, database):
    run(job, instance, well=False)
    look()
    (alert,) = alerts(database)
    (record,) = instance.get_run_records()
    assert alert["evidence"] == {"run_id": record.dagster_run.run_id}
    ended = datetime.fromtimestamp(record.end_time, UTC)
    assert f"run {record.dagster_run.run_id[:8]} failed at {ended:%Y-%m-%d %H:%M} UTC" in alert["reason"]


@pytest.fixture
def lake(tmp_path):
    """Nora is on duty in the operations centre, with an address."""
    made, now = Lake(str(tmp_path / "lake")), datetime.now(UTC)
    rows = {
        "groups": {"group_id": "G1", "name": "noc", "lead_id": "nora"},
        "memberships": {"person_id": "nora", "group_id": "G1"},
        "people": {"person_id": "nora", "name": "Nora", "email": "nora@provider.example"},
        "duty": {"person_id": "nora", "starts_at": now - timedelta(hours=2), "ends_at": now + timedelta(hours=2)},
    }
    for name, row in rows.items():
        record(made, name, row, loaded_at=now - timedelta(days=1))
    return made


def test_the_look_that_finds_a_failure_gives_it_a_priority_an_owner_and_plans_the_message(instance, database, lake):
    built = build_defs(settings=Settings.model_validate({"routing": {"interrupt_from": 70}}))
    (sensor,) = (each for each in built.sensors if each.name == "failed_runs_sensor")
    run(job, instance, well=False)
    given = {"database": database, "lake": lake}
    result = sensor.evaluate_tick(dg.build_sensor_context(instance=instance, resources=given))
    assert result.skip_message == "failed: score_sla_job"
    with database.begin() as connection:
        (alert,) = connection.execute(text(REACHED)).mappings()
    assert alert["priority"] >= 70
    assert (alert["basis"], alert["owner_id"]) == ("rule", "nora")
    assert alert["planned"] == ["incident/1/mail/nora@provider.example/raised"]
