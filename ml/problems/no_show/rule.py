"""The rule baseline of no-shows: how often the person did not come before. Not here: features."""

from dataclasses import dataclass

import polars as pl

from ml.problems.no_show.words import record
from ml.words import percent


@dataclass(frozen=True)
class NoShowRule:
    """The share of a person's past shifts that were missed, shrunk towards that of all by the weight of twenty."""

    name: str = "rule_baseline"
    version: str = "1"

    @property
    def needs_features(self) -> bool:
        """It reads one of them."""
        return True

    def predict(self, features: pl.DataFrame) -> pl.Series:
        """Probabilities, one per row of `ml.problems.no_show.features`."""
        return features["person_rate"].clip(0, 1).rename("probability")

    def reasons(self, features: pl.DataFrame) -> pl.Series:
        """What the rule looked at, in words."""
        said = pl.format("{}; the estimate is {}", record(), percent(pl.col("person_rate"), 1))
        return features.select(reason=said).to_series()
