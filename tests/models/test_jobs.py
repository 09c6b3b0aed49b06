"""A model's life as Dagster runs it: trained, let in by the gate, scoring, looked after."""

from datetime import UTC, datetime, timedelta

import dagster as dg
import polars as pl
import pytest

from ml.registry import Registry
from ml.tracking import Place
from opsguard_assets.alerts.queries import alerts
from opsguard_assets.build import build_defs
from opsguard_assets.cadences import tick_config
from opsguard_assets.config.learning import Learning
from opsguard_assets.config.settings import Settings, SlaThresholds
from opsguard_assets.config.sources import FileSource
from opsguard_assets.model_jobs import train_config, watch_config
from opsguard_assets.models.champions import Champions
from opsguard_assets.models.model_assets import GATE_CHECK, learned_keys
from opsguard_assets.models.promotion import Office
from opsguard_assets.models.watch_assets import watch_key
from opsguard_assets.models.watches import last_watch
from opsguard_assets.simulator.settings import SimulationSettings
from opsguard_assets.simulator.twin import simulate
from opsguard_assets.tickets.breach_problem import sla_breach
from opsguard_assets.tickets.derive import update_clocks
from opsguard_assets.tickets.moment import SCORE_JOB
from opsguard_assets.tickets.stored import SLA_RISK
from resources.database import MLFLOW, Database
from resources.lake import Lake
from resources.progress import Silent
from tests.tickets.recorded import FED, record

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
TRAIN_JOB, WATCH_JOB = PROBLEM.train_job, PROBLEM.watch_job
(_, CHAMPION_KEY), WATCH_KEY = learned_keys(PROBLEM), watch_key(PROBLEM)
pytestmark = pytest.mark.timeout(600)


class House:
    """One installation: its stores, and jobs run on them."""

    def __init__(self, lake, office):
        self.lake, self.office = lake, office
        given = {
            "lake": lake,
            "database": office.champions.database,
            "progress": Silent(),
            "inbox": None,
            "models": office,
        }
        resources = {name: dg.ResourceDefinition.hardcoded_resource(value) for name, value in given.items()}
        self.defs = build_defs(settings=SETTINGS, resources=resources)

    def run(self, job, config=None, selection=None):
        with dg.DagsterInstance.ephemeral() as instance:
            return self.defs.resolve_job_def(job).execute_in_process(
                run_config=config, instance=instance, raise_on_error=False, asset_selection=selection
            )


@pytest.fixture(scope="module")
def house(server, tmp_path_factory):
    """An installation with 40 days of a simulated helpdesk, recorded now."""
    from sqlalchemy import create_engine, make_url, text

    admin = create_engine(make_url(server).set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text("CREATE DATABASE models_in_use"))
    admin.dispose()
    from pydantic import SecretStr

    database = Database(SecretStr(make_url(server).set(database="models_in_use").render_as_string(hide_password=False)))
    database.migrate()
    home = tmp_path_factory.mktemp("models_in_use")
    lake = Lake(str(home / "lake"))
    settings = SimulationSettings(seed=6, starts_at=START, sites=6, agents=12, tickets_per_day=60, load=0.6)
    world = simulate(settings, NOW).tables
    for name in FED:
        record(lake, name, world[name].filter(pl.col("known_at") <= NOW), NOW)
    update_clocks(lake, progress=Silent())
    place = Place(database.url_for(MLFLOW), home / "mlflow")
    return House(lake, Office(Registry(place), Champions(database)))


