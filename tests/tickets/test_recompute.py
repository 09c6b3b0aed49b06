"""Ticks of the past computed again: scores, findings and decisions are as they were, whatever has changed since."""

from datetime import UTC, datetime, timedelta

import dagster as dg
import numpy as np
import polars as pl
import pytest
from sqlalchemy import text

from ml.models.calibration import IDENTITY
from ml.models.learned import Estimator, LearnedModel
from ml.models.model_files import save
from ml.problems.sla_breach.rule import RuleBaseline
from ml.tracking.registry import Registry
from ml.tracking.tracking import Place
from opsguard_assets.alerts.people import Muted, mute, resolve
from opsguard_assets.alerts.queries import alerts
from opsguard_assets.build import build_defs
from opsguard_assets.cadences import tick_config
from opsguard_assets.config.settings import Settings
from opsguard_assets.config.sources import FileSource
from opsguard_assets.models.champions import Champions
from opsguard_assets.models.promotion import ModelCatalog
from opsguard_assets.models.recompute import NoTickError
from opsguard_assets.models.scoring import scored_rows
from opsguard_assets.models.serving import Serving
from opsguard_assets.simulator.settings import SimulationSettings
from opsguard_assets.simulator.twin import simulate
from opsguard_assets.tickets.job_names import SCORE_JOB
from opsguard_assets.tickets.risk.recompute_io import recompute_tick
from opsguard_assets.tickets.risk.score_io import sla_scorer
from opsguard_assets.tickets.sla.derive_io import update_clocks
from resources.database import MLFLOW
from resources.lake import Lake
from resources.progress import Silent
from resources.ticks import digest_of, last_ticks
from tests.running import own_part, run_own_part
from tests.tickets.provider_records import FED, record

START = datetime(2026, 3, 2, tzinfo=UTC)
STEP = timedelta(hours=12)
STEPS = 3
READ = ("remaining_minutes", "elapsed_minutes", "has_assignee", "open_of_assignee", "late_rate_of_group")
SOURCES = tuple(
    FileSource.model_validate(
        {"name": name, "kind": "files", "path": "x.csv", "feeds": [{"table": name, "same_names": True}]}
    )
    for name in FED
)
SETTINGS = Settings.model_validate(
    {"sla": {"holdout_share": 0.3, "alerts_per_day": 1, "alert_from": 0.55, "clear_below": 0.5}}
)


@pytest.fixture(scope="module")
def world():
    settings = SimulationSettings(seed=11, starts_at=START, sites=6, agents=12, tickets_per_day=40, load=1.2)
    return simulate(settings, START + STEPS * STEP).tables


def arrive(lake, world, step):
    """What became known in a step; a tenth of the rows arrives a step late and is said to have been known before."""
    now, before = START + step * STEP, START + (step - 1) * STEP
    for name in FED:
        rows = world[name].with_columns(_late=pl.struct(pl.all()).hash(1) % 10 == 0)
        in_time = pl.col("known_at").is_between(before, now, closed="right") | (step == 1) & (pl.col("known_at") <= now)
        late = pl.col("known_at") <= before
        late &= pl.col("known_at") > before - STEP
        chosen = rows.filter(in_time & ~pl.col("_late") | late & pl.col("_late"))
        record(lake, name, chosen.drop("_late"), now)


@pytest.fixture
def catalog(database_with_mlflow, tmp_path):
    place = Place(database_with_mlflow.url_for(MLFLOW), tmp_path / "mlflow")
    return ModelCatalog(Registry(place), Champions(database_with_mlflow))


