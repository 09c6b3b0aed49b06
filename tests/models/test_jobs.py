"""A model's life as Dagster runs it: trained, let in by the gate, scoring, looked after."""

import shutil
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from tempfile import TemporaryDirectory

import dagster as dg
import numpy as np
import polars as pl
import pytest
from sklearn.linear_model import LogisticRegression

from ml.evaluation.replay import Period
from ml.models.learned import Estimator
from ml.models.model_files import digests_of, load, save
from ml.tracking.registry import Registry
from ml.tracking.tracking import Place
from opsguard_assets.alerts.queries import alerts
from opsguard_assets.build import build_defs
from opsguard_assets.cadences import tick_config
from opsguard_assets.config.learning import Learning
from opsguard_assets.config.settings import Settings
from opsguard_assets.config.sla import SlaThresholds
from opsguard_assets.config.sources import FileSource
from opsguard_assets.model_jobs import monitoring_config, train_config
from opsguard_assets.models.champions import Champions
from opsguard_assets.models.files import record_files, version_key
from opsguard_assets.models.model_assets import GATE_CHECK, learned_keys
from opsguard_assets.models.monitoring_assets import monitoring_key
from opsguard_assets.models.monitoring_records import last_record
from opsguard_assets.models.promotion import ModelCatalog
from opsguard_assets.models.replay import count_ticks
from opsguard_assets.models.replay_assets import replay_key
from opsguard_assets.models.serving import learned_until
from opsguard_assets.models.trainings import NoModelError, in_roles, keep, trained_by
from opsguard_assets.simulator.settings import SimulationSettings
from opsguard_assets.simulator.twin import simulate
from opsguard_assets.tickets.job_names import SCORE_JOB
from opsguard_assets.tickets.risk.problem_io import sla_breach
from opsguard_assets.tickets.risk.schemas import SLA_RISK
from opsguard_assets.tickets.sla.derive_io import update_clocks
from resources.database import MLFLOW
from resources.lake import Lake
from resources.progress import Silent
from tests.long import long
from tests.running import own_part, run_own_part
from tests.tickets.provider_records import FED, record

START = datetime(2026, 3, 2, tzinfo=UTC)
NOW = START + timedelta(days=40, hours=9)
SOURCES = tuple(
    FileSource.model_validate(
        {"name": name, "kind": "files", "path": "x.csv", "feeds": [{"table": name, "same_names": True}]}
    )
    for name in FED
)
SETTINGS = Settings(
    sources=SOURCES, learning=Learning(tuning_trials=0, candidates=("lightgbm",)), sla=SlaThresholds(holdout_share=0.3)
)
PROBLEM = sla_breach(SETTINGS)
TRAIN_JOB, WATCH_JOB = PROBLEM.train_job, PROBLEM.monitoring_job
(_, CHAMPION_KEY), WATCH_KEY = learned_keys(PROBLEM), monitoring_key(PROBLEM)
REPLAY_KEY = replay_key(PROBLEM)
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

    def tick(self, moment):
        part = own_part(self.defs, SCORE_JOB)
        return run_own_part(part, tick_config(SCORE_JOB, moment), raise_on_error=False)

    def run(self, job, config=None, selection=None):
        with dg.DagsterInstance.ephemeral() as instance:
            return self.defs.resolve_job_def(job).execute_in_process(
                run_config=config, instance=instance, raise_on_error=False, asset_selection=selection
            )


@pytest.fixture(scope="module")
def house(databases, tmp_path_factory):
    """An installation with 40 days of a simulated helpdesk, recorded now."""
    database = databases.with_mlflow()
    home = tmp_path_factory.mktemp("models_in_use")
    lake = Lake(str(home / "lake"))
    settings = SimulationSettings(seed=3, starts_at=START, sites=6, agents=30, tickets_per_day=60, load=0.6)
    world = simulate(settings, NOW).tables
    for name in FED:
        record(lake, name, world[name].filter(pl.col("known_at") <= NOW), NOW)
    update_clocks(lake, progress=Silent())
    place = Place(database.url_for(MLFLOW), home / "mlflow")
    return House(lake, ModelCatalog(Registry(place), Champions(database)))


