"""The health of devices over the trailing 72 hours: battery 40 %, signal 30 %, uptime 20 %, temperature 10 % (mission).

Here: hourly rollups in, one row per device out. Not here: reading them, words (`health_words`), alerts.

Time before the moment is cut into spells of an hour, or one and a half intervals where that is longer. Each spell with
reports says something of every part, 0 to 100; a spell without a report that was due says 0 of every part that the
device has: what is not heard of is not well. A part is their mean, newer ones weighing more, pulled towards 100 by five
hours of benefit of the doubt. So no single report moves the score by 20 points (100 / 6 at most), a new device begins
at 100, and one that falls silent sinks below 40 within the window. Parts that a device never reported have no weight,
and one that it has just begun to report gains its weight as it goes on.

The shapes of the parts are ours, where the mission names only what they depend on:

* battery: half the charge in percent, half how long it lasts, of 30 days. What is lost is the median of falls between
  hours 12 and 36 places apart among which the charge never rose (after Theil and Sen): charging is not ageing.
* signal: 70 % strength, linear from -120 dBm (0) to -60 dBm (100); 30 % steadiness, 10 dB of deviation being none.
* uptime: minutes online of minutes expected. temperature: share of the time within the device's range.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

import polars as pl

WINDOW_HOURS, WINDOW_INTERVALS = 72.0, 12.0
WEIGHTS = {"battery": 0.4, "signal": 0.3, "uptime": 0.2, "temperature": 0.1}
CRITICAL, WARNING = 40.0, 70.0
# Newer data weighs more: half as much for every third of the window.
_HALVES = 3.0
_DOUBT, _SILENCE = 5.0, 1.2
_SPELL_MINUTES, _SPELL_INTERVALS = 60.0, 1.5
_WORST_DBM, _BEST_DBM, _WORST_DEVIATION_DB = -120.0, -60.0, 10.0
_LEVEL_SHARE, _STRENGTH_SHARE = 0.5, 0.7
_FULL_DAYS = 30.0
_LAGS = (12, 36)
_MOST_SPELLS = 1_000
# So many falls say as much as an hour of reports: a report is part of so many at most.
_FALLS_PER_HOUR, _DOUBT_OF_FALLS = 4.0, 8.0
INSTANT = pl.Datetime("us", "UTC")


@dataclass(frozen=True)
class Seen:
    """What health is made of, as known at the moment.

    Attributes:
        hourly: One version of each (device, hour) that began in the window (rows of `device_hourly`).
        devices: Devices in service (`device_id`, `site_id`, `kind`, `reports_every_minutes`, `battery_powered`,
            `installed_at`, `temperature_min_c`, `temperature_max_c`).
        ever: What was ever heard of each (`device_id`, `first_at`, `last_at`, `battery_last_pct`, `signal_mean_dbm`,
            `temperature_mean_c`); devices that never reported are not in it.
    """

    hourly: pl.DataFrame
    devices: pl.DataFrame
    ever: pl.DataFrame


def window(interval: float | None) -> timedelta:
    """How far back health looks for a device that reports so often (minutes)."""
    return timedelta(hours=max(WINDOW_HOURS, WINDOW_INTERVALS * (interval or 0) / 60))


def device_health(seen: Seen, as_of: datetime) -> pl.DataFrame:
    """The health of every device in service.

    Args:
        seen: What is known.
        as_of: The moment, a full hour UTC.

    Returns:
        `device_id`, `site_id`, `kind`, `as_of`, `score`, `band`, `battery_score`, `signal_score`, `uptime_score`,
        `temperature_score`, `battery_pct`, `days_to_empty`, `last_at`, `silence_minutes`, `reports_every_minutes`; one
        row per device, sorted.
    """
    fleet = _fleet(seen, as_of)
    spells = _spells(seen.hourly, fleet, as_of)
    parts = _parts(spells, fleet)
    falls = _falls(seen.hourly, fleet)
    told = fleet.join(parts, on="device_id", how="left").join(falls, on="device_id", how="left")
    return _scored(told, as_of).sort("device_id")


def _fleet(seen: Seen, as_of: datetime) -> pl.DataFrame:
    """Devices with the length of their spells, and which parts they have."""
    interval = pl.col("reports_every_minutes")
    is_due = interval > 0
    fleet = seen.devices.join(seen.ever, on="device_id", how="left")
    powered = pl.col("battery_powered").fill_null(value=True)
    has_range = pl.any_horizontal(pl.col(name).is_not_null() for name in ("temperature_min_c", "temperature_max_c"))
    begun = pl.max_horizontal("installed_at", "first_at")
    return fleet.with_row_index("_place").with_columns(
        _due=is_due.fill_null(value=False),
        _spell=pl.max_horizontal(pl.lit(_SPELL_MINUTES), _SPELL_INTERVALS * pl.when(is_due).then(interval)),
        _window=pl.max_horizontal(
            pl.lit(WINDOW_HOURS * 60), WINDOW_INTERVALS * pl.when(is_due).then(interval).fill_null(0)
        ),
        _age=(pl.lit(as_of, INSTANT) - begun).dt.total_microseconds() / 60e6,
        _has_battery=powered & pl.col("battery_last_pct").is_not_null(),
        _has_signal=pl.col("signal_mean_dbm").is_not_null(),
        _has_uptime=is_due.fill_null(value=False),
        _has_temperature=has_range & pl.col("temperature_mean_c").is_not_null(),
    )


def _spells(hourly: pl.DataFrame, fleet: pl.DataFrame, as_of: datetime) -> pl.DataFrame:
    """What was heard in each spell: (`_place` of the device, `_number`, one column per part)."""
    age = (pl.lit(as_of, INSTANT) - pl.col("hour_at")).dt.total_microseconds() / 60e6 - 60
    told = hourly.filter(pl.col("reports") > 0).join(
        fleet.select("device_id", "_place", "_spell", "_window", "_has_battery"), on="device_id"
    )
    strength = ((pl.col("signal_mean_dbm") - _WORST_DBM) / (_BEST_DBM - _WORST_DBM)).clip(0, 1)
    steady = (1 - pl.col("signal_std_db") / _WORST_DEVIATION_DB).clip(0, 1)
    online = pl.col("online_minutes") / pl.max_horizontal("expected_minutes", "online_minutes")
    return (
        told.with_columns(_age=age)
        .filter(pl.col("_age").is_between(0, pl.col("_window"), closed="left"))
        .with_columns(
            _number=(pl.col("_age") / pl.col("_spell")).floor().cast(pl.Int64),
            battery=pl.when("_has_battery").then("battery_last_pct"),
            signal=100 * (_STRENGTH_SHARE * strength + (1 - _STRENGTH_SHARE) * steady.fill_null(1.0)),
            uptime=100 * online.fill_nan(0.0),
            temperature=100 * (1 - pl.col("temperature_out_minutes") / 60),
        )
        .group_by((pl.col("_place").cast(pl.Int64) * _MOST_SPELLS + pl.col("_number")).alias("_both"))
        .agg(pl.col(*WEIGHTS).mean())
        .with_columns(_place=(pl.col("_both") // _MOST_SPELLS).cast(pl.UInt32), _number=pl.col("_both") % _MOST_SPELLS)
    )


def _parts(spells: pl.DataFrame, fleet: pl.DataFrame) -> pl.DataFrame:
    """The weighted sums of every part, what was due and not heard included as 0."""
    age = (pl.col("_number") + 0.5) * pl.col("_spell")
    decay = 0.5 ** (age / pl.col("_window") * _HALVES)
    weighed = spells.join(fleet.select("_place", "_spell", "_window"), on="_place").with_columns(_weight=decay)
    heard = weighed.group_by("_place").agg(
        *((pl.col(part) * pl.col("_weight")).sum().alias(f"_{part}_sum") for part in WEIGHTS),
        *(pl.when(pl.col(part).is_not_null()).then("_weight").sum().alias(f"_{part}_heard") for part in WEIGHTS),
        _spells_heard=pl.col("_weight").sum(),
    )
    silent = _due(fleet).join(heard.select("_place", "_spells_heard"), on="_place", how="left")
    missed = silent.select(
        "_place",
        "device_id",
        _silent=(pl.col("_all") - pl.col("_spells_heard").fill_null(0.0)).clip(lower_bound=0) * _SILENCE,
    )
    return missed.join(heard, on="_place", how="left").drop("_place")


def _due(fleet: pl.DataFrame) -> pl.DataFrame:
    """The weight of all spells in which a report was due: a geometric series over the part of the window it lived."""
    ratio = 0.5 ** (pl.col("_spell") / pl.col("_window") * _HALVES)
    lived = pl.min_horizontal("_window", "_age").clip(lower_bound=0)
    number = (lived / pl.col("_spell")).floor()
    total = ratio**0.5 * (1 - ratio**number) / (1 - ratio)
    return fleet.select("_place", "device_id", _all=pl.when("_due").then(total).fill_null(0.0).fill_nan(0.0))


def _falls(hourly: pl.DataFrame, fleet: pl.DataFrame) -> pl.DataFrame:
    """How fast charge is lost: the median of falls between which it never rose."""
    charged = (
        hourly.filter(pl.col("battery_last_pct").is_not_null())
        .join(fleet.filter("_has_battery").select("device_id", "_place"), on="device_id")
        .select("_place", "hour_at", "battery_first_pct", "battery_last_pct", "battery_min_pct")
        .sort("_place", "hour_at")
    )
    charge, place = pl.col("battery_last_pct"), pl.col("_place")
    rose = (pl.col("battery_first_pct") > charge.shift(1)) | (charge > pl.col("battery_min_pct"))
    # A new device begins a new segment, too.
    begins = rose.fill_null(value=False) | (place != place.shift(1)).fill_null(value=True)
    told = charged.with_columns(_segment=begins.cast(pl.Int32).cum_sum())
    hours = {
        lag: (pl.col("hour_at") - pl.col("hour_at").shift(lag)).dt.total_microseconds() / 86_400e6 for lag in _LAGS
    }
    is_one = {lag: pl.col("_segment") == pl.col("_segment").shift(lag) for lag in _LAGS}
    falls = told.select(
        "_place",
        *(pl.when(is_one[lag]).then((charge.shift(lag) - charge) / hours[lag]).alias(str(lag)) for lag in _LAGS),
    )
    long = pl.concat(falls.select("_place", fall=str(lag)).drop_nulls() for lag in _LAGS)
    found = long.group_by("_place").agg(_rate=pl.col("fall").median(), _falls=pl.len())
    return fleet.select("_place", "device_id").join(found, on="_place").drop("_place")


def _scored(told: pl.DataFrame, as_of: datetime) -> pl.DataFrame:
    parts = {part: _mean(part) for part in WEIGHTS}
    days = pl.when(pl.col("_rate") > 0).then(pl.col("battery_last_pct") / pl.col("_rate"))
    evidence = pl.col("_falls").fill_null(0) / _FALLS_PER_HOUR
    endurance = 100 * (days / _FULL_DAYS).clip(0, 1).fill_null(1.0)
    lasting = (evidence * endurance + _DOUBT_OF_FALLS * 100) / (evidence + _DOUBT_OF_FALLS)
    # A device that nobody hears does not last, whatever its charge was.
    parts["battery"] = _LEVEL_SHARE * parts["battery"] + (1 - _LEVEL_SHARE) * pl.min_horizontal(
        lasting, _presence("battery")
    )
    shown = {f"{part}_score": pl.when(f"_has_{part}").then(value) for part, value in parts.items()}
    scored = told.with_columns(**shown, **{f"_{part}_weight": _weight(part) for part in WEIGHTS})
    total = pl.sum_horizontal(f"_{part}_weight" for part in WEIGHTS)
    points = pl.sum_horizontal(pl.col(f"_{part}_weight") * pl.col(f"{part}_score") for part in WEIGHTS)
    # Who never reported anything is as well as one that is silent: its uptime says so, where a report was due.
    score = pl.when(total > 0).then(points / total).otherwise(100.0)
    silence = (pl.lit(as_of, INSTANT) - pl.col("last_at")).dt.total_microseconds() / 60e6
    return scored.with_columns(score=score).select(
        "device_id",
        "site_id",
        "kind",
        as_of=pl.lit(as_of, INSTANT),
        score="score",
        band=band(),
        **{name: pl.col(name) for name in shown},
        battery_pct=pl.when("_has_battery").then("battery_last_pct"),
        days_to_empty=pl.when("_has_battery").then(days),
        last_at="last_at",
        silence_minutes=silence,
        reports_every_minutes="reports_every_minutes",
    )


def band() -> pl.Expr:
    """The band of a score."""
    score = pl.col("score")
    return (
        pl.when(score < CRITICAL)
        .then(pl.lit("critical"))
        .when(score < WARNING)
        .then(pl.lit("warning"))
        .otherwise(pl.lit("good"))
    )


def _evidence(part: str) -> pl.Expr:
    return pl.col(f"_{part}_heard").fill_null(0.0) + pl.col("_silent").fill_null(0.0)


def _mean(part: str) -> pl.Expr:
    return (pl.col(f"_{part}_sum").fill_null(0.0) + _DOUBT * 100) / (_evidence(part) + _DOUBT)


def _presence(part: str) -> pl.Expr:
    """What the part would be if everything heard were perfect: it falls with silence alone."""
    return 100 * (pl.col(f"_{part}_heard").fill_null(0.0) + _DOUBT) / (_evidence(part) + _DOUBT)


def _weight(part: str) -> pl.Expr:
    """The weight of a part the device has, growing with what was heard or missed of it."""
    evidence = _evidence(part)
    grown = pl.max_horizontal(evidence, pl.lit(1e-3)) / (evidence + _DOUBT)
    return pl.when(f"_has_{part}").then(WEIGHTS[part] * grown).otherwise(0.0)
