"""The rule baseline of devices: four lines that anyone can check by hand.

Here: the baseline that every learned model must beat. Not here: features and thresholds of alerts.
"""

from dataclasses import dataclass

import polars as pl

from ml.words import durations, percent

WORSENING, LOW_AND_SILENT, SILENT, USUAL = 0.8, 0.7, 0.5, 0.2
OFFLINE_MINUTES, LOW_BATTERY_PCT, LOW_SILENT_MINUTES, SILENT_MINUTES = 500, 19, 120, 180
_WEEK_MINUTES = 10_080


@dataclass(frozen=True)
class DeviceRule:
    """Probability of failing or going offline by the rule that OpsGuard's predecessor used; the first match wins.

    1. Offline for more than 500 minutes of 7 days, and more in the last day than in the week: 0.8.
    2. Battery at 1 to 19 %, and silent for more than 120 minutes: 0.7.
    3. Silent for more than 180 minutes: 0.5.
    4. Otherwise 0.2.

    It is the same for every horizon. The numbers are constants of that rule, not estimates. Minutes offline are the
    exponential average of the last week (`offline_share_7d`); a device without an interval is never silent.
    """

    name: str = "rule_baseline"
    version: str = "1"

    @property
    def needs_features(self) -> bool:
        """It reads a few of them."""
        return True

    def predict(self, features: pl.DataFrame) -> pl.Series:
        """Probabilities by the first line that matches.

        Args:
            features: Rows of `ml.problems.device_failure.features`.
        """
        return features.select(
            probability=pl.when(_offline() & _worse())
            .then(WORSENING)
            .when(_low() & (_silence() > LOW_SILENT_MINUTES))
            .then(LOW_AND_SILENT)
            .when(_silence() > SILENT_MINUTES)
            .then(SILENT)
            .otherwise(USUAL)
        )["probability"]

    def reasons(self, features: pl.DataFrame) -> pl.Series:
        """What the rule looked at, in words."""
        silent = durations(features["silence_minutes"].clip(lower_bound=0), "")
        rows = features.with_columns(silent.alias("_silent")).select(
            offline=pl.when(_offline()).then(
                pl.format("offline {} of the time over about a week{}", percent(_share("7d"), 1), _trend())
            ),
            battery=pl.when(_low()).then(pl.format("battery {} %", pl.col("battery_last_pct").round(0).cast(pl.Int64))),
            silence=pl.when(_silence() > LOW_SILENT_MINUTES).then(pl.format("silent for {}", "_silent")),
        )
        said = rows.select(reason=pl.concat_str(pl.all(), separator="; ", ignore_nulls=True))["reason"]
        return pl.select(pl.when(said == "").then(pl.lit("nothing out of the ordinary")).otherwise(said)).to_series()


def _trend() -> pl.Expr:
    """Whether it gets worse: more in the last day than in the week."""
    shares = percent(_share("1d"), 1)
    return pl.when(_worse()).then(pl.format(", {} over about a day", shares)).otherwise(pl.lit(""))


def _share(half: str) -> pl.Expr:
    return pl.col(f"offline_share_{half}").fill_null(0.0)


def _offline() -> pl.Expr:
    return _share("7d") * _WEEK_MINUTES > OFFLINE_MINUTES


def _worse() -> pl.Expr:
    return _share("1d") > _share("7d")


def _low() -> pl.Expr:
    return pl.col("battery_last_pct").is_between(1, LOW_BATTERY_PCT).fill_null(value=False)


def _silence() -> pl.Expr:
    return pl.when(pl.col("interval_minutes") > 0).then("silence_minutes").fill_null(0.0)
