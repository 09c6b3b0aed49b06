"""What devices reported, by the hour, in every state of knowledge that a tick on a full hour could have.

Here: pure arithmetic on versions of reports. Not here: which hours have to be rolled, reading and writing
(`telemetry.hourly_io`), and the channels of `metrics` (`rollup_channels`).

A report belongs to the hour in which it was heard: when it was measured, but no later than when it became known,
because clocks of devices run ahead. A version of an hour holds all reports of the hour that were known by a full hour.
So an hour has one version for every full hour at which more became known. An hour whose reports were all known within
it has one version, dated to its end.

Reports are sorted once by device and time; everything about neighbours is then a comparison with the row before, and
everything about an hour an aggregate over whole numbers.
"""

from datetime import UTC, datetime, timedelta

import polars as pl

from opsguard_assets.devices.telemetry.rollup_channels import PLACE, rolled_channels
from opsguard_assets.devices.telemetry.schemas import DEVICE_HOURLY
from opsguard_assets.tables.values import INSTANT
from opsguard_assets.tables.versions import ENDED_LOADED_AT, IS_WITHDRAWN, LOADED_AT, SEQUENCE, SUPERSEDED_AT

HOUR = "1h"
# Reports of a device that is connected arrive within minutes; what took longer than an hour waited somewhere.
LATE_AFTER = timedelta(hours=1)
# Clocks that nobody sets drift by seconds a day, and gateways round to minutes: that is not a clock that runs ahead.
AHEAD_TOLERANCE = timedelta(minutes=5)
REPORT_COLUMNS = (
    "device_id", "at", "battery_pct", "signal_dbm", "temperature_c", "is_online", "error_count", "metrics", "known_at",
    SUPERSEDED_AT, LOADED_AT, ENDED_LOADED_AT, IS_WITHDRAWN,
)  # fmt: skip
DEVICE_COLUMNS = ("device_id", "installed_at", "reports_every_minutes", "temperature_min_c", "temperature_max_c")
_HEARD, _HOUR = "_heard_at", "hour_at"
# A (device, hour), one of its versions, one report of a version; from and until when a report counts.
_PAIR, _PLACE, _ROW, _FROM, _TO, _SEEN_AT = "_pair", PLACE, "_row", "_from", "_to", "_seen_at"
_EVERY, _RANGE = "_every", ("_low", "_high")
_FILLS, _FALL, _FALL_MINUTES, _OUT, _UNORDERED = "_fills", "_fall", "_fall_minutes", "_out", "_unordered"
_LAST_ROW, _FIRST_CHARGE, _LAST_CHARGE = "_last_row", "_first_charge", "_last_charge"
_MINUTE_US = 60_000_000
_BEGIN = pl.lit(datetime(1, 1, 1, tzinfo=UTC), INSTANT)


def heard_at() -> pl.Expr:
    """When a report was heard: when it was measured, but no later than when it became known."""
    return pl.min_horizontal("at", "known_at")


def is_late() -> pl.Expr:
    """Whether a report took so long that it waited somewhere."""
    return pl.col("known_at") - pl.col("at") > LATE_AFTER


def is_ahead() -> pl.Expr:
    """Whether a report was dated after it became known, by a clock that runs ahead."""
    return pl.col("at") - pl.col("known_at") > AHEAD_TOLERANCE


def rolled(reports: pl.DataFrame, devices: pl.DataFrame, rolled_before: pl.DataFrame | None = None) -> pl.DataFrame:
    """All versions of the hours of some reports.

    Args:
        reports: All versions of all reports that were heard in these hours (REPORT_COLUMNS).
        devices: Versions of devices (DEVICE_COLUMNS, `known_at`, `_sequence`, `_is_withdrawn`). What was known of a
            device at a version's full hour counts; before the first word on it that first word, because imported
            records often hold devices as they were at the end.
        rolled_before: Versions that exist (`device_id`, `hour_at`, `known_at`); they are made again even where nothing
            is known to have changed at that full hour any more.

    Returns:
        Rows of DEVICE_HOURLY, sorted by device, hour and version. An hour that lost all its reports by a correction
        has a version without reports. Independent of the order of rows.
    """
    if reports.is_empty():
        return DEVICE_HOURLY.empty()
    rows = _in_order(reports)
    pairs = rows.filter(pl.col(_PAIR).ne_missing(pl.col(_PAIR).shift())).select(_PAIR, "device_id", _HOUR)
    versions = _described(_versions(rows, pairs, rolled_before), pairs, devices)
    seen = _with_neighbours(_seen(rows, versions), versions)
    hours = seen.group_by(_PLACE).agg(_aggregates())
    complete = versions.join(hours, on=_PLACE, how="left").join(rolled_channels(seen), on=_PLACE, how="left")
    return _finished(complete, seen).sort("device_id", "hour_at", "known_at")


