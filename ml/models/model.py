"""What every risk model offers, the transparent rule and the learned ones alike.

Here: the protocol between problems, candidates and those who score. Not here: any model, and where models are kept.
"""

from typing import Protocol, runtime_checkable

import polars as pl


class ScoringError(ValueError):
    """A model cannot tell probabilities of the rows that it was given; the message says which model and why."""


@runtime_checkable
class RiskModel(Protocol):
    """A model of the probability of an event, one row of features in, one probability out.

    A model is immutable once built and holds whatever it learned (scalers, encodings, thresholds); scoring fits
    nothing.
    """

    @property
    def name(self) -> str:
        """What the model is called in scores and comparisons, such as "rule_baseline"."""
        ...

    @property
    def version(self) -> str:
        """The version that a score can be traced to: a registry version, or that of the rule."""
        ...

    @property
    def needs_features(self) -> bool:
        """Whether it reads the features of its problem; else it makes do with the few facts of the problem's rule."""
        ...

    def predict(self, features: pl.DataFrame) -> pl.Series:
        """Probabilities of the event (Float64 in 0..1), one per row in order; null where the model cannot say.

        Raises:
            ScoringError: When a learned model cannot score.
        """
        ...

    def reasons(self, features: pl.DataFrame) -> pl.Series:
        """The main reasons of each row's probability in words (String), one per row in order, never null."""
        ...
