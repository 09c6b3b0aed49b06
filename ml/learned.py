"""Learned models: scikit-learn and LightGBM behind the protocol of all risk models.

Here: features to calibrated probabilities. Not here: fitting (`candidates`), files (`model_files`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import polars as pl

from ml.calibration import Calibration, Numbers


class Scorer(Protocol):
    """What ranks: rows of numbers in, one score in 0..1 out."""

    def scores(self, rows: Numbers) -> Numbers:
        """Scores of rows (n, number of features); unknown is NaN."""
        ...


@dataclass(frozen=True)
class Estimator:
    """An estimator of scikit-learn as a scorer."""

    estimator: Any

    def scores(self, rows: Numbers) -> Numbers:
        """The probability of the event, not calibrated."""
        return np.asarray(self.estimator.predict_proba(rows)[:, 1], dtype=np.float64)


@dataclass(frozen=True)
class Booster:
    """A LightGBM booster as a scorer."""

    booster: Any

    def scores(self, rows: Numbers) -> Numbers:
        """The probability of the event, not calibrated."""
        return np.asarray(self.booster.predict(rows), dtype=np.float64)


@dataclass(frozen=True)
class LearnedModel:
    """A fitted, calibrated model.

    Attributes:
        name: The candidate's name.
        version: Where it comes from: a registry version, or the training.
        features: The columns it reads, in order.
        scorer: What ranks.
        calibration: From scores to probabilities.
    """

    name: str
    version: str
    features: tuple[str, ...]
    scorer: Scorer
    calibration: Calibration

    def predict(self, features: pl.DataFrame) -> pl.Series:
        """Probabilities of the event, one per row in order."""
        scores = self.scorer.scores(numbers(features, self.features))
        return pl.Series("risk", self.calibration.apply(scores), pl.Float64)


def numbers(rows: pl.DataFrame, features: Sequence[str]) -> Numbers:
    """The columns that a model reads as an array (rows, features); unknown is NaN."""
    unknown = float("nan")
    return rows.select(pl.col(name).cast(pl.Float64).fill_null(unknown) for name in features).to_numpy()
