"""Learned models: scikit-learn, LightGBM and survival behind the protocol of all risk models.

Here: features to calibrated probabilities, and to what each feature adds. Not here: fitting (`candidates`), files
(`model_files`), words (`explain`).
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import polars as pl

from ml.models.calibration import Calibration, Numbers
from ml.models.explain import reasons
from ml.models.model import ScoringError

_ROWS_AT_ONCE = 20_000


class Scorer(Protocol):
    """What ranks: rows of numbers in, one score in 0..1 out."""

    def scores(self, rows: Numbers) -> Numbers:
        """Scores of n rows (n, features); n may be 0. Unknown features are NaN, and so are undefined scores."""
        ...


@dataclass(frozen=True)
class Estimator:
    """An estimator of scikit-learn as a scorer."""

    estimator: Any

    def scores(self, rows: Numbers) -> Numbers:
        """The probability of the event, not calibrated."""
        if not len(rows):  # which scikit-learn refuses
            return np.empty(0)
        return np.asarray(self.estimator.predict_proba(rows)[:, 1], dtype=np.float64)


@dataclass(frozen=True)
class Booster:
    """A LightGBM booster as a scorer."""

    booster: Any

    def scores(self, rows: Numbers) -> Numbers:
        """The probability of the event, not calibrated."""
        return np.asarray(self.booster.predict(rows), dtype=np.float64)

    def contributions(self, rows: Numbers) -> Numbers:
        """What every feature adds to the log odds (SHAP values of trees)."""
        if not len(rows):  # which LightGBM divides by
            return np.empty(rows.shape)
        # The last column is the mean of all, which no feature adds.
        return np.asarray(self.booster.predict(rows, pred_contrib=True)[:, :-1], dtype=np.float64)


@dataclass(frozen=True)
class LearnedModel:
    """A fitted, calibrated model.

    Attributes:
        name: The candidate's name.
        version: Where it comes from: a registry version, or the training.
        features: The columns it reads, in order.
        scorer: What ranks.
        calibration: From scores to probabilities.
        problem: What was learned; tells which words reasons are made of.
        typical: The median of every feature where it was learned; NaN where it was never known. Models that cannot tell
            what features add are asked again with this in the place of each.
    """

    name: str
    version: str
    features: tuple[str, ...]
    scorer: Scorer
    calibration: Calibration
    problem: str = "sla_breach"
    typical: tuple[float, ...] = ()

    @property
    def needs_features(self) -> bool:
        """It reads the features of its problem."""
        return True

    def predict(self, features: pl.DataFrame) -> pl.Series:
        """Probabilities of the event, one per row in order; null where the model cannot say.

        Raises:
            ScoringError: When the scorer fails, or features are missing.
        """
        with self._scoring():
            scores = self.scorer.scores(numbers(features, self.features))
            return pl.Series("risk", self.calibration.apply(scores), pl.Float64).fill_nan(None)

    def reasons(self, features: pl.DataFrame) -> pl.Series:
        """The main reasons of each row's probability in words, one per row in order, never null.

        It costs far more than the probability: ask for rows that somebody will look at.
        """
        return reasons(self, features)

    def contributions(self, features: pl.DataFrame) -> Numbers:
        """What every feature adds to each row's score, (rows, features); the scale is the scorer's own.

        Where the scorer cannot tell, the change of the score when the feature is replaced by its typical value.

        Raises:
            ScoringError: As of `predict`.
        """
        with self._scoring():
            rows = numbers(features, self.features)
            explain = getattr(self.scorer, "contributions", None)
            return np.asarray(explain(rows)) if explain else _replaced(self.scorer, rows, self.typical)

    @contextmanager
    def _scoring(self) -> Iterator[None]:
        """Whatever a library raises over its rows, under one name."""
        try:
            yield
        except Exception as error:
            raise ScoringError(f"{self.name} {self.version} cannot score: {error}") from error


def numbers(rows: pl.DataFrame, features: Sequence[str]) -> Numbers:
    """The columns that a model reads as an array (rows, features); unknown is NaN.

    A quotient that grew beyond all numbers is unknown, too: libraries refuse a whole tick for one of them.
    """
    unknown = float("nan")
    columns = (pl.col(name).cast(pl.Float64) for name in features)
    return rows.select(pl.when(column.is_finite()).then(column).otherwise(unknown) for column in columns).to_numpy()


def scores_with_each(scorer: Scorer, rows: Numbers, others: Numbers) -> Numbers:
    """Scores (rows, features): in each column, those of the rows with that one feature taken from `others`.

    Many variants are scored in one call: what a call costs beside its rows is most of it where there are few.
    """
    count, width = rows.shape
    scored = np.empty((count, width))
    step = max(1, _ROWS_AT_ONCE // max(count, 1))
    for first in range(0, width, step):
        places = np.arange(first, min(first + step, width))
        variants = np.repeat(rows[np.newaxis], len(places), axis=0)
        variants[places - first, :, places] = others[:, places].T
        scored[:, places] = scorer.scores(variants.reshape(-1, width)).reshape(len(places), count).T
    return scored


def _replaced(scorer: Scorer, rows: Numbers, typical: Sequence[float]) -> Numbers:
    """The score minus the score with one feature at its typical value, feature by feature."""
    usual = np.asarray(typical) if typical else np.full(rows.shape[1], np.nan)
    whole = scorer.scores(rows)
    return np.asarray(whole[:, np.newaxis] - scores_with_each(scorer, rows, np.broadcast_to(usual, rows.shape)))
