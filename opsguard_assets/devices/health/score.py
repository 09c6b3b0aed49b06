"""The health of devices over the trailing 72 hours: battery 40 %, signal 30 %, uptime 20 %, temperature 10 %.

Here: hourly rollups in, one row per device out. Not here: reading them, the points of parts (`health.spells`), the
slope of batteries (`health.slope`), words (`health.words`), alerts.

The window is cut into spells. A spell with reports gives every part a value of 0 to 100. A spell in which a due report
is missing gives 0 to every part that the device has: silence counts as unwell. A part is the weighted mean of its
spells; newer spells weigh more. A benefit of the doubt pulls it towards 100: it is worth five hours at first, and
nothing once the whole window is known. It follows that

* no single report moves the score by more than a fifth of a part, which is less than 20 points;
* a new device begins at 100, and one that is as bad as possible for the whole window has 0;
* a device that falls silent sinks below 40 within the window.

A part that a device never reported has no weight. A part that it has just begun to report gains weight over time.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

import polars as pl

from opsguard_assets.devices.health.slope import rates_of
from opsguard_assets.devices.health.spells import held_before, in_order, spells_of, weighed, weight_of
from opsguard_assets.devices.health.weights import WEIGHTS
from opsguard_assets.tables.values import INSTANT

WINDOW_HOURS, WINDOW_INTERVALS = 72.0, 18.0
CRITICAL, WARNING = 40.0, 70.0
# Newer data weighs more: half as much for every third of the window.
_HALVES = 3.0
_DOUBT = 5.0
_SPELL_MINUTES, _SPELL_INTERVALS = 60.0, 1.5
# Sums are made by several threads: beyond these digits their order shows, and a tick made again would differ.
_DIGITS = 9


@dataclass(frozen=True)
class Seen:
    """What health is made of, as known at the moment.

    Attributes:
        hourly: One version of each (device, hour) that began in the window (rows of `device_hourly`).
        devices: Devices in service (`device_id`, `site_id`, `kind`, `reports_every_minutes`, `battery_powered`,
            `installed_at`, `temperature_min_c`, `temperature_max_c`).
        ever: First and last readings of each device (`device_id`, `first_at`, `last_at`, `battery_last_pct`,
            `signal_mean_dbm`, `temperature_mean_c`); devices that never reported are not in it.
        before: The last readings before the window (`device_id`, `battery_last_pct`, `signal_mean_dbm`,
            `signal_std_db`, `temperature_out_share`); read for devices that report on change.
    """

    hourly: pl.DataFrame
    devices: pl.DataFrame
    ever: pl.DataFrame
    before: pl.DataFrame


def window(interval: float | None) -> timedelta:
    """The window of a device, by its reporting interval in minutes."""
    return timedelta(hours=max(WINDOW_HOURS, WINDOW_INTERVALS * (interval or 0) / 60))


def device_health(seen: Seen, as_of: datetime) -> pl.DataFrame:
    """The health of every device in service.

    Args:
        seen: What is known.
        as_of: The moment, a full hour UTC.

    Returns:
        `device_id`, `site_id`, `kind`, `as_of`, `score`, `band`, `battery_score`, `signal_score`, `uptime_score`,
        `temperature_score`, `battery_pct`, `days_to_empty`, `last_at`, `silence_minutes`, `reports_every_minutes`; and
        for words `battery_missed`, `signal_missed`, `uptime_missed`, `temperature_missed` (points of the part that
        spells without a report cost), `missed_hours` of `watched_hours`. One row per device, sorted.
    """
    fleet = _fleet(seen, as_of)
    hours = in_order(seen.hourly, fleet, as_of)
    rated = fleet.join(rates_of(hours.filter("_has_battery")), on="_place", how="left")
    spells = weighed(spells_of(hours, rated, as_of), held_before(seen.before, rated), rated)
    return _scored(rated.join(_sums(spells, rated), on="_place", how="left"), as_of).sort("device_id")


def _fleet(seen: Seen, as_of: datetime) -> pl.DataFrame:
    """Devices with their spells, which of these were due, and which parts they have."""
    interval = pl.col("reports_every_minutes")
    is_due = interval > 0
    fleet = seen.devices.join(seen.ever, on="device_id", how="left")
    powered = pl.col("battery_powered").fill_null(value=True)
    has_range = pl.any_horizontal(pl.col(name).is_not_null() for name in ("temperature_min_c", "temperature_max_c"))
    age = (pl.lit(as_of, INSTANT) - pl.max_horizontal("installed_at", "first_at")).dt.total_microseconds() / 60e6
    spell, longest = pl.col("_spell"), pl.col("_window")
    lived = pl.min_horizontal(longest, age).clip(lower_bound=0).fill_null(0.0)
    return (
        fleet.with_row_index("_place")
        .with_columns(
            _due=is_due.fill_null(value=False),
            _spell=pl.max_horizontal(pl.lit(_SPELL_MINUTES), _SPELL_INTERVALS * pl.when(is_due).then(interval)),
            _window=pl.max_horizontal(pl.lit(WINDOW_HOURS * 60), WINDOW_INTERVALS * pl.when(is_due).then(interval)),
            _has_battery=powered & pl.col("battery_last_pct").is_not_null(),
            _has_signal=pl.col("signal_mean_dbm").is_not_null(),
            _has_uptime=is_due.fill_null(value=False),
            _has_temperature=has_range & pl.col("temperature_mean_c").is_not_null(),
        )
        .with_columns(
            _ratio=0.5 ** (spell / longest * _HALVES),
            _number_all=(longest / spell).floor().cast(pl.Int64),
            _number_due=pl.when("_due").then((lived / spell).floor()).otherwise(0.0).cast(pl.Int64),
        )
    )


def _sums(spells: pl.DataFrame, rated: pl.DataFrame) -> pl.DataFrame:
    """The weighted sums of every part; reports that were due and did not come count as 0."""
    heard = spells.group_by("_place").agg(
        *((pl.col(part) * pl.col("_weight")).sum().alias(f"_{part}_sum") for part in WEIGHTS),
        *(pl.when(pl.col(part).is_not_null()).then("_weight").sum().alias(f"_{part}_heard") for part in WEIGHTS),
        _spells_heard=pl.col("_weight").filter("_was_due").sum(),
        _number_heard=pl.col("_was_due").sum().cast(pl.Int64),
    )
    due, zero = pl.col("_number_due"), pl.lit(0)
    missed = (due - pl.col("_number_heard").fill_null(0)).clip(lower_bound=0)
    return (
        rated.select("_place", "_spell", "_ratio", "_number_due", "_number_all")
        .join(heard, on="_place", how="left")
        .select(
            "_place",
            pl.col("^_(battery|signal|uptime|temperature)_(sum|heard)$").fill_null(0.0),
            _silent=(weight_of(zero, due - 1) - pl.col("_spells_heard").fill_null(0.0)).clip(lower_bound=0),
            _full=weight_of(zero, pl.col("_number_all") - 1),
            missed_hours=missed * pl.col("_spell") / 60,
            watched_hours=due * pl.col("_spell") / 60,
        )
    )


def _scored(rows: pl.DataFrame, as_of: datetime) -> pl.DataFrame:
    shown = {f"{part}_score": pl.when(f"_has_{part}").then(_mean(part)) for part in WEIGHTS}
    missed = {
        f"{part}_missed": pl.when(f"_has_{part}").then(100 * pl.col("_silent") / _believed(part)) for part in WEIGHTS
    }
    scored = rows.with_columns(**shown, **missed, **{f"_{part}_weight": _weight(part) for part in WEIGHTS})
    total = pl.sum_horizontal(f"_{part}_weight" for part in WEIGHTS)
    points = pl.sum_horizontal(pl.col(f"_{part}_weight") * pl.col(f"{part}_score") for part in WEIGHTS)
    # Who never reported anything is as well as one that is silent: its uptime says so, where a report was due.
    score = pl.when(total > 0).then((points / total).clip(0, 100)).otherwise(100.0).round(_DIGITS)
    silence = (pl.lit(as_of, INSTANT) - pl.col("last_at")).dt.total_microseconds() / 60e6
    days = pl.when(pl.col("_rate") > 0).then(pl.col("battery_last_pct") / pl.col("_rate"))
    return scored.with_columns(score=score).select(
        "device_id",
        "site_id",
        "kind",
        as_of=pl.lit(as_of, INSTANT),
        score="score",
        band=band(),
        **{name: pl.col(name).round(_DIGITS) for name in shown},
        battery_pct=pl.when("_has_battery").then("battery_last_pct"),
        days_to_empty=pl.when("_has_battery").then(days),
        last_at="last_at",
        silence_minutes=silence,
        reports_every_minutes="reports_every_minutes",
        **{name: pl.col(name) for name in (*missed, "missed_hours", "watched_hours")},
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
    return pl.col(f"_{part}_heard") + pl.col("_silent")


def _doubt(part: str) -> pl.Expr:
    """The benefit of the doubt: it fades as more of the window is known."""
    return _DOUBT * (1 - (_evidence(part) / pl.col("_full")).clip(0, 1) ** 2)


def _believed(part: str) -> pl.Expr:
    return _evidence(part) + _doubt(part)


def _mean(part: str) -> pl.Expr:
    # Sums of fractions end a hair's breadth beside the whole.
    return ((pl.col(f"_{part}_sum") + _doubt(part) * 100) / _believed(part)).clip(0, 100)


def _weight(part: str) -> pl.Expr:
    """The weight of a part that the device has; it grows with the time for which the part is known."""
    grown = pl.max_horizontal(_evidence(part), pl.lit(1e-3)) / _believed(part)
    return pl.when(f"_has_{part}").then(WEIGHTS[part] * grown).otherwise(0.0)
