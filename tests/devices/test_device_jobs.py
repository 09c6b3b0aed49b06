"""Devices as Dagster runs them: a tick by the rule, a training let in by the gate, a tick by the champion, a look."""

from datetime import timedelta

import dagster as dg
import polars as pl
import pytest

from ml.tracking.registry import Registry
from ml.tracking.tracking import Place
from opsguard_assets.alerts.queries import alerts
from opsguard_assets.build import build_defs
from opsguard_assets.cadences import tick_config, tick_partition
from opsguard_assets.config.learning import Learning
from opsguard_assets.config.settings import Settings
from opsguard_assets.devices.failure.problem_io import device_failure
from opsguard_assets.devices.failure.schemas import DEVICE_RISK
from opsguard_assets.devices.health.outcome_assets import HEALTH_OUTCOMES_KEY
from opsguard_assets.devices.health.schemas import DEVICE_HEALTH
from opsguard_assets.devices.job_names import JUDGE_HEALTH_JOB, SCORE_DEVICES_JOB
from opsguard_assets.model_jobs import monitoring_config, train_config
from opsguard_assets.models.champions import Champions
from opsguard_assets.models.promotion import ModelCatalog
from opsguard_assets.moment import moment_config
from opsguard_assets.simulator.settings import SimulationSettings
from resources.database import MLFLOW
from resources.lake import Lake
from resources.progress import Silent
from tests.devices.fleets import SOURCES, START, fleet_of, record_fleet
from tests.long import long
from tests.running import own_part, run_own_part

NOW = START + timedelta(days=30)
WORLD = SimulationSettings(seed=2, starts_at=START, sites=18, agents=12, devices_per_site=6, device_report_minutes=60)
SETTINGS = Settings(sources=SOURCES, learning=Learning(tuning_trials=0, candidates=("lightgbm",)))
PROBLEM = device_failure(SETTINGS)
pytestmark = pytest.mark.timeout(600)


class House:
    """One installation: its stores, and jobs run on them."""

    def __init__(self, lake, catalog):
        self.lake, self.catalog = lake, catalog
        given = {
            "lake": lake,
            "database": catalog.champions.database,
            "progress": Silent(),
            "inbox": None,
            "models": catalog,
        }
        resources = {name: dg.ResourceDefinition.hardcoded_resource(value) for name, value in given.items()}
        self.defs = build_defs(settings=SETTINGS, resources=resources)

    def run(self, job, config, partition=None):
        with dg.DagsterInstance.ephemeral() as instance:
            return self.defs.resolve_job_def(job).execute_in_process(
                run_config=config, instance=instance, raise_on_error=False, partition_key=partition
            )

    def tick(self, moment):
        part, day = own_part(self.defs, SCORE_DEVICES_JOB), tick_partition(SCORE_DEVICES_JOB, moment)
        return run_own_part(part, tick_config(SCORE_DEVICES_JOB, moment), partition_key=day, raise_on_error=False)


@pytest.fixture(scope="module")
def begun(databases, tmp_path_factory):
    """An installation, its records, and its first tick: nobody is champion yet."""
    database = databases.with_mlflow()
    home = tmp_path_factory.mktemp("devices_in_use")
    lake, records = Lake(str(home / "lake")), fleet_of(WORLD, NOW + timedelta(days=3))
    house = House(lake, ModelCatalog(Registry(Place(database.url_for(MLFLOW), home / "mlflow")), Champions(database)))
    record_fleet(lake, records, NOW)
    told = {"ruled": house.tick(NOW), "unserved": alerts(database, alert_type="device_model_unavailable")}
    return house, records, told


@pytest.fixture(scope="module")
def story(begun):
    """What follows: a training, three days later a tick by the champion, and a look at it."""
    house, records, told = begun
    lake, told = house.lake, dict(told)
    told["training"] = house.run(PROBLEM.train_job, train_config(PROBLEM, NOW))
    later = NOW + timedelta(days=3)
    record_fleet(lake, records, later, NOW)
    told |= {
        "served": house.tick(later),
        "look": house.run(PROBLEM.monitoring_job, monitoring_config(PROBLEM, later)),
        "judged": house.run(JUDGE_HEALTH_JOB, moment_config(later, HEALTH_OUTCOMES_KEY)),
    }
    return house, told, later


def checks(result):
    return {check.check_name: check for check in result.get_asset_check_evaluations()}


def test_a_tick_rolls_up_scores_predicts_and_alerts_in_one_run(begun):
    house, _, told = begun
    assert told["ruled"].success
    found = checks(told["ruled"])
    assert found["every_report_is_rolled_up"].passed
    assert found["every_device_has_a_score"].passed
    assert found["device_risk_complete"].passed
    assert found["findings_equal_decisions"].passed
    (said,) = (
        check.description
        for check in told["ruled"].get_asset_check_evaluations()
        if check.check_name == "champion_scored" and check.asset_key.to_user_string() == DEVICE_RISK.derived_name
    )
    assert "no champion of device_failure" in said
    assert len(house.lake.rows_at(DEVICE_HEALTH, NOW)) == len(house.lake.rows_at(DEVICE_RISK, NOW)) == 108
    assert len(told["unserved"]) == 1


@long
def test_a_better_model_is_let_in_and_scores_the_next_tick_with_modes_and_actions(story):
    house, told, later = story
    assert told["training"].success, checks(told["training"])["challenger_is_better"].description
    assert [line.version for line in house.catalog.champions.history("device_failure")] == ["1"]
    risk = house.lake.rows_at(DEVICE_RISK, later)
    assert set(risk["model_name"]) == {"lightgbm"}
    assert risk["model_run_id"].null_count() == 0
    up = risk.filter(state="up")
    assert (up["risk_1h"] <= up["risk_24h"]).all()
    assert (up["risk_24h"] <= up["risk_7d"]).all()
    visits = risk.filter(pl.col("visit_rank").is_not_null())
    assert sorted(visits["visit_rank"]) == list(range(1, 11))
    assert visits.select(pl.col("mode", "action", "reason").is_null().any()).row(0) == (False, False, False)
    assert risk.filter(pl.col("state") != "up")["risk_24h"].null_count() == len(risk) - len(up)


@long
def test_the_champion_is_looked_after_by_what_came_later(story):
    _, told, _ = story
    assert told["look"].success
    assert set(checks(told["look"])) == {
        "champion_is_useful",
        "device_risk_calibrated",
        "device_features_within_range",
        "every_score_met_its_outcome",
    }
    assert checks(told["look"])["every_score_met_its_outcome"].passed
    assert told["judged"].success
    assert checks(told["judged"])["low_scores_precede_failures"].passed


@long
def test_the_same_tick_again_writes_the_same_rows_and_decides_nothing_twice(story):
    house, _, later = story
    before = house.lake.rows_at(DEVICE_RISK, later)
    again = house.tick(later)
    assert again.success
    assert house.lake.rows_at(DEVICE_RISK, later).equals(before)
