"""What each spell of the trailing window says of a device's battery, signal, uptime and temperature, 0 to 100.

Here: hours into spells, the shapes of the parts, the weight of a spell. Not here: the score made of parts and silence
(`health.score`), the slope of batteries (`health.slope`), minutes online (`health.uptime`).

Spells are counted back from the moment. A spell lasts an hour, or one and a half reporting intervals if that is longer,
so that a device that misses nothing has a report in each. A reading of a device that reports on change holds until the
next reading.

The parts have these shapes:

* battery: half the charge in percent, half how long it lasts at the rate it is lost, of 30 days; below 20 % that half
  is no better than the charge of 20 %: what is empty does not last, whatever its slope.
* signal: strength, linear from -120 dBm (0) to -60 dBm (100), of which an unsteady one (10 dB of deviation) loses 30 %.
* uptime: minutes online of minutes expected. temperature: share of the time within the device's range.
"""

from datetime import datetime

import polars as pl

from opsguard_assets.devices.health.uptime import online_share
from opsguard_assets.devices.health.weights import WEIGHTS
from opsguard_assets.tables.values import INSTANT

_WORST_DBM, _BEST_DBM, _WORST_DEVIATION_DB = -120.0, -60.0, 10.0
_LEVEL_SHARE, _UNSTEADY_LOSES = 0.5, 0.3
_FULL_DAYS, _LOW_PCT = 30.0, 20.0
# A rate is believed by as much as it is the median of so many falls: a report is part of a few.
_BELIEVED_FALLS = 12.0
# A window has far fewer. One number for device and spell is grouped faster than two.
_MOST_SPELLS = 1_000


def in_order(hourly: pl.DataFrame, fleet: pl.DataFrame, as_of: datetime) -> pl.DataFrame:
    """The hours within the window of their device, in order."""
    age = _age("hour_at", as_of) - 60
    of_device = fleet.select(
        "device_id", "_place", "_spell", "_window", "_has_battery", _every=pl.when("_due").then("reports_every_minutes")
    )
    return (
        hourly.filter(pl.col("reports") > 0)
        .join(of_device, on="device_id")
        .filter(age.is_between(0, pl.col("_window"), closed="left"))
        .sort("_place", "hour_at")
    )


def _age(name: str, as_of: datetime) -> pl.Expr:
    return (pl.lit(as_of, INSTANT) - pl.col(name)).dt.total_microseconds() / 60e6


def spells_of(hours: pl.DataFrame, rated: pl.DataFrame, as_of: datetime) -> pl.DataFrame:
    """What was heard in each spell: (`_place` of the device, `_number`, one column per part).

    An hour that two spells share counts in the spells of its first and of its last report.
    """
    numbers = {
        name: (_age(at, as_of) / pl.col("_spell")).ceil().cast(pl.Int64) - 1
        for name, at in (("_number", "last_at"), ("_older", "first_at"))
    }
    points = hours.join(
        rated.select("_place", "_rate", "_falls"), on="_place", how="left", maintain_order="left"
    ).select(
        "_place",
        battery=pl.when("_has_battery").then(_battery()),
        signal=_signal(),
        uptime=100 * online_share(pl.lit(as_of, INSTANT)),
        temperature=100 * (1 - pl.col("temperature_out_minutes") / 60),
        **numbers,
    )
    twice = points.filter(pl.col("_older") != pl.col("_number")).with_columns(_number="_older")
    return (
        pl.concat([points, twice])
        .group_by((pl.col("_place").cast(pl.Int64) * _MOST_SPELLS + pl.col("_number")).alias("_both"))
        .agg(pl.col(*WEIGHTS).mean())
        .select(
            *WEIGHTS,
            _place=(pl.col("_both") // _MOST_SPELLS).cast(pl.UInt32),
            _number=pl.col("_both") % _MOST_SPELLS,
        )
    )


def _battery() -> pl.Expr:
    """The points of a charge: half for its level, half for how long it lasts at the current rate."""
    charge, rate = pl.col("battery_last_pct").clip(0, 100), pl.col("_rate")
    lasts = pl.when(rate > 0).then((charge / rate / _FULL_DAYS).clip(0, 1)).otherwise(1.0)
    believed = (pl.col("_falls").fill_null(0) / _BELIEVED_FALLS).clip(0, 1)
    lasting = pl.min_horizontal(1 - believed * (1 - lasts), charge / _LOW_PCT)
    return _LEVEL_SHARE * charge + (1 - _LEVEL_SHARE) * 100 * lasting


def _signal() -> pl.Expr:
    strength = ((pl.col("signal_mean_dbm") - _WORST_DBM) / (_BEST_DBM - _WORST_DBM)).clip(0, 1)
    unsteady = (pl.col("signal_std_db") / _WORST_DEVIATION_DB).clip(0, 1).fill_null(0.0)
    return 100 * strength * (1 - _UNSTEADY_LOSES * unsteady)


def held_before(before: pl.DataFrame, rated: pl.DataFrame) -> pl.DataFrame:
    """The last readings before the window of devices that report on change, as one older spell."""
    on_change = rated.filter(~pl.col("_due")).select(
        "device_id", "_place", "_number_all", "_rate", "_falls", "_has_battery"
    )
    return before.join(on_change, on="device_id").select(
        battery=pl.when("_has_battery").then(_battery()),
        signal=_signal(),
        uptime=pl.lit(None, pl.Float64),
        temperature=100 * (1 - pl.col("temperature_out_share")),
        _place="_place",
        _number="_number_all",
    )


def weighed(spells: pl.DataFrame, before: pl.DataFrame, rated: pl.DataFrame) -> pl.DataFrame:
    """Spells with their weight. A reading of a device that reports on change weighs as much as the spells it lasts for.

    `_was_due` marks spells in which a report was due; the first, shortened spell of a new device is none.
    """
    placed = spells.join(rated.select("_place", "_due", "_ratio", "_number_due"), on="_place")
    number, last = pl.col("_number"), pl.col("_number_all") - 1
    due = placed.filter("_due").select(
        "_place", *WEIGHTS, _weight=weight_of(number, number), _was_due=number < pl.col("_number_due")
    )
    of_device = rated.select("_place", "_ratio", "_number_all")
    on_change = pl.concat([placed.filter(~pl.col("_due")).select(before.columns), before]).join(of_device, on="_place")
    newer = number.shift(-1).over("_place").fill_null(-1)
    held = on_change.sort("_place", "_number", descending=[False, True]).select(
        "_place",
        *(pl.col(part).forward_fill().over("_place") for part in WEIGHTS),
        _weight=weight_of(newer + 1, pl.min_horizontal(number, last)),
        _was_due=pl.lit(value=False),
    )
    return pl.concat([due, held])


def weight_of(first: pl.Expr, last: pl.Expr) -> pl.Expr:
    """The weight of the spells from number `first` (0 is the newest) to `last`: a geometric series."""
    ratio = pl.col("_ratio")
    return ratio ** (first + 0.5) * (1 - ratio ** (last - first + 1).clip(lower_bound=0)) / (1 - ratio)