def champion(catalog, tmp_path, seed, at):
    """A model that reads a few features, promoted at an instant; what it has learned is of no matter here."""
    from mlflow import MlflowClient
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    luck = np.random.default_rng(seed)
    rows = luck.normal(300, 300, (200, len(READ)))
    fitted = make_pipeline(SimpleImputer(), LogisticRegression()).fit(rows, luck.random(200) < 0.5)
    place = catalog.registry.place
    client = MlflowClient(tracking_uri=place.backend)
    experiment = client.create_experiment(f"tests {seed}", artifact_location=(tmp_path / "mlflow" / str(seed)).as_uri())
    run = client.create_run(experiment).info.run_id
    save(LearnedModel("logistic", "x", READ, Estimator(fitted), IDENTITY), tmp_path / str(seed))
    client.log_artifacts(run, str(tmp_path / str(seed)), "model")
    version = catalog.registry.register("sla_breach", run, description="a test")
    catalog.promote(version, at=at, actor="tests", cause="gate", reasons=[])


def job_of(lake, catalog):
    database = catalog.champions.database
    given = {"lake": lake, "database": database, "progress": Silent(), "inbox": None, "models": catalog}
    resources = {name: dg.ResourceDefinition.hardcoded_resource(value) for name, value in given.items()}
    defs = build_defs(settings=SETTINGS.model_copy(update={"sources": SOURCES}), resources=resources)
    return own_part(defs, SCORE_JOB)


def tick(job, as_of):
    assert run_own_part(job, tick_config(SCORE_JOB, as_of)).success


def people_act(database, moment):
    """Somebody resolves one alert and mutes another after every tick."""
    later = moment + timedelta(minutes=5)
    shown = alerts(database, states=("open",), limit=1_000)
    for alert in shown[:1]:
        resolve(database, alert["alert_id"], at=later, actor="ada", note="done")
    for alert in shown[-1:]:
        until = later + timedelta(hours=9)
        mute(database, Muted(entity_id=alert["entity_id"]), begins_at=later, ends_at=until, reason="x", actor="ada")


def decisions_of(database):
    with database.begin() as connection:
        return set(connection.execute(text("SELECT DISTINCT decision FROM decisions")).scalars())


def test_every_tick_of_a_past_is_as_it_was(world, catalog, tmp_path):
    database = catalog.champions.database
    lake, moments = Lake(str(tmp_path / "lake")), []
    job = job_of(lake, catalog)
    for step in range(1, STEPS + 1):
        arrive(lake, world, step)
        if step % 2:
            update_clocks(lake, progress=Silent())
        if step > 1:
            champion(catalog, tmp_path, step, START + step * STEP)
        for minutes in (15, 390) if step == 1 else (15,):
            moments.append(START + step * STEP + timedelta(minutes=minutes))
            tick(job, moments[-1])
            people_act(database, moments[-1])
    again = [recompute_tick(lake, catalog.champions, moment, SETTINGS) for moment in moments]
    assert [found.tick.as_of for found in again if not found.is_reproduced] == []
    assert {found.tick.model_version for found in again} == {"1", "2"}
    assert all(len(found.rows["sla_risk"]) > 5 for found in again)
    assert len({found.digests["scores"].again for found in again}) == len(moments)
    assert all(digests.recorded for found in again for digests in found.digests.values())
    assert {"raised", "over budget", "held back", "resolved by a person", "muted"} <= decisions_of(database)
    assert last_ticks(database)


def test_without_the_record_of_what_was_seen_a_late_record_would_change_the_past(world, catalog, tmp_path):
    lake = Lake(str(tmp_path / "lake"))
    arrive(lake, world, 1)
    arrive(lake, world, 2)
    moment = START + 2 * STEP + timedelta(minutes=15)
    tick(job_of(lake, catalog), moment)
    arrive(lake, world, 3)
    found = recompute_tick(lake, catalog.champions, moment, SETTINGS)
    assert found.is_reproduced
    with_hindsight = scored_rows(sla_scorer(SETTINGS), lake, Serving(RuleBaseline()), moment)
    assert digest_of(with_hindsight, key=["ticket_id"]) != found.tick.digest


def test_a_moment_without_a_tick_is_said_so(catalog, tmp_path):
    with pytest.raises(NoTickError, match="No tick recorded at 2026-03-02"):
        recompute_tick(Lake(str(tmp_path)), catalog.champions, START, SETTINGS)
