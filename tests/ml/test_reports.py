"""What is told of candidates: segments that are large enough, ranks, cards that show names as they are."""

import importlib.resources
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from ml.dataset.task import Task
from ml.evaluation.evaluate import calibration_interval, evaluate
from ml.evaluation.money import Costs
from ml.evaluation.pictures import cost_over_thresholds, feature_importance, frontier, lead_times, reliability_diagram
from ml.evaluation.segments import by_segment, percent
from ml.tracking.card import Subject, cell, model_card
from ml.tracking.mlflow_names import metrics_of, safe_name
from ml.tracking.report import ranked, report_of
from ml.training.train import Trained

START = datetime(2026, 1, 5, tzinfo=UTC)
COSTS = Costs(miss=1_000, alert=6.25, prevented_share=0.3, lead_minutes=60)
TASK = Task("sla_breach", "id", ("x",), segments={"client": pl.col("client"), "priority": pl.col("priority")})
HOSTILE = "<b>*Acme* | [x](javascript:1)\n# co`"


def scored(count=4_000, noise=0.0, seed=1):
    luck = np.random.default_rng(seed)
    truth = luck.beta(0.6, 1.0, count)
    late = luck.random(count) < truth
    return pl.DataFrame(
        {
            "id": np.arange(count) // 2,
            "as_of": [START + timedelta(minutes=i) for i in range(count)],
            "risk": truth * (1 - noise) + luck.beta(0.6, 1.0, count) * noise,
            "is_event": late,
            "lead_minutes": pl.Series([300.0 if x else None for x in late], dtype=pl.Float64),
            "client": [HOSTILE if i % 3 else "plain" for i in range(count)],
            "priority": ["high" if i > 60 else "rare" if i < 9 else "low" for i in range(count)],
        }
    )


def trained(name, noise=0.0, acting_from=TASK.acting_from):
    test, before = scored(noise=noise), scored(noise=noise, seed=2)
    return Trained(name, {"depth": 3}, None, evaluate(test, key="id", acting_from=acting_from), test, before, test)


def test_segments_that_are_too_small_are_not_judged():
    found = by_segment(scored(), TASK.segments, TASK.acting_from)
    assert set(found["value"]) == {HOSTILE, "plain", "high", "low"}
    assert found.filter(value="plain")["n"].item() == 1_334
    row = found.filter(value="high").row(0, named=True)
    expected = evaluate(scored().filter(pl.col("priority") == "high"))
    assert row["pr_auc"] == expected["pr_auc"]
    assert row["recall_at_70"] == expected["thresholds"][1]["recall"]


def test_the_better_candidate_is_first_whatever_the_order():
    reports = {
        name: report_of(trained(name, noise), TASK, COSTS) for name, noise in (("b", 0.6), ("a", 0.0), ("c", 1.0))
    }
    assert ranked(reports) == ["a", "b", "c"]


def test_figures_have_the_names_that_mlflow_uses_and_none_is_made_up():
    metrics = report_of(trained("a"), TASK, COSTS).metrics
    wanted = {
        "roc_auc", "precision_recall_auc", "log_loss", "brier_score_loss", "brier_skill", "ece", "net_cost",
        "lead_time_p50_min", "precision_at_budget", "base_rate", "alerts_per_day_at_80", "recall_at_budget_10",
        "ece_low", "ece_high", "ece_floor",
    }  # fmt: skip
    assert wanted <= set(metrics)
    assert all(np.isfinite(value) for value in metrics.values())
    one = scored().filter("is_event")
    silent = Trained("x", {}, None, evaluate(one, key="id"), one, one, one)
    assert "roc_auc" not in report_of(silent, TASK, COSTS).metrics


def test_the_threshold_is_chosen_on_the_part_before_and_compared_with_the_constants():
    money = report_of(trained("a"), TASK, COSTS).money
    assert 0 < money["threshold"] < 0.5
    assert money["against_70"]["low"] <= money["against_70"]["difference"] <= money["against_70"]["high"]


@pytest.mark.parametrize("threshold", [0.35, 0.7, 0.005])
def test_the_thresholds_of_the_settings_are_compared_wherever_they_lie(threshold):
    task = replace(TASK, acting_from=(threshold,))
    money = report_of(trained("a", acting_from=task.acting_from), task, COSTS).money
    assert money["threshold"] is not None
    assert set(money) == {"threshold", "costs", f"against_{percent(threshold)}"}


def test_alerts_per_day_count_entities_once():
    figures = evaluate(scored(count=2_880).with_columns(risk=pl.lit(0.9)), key="id")
    at_80 = next(row for row in figures["thresholds"] if row["threshold"] == 0.80)
    assert at_80["alerts_per_day"] == pytest.approx(1_440 / 2, rel=0.01)


def test_a_perfect_model_stays_near_the_floor_and_a_wrong_one_does_not():
    right, wrong = calibration_interval(scored()), calibration_interval(scored().with_columns(pl.col("risk") ** 2))
    assert right["ece_low"] < 2 * right["ece_floor"]
    assert wrong["ece_low"] > 3 * wrong["ece_floor"]
    assert calibration_interval(scored().clear())["ece_floor"] is None


def test_names_from_data_never_share_a_metric_and_never_break_its_name():
    segments = by_segment(scored(), TASK.segments, TASK.acting_from)
    names = metrics_of(segments)
    assert {name.split("/")[0] for name in names} == {"client", "priority"}
    assert "client/plain/precision_recall_auc" in names
    assert safe_name("a/b") != safe_name("a?b") != safe_name("a_b")
    assert safe_name("Großkunde Süd").isascii()


def test_a_card_shows_names_as_they_are():
    template = (importlib.resources.files("templates") / "model_card.md.j2").read_text(encoding="utf-8")
    facts = {"moments": 4_000, "entities": 2_000, "late_share": 0.4}
    parts = ("judged_fit", "judged_calibrate", "judged_calibration", "judged_test")
    parts = (*parts, "used_fit", "used_calibrate", "used_calibration")
    spans = {name: f"span of {name}" for name in parts}
    subject = Subject("a", TASK, START, 1, 3, {"depth": 3}, spans, facts, {"tables/tickets": 7}, None)
    card = model_card(template, subject, report_of(trained("a"), TASK, COSTS))
    assert cell(HOSTILE) in card
    assert "<b>" not in card
    assert "[x](" not in card
    assert "revision unknown" in card
    assert "4,000 moments of 2,000 entities" in card
    assert "tables/tickets at version 7" in card
    assert card.count("\n| client |") == 2
    assert all(span in card for span in spans.values())


def test_pictures_are_drawn_also_of_little():
    report = report_of(trained("a"), TASK, COSTS)
    nothing = scored().clear()
    drawn = [
        lead_times(scored(), "a", task=TASK),
        lead_times(nothing, "a", task=TASK),
        cost_over_thresholds(report.curve, "a", chosen=0.3, acting_from=TASK.acting_from),
        frontier(report.curve, "a", chosen=None, acting_from=TASK.acting_from),
        reliability_diagram(scored(), "a", events=TASK.events),
        feature_importance(pl.DataFrame({"feature": ["x"], "importance": [0.1]}), "a"),
    ]
    assert all(picture.startswith(b"\x89PNG") for picture in drawn)
