"""The planted truth of the twin's contractors: labels agree with it, risk is near it, and who gets worse is found."""

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from ml.problems.work_order_late.rule import WorkOrderRule
from opsguard_assets.config.settings import Settings
from opsguard_assets.simulator.contractors import contracted
from opsguard_assets.simulator.settings import SimulationSettings
from opsguard_assets.tables.registry import TABLES
from opsguard_assets.vendors.alerts.assets import findings_at
from opsguard_assets.vendors.orders.dataset import OrderDataset
from opsguard_assets.vendors.orders.problem_io import orders_of
from opsguard_assets.vendors.scores.io import keep_scores, scored_at
from resources.lake import Lake

START = datetime(2026, 1, 1, tzinfo=UTC)
END = START + timedelta(days=240)
SITES = pl.DataFrame({"site_id": [f"s{n}" for n in range(20)], "client_id": ["acme"] * 20})
OFF = Settings().vendors.cancelled


@pytest.fixture(scope="module")
def world():
    return contracted(SimulationSettings(starts_at=START, orders_per_day=15, seed=5), 0, SITES, END)


@pytest.fixture(scope="module")
def lake(world, tmp_path_factory):
    lake = Lake(str(tmp_path_factory.mktemp("truth") / "lake"))
    for name, rows in (("vendors", world.vendors), ("work_orders", world.work_orders)):
        whole = pl.concat([TABLES[name].empty(), rows], how="diagonal_relaxed").select(TABLES[name].columns)
        lake.record(TABLES[name], whole, loaded_at=END)
    return lake


def test_labels_are_what_was_planted(world, lake):
    dataset = OrderDataset(END, orders_of(lake, END, OFF))
    result = dataset.lives.drop_nulls("is_event").join(world.truth, on="work_order_id", suffix="_true")
    assert len(result) > 3_000
    assert (result["is_event"] == result["is_late"]).all()
    assert not result["is_cancelled"].any()


def test_the_rule_is_nearer_to_the_truth_than_one_rate_for_all(world, lake):
    dataset = OrderDataset(END, orders_of(lake, END, OFF))
    later = dataset.lives.filter(pl.col("begins_at") > START + timedelta(days=180))
    rows = dataset.of_lives(later, "opening").join(world.truth.select("work_order_id", "true_late"), on="work_order_id")
    true, said = rows["true_late"].to_numpy(), WorkOrderRule().predict(rows).to_numpy()
    assert np.abs(said - true).mean() < np.abs(true.mean() - true).mean()
    assert np.corrcoef(said, true)[0, 1] > 0.5


def test_whoever_gets_worse_is_told_after_the_month_and_hardly_anybody_else(lake):
    day = datetime(2026, 6, 2, tzinfo=UTC)
    keep_scores(lake, scored_at(lake, day, Settings()), day, Settings())
    found = findings_at(lake, Settings(), day)
    fallen = set(found.filter(pl.col("alert_type") == "vendor_score_drop", pl.col("is_raising"))["entity_id"])
    worse = {"R0-V03", "R0-V07", "R0-V11"}
    assert len(fallen & worse) >= 2
    assert len(fallen - worse) <= 1
    below = set(found.filter(pl.col("alert_type") == "vendor_sla_below_target", pl.col("is_raising"))["entity_id"])
    assert worse <= below
