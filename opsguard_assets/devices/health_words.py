"""What costs a device its points, in words. Not here: the points (`health`)."""

import polars as pl

from ml.words import durations
from opsguard_assets.devices.health import WEIGHTS

_FULL, _LONG_DAYS = 99.5, 30
_SILENT_SPELLS = 3


def with_reasons(health: pl.DataFrame) -> pl.DataFrame:
    """Health with `reason`: the part that costs most, with its figures, and silence; "well" where nothing does."""
    silent = durations(health["silence_minutes"].clip(lower_bound=0))
    lost = [(100 - pl.col(f"{part}_score")) * weight for part, weight in WEIGHTS.items()]
    names = list(WEIGHTS)
    told = health.with_columns(silent.alias("_silent"), pl.concat_list(lost).alias("_lost"))
    worst = pl.col("_lost").list.eval(pl.element().fill_null(-1.0)).list.arg_max()
    part = worst.replace_strict(list(range(len(names))), names, return_dtype=pl.String)
    overdue = (pl.col("silence_minutes") > _SILENT_SPELLS * pl.col("reports_every_minutes")).fill_null(value=False)
    silence = pl.when(overdue).then(pl.format("silent for {}", "_silent"))
    main = pl.when(pl.col("score") < _FULL).then(_phrase(part))
    never = pl.when(pl.col("last_at").is_null()).then(pl.lit("never heard"))
    said = pl.concat_str(never, silence, main, separator="; ", ignore_nulls=True)
    reason = pl.when(said == "").then(pl.lit("well")).otherwise(said)
    return told.with_columns(reason=reason).drop("_silent", "_lost")


def _phrase(part: pl.Expr) -> pl.Expr:
    days, charge = pl.col("days_to_empty"), pl.col("battery_pct").round(0).cast(pl.Int64)
    battery = (
        pl.when(days < _LONG_DAYS)
        .then(pl.format("battery {} %, empty in {} days", charge, days.round(1)))
        .otherwise(pl.format("battery {} %", charge))
    )
    return (
        pl.when(part == "battery")
        .then(battery)
        .when(part == "signal")
        .then(pl.format("signal at {} of 100", _points("signal")))
        .when(part == "uptime")
        .then(pl.format("online {} % of the time expected", _points("uptime")))
        .when(part == "temperature")
        .then(pl.format("within its temperatures {} % of the time", _points("temperature")))
    )


def _points(part: str) -> pl.Expr:
    return pl.col(f"{part}_score").round(0).cast(pl.Int64)
