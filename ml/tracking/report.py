"""The report of a trained candidate: metrics under MLflow's names, money, segments, importance.

Here: from a trained candidate to a report. Not here: single figures (`evaluation.evaluate`, `money`, `segments`),
pictures and writing (`tracking`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from ml.dataset.task import Task
from ml.evaluation.evaluate import calibration_interval
from ml.evaluation.importance import importance
from ml.evaluation.money import GRID, Costs, best_threshold, cost_curve, difference, ledger
from ml.evaluation.segments import by_segment, percent
from ml.training.train import Trained

_BUDGET = 0.05
_RENAMED = {"pr_auc": "precision_recall_auc", "brier": "brier_score_loss"}
_PLAIN = ("n", "base_rate", "roc_auc", "pr_auc", "brier", "brier_constant", "log_loss", "ece", "precision_at_half")
_VISITS = ("precision_at_visits", "recall_at_visits")


@dataclass(frozen=True)
class Report:
    """The report of a candidate.

    Attributes:
        metrics: Metrics on the test part by name; undefined ones are left out.
        segments: Figures per segment (`ml.evaluation.segments`).
        curve: Cost and alerts of every threshold (`ml.evaluation.money.cost_curve`) on the test part.
        money: The threshold that was cheapest on the part before, and what it costs against those that are set.
        importance: Permutation importance of the features; null for the rule.
    """

    metrics: dict[str, float]
    segments: pl.DataFrame
    curve: pl.DataFrame
    money: dict[str, Any]
    importance: pl.DataFrame | None


def report_of(trained: Trained, task: Task, costs: Costs) -> Report:
    """The report of one candidate.

    Args:
        trained: The candidate.
        task: What was learned.
        costs: What is at stake.
    """
    # A threshold of the settings need not lie on the grid.
    book = ledger(trained.test, costs, key=task.key, thresholds=sorted({*GRID, *task.acting_from}))
    curve, before = cost_curve(book), cost_curve(ledger(trained.calibrate, costs, key=task.key))
    chosen = best_threshold(before)
    money: dict[str, Any] = {"threshold": chosen, "costs": vars(costs)}
    if chosen is not None:
        money |= {f"against_{percent(other)}": difference(book, chosen, other) for other in task.acting_from}
    return Report(
        metrics=_metrics(trained, task, curve, chosen),
        segments=pl.concat(
            [
                by_segment(trained.every, task.parts, task.acting_from),
                by_segment(trained.test, task.segments, task.acting_from),
            ]
        ),
        curve=curve,
        money=money,
        importance=importance(trained.model, trained.test) if trained.model else None,
    )


def ranked(reports: Mapping[str, Report]) -> list[str]:
    """Candidates, the best first: by their places in average precision and in Brier score, then by log loss."""

    def places(name: str, *, descending: bool) -> dict[str, int]:
        worst = float("-inf") if descending else float("inf")
        order = sorted(reports, key=lambda each: reports[each].metrics.get(name, worst), reverse=descending)
        return {each: place for place, each in enumerate(order)}

    precision, brier = places("precision_recall_auc", descending=True), places("brier_score_loss", descending=False)
    infinite = float("inf")
    return sorted(
        reports, key=lambda each: (precision[each] + brier[each], reports[each].metrics.get("log_loss", infinite), each)
    )


def _metrics(trained: Trained, task: Task, curve: pl.DataFrame, chosen: float | None) -> dict[str, float]:
    """Figures under one name each: `precision_at_70`, `recall_at_budget_5`, `net_cost_at_70`, `precision_at_alert`."""
    metrics = trained.figures
    at = {row["threshold"]: row for row in metrics["thresholds"]}
    budgets = {row["budget"]: row for row in metrics["budgets"]}
    found: dict[str, float | None] = {_RENAMED.get(name, name): metrics[name] for name in _PLAIN}
    found |= {name: metrics[name] for name in _VISITS if name in metrics}
    if metrics["brier"] is not None and metrics["brier_constant"]:
        found["brier_skill"] = 1 - metrics["brier"] / metrics["brier_constant"]
    found |= calibration_interval(trained.test)
    found |= {
        "precision_at_alert": at[task.alert_from]["precision"],
        "recall_at_alert": at[task.alert_from]["recall"],
        "lead_time_p50_min": at[task.alert_from]["median_lead_minutes"],
        "precision_at_budget": budgets[_BUDGET]["precision"],
    }
    found |= _named("", metrics["thresholds"], "threshold") | _named("budget_", metrics["budgets"], "budget")
    found |= {f"net_cost_at_{percent(t)}": _cost(curve, t) for t in task.acting_from}
    found |= {"net_cost": _cost(curve, chosen if chosen is not None else task.alert_from), "threshold_by_money": chosen}
    return {name: float(value) for name, value in found.items() if value is not None}


def _named(prefix: str, rows: Sequence[Mapping[str, Any]], by: str) -> dict[str, float | None]:
    return {f"{k}_at_{prefix}{percent(row[by])}": v for row in rows for k, v in row.items() if k != by}


def _cost(curve: pl.DataFrame, threshold: float) -> float | None:
    found = curve.filter((pl.col("threshold") - threshold).abs() < 1e-9)["net_cost"]  # noqa: PLR2004 - equal
    return float(found[0]) if len(found) else None
