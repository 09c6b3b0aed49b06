"""Hourly rollups in the lake, read as they were known at a moment.

Here: which of the versions of an hour counts. Not here: adding versions (`telemetry.hourly_update_io`) and rolling
(`rollup`).

The table is append-only. Reading decides which version counts. Two columns of `StoredHour` make that cheap, because
nearly all hours have one version or two: first versions without a second are found by one join, and only hours with
more versions are sorted.
"""

from collections.abc import Sequence
from datetime import UTC, datetime

import dataframely as dy
import polars as pl

from opsguard_assets.devices.telemetry.schemas import ADDED, DEVICE_HOURLY, DeviceHourly, StoredHour
from opsguard_assets.tables.registry import TELEMETRY
from opsguard_assets.tables.table import dtypes_of, empty_of, typed_as
from opsguard_assets.tables.values import INSTANT
from resources.lake import Lake, TableMissingError

NAME = DEVICE_HOURLY.derived_name
ORDINAL, REPLACES = "_ordinal", "_replaces"
HIDDEN = pl.Schema({name: dtypes_of(StoredHour)[name] for name in (ORDINAL, REPLACES)})
PAIR = ["device_id", "hour_at"]
VERSION = [*PAIR, "known_at"]
_END = datetime(9999, 12, 31, tzinfo=UTC)
_RANK = ["known_at", "rolled_at"]


def hourly_known(lake: Lake, as_of: datetime, *, since: datetime | None = None) -> dy.LazyFrame[DeviceHourly]:
    """The version of every (device, hour) that was current at a moment.

    Args:
        lake: The lake.
        as_of: The moment of knowledge, UTC.
        since: The first hour; None: all.

    Returns:
        At most one row per device and hour, in no order; hours without reports have no row.
    """
    known = pl.col("known_at") <= pl.lit(as_of, INSTANT)
    # An hour that begins after a moment cannot be known at it; saying so spares the later days.
    rows = stored_hours(lake, since=since, upto=as_of).filter(known)
    odd = rows.filter(~pl.col(ORDINAL).is_in([0, 1])).select(PAIR).unique().collect()
    second, first = rows.filter(pl.col(ORDINAL) == 1), rows.filter(pl.col(ORDINAL) == 0)
    last = pl.concat([second, first.join(second, on=PAIR, how="anti")])
    if len(odd):
        several = rows.join(odd.lazy(), on=PAIR, how="semi").sort(_RANK).unique(PAIR, keep="last", maintain_order=True)
        last = pl.concat([last.join(odd.lazy(), on=PAIR, how="anti"), several])
    return DEVICE_HOURLY.typed(last.filter(pl.col("reports") > 0).select(DEVICE_HOURLY.columns))


def hourly_versions(
    lake: Lake, *, upto: datetime | None = None, unwritten: dy.DataFrame[StoredHour] | None = None
) -> dy.LazyFrame[DeviceHourly]:
    """The current version of every (device, hour, full hour of knowledge).

    Args:
        lake: The lake.
        upto: Only what was known by then; None: all.
        unwritten: Rows that count beside the stored ones (`hourly_update_io.unwritten_hourly`).

    Returns:
        Rows in no order. A version without reports, left by a correction that removed them all, is not returned.
    """
    rows: pl.LazyFrame = stored_hours(lake, upto=upto)
    if unwritten is not None and len(unwritten):
        rows = pl.concat([rows.select(unwritten.columns), unwritten.lazy()])
    if upto is not None:
        rows = rows.filter(pl.col("known_at") <= pl.lit(upto, INSTANT))
    replaced = rows.filter(REPLACES).select(VERSION).unique().collect()
    if len(replaced):
        again = rows.join(replaced.lazy(), on=VERSION, how="semi").sort("rolled_at").unique(VERSION, keep="last")
        rows = pl.concat([rows.join(replaced.lazy(), on=VERSION, how="anti"), again])
    return DEVICE_HOURLY.typed(rows.filter(pl.col("reports") > 0).select(DEVICE_HOURLY.columns))


def stored_hours(
    lake: Lake, *, since: datetime | None = None, upto: datetime | None = None
) -> dy.LazyFrame[StoredHour]:
    """All rows of hours in [`since`, `upto`] as the lake recorded them; it may have written further columns."""
    try:
        rows = lake.scan(NAME)
    except TableMissingError:
        return empty_of(StoredHour).lazy()
    stored = rows.collect_schema()
    rows = rows.with_columns(
        pl.lit(None, DEVICE_HOURLY.dtypes[name]).alias(name) for name in ADDED if name not in stored
    )
    if lake.recorded_upto is not None:
        rows = rows.filter(pl.col("rolled_at") <= pl.lit(lake.recorded_upto, INSTANT))
    return typed_as(StoredHour, within(rows, since=since, upto=upto))


def within(rows: pl.LazyFrame, *, since: datetime | None = None, upto: datetime | None = None) -> pl.LazyFrame:
    """The rows of hours in [`since`, `upto`]; the other days are not opened."""
    if since is not None:
        rows = rows.filter(pl.col("date") >= since.date(), pl.col("hour_at") >= pl.lit(since, INSTANT))
    if upto is not None:
        rows = rows.filter(pl.col("date") <= upto.date(), pl.col("hour_at") <= pl.lit(upto, INSTANT))
    return rows


def hours_now(lake: Lake, since: datetime, before: datetime) -> dy.LazyFrame[DeviceHourly]:
    """The hours in [`since`, `before`) by everything that is known until now."""
    hours = hourly_known(lake, _END, since=since)
    earlier = hours.filter(pl.col("hour_at") < pl.lit(before, INSTANT), pl.col("date") <= before.date())
    return DEVICE_HOURLY.typed(earlier)


def not_rolled_up(lake: Lake, stretches: Sequence[tuple[datetime, datetime]]) -> pl.DataFrame:
    """The hours whose rollups do not count all reports.

    Args:
        lake: The lake; both sides are read back from it.
        stretches: Stretches of full hours to look at.

    Returns:
        (`hour_at`, `reports`, `rolled_up`); no row where all is well.
    """
    daily, wrong = lake.daily(TELEMETRY), []
    for since, before in stretches:
        heard = pl.min_horizontal("at", "known_at").dt.truncate("1h").alias("hour_at")
        held = daily.known(None, since=since, before=before).group_by(heard).agg(reports=pl.len().cast(pl.Int64))
        rolled = hours_now(lake, since, before).group_by("hour_at").agg(rolled_up=pl.col("reports").sum())
        both = held.join(rolled, on="hour_at", how="full", coalesce=True).with_columns(
            pl.col("reports", "rolled_up").fill_null(0)
        )
        wrong.append(both.filter(pl.col("reports") != pl.col("rolled_up")).collect(engine="streaming"))
    empty = pl.DataFrame(schema={"hour_at": INSTANT, "reports": pl.Int64, "rolled_up": pl.Int64})
    return pl.concat([empty, *wrong]).sort("hour_at")
