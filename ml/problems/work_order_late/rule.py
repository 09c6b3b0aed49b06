"""The rule baseline of work orders: how often the vendor was late at that site. Not here: features."""

from dataclasses import dataclass

import polars as pl

from ml.problems.work_order_late.words import known, missed
from ml.words import counted, percent


@dataclass(frozen=True)
class WorkOrderRule:
    """The share of a vendor's last orders for a site that were late, drawn to its rate anywhere and that of all."""

    name: str = "rule_baseline"
    version: str = "1"

    @property
    def needs_features(self) -> bool:
        """It reads one of them."""
        return True

    def predict(self, features: pl.DataFrame) -> pl.Series:
        """Probabilities, one per row of `ml.problems.work_order_late.features`."""
        return features["pair_rate"].clip(0, 1).rename("probability")

    def reasons(self, features: pl.DataFrame) -> pl.Series:
        """What the rule looked at, in words."""
        here, anywhere = (_record(name) for name in ("pair", "vendor"))
        words = "the vendor missed {} at this site and {} anywhere; the estimate is {}"
        return features.select(reason=pl.format(words, here, anywhere, percent(pl.col("pair_rate"), 1))).to_series()


def _record(name: str) -> pl.Expr:
    """How many of the last due times were missed, also of none."""
    return pl.format("{} of {}", missed(name), counted(known(name), "past due time"))