@contextmanager
def failing(catalog):
    """While it lasts, the champion is one that loads, is what was recorded, and fails when it scores."""
    version = catalog.champions.current("sla_breach")
    folder, recorded = version.folder, (catalog.champions.database, "sla_breach", version_key(version))
    whole = load(folder)
    scorer = LogisticRegression().fit(np.eye(2, len(whole.features)), [0, 1])
    scorer.coef_ = np.ones((1, 999))
    with TemporaryDirectory() as kept:
        shutil.copytree(folder, kept, dirs_exist_ok=True)
        (folder / "booster.txt").unlink()
        save(replace(whole, scorer=Estimator(scorer)), folder)
        record_files(*recorded, digests_of(folder))
        yield
        (folder / "estimator.skops").unlink()
        shutil.copytree(kept, folder, dirs_exist_ok=True)
        record_files(*recorded, digests_of(folder))


class Story:
    """What happens in an installation, in order.

    A tick, a training, a tick, one while the champion fails, one after it, a look.
    """

    def __init__(self, house):
        catalog, database = house.catalog, house.catalog.champions.database
        self.untrained = house.tick(NOW + timedelta(minutes=1))
        self.told = alerts(database, alert_type="sla_model_unavailable")
        self.training = house.run(TRAIN_JOB, train_config(PROBLEM, NOW))
        self.history, self.waiting = catalog.champions.history("sla_breach"), catalog.champions.challenger("sla_breach")
        self.tick = house.tick(NOW + timedelta(minutes=16))
        with failing(catalog):
            self.failing = house.tick(NOW + timedelta(minutes=31))
            self.told_of_failing = alerts(database, alert_type="sla_model_unavailable")
        self.mended = house.tick(NOW + timedelta(minutes=46))
        self.look = house.run(WATCH_JOB, monitoring_config(PROBLEM, NOW + timedelta(days=2)))


@pytest.fixture(scope="module")
def story(house):
    return Story(house)


@pytest.fixture(scope="module")
def again(house, story):
    """The same training once more, whenever a test asks for it, and then its last step alone."""
    return house.run(TRAIN_JOB, train_config(PROBLEM, NOW)), house.run(TRAIN_JOB, selection=[CHAMPION_KEY])


def checks(result):
    return {check.check_name: check for check in result.get_asset_check_evaluations()}


def scored(result):
    """The check of who scored tickets: every scoring asset of a run has one of this name."""
    (check,) = (
        check
        for check in result.get_asset_check_evaluations()
        if check.check_name == "champion_scored" and check.asset_key.to_user_string() == SLA_RISK.derived_name
    )
    return check


def test_before_the_first_training_the_rule_scores_and_the_operators_are_told(story):
    assert story.untrained.success
    # Nothing is wrong before the first training: the check is green and says who scores.
    assert scored(story.untrained).passed
    assert "the rule scores" in scored(story.untrained).description
    (result,) = story.told
    assert (result["severity"], result["entity_id"]) == ("low", "sla_breach")


def test_the_best_candidate_passes_the_gate_and_is_champion(story):
    assert story.training.success
    gate = checks(story.training)[GATE_CHECK]
    assert gate.passed
    assert "average precision above that of the rule" in gate.description
    (line,) = story.history
    assert (line.version, line.actor, line.cause) == ("1", "the gate", "gate")
    assert story.waiting is None


@long
def test_a_second_training_on_the_same_records_is_kept_out_and_the_run_says_why(house, again):
    assert not again[0].success
    gate = checks(again[0])[GATE_CHECK]
    assert not gate.passed
    assert "NOT: " in gate.description
    assert house.catalog.champions.current("sla_breach").version == "1"
    waiting = house.catalog.champions.challenger("sla_breach")
    assert (waiting.version, house.catalog.registry.labels(waiting)["gate"]) == ("2", "kept out")


@long
def test_who_is_kept_out_does_not_become_champion_by_running_the_last_step_alone(again):
    assert not again[1].success


def test_the_champion_scores_the_next_tick_and_every_score_leads_to_its_run(house, story):
    assert story.tick.success
    assert all(check.passed for check in checks(story.tick).values())
    moment = pl.lit(NOW + timedelta(minutes=16))
    rows = house.lake.scan(SLA_RISK.derived_name).filter(pl.col("as_of") == moment).collect()
    champion = house.catalog.champions.current("sla_breach")
    assert rows.select("model_version", "model_run_id").unique().rows() == [("1", champion.run_id)]
    risky = rows.filter(pl.col("risk") >= 0.60)
    assert len(risky) > 0
    assert risky["reason"].null_count() == 0
    database = house.catalog.champions.database
    assert alerts(database, alert_type="sla_model_unavailable") == []
    assert {a["model_run_id"] for a in alerts(database, alert_type="sla_breach_risk")} <= {champion.run_id}


