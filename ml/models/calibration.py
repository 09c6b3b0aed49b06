"""Calibration: turns a score that ranks into a probability.

Here: isotonic regression, smoothed so that it never gives 0 or 1, and beta calibration, which has three parameters.
Not here: the scores.

Isotonic regression follows any shape and needs thousands of rows. Beta calibration (Kull, Silva Filho and Flach, 2017)
needs hundreds and is more robust against drift. Later rows decide which one is used (`chosen`).
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

Numbers = npt.NDArray[np.float64]
Labels = npt.NDArray[np.int64]
_PRIOR = 1.0
# Scores of 0 and 1 have no finite logarithm.
_EDGE = 1e-4
# How much of the raw score is mixed into a map, as a share of the rarer outcome: far below what any level is known to.
_TILT = 1e-3


@dataclass(frozen=True)
class Calibration:
    """A rising, piecewise linear map from scores to probabilities: `scores` to `probabilities`, both ascending.

    Maps that are made here rise strictly between 0 and 1, so calibrated probabilities rank as the scores did.
    """

    scores: tuple[float, ...]
    probabilities: tuple[float, ...]

    def apply(self, scores: Numbers) -> Numbers:
        """Probabilities; scores beyond those seen get the probability of the nearest, NaN stays NaN."""
        return np.where(np.isnan(scores), np.nan, np.interp(scores, self.scores, self.probabilities))


IDENTITY = Calibration((0.0, 1.0), (0.0, 1.0))


def calibrate(scores: Numbers, labels: Labels) -> Calibration:
    """Isotonic regression of labels on scores, each level shrunk towards the base rate with the weight of one row.

    Args:
        scores: What the model said on rows that it was not fitted on.
        labels: What happened, 0 or 1.
    """
    from sklearn.isotonic import isotonic_regression  # noqa: PLC0415 - two seconds, and only training needs it

    order = np.argsort(scores, kind="stable")
    levels = isotonic_regression(labels[order].astype(float))
    base = float(labels.mean())
    steps = (
        pl.DataFrame({"score": scores[order], "level": levels, "label": labels[order]})
        .group_by("level")
        .agg(
            low=pl.col("score").min(),
            high=pl.col("score").max(),
            probability=(pl.col("label").sum() + _PRIOR * base) / (pl.len() + _PRIOR),
        )
        .sort("low")
    )
    # A level holds from its lowest to its highest score; between levels the map is linear.
    points = (
        pl.concat([steps.select(score="low", p="probability"), steps.select(score="high", p="probability")])
        .group_by("score")
        .agg(pl.col("p").mean())
        .sort("score")
        # A level of few rows is shrunk more than one of many, and may fall below the one before it.
        .with_columns(pl.col("p").cum_max())
    )
    return _rising(points["score"].to_numpy(), points["p"].to_numpy(), base)


def beta(scores: Numbers, labels: Labels) -> Calibration:
    """Logistic regression of labels on log(s) and -log(1 - s), neither of which may fall; as a map of 201 points."""
    from scipy.optimize import minimize  # noqa: PLC0415 - only training needs it

    logs = _logs(scores)
    base = float(np.clip(labels.mean(), 1e-3, 1 - 1e-3))

    def loss(weights: Numbers) -> tuple[float, Numbers]:
        odds = logs @ weights[:2] + weights[2]
        error = 1 / (1 + np.exp(-odds)) - labels
        # A light pull towards the identity keeps the slopes finite where scores separate the outcomes.
        pull = weights - np.array([1.0, 1.0, 0.0])
        value = float(np.mean(np.logaddexp(0, odds) - labels * odds) + (pull @ pull) / len(labels))
        gradient = np.append(logs.T @ error, error.sum()) / len(labels) + 2 * pull / len(labels)
        return value, gradient

    found = minimize(
        loss, np.array([1.0, 1.0, 0.0]), jac=True, method="L-BFGS-B", bounds=[(0, None), (0, None), (None, None)]
    )
    # Without a fit everything gets the base rate, which is calibrated; the order of the scores stays.
    weights = found.x if found.success else np.array([0.0, 0.0, np.log(base / (1 - base))])
    # Evenly in log odds over what `_logs` leaves: 9.2 are the odds of `1 - _EDGE`.
    grid = 1 / (1 + np.exp(-np.linspace(-9.2, 9.2, 201)))
    mapped = 1 / (1 + np.exp(-(_logs(grid) @ weights[:2] + weights[2])))
    return _rising(grid, mapped, base)


def _rising(scores: Numbers, probabilities: Numbers, base: float) -> Calibration:
    """The map with a slope that breaks ties by the score, from 0 to 1.

    Isotonic regression gives all scores of a level one probability, and everything beyond the scores seen that of the
    last. Where failures are rare many devices at the top shared one, and average precision fell from .074 to .057.
    """
    places = np.union1d(scores, [0.0, 1.0])
    levels = np.interp(places, scores, probabilities)
    tilt = _TILT * max(min(base, 1 - base), _EDGE)
    return Calibration(tuple(places.tolist()), tuple(((1 - tilt) * levels + tilt * places).tolist()))


def chosen(scores: Numbers, labels: Labels, folds: Numbers) -> tuple[str, Calibration]:
    """The calibration with the smallest log loss on rows of other folds, fitted on all of them.

    Args:
        scores: What the model said on rows that it was not fitted on.
        labels: What happened, 0 or 1.
        folds: Which part of time each row belongs to, 0, 1, ….

    Returns:
        Its name (`none`, `beta`, `isotonic`) and the map. The simpler one wins a tie.
    """
    kinds: dict[str, Callable[[Numbers, Labels], Calibration]] = {
        "none": lambda _scores, _labels: IDENTITY,
        "beta": beta,
        "isotonic": calibrate,
    }
    is_scored = ~np.isnan(scores)
    seen, happened = scores[is_scored], labels[is_scored]
    losses = {name: _held_out(kind, seen, happened, folds[is_scored]) for name, kind in kinds.items()}
    name = min(losses, key=lambda each: losses[each])
    return name, kinds[name](seen, happened)


def _held_out(kind: Callable[[Numbers, Labels], Calibration], scores: Numbers, labels: Labels, folds: Numbers) -> float:
    total = 0.0
    for fold in np.unique(folds):
        out = folds == fold
        if len(set(labels[~out].tolist())) < 2:  # noqa: PLR2004 - both outcomes
            continue
        said = np.clip(kind(scores[~out], labels[~out]).apply(scores[out]), 1e-6, 1 - 1e-6)
        total -= float(np.sum(np.where(labels[out] == 1, np.log(said), np.log(1 - said))))
    return total


def _logs(scores: Numbers) -> Numbers:
    inside = np.clip(scores, _EDGE, 1 - _EDGE)
    return np.column_stack([np.log(inside), -np.log(1 - inside)])
