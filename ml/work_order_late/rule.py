"""The rule that needs no training: how often the vendor was late at that site. Not here: features."""

from dataclasses import dataclass

import polars as pl


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
        """Probabilities, one per row of `ml.work_order_late.features`."""
        return features["pair_rate"].clip(0, 1).rename("probability")

    def reasons(self, features: pl.DataFrame) -> pl.Series:
        """What the rule looked at, in words."""
        here, anywhere = (pl.col(name).cast(pl.Int64) for name in ("pair_batches", "vendor_batches"))
        percent = (pl.col("pair_rate") * 100).round(1)
        words = "{} % by {} past orders of the vendor at the site and {} anywhere"
        return features.select(reason=pl.format(words, percent, here, anywhere)).to_series()
