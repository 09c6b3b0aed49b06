"""Training: candidates fitted, calibrated and compared on one set of labelled moments.

Here: the order of steps that all problems share. Not here: features and labels (a problem's own), where results are
kept (`tracking`).

Candidates are compared on the last entities in time, which none of them has seen. What is handed out is fitted again on
all rows, because the newest say most of the world as it is now. A calibration is kept where it helped on the last
entities: under drift a map learned from a slice of the past can be worse than none.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import polars as pl

from ml.calibration import IDENTITY, calibrate
from ml.candidates import Candidate
from ml.evaluation import evaluate
from ml.learned import LearnedModel, numbers
from ml.problem import Task
from ml.split import Split, by_time

SEED = 7


@dataclass(frozen=True)
class Trained:
    """A candidate after training: the model to use, its figures on the test part, and its rows there."""

    candidate: str
    parameters: Mapping[str, Any]
    model: LearnedModel
    figures: dict[str, Any]
    test: pl.DataFrame


def train(
    rows: pl.DataFrame,
    task: Task,
    candidates: Sequence[Candidate],
    *,
    until: datetime,
    done: Callable[[int], None],
) -> list[Trained]:
    """Fits, calibrates and judges every candidate.

    Args:
        rows: Labelled moments: `task.key`, `as_of`, `begins_at`, `is_late`, `lead_minutes` and the features.
        task: What is learned.
        candidates: What competes.
        until: The instant up to which anything was known; names the version.
        done: Told after every fit.

    Raises:
        TooLittleDataError: When there is too little to learn from.
    """
    split = by_time(rows, key=task.key)
    version = until.strftime("%Y-%m-%dT%H:%M")
    trained = []
    for candidate in candidates:
        judged = _calibrated(_fitted(split.fit, task, candidate, version), split)
        done(1)
        scored = split.test.with_columns(judged.predict(split.test))
        used = replace(_fitted(rows, task, candidate, version), calibration=judged.calibration)
        done(1)
        trained.append(Trained(candidate.name, candidate.parameters, used, evaluate(scored), scored))
    return trained


def _fitted(rows: pl.DataFrame, task: Task, candidate: Candidate, version: str) -> LearnedModel:
    features = _telling(rows, task.features)
    scorer = candidate.fit(numbers(rows, features), _labels(rows), SEED)
    return LearnedModel(candidate.name, version, features, scorer, IDENTITY)


def _calibrated(model: LearnedModel, split: Split) -> LearnedModel:
    """The model with the calibration that says more of the test part: that of its own slice, or none."""
    scores = model.scorer.scores(numbers(split.calibrate, model.features))
    mapped = replace(model, calibration=calibrate(scores, _labels(split.calibrate)))
    losses = [evaluate(split.test.with_columns(m.predict(split.test)))["brier"] for m in (model, mapped)]
    return mapped if losses[1] < losses[0] else model


def _telling(rows: pl.DataFrame, features: Sequence[str]) -> tuple[str, ...]:
    """The features that differ between rows; one that is unknown or equal on all of them tells nothing."""
    distinct = rows.select(pl.col(name).drop_nulls().n_unique() for name in features).row(0, named=True)
    return tuple(name for name in features if distinct[name] > 1)


def _labels(rows: pl.DataFrame) -> Any:
    return rows["is_late"].cast(pl.Int64).to_numpy()
