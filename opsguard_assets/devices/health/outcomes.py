"""Whether a low health score comes before failures: the share of devices that failed, by band and horizon.

Here: scores and lives in, shares with intervals out, and their picture. Not here: health and lives.

A score is low because of the past, so three kinds of devices are reported separately: those that are down at the
moment (they have already failed, so there is nothing left to predict), those that came back within the window of the
score (which still contains their outage), and those that were up throughout.
"""

from collections.abc import Mapping

import polars as pl

from ml.evaluation.intervals import wilson
from opsguard_assets.devices.health.score import WINDOW_HOURS

BANDS = ("critical", "warning", "good")
ALL, UP, BACK, THROUGHOUT = "all", "up", "came back", "up throughout"
STATES = (ALL, UP, BACK, THROUGHOUT)
THEN = "then"
WITHIN: Mapping[str, float] = {THEN: 0.0, "24h": 1_440.0, "7d": 10_080.0}


def failure_rates(scored: pl.DataFrame, lives: pl.DataFrame) -> pl.DataFrame:
    """Failures after scores.

    Args:
        scored: `device_id`, `as_of`, `band`; ticks of health.
        lives: Lives of devices (`ml.problems.device_failure.lives`). Scores count if the whole horizon was observed;
            scores between a removal and the next life do not.

    Returns:
        `band`, `state` ("all"; "up" at the moment, and of these: "came back" within the window, "up throughout"),
        `within`, `devices` (scores judged), `failed`, `rate`, `low`, `high` (95 % interval of Wilson, 1927). "all"
        counts devices that are down as failed, at the moment itself ("then"), too.
    """
    result = _placed(scored, lives)
    up, back = pl.col("_up"), pl.col("_back")
    chosen = {ALL: pl.lit(value=True), UP: up, BACK: up & back, THROUGHOUT: up & ~back}
    parts = [
        result.filter(is_so)
        .with_columns(state=pl.lit(state), within=pl.lit(name), _late=_late(minutes))
        .drop_nulls("_late")
        for state, is_so in chosen.items()
        for name, minutes in WITHIN.items()
        if state == ALL or name != THEN
    ]
    counted = pl.concat(parts).group_by("band", "state", "within").agg(devices=pl.len(), failed=pl.col("_late").sum())
    order = [_place("band", BANDS), _place("state", STATES), _place("within", tuple(WITHIN))]
    rows = counted.with_columns(**wilson(pl.col("failed"), pl.col("devices"))).sort(order)
    return rows.select("band", "state", "within", "devices", "failed", pl.col("share").alias("rate"), "low", "high")


def _placed(scored: pl.DataFrame, lives: pl.DataFrame) -> pl.DataFrame:
    """Scores with the last life that had begun: whether it goes on, since when, and for how long."""
    rows = (
        scored.select("device_id", "as_of", "band")
        .sort("as_of")
        .join_asof(
            lives.select("device_id", "begins_at", "ends_at", "is_event").sort("begins_at"),
            left_on="as_of",
            right_on="begins_at",
            by="device_id",
            check_sortedness=False,
        )
        .with_columns(_failed=pl.col("is_event").fill_null(value=False), _up=pl.col("ends_at") > pl.col("as_of"))
    )
    return rows.filter(pl.col("_up") | pl.col("_failed")).with_columns(
        _back=pl.col("as_of") - pl.col("begins_at") < pl.duration(hours=int(WINDOW_HOURS)),
        _left=(pl.col("ends_at") - pl.col("as_of")).dt.total_microseconds() / 60e6,
    )


def _late(minutes: float) -> pl.Expr:
    """Whether the device was down within so many minutes; null if that was not observed."""
    left = pl.col("_left")
    return pl.when("_failed").then(left <= minutes).when(left > minutes).then(pl.lit(value=False))


def _place(name: str, order: tuple[str, ...]) -> pl.Expr:
    return pl.col(name).replace_strict(list(order), list(range(len(order))), return_dtype=pl.Int8)