def _in_order(reports: pl.DataFrame) -> pl.DataFrame:
    """Reports by device and time, each with the number of its (device, hour) and the full hours when it counts."""
    instants = {_FROM: "known_at", _TO: SUPERSEDED_AT}
    ceilings = [_full_hour_from(column).alias(name) for name, column in instants.items()]
    timed = reports.select(*REPORT_COLUMNS, heard_at().alias(_HEARD), *ceilings)
    placed = timed.sort("device_id", _HEARD, "at", "known_at").with_columns(
        pl.col(_HEARD).dt.truncate(HOUR).alias(_HOUR)
    )
    other = [pl.col(column).ne_missing(pl.col(column).shift()) for column in ("device_id", _HOUR)]
    return placed.with_columns(pl.any_horizontal(other).cum_sum().alias(_PAIR))


def _full_hour_from(column: str) -> pl.Expr:
    """The first full hour that is not before an instant."""
    return (pl.col(column) + pl.duration(hours=1, microseconds=-1)).dt.truncate(HOUR)


def _versions(rows: pl.DataFrame, pairs: pl.DataFrame, rolled_before: pl.DataFrame | None) -> pl.DataFrame:
    """The full hours at which an hour's reports changed: (`_pair`, `known_at`, `rolled_at`), in order."""
    came = rows.select(_PAIR, pl.col(_FROM).alias("known_at"), pl.col(LOADED_AT).alias("rolled_at"))
    # Neighbours mostly say the same: what is left of them is grouped in no time.
    other = pl.any_horizontal(pl.col(name).ne_missing(pl.col(name).shift()) for name in came.columns)
    changes = came.filter(other).group_by(_PAIR, "known_at").agg(pl.col("rolled_at").max())
    further = []
    ended = rows.filter(pl.col(_TO).is_not_null())
    if len(ended):
        further.append(ended.select(_PAIR, pl.col(_TO).alias("known_at"), pl.col(ENDED_LOADED_AT).alias("rolled_at")))
    if rolled_before is not None and len(rolled_before):
        again = rolled_before.join(pairs, on=["device_id", _HOUR])
        further.append(again.select(_PAIR, "known_at", pl.lit(None, INSTANT).alias("rolled_at")))
    if further:
        changes = pl.concat([changes, *further]).group_by(_PAIR, "known_at").agg(pl.col("rolled_at").max())
    in_order = changes.sort(_PAIR, "known_at")
    several = pl.col(_PAIR).is_duplicated()
    cumulative = in_order.filter(several).with_columns(pl.col("rolled_at").cum_max().forward_fill().over(_PAIR))
    return pl.concat([in_order.filter(~several), cumulative])


def _described(versions: pl.DataFrame, pairs: pl.DataFrame, devices: pl.DataFrame) -> pl.DataFrame:
    """Versions with device and hour, and with what was known of the device by then."""
    named = versions.join(pairs, on=_PAIR).sort("known_at")
    gone = pl.col(IS_WITHDRAWN)
    rows = devices.sort("device_id", "known_at", SEQUENCE).select(
        "device_id",
        pl.when(pl.col("device_id").is_first_distinct()).then(_BEGIN).otherwise("known_at").alias("known_at"),
        *(pl.when(~gone).then(column).alias(column) for column in DEVICE_COLUMNS[1:]),
    )
    known = named.join_asof(rows.sort("known_at"), on="known_at", by="device_id", check_sortedness=False)
    interval = pl.col("reports_every_minutes")
    attributes = {
        _EVERY: pl.when(interval > 0).then(interval),
        **dict(zip(_RANGE, (pl.col("temperature_min_c"), pl.col("temperature_max_c")), strict=True)),
    }
    described = known.sort(_PAIR, "known_at").with_row_index(_PLACE)
    return described.select(_PLACE, *versions.columns, "device_id", _HOUR, "installed_at", **attributes)


def _seen(rows: pl.DataFrame, versions: pl.DataFrame) -> pl.DataFrame:
    """The reports of every version, in order of time: those that were known by then and still counted."""
    at = versions.select(_PAIR, _PLACE, pl.col("known_at").alias(_SEEN_AT))
    joined = rows.join(at, on=_PAIR, maintain_order="left")
    known, ended = pl.col(_FROM) <= pl.col(_SEEN_AT), pl.col(_TO) <= pl.col(_SEEN_AT)
    seen = joined.filter(known, ~ended.fill_null(value=False), ~pl.col(IS_WITHDRAWN))
    if len(versions) > versions[_PAIR].n_unique():
        seen = seen.sort(_PLACE, maintain_order=True)
    return seen.with_row_index(_ROW)


