"""Real deliveries through the public mapping alone: every line is accounted for, scored and asked about."""

from datetime import UTC, datetime

import polars as pl
import pytest

from opsguard_assets.config.load import load_settings
from opsguard_assets.vendors.orders.dataset import OrderDataset
from opsguard_assets.vendors.orders.problem_io import orders_of
from opsguard_assets.vendors.scores.io import scored_at
from tests.devices.test_examples import ROOT, loaded

LINES, END = 10_324, datetime(2016, 1, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def delivered(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patched:
        yield loaded("deliveries", tmp_path_factory.mktemp("deliveries"), patched)


def test_every_line_is_an_order_and_its_delivery(delivered):
    lake, counts = delivered
    assert counts["deliveries", "work_orders"] == (2 * LINES, 2 * LINES - 3, 3)
    assert counts["deliveries", "vendors"] == (LINES, 73, 0)
    orders = orders_of(lake, END, ())
    assert len(orders) == LINES
    # Three deliveries were recorded before the day on which they are said to have come.
    assert orders["completed_known_at"].null_count() == 3


def test_scores_of_a_day_hold_what_was_known_then(delivered):
    lake, _ = delivered
    settings = load_settings(ROOT / "examples/deliveries/opsguard.yaml", {})
    scored = scored_at(lake, datetime(2013, 7, 2, tzinfo=UTC), settings)
    assert len(scored.scores) == 18
    assert scored.ranking["rank"].to_list() == sorted(scored.ranking["rank"])
    assert scored.scores["quality_score"].null_count() == len(scored.scores)
    assert scored.months["month"].n_unique() == 7
    assert (scored.jobs["completed_at"].drop_nulls() < datetime(2013, 7, 3, tzinfo=UTC)).all()


def test_orders_are_asked_about_thirty_days_before_they_are_due(delivered):
    lake, _ = delivered
    dataset = OrderDataset(END, orders_of(lake, END, ()))
    rows = dataset.of_lives(dataset.lives, "opening").filter(pl.col("as_of") >= datetime(2013, 7, 1, tzinfo=UTC))
    assert (rows["due_at"] - rows["as_of"]).dt.total_days().unique().to_list() == [30]
    assert 0.15 < float(rows["is_event"].mean()) < 0.18
