"""What costs a device its points, in words. Not here: the points (`health.score`)."""

import polars as pl

from ml.words import durations
from opsguard_assets.devices.health.weights import WEIGHTS

_FULL, _LONG_DAYS = 99.5, 30
_SILENT_SPELLS = 3
_MISSED = "missed"


def with_reasons(health: pl.DataFrame) -> pl.DataFrame:
    """Health (of `health.score.device_health`) with `reason`: what costs most, or "well".

    Missing reports are one cause, for all parts together. What a part lost by its readings is a cause of its own.
    """
    silent = durations(health["silence_minutes"].clip(lower_bound=0))
    missed = pl.sum_horizontal(pl.col(f"{part}_missed") * weight for part, weight in WEIGHTS.items())
    lost = [(100 - pl.col(f"{part}_score") - pl.col(f"{part}_missed")) * weight for part, weight in WEIGHTS.items()]
    causes = [*WEIGHTS, _MISSED]
    rows = health.with_columns(silent.alias("_silent"), pl.concat_list(*lost, missed).alias("_lost"))
    worst = pl.col("_lost").list.eval(pl.element().fill_null(-1.0)).list.arg_max()
    cause = worst.replace_strict(list(range(len(causes))), causes, return_dtype=pl.String)
    overdue = (pl.col("silence_minutes") > _SILENT_SPELLS * pl.col("reports_every_minutes")).fill_null(value=False)
    silence = pl.when(overdue).then(pl.format("silent for {}", "_silent"))
    main = pl.when(pl.col("score") < _FULL).then(_phrase(cause))
    never = pl.when(pl.col("last_at").is_null()).then(pl.lit("never heard"))
    said = pl.concat_str(never, silence, main, separator="; ", ignore_nulls=True)
    reason = pl.when(said == "").then(pl.lit("well")).otherwise(said)
    return rows.with_columns(reason=reason).drop("_silent", "_lost")


def _phrase(cause: pl.Expr) -> pl.Expr:
    days, charge = pl.col("days_to_empty"), pl.col("battery_pct").round(0).cast(pl.Int64)
    battery = (
        pl.when(days < _LONG_DAYS)
        .then(pl.format("battery {} %, empty in {} days", charge, days.round(1)))
        .otherwise(pl.format("battery {} %", charge))
    )
    hours = [pl.col(name).round(0).cast(pl.Int64) for name in ("missed_hours", "watched_hours")]
    return (
        pl.when(cause == "battery")
        .then(battery)
        .when(cause == "signal")
        .then(pl.format("signal at {} of 100", _measured("signal")))
        .when(cause == "uptime")
        .then(pl.format("online {} % of the time expected", _measured("uptime")))
        .when(cause == "temperature")
        .then(pl.format("within its temperatures {} % of the time", _measured("temperature")))
        .when(cause == _MISSED)
        .then(pl.format("not heard for {} of {} h", *hours))
    )


def _measured(part: str) -> pl.Expr:
    """The points of a part without what silence cost."""
    return pl.sum_horizontal(f"{part}_score", f"{part}_missed").round(0).cast(pl.Int64)