class Story:
    """What happens in an installation, in order: a tick, a training, a tick, the same training again, a look."""

    def __init__(self, house):
        office, database = house.office, house.office.champions.database
        self.untrained = house.run(SCORE_JOB, tick_config(NOW + timedelta(minutes=1)))
        self.told = alerts(database, alert_type="sla_model_unavailable")
        self.training = house.run(TRAIN_JOB, train_config(PROBLEM, NOW))
        self.history, self.waiting = office.champions.history("sla_breach"), office.champions.challenger("sla_breach")
        self.tick = house.run(SCORE_JOB, tick_config(NOW + timedelta(minutes=16)))
        self.again = house.run(TRAIN_JOB, train_config(PROBLEM, NOW))
        self.forced = house.run(TRAIN_JOB, selection=[CHAMPION_KEY])
        self.look = house.run(WATCH_JOB, watch_config(PROBLEM, NOW + timedelta(days=2)))


@pytest.fixture(scope="module")
def story(house):
    return Story(house)


def checks(result):
    return {check.check_name: check for check in result.get_asset_check_evaluations()}


def test_before_the_first_training_the_rule_scores_and_the_operators_are_told(story):
    assert story.untrained.success
    assert not checks(story.untrained)["champion_scored"].passed
    (told,) = story.told
    assert (told["severity"], told["entity_id"]) == ("low", "sla_breach")


def test_the_best_candidate_passes_the_gate_and_is_champion(story):
    assert story.training.success
    gate = checks(story.training)[GATE_CHECK]
    assert gate.passed
    assert "average precision above that of the rule" in gate.description
    (line,) = story.history
    assert (line.version, line.actor, line.cause) == ("1", "the gate", "gate")
    assert story.waiting is None


def test_a_second_training_on_the_same_records_is_kept_out_and_the_run_says_why(house, story):
    assert not story.again.success
    gate = checks(story.again)[GATE_CHECK]
    assert not gate.passed
    assert "NOT: " in gate.description
    assert house.office.champions.current("sla_breach").version == "1"
    waiting = house.office.champions.challenger("sla_breach")
    assert (waiting.version, house.office.registry.labels(waiting)["gate"]) == ("2", "kept out")


def test_who_is_kept_out_does_not_become_champion_by_running_the_last_step_alone(story):
    assert not story.forced.success


def test_the_champion_scores_the_next_tick_and_every_score_leads_to_its_run(house, story):
    assert story.tick.success
    assert all(check.passed for check in checks(story.tick).values())
    moment = pl.lit(NOW + timedelta(minutes=16))
    rows = house.lake.scan(SLA_RISK.derived_name).filter(pl.col("as_of") == moment).collect()
    champion = house.office.champions.current("sla_breach")
    assert rows.select("model_version", "model_run_id").unique().rows() == [("1", champion.run_id)]
    risky = rows.filter(pl.col("risk") >= 0.60)
    assert len(risky) > 0
    assert risky["reason"].null_count() == 0
    database = house.office.champions.database
    assert alerts(database, alert_type="sla_model_unavailable") == []
    assert {a["model_run_id"] for a in alerts(database, alert_type="sla_breach_risk")} <= {champion.run_id}


def test_a_look_at_a_fresh_champion_says_that_it_is_too_early(house, story):
    assert story.look.success
    assert set(checks(story.look)) == {"champion_is_useful", "risk_is_calibrated", "features_within_range"}
    watch = last_watch(house.office.champions.database, "sla_breach", "1", NOW + timedelta(days=2))
    assert watch.is_useful
    assert "are needed" in watch.words
    (event,) = story.look.asset_materializations_for_node(WATCH_KEY.to_python_identifier())
    assert "held back" in event.metadata["prevention"].text


def test_the_training_is_in_mlflow_with_its_run_of_dagster_and_the_versions_of_its_data(house, story):
    from mlflow import MlflowClient

    client = MlflowClient(tracking_uri=house.office.registry.place.backend)
    run = client.get_run(story.history[0].run_id)
    parent = client.get_run(run.data.tags["mlflow.parentRunId"])
    assert parent.data.tags["dagster.run_id"] == story.training.run_id
    sources = [each.dataset.source for each in parent.inputs.dataset_inputs]
    assert any("tables/tickets" in source for source in sources)