def test_a_champion_that_fails_while_it_scores_leaves_the_tick_to_the_rule_and_the_operators_are_told(house, story):
    assert story.failing.success
    assert not scored(story.failing).passed
    moment = pl.lit(NOW + timedelta(minutes=31))
    rows = house.lake.scan(SLA_RISK.derived_name).filter(pl.col("as_of") == moment).collect()
    assert len(rows) > 0
    assert rows.select("model_name", "model_run_id").unique().rows() == [("rule_baseline", None)]
    (result,) = story.told_of_failing
    assert result["severity"] == "high"
    assert "cannot score" in result["reason"]
    assert scored(story.mended).passed


def test_a_look_at_a_fresh_champion_says_that_it_is_too_early(house, story):
    assert story.look.success
    assert set(checks(story.look)) == {
        "champion_is_useful",
        "sla_risk_calibrated",
        "sla_features_within_range",
        "every_score_met_its_outcome",
    }
    assert "not known yet" in checks(story.look)["sla_features_within_range"].description
    assert checks(story.look)["every_score_met_its_outcome"].passed
    watch = last_record(house.catalog.champions.database, "sla_breach", "1", NOW + timedelta(days=2))
    assert watch.is_useful
    assert "are needed" in watch.words
    (event,) = story.look.asset_materializations_for_node(WATCH_KEY.to_python_identifier())
    assert "held back" in event.metadata["prevention"].text


def test_a_training_that_dagster_ran_is_found_by_evaluation_and_replay(house, story):
    assert story.training.success
    ((role, champion), *others) = in_roles(house.catalog, "sla_breach", NOW + timedelta(hours=1))
    assert (role, champion.name, champion.version) == ("champion", "lightgbm", "1")
    assert others == []
    (kept,) = trained_by(house.catalog, "sla_breach", NOW)
    assert (kept.name, learned_until(kept)) == ("lightgbm", NOW)


def test_the_champion_judges_where_no_training_was_kept_and_nobody_does_who_has_seen_the_period(house, story):
    assert story.training.success
    trainings = house.catalog.registry.place.trainings
    hidden = trainings.rename(trainings.with_name("hidden"))
    try:
        ((role, champion),) = in_roles(house.catalog, "sla_breach", NOW)
        assert (role, champion.version) == ("champion", "1")
        with pytest.raises(NoModelError, match="opsguard train sla_breach --until"):
            in_roles(house.catalog, "sla_breach", NOW - timedelta(days=1))
    finally:
        hidden.rename(trainings)


def replayed(house, begins_at, ends_at):
    period = {"begins_at": begins_at.isoformat(), "ends_at": ends_at.isoformat()}
    config = {"ops": {REPLAY_KEY.to_python_identifier(): {"config": period}}}
    result = house.run(PROBLEM.replay_job, config)
    assert result.success
    (event,) = result.asset_materializations_for_node(REPLAY_KEY.to_python_identifier())
    return {name: value.value for name, value in event.metadata.items()}


def test_a_replay_in_the_ui_takes_the_model_that_the_command_takes_and_the_ticks_of_service(house, story):
    assert story.training.success
    begins, ends = NOW - timedelta(days=2), NOW - timedelta(days=1, hours=18)
    alone = replayed(house, begins, ends)
    assert "the rule alone: No model was trained" in alone["model"]
    earlier = NOW - timedelta(days=3)
    learned = load(house.catalog.champions.current("sla_breach").folder)
    kept = replace(learned, version=earlier.replace(tzinfo=None).isoformat())
    keep(house.catalog, "sla_breach", earlier, [kept])
    result = replayed(house, begins, ends)
    assert result["model"] == f"lightgbm {kept.version}"
    assert "lightgbm" in result["thresholds"]
    dataset = PROBLEM.dataset(house.lake, datetime.now(UTC))
    hourly = count_ticks(dataset, Period(begins, ends), timedelta(hours=1))
    assert result["scores"] > 2 * hourly > 0  # every quarter of an hour


def test_the_training_is_in_mlflow_with_its_run_of_dagster_and_the_versions_of_its_data(house, story):
    from mlflow import MlflowClient

    client = MlflowClient(tracking_uri=house.catalog.registry.place.backend)
    run = client.get_run(story.history[0].run_id)
    parent = client.get_run(run.data.tags["mlflow.parentRunId"])
    assert parent.data.tags["dagster.run_id"] == story.training.run_id
    sources = [each.dataset.source for each in parent.inputs.dataset_inputs]
    assert any("tables/tickets" in source for source in sources)
