"""Calibration: from a score that ranks to a probability that holds.

Here: isotonic regression, smoothed so that it neither says never nor always. Not here: the scores.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

Numbers = npt.NDArray[np.float64]
_PRIOR = 1.0


@dataclass(frozen=True)
class Calibration:
    """A rising, piecewise linear map from scores to probabilities: `scores` to `probabilities`, both ascending."""

    scores: tuple[float, ...]
    probabilities: tuple[float, ...]

    def apply(self, scores: Numbers) -> Numbers:
        """Probabilities; scores beyond those seen get the probability of the nearest."""
        return np.interp(scores, self.scores, self.probabilities)


IDENTITY = Calibration((0.0, 1.0), (0.0, 1.0))


def calibrate(scores: Numbers, labels: npt.NDArray[np.int64]) -> Calibration:
    """Isotonic regression of labels on scores, each level pulled towards the base rate by one average outcome.

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
        .with_columns(pl.col("p").cum_max())
    )
    return Calibration(tuple(points["score"]), tuple(points["p"]))
