"""Scores every tick of a past period by what was known at the time: alerts it would have had, events it would miss.

Here: entities in batches, their ticks, the scores of some models. Not here: alerts and fates from scores
(`ml.evaluation.replay`), reports, and exact recomputation of one tick (`recompute`).
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import polars as pl

from ml.dataset.dataset import Dataset
from ml.evaluation.money import Costs
from ml.evaluation.replay import Period, alerts, fates, figures, firsts
from ml.models.model import RiskModel
from opsguard_assets.models.problem import Problem
from opsguard_assets.tables.values import INSTANT

# Of so many moments the features are held at once.
PORTION_MOMENTS = 400_000
# The default thresholds, and the columns shown for each.
GRID = tuple(number / 20 for number in range(10, 20))
SHOWN = (
    "model", "threshold", "alerted", "alerts_per_day", "caught", "missed", "false_alarms", "precision", "recall",
    "lead_p50_minutes", "net_saved",
)  # fmt: skip


@dataclass(frozen=True)
class Replayed:
    """The results of one model.

    Attributes:
        model: Its name.
        version: Its version.
        ticks: Moments scored.
        figures: Per threshold of the grid, as `ml.evaluation.replay.figures` has them.
        fates: Per entity and threshold, as `ml.evaluation.replay.fates` has them.
        alerts: Per threshold: alerts raised and cleared with hysteresis, `raised_at`, `last_at`, `peak`, `threshold`.
    """

    model: str
    version: str
    ticks: int
    figures: list[dict[str, Any]]
    fates: pl.DataFrame
    alerts: pl.DataFrame


def replay(
    problem: Problem,
    dataset: Dataset,
    models: Sequence[RiskModel],
    period: Period,
    *,
    step: timedelta,
    thresholds: Sequence[float],
    costs: Costs,
    advance: Callable[[int], None] = lambda _moments: None,
) -> list[Replayed]:
    """Scores every entity at risk in a period, at every tick of the period.

    Args:
        problem: The problem.
        dataset: The dataset; features of a tick contain nothing that became known later.
        models: The models to score with; may include the rule.
        period: Begin and end.
        step: Time between ticks.
        thresholds: The grid of alert thresholds.
        costs: The costs of misses and alerts.
        advance: Called with the number of ticks scored since the last call (of `count_ticks` in total).
    """
    key = dataset.task.key
    lives = _within(dataset.lives, period)
    found: dict[str, list[pl.DataFrame]] = {model.name: [] for model in models}
    episodes: dict[str, list[pl.DataFrame]] = {model.name: [] for model in models}
    ticks = 0
    for looked_at, scores in _portions(problem, dataset, models, lives, step):
        ticks += len(scores)
        for model in models:
            own = scores.select(key, "as_of", risk=model.name)
            found[model.name].append(firsts(own, key=key, thresholds=thresholds))
            episodes[model.name] += [
                alerts(own, key=key, raise_from=at, clear_below=at - problem.hysteresis).with_columns(
                    threshold=pl.lit(at)
                )
                for at in thresholds
            ]
        advance(looked_at)
    result = []
    for model in models:
        entity_fates = fates(
            _all(found[model.name]),
            dataset.lives,
            period,
            key=key,
            thresholds=thresholds,
            within=dataset.task.judged_within,
        )
        rows = figures(entity_fates, period, costs)
        result.append(Replayed(model.name, model.version, ticks, rows, entity_fates, _all(episodes[model.name])))
    return result


def count_ticks(dataset: Dataset, period: Period, step: timedelta) -> int:
    """The approximate number of entity ticks that a replay will score."""
    lives = _within(dataset.lives, period)
    return int(lives.select(_ticks(step).sum()).item() or 0)


def _within(lives: pl.DataFrame, period: Period) -> pl.DataFrame:
    """The parts of lives that lie in the period."""
    begins, ends = pl.lit(period.begins_at, INSTANT), pl.lit(period.ends_at, INSTANT)
    return lives.filter(pl.col("ends_at") > begins, pl.col("begins_at") < ends).with_columns(
        begins_at=pl.max_horizontal("begins_at", begins), ends_at=pl.min_horizontal("ends_at", ends)
    )


def _ticks(step: timedelta) -> pl.Expr:
    return (pl.col("ends_at") - pl.col("begins_at")).dt.total_microseconds() // (step // timedelta(microseconds=1)) + 1


def _portions(
    problem: Problem, dataset: Dataset, models: Sequence[RiskModel], lives: pl.DataFrame, step: timedelta
) -> Iterator[tuple[int, pl.DataFrame]]:
    """Batches: the number of ticks, and their scores (the key, `as_of`, one column per model)."""
    # A whole entity lies in one portion: when an alert clears depends on all of its ticks.
    numbered = lives.with_columns(_portion=_ticks(step).cum_sum() // PORTION_MOMENTS)
    for part in numbered.partition_by("_portion", maintain_order=True):
        rows = dataset.ticks(part, step)
        scores = rows.select(dataset.task.key, "as_of").with_columns(
            problem.risk(model, rows).alias(model.name) for model in models
        )
        yield int(part.select(_ticks(step).sum()).item()), scores


def _all(frames: list[pl.DataFrame]) -> pl.DataFrame:
    return pl.concat(frames, how="vertical_relaxed")


def by_day(replayed: Replayed, threshold: float) -> pl.DataFrame:
    """Counts per fate and day of the event (of the alert, for false alarms): (`day`, `fate`, `n`)."""
    day = pl.coalesce(pl.when(pl.col("fate") != "false alarm").then("ends_at"), "raised_at").dt.date()
    rows = replayed.fates.filter(pl.col("threshold") == threshold)
    return rows.group_by(day.alias("day"), "fate").agg(n=pl.len()).sort("day", "fate")


def as_table(results: Sequence[Replayed]) -> list[Mapping[str, Any]]:
    """All models and thresholds in one table."""
    return [{"model": r.model, "version": r.version, **row} for r in results for row in r.figures]