def _with_neighbours(seen: pl.DataFrame, versions: pl.DataFrame) -> pl.DataFrame:
    """Reports with what the rollup compares: the interval they fill, and the report with a charge before."""
    of_device = [versions[name].gather(seen[_PLACE]).alias(name) for name in (_EVERY, *_RANGE)]
    rows = seen.with_columns(of_device)
    online, charge, now = pl.col("is_online").fill_null(value=True), pl.col("battery_pct"), pl.col(_HEARD)
    # Intervals are counted from the first report, which lies in the middle of one: no clock has to be struck, and what
    # is a little early or late stays in its own.
    begun = pl.when(pl.col(_PLACE).ne_missing(pl.col(_PLACE).shift())).then(now).forward_fill()
    slot = ((now - begun).dt.total_microseconds() / (pl.col(_EVERY) * _MINUTE_US) + 0.5).floor()
    filled = pl.when(online).then(pl.struct(_PLACE, slot.alias("slot")))
    has_charge = charge.is_not_null()
    with_charge = {
        name: pl.when(has_charge).then(name).forward_fill().shift() for name in (_PLACE, "battery_pct", _HEARD)
    }
    falls = has_charge & (with_charge[_PLACE] == pl.col(_PLACE)) & (charge <= with_charge["battery_pct"])
    low, high = (pl.col(name) for name in _RANGE)
    temperature = pl.col("temperature_c")
    return rows.with_columns(
        (online & filled.ne_missing(filled.forward_fill().shift())).alias(_FILLS),
        pl.when(falls).then(with_charge["battery_pct"] - charge).alias(_FALL),
        pl.when(falls).then((now - with_charge[_HEARD]).dt.total_microseconds() / _MINUTE_US).alias(_FALL_MINUTES),
        (pl.col("known_at") > pl.col("known_at").cum_min(reverse=True).over(_PLACE)).alias(_UNORDERED),
        ((temperature < low).fill_null(value=False) | (temperature > high).fill_null(value=False)).alias(_OUT),
    )


def _aggregates() -> list[pl.Expr]:
    """What is counted and measured in every version; rows (`_…_row`) tell where first and last values stand."""
    charged = pl.when(pl.col("battery_pct").is_not_null()).then(_ROW)
    signal, temperature = pl.col("signal_dbm"), pl.col("temperature_c")
    return [
        pl.len().cast(pl.Int64).alias("reports"),
        is_late().sum().alias("late_reports"),
        is_ahead().sum().alias("future_reports"),
        pl.col(_UNORDERED).sum().alias("unordered_reports"),
        pl.col(_HEARD).min().alias("first_at"),
        pl.col(_HEARD).max().alias("last_at"),
        pl.col(_ROW).max().alias(_LAST_ROW),
        pl.col(_FILLS).sum(),
        pl.col("battery_pct").count().alias("battery_reports"),
        charged.min().alias(_FIRST_CHARGE),
        charged.max().alias(_LAST_CHARGE),
        pl.col("battery_pct").min().alias("battery_min_pct"),
        pl.col(_FALL).sum().alias("discharge_pct"),
        pl.col(_FALL_MINUTES).sum().alias("discharge_minutes"),
        signal.count().alias("signal_reports"),
        signal.mean().alias("signal_mean_dbm"),
        signal.std(ddof=0).alias("signal_std_db"),
        signal.max().alias("signal_max_dbm"),
        temperature.count().alias("temperature_reports"),
        temperature.mean().alias("temperature_mean_c"),
        temperature.min().alias("temperature_min_c"),
        temperature.max().alias("temperature_max_c"),
        pl.col(_OUT).sum(),
        pl.col("error_count").sum().alias("errors"),
    ]


def _finished(hours: pl.DataFrame, seen: pl.DataFrame) -> pl.DataFrame:
    """The contract's columns from aggregates."""
    every, reports = pl.col(_EVERY), pl.col("reports")
    counts = [name for name, dtype in DEVICE_HOURLY.dtypes.items() if dtype == pl.Int64]
    has_charge = pl.col("battery_reports") > 0
    has_range = pl.any_horizontal(pl.col(name).is_not_null() for name in _RANGE)
    # Without an interval the reports of an hour are taken to share it evenly.
    spacing = pl.coalesce(every, 60.0 / reports)
    begun = pl.max_horizontal(pl.col(_HOUR), "installed_at")
    left = ((pl.col(_HOUR) + pl.duration(hours=1) - begun).dt.total_microseconds() / _MINUTE_US).clip(0, 60)
    taken = [
        seen[column].gather(hours[place]).alias(name)
        for name, column, place in (
            ("is_online", "is_online", _LAST_ROW),
            ("battery_first_pct", "battery_pct", _FIRST_CHARGE),
            ("battery_first_at", _HEARD, _FIRST_CHARGE),
            ("battery_last_pct", "battery_pct", _LAST_CHARGE),
            ("battery_last_at", _HEARD, _LAST_CHARGE),
        )
    ]
    return (
        hours.with_columns(taken)
        .with_columns(
            pl.col(counts).fill_null(0),
            (pl.col(_FILLS).fill_null(0) * every).alias("online_minutes"),
            pl.when(every.is_not_null()).then(left).alias("expected_minutes"),
            pl.when(has_charge).then("discharge_pct").alias("discharge_pct"),
            pl.when(has_charge).then("discharge_minutes").alias("discharge_minutes"),
            pl.when(has_range & (pl.col("temperature_reports") > 0))
            .then((pl.col(_OUT) * spacing).clip(0, 60))
            .alias("temperature_out_minutes"),
            pl.when(pl.col("signal_reports") > 0).then("signal_std_db").alias("signal_std_db"),
            pl.col(_HOUR).dt.date().alias("date"),
        )
        .select(pl.col(name).cast(dtype) for name, dtype in DEVICE_HOURLY.dtypes.items())
    )
