"""A training is judged by the same procedure without the latest entities, and no entity is on two sides."""

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from ml.dataset.backtest import backtest_of, held_out, spans
from ml.dataset.split import is_unseen
from ml.dataset.task import Task

START = datetime(2026, 1, 1, tzinfo=UTC)
ENTITIES, MOMENTS = 1_200, 3
INSTANT = pl.Datetime("us", "UTC")
TASK = Task("stub", "id", ("size",))
BY_MOMENT = Task("stub", "id", ("size",), split="moments")


@pytest.fixture(scope="module")
def rows():
    """Three moments of every entity, one of which begins every hour; of the last hundred nobody knows the outcome."""
    result = [
        (n, START + timedelta(hours=n), START + timedelta(hours=n + 12 * k)) for n in range(ENTITIES) for k in (0, 1, 2)
    ]
    frame = pl.DataFrame(result, schema={"id": pl.Int64, "begins_at": INSTANT, "as_of": INSTANT}, orient="row")
    return frame.with_columns(
        settled_at=pl.col("begins_at") + timedelta(days=4),
        is_event=pl.when(pl.col("id") < ENTITIES - 100).then(pl.col("id") % 2 == 0),
    )


def test_the_judged_twin_learns_from_every_entity_that_began_before_the_test_part_and_from_no_other(rows):
    tested = backtest_of(rows, TASK)
    assert tested.before["id"].unique().sort().to_list() == list(range(880))
    assert tested.test["id"].unique().sort().to_list() == list(range(880, 1_100))
    assert len(tested.before) + len(tested.test) == len(rows.drop_nulls("is_event"))


@pytest.mark.parametrize("judged", [True, False], ids=["judged", "used"])
def test_both_are_calibrated_on_every_third_of_their_newest_entities_and_not_fitted_on_these(rows, judged):
    own = backtest_of(rows, TASK).before if judged else rows
    held, others = held_out(own, TASK)
    known = own.drop_nulls("is_event")["id"]
    assert held["id"].min() >= known.quantile(0.59)
    assert held["id"].max() >= known.quantile(0.98)
    assert held["id"].n_unique() == pytest.approx(0.4 * known.n_unique() / 3, rel=0.2)
    assert set(held["id"]) & set(others["id"]) == set()
    assert len(held) + len(others) == len(own)


def test_of_what_is_split_by_moments_nothing_settled_after_the_boundary_is_learned_and_a_fifth_is_only_judged(rows):
    units = rows.with_columns(id=pl.col("id") % 60, is_event=pl.col("id") % 7 < 3)
    tested = backtest_of(units, BY_MOMENT)
    assert tested.before["settled_at"].max() <= tested.test["as_of"].min()
    assert tested.before.filter(is_unseen("id")).is_empty()
    assert not tested.test.filter(is_unseen("id")).is_empty()
    assert set(tested.test["id"]) & set(tested.before["id"])


def test_every_step_is_told_with_its_moments(rows):
    result = spans(backtest_of(rows, TASK), rows, TASK)
    assert result["judged_fit"] == "2026-01-01 00:00 to 2026-02-07 15:00 UTC, 2,640 moments"
    assert result["judged_test"].startswith("2026-02-06 16:00 to")
    assert result["used_fit"] == "2026-01-01 00:00 to 2026-02-20 23:00 UTC, 3,600 moments"
    assert set(result) == {"judged_fit", "judged_calibrate", "judged_test", "used_fit", "used_calibrate"}
