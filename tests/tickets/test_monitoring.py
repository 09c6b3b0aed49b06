"""The product notices when its own model misleads: the stalled closings of March in the public incident log."""

import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from ml.problems.sla_breach.problem import TASK
from ml.training.candidates.every import candidates
from ml.training.train import train
from ml.training.tuning import Budget
from opsguard_assets.config.load import load_settings
from opsguard_assets.intake.accepting.accept import accept
from opsguard_assets.intake.receiving.receive import receive
from opsguard_assets.models.monitoring import monitor
from opsguard_assets.tables.registry import TABLES
from opsguard_assets.tickets.learning.dataset import TicketDataset
from opsguard_assets.tickets.sla.snapshot_io import history_of
from resources.lake import Lake
from tests.long import long

ROOT = Path(__file__).parents[2]
DATASETS = ROOT.parent / "shared/datasets"
LOG = DATASETS / "incident_log/incident_event_log.csv.gz"
with_the_log = pytest.mark.skipif(not LOG.exists(), reason=f"the public incident log is not at {LOG}")
LEARNED = datetime(2016, 3, 14, tzinfo=UTC)
WEEK = timedelta(days=7)


@pytest.fixture(scope="module")
def incidents(tmp_path_factory):
    """The history of the incident log, loaded through its public mapping."""
    home = tmp_path_factory.mktemp("incidents")
    lake = Lake(str(home / "lake"))
    settings = load_settings(ROOT / "examples/incident_log/opsguard.yaml", {"OPSGUARD_DATASETS": str(DATASETS)})
    for source in settings.sources:
        receive(source, lake_uri=lake.uri, work_dir=home / "dlt", loaded_at=datetime.now(UTC))
        accept(lake, source, TABLES)
    return history_of(lake)


@pytest.fixture(scope="module")
def model(incidents):
    """A model that has learned from what was known before the closings stalled."""
    kind = [c for c in candidates() if c.name == "hist_gradient_boosting"]
    rows = TicketDataset.of(incidents, LEARNED).watched()
    return train(rows, TASK, kind, until=LEARNED, budget=Budget(seconds=0, trials=0, clock=time.monotonic))[0].model


@long
@with_the_log
def test_a_model_that_the_stall_has_made_useless_is_noticed_and_nothing_is_held_against_it_before(incidents, model):
    found = {weeks: monitor(TicketDataset.of(incidents, LEARNED + weeks * WEEK), model, LEARNED) for weeks in (1, 3, 6)}
    assert not found[1].skill_score.is_known
    assert found[3].skill_score.is_useful
    late = found[6]
    assert not late.skill_score.is_useful
    assert late.skill_score.skill < -0.2
    assert late.wants_training
    assert not late.holds
    weeks = late.weeks.filter(pl.col("n") > 500)
    assert weeks["week"].is_sorted()
    assert (weeks["brier"] > weeks["brier_constant"]).any()


@long
@with_the_log
def test_features_that_moved_are_named(incidents, model):
    drift = monitor(TicketDataset.of(incidents, LEARNED + 6 * WEEK), model, LEARNED).drift
    assert set(drift["feature"]) == set(model.features)
    assert drift["psi"].is_sorted(descending=True)
    assert drift["psi"][0] > 0.25
