"""Figures of probabilities, checked by hand and at their bounds."""

import polars as pl
import pytest

from ml.dataset.split import TooLittleDataError, by_time
from ml.evaluation.evaluate import calibration_error, evaluate, reliability


def scored(risks, labels, lead=None):
    leads = lead or [60.0 if late else None for late in labels]
    schema = {"risk": pl.Float64, "is_event": pl.Boolean, "lead_minutes": pl.Float64}
    return pl.DataFrame({"risk": risks, "is_event": labels, "lead_minutes": leads}, schema=schema)


def test_a_perfect_model_ranks_everything_right():
    found = evaluate(scored([0.9, 0.8, 0.1, 0.2], [True, True, False, False]))
    assert (found["roc_auc"], found["pr_auc"], found["base_rate"]) == (1.0, 1.0, 0.5)
    assert found["brier"] == pytest.approx((0.01 + 0.04 + 0.01 + 0.04) / 4)
    at_80 = next(row for row in found["thresholds"] if row["threshold"] == 0.80)
    assert (at_80["precision"], at_80["recall"], at_80["flagged_share"], at_80["median_lead_minutes"]) == (
        1,
        1,
        0.5,
        60,
    )


def test_the_base_rate_for_everyone_is_the_constant_forecast():
    found = evaluate(scored([0.25] * 8, [True, False, False, False] * 2))
    assert found["brier"] == pytest.approx(found["brier_constant"])
    assert found["ece"] == pytest.approx(0.0)


def test_a_budget_takes_the_top_of_the_ranking():
    rows = scored([i / 100 for i in range(100)], [i >= 95 for i in range(100)])
    budgets = {row["budget"]: row for row in evaluate(rows)["budgets"]}
    assert (budgets[0.05]["precision"], budgets[0.05]["recall"]) == (1.0, 1.0)
    assert (budgets[0.10]["precision"], budgets[0.10]["recall"]) == (0.5, 1.0)


def test_without_one_of_the_labels_ranking_is_unknown_and_nothing_becomes_zero():
    found = evaluate(scored([0.4, 0.6], [False, False]))
    assert found["roc_auc"] is None
    assert found["pr_auc"] is None
    assert found["thresholds"][0]["recall"] is None
    nothing = evaluate(scored([], []))
    assert nothing["n"] == 0
    assert nothing["brier"] is None


def test_rows_without_a_probability_are_left_out():
    assert evaluate(scored([None, 0.5], [True, False]))["n"] == 1


def test_reliability_counts_every_row_once():
    rows = scored([i / 997 for i in range(997)], [i % 3 == 0 for i in range(997)])
    bins = reliability(rows)
    assert bins["n"].sum() == 997
    assert bins["n"].max() - bins["n"].min() <= 1
    assert calibration_error(rows) > 0.2


def entities(count):
    rows = pl.DataFrame({"id": [i // 3 for i in range(3 * count)]})
    return rows.with_columns(begins_at=pl.col("id"), is_event=pl.col("id") % 2 == 0)


def test_no_entity_is_on_both_sides_of_a_split_and_time_runs_one_way():
    split = by_time(entities(1_000), key="id", test_share=0.2)
    fit, test = set(split.fit["id"]), set(split.test["id"])
    assert max(fit) < min(test)
    assert (len(fit), len(test)) == (800, 200)


def test_too_little_data_says_how_much_there_is_and_what_is_needed():
    with pytest.raises(TooLittleDataError, match=r"rows to test on.*are needed"):
        by_time(entities(200), key="id", test_share=0.2)
    with pytest.raises(TooLittleDataError, match=r"rows to fit on.*are needed"):
        by_time(entities(200), key="id", test_share=0.8)
    with pytest.raises(TooLittleDataError):
        by_time(entities(0), key="id", test_share=0.2)
