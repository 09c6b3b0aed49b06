"""The hourly rollups of devices as an asset, by day.

Here: following loads under the tables' lock, showing what a day holds, checking it. Not here: rolling and reading
(`telemetry.hourly_update_io`, `telemetry.hourly_io`).

A run of any day processes all new loads, so it reports other days that they touched as materialised, too. A backfill,
or `again: true`, rolls up the days of the run anew.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise

import dagster as dg
import polars as pl

from opsguard_assets.config.settings import Settings
from opsguard_assets.devices.telemetry.figures import GAP_READ, day_figures, gaps, impossible_values, reports_per_hour
from opsguard_assets.devices.telemetry.hourly_io import hours_now, not_rolled_up
from opsguard_assets.devices.telemetry.hourly_update_io import Rolled, roll_day, update_hourly
from opsguard_assets.devices.telemetry.plot import hours_of_day
from opsguard_assets.devices.telemetry.schemas import DEVICE_HOURLY
from opsguard_assets.intake.ledger import ledger
from opsguard_assets.metadata import (
    Materialized,
    check_spec,
    column_schema,
    figures,
    key_of,
    owners_of,
    picture,
    preview,
    severity_of,
)
from opsguard_assets.tables.registry import DEVICES, TELEMETRY
from resources.database import Database
from resources.lake import TABLES_LOCK, Lake
from resources.progress import Progress

DEVICE_HOURLY_KEY = key_of(DEVICE_HOURLY)
# Long before any record of a device that anybody kept; a day costs nothing before it is materialised.
FIRST_DAY = "2000-01-01"
# Today has a partition from its first hour on.
DAYS = dg.DailyPartitionsDefinition(start_date=FIRST_DAY, end_offset=1)
_COMPLETE, _GAPS, _POSSIBLE = "every_report_is_rolled_up", "devices_report_without_gaps", "values_are_possible"
_BACKFILL_TAG = "dagster/backfill"
_WORST = 20
_DAY_BEFORE, _FURTHER = timedelta(days=1), timedelta(days=35)


class Again(dg.Config):
    """Whether the days of the run are rolled up anew, with the master data of today."""

    again: bool = False


def hourly_asset(
    settings: Settings, ready: Sequence[dg.AssetKey] = (key_of(TELEMETRY), key_of(DEVICES))
) -> dg.AssetsDefinition:
    """The asset `device_hourly`.

    Args:
        settings: From when a device is silent.
        ready: The assets that must exist before: the canonical tables that sources fill.
    """
    silent_intervals = settings.device_alerts.silent_intervals

    @dg.asset(
        key=DEVICE_HOURLY_KEY,
        deps=[dg.AssetDep(key, partition_mapping=dg.AllPartitionMapping()) for key in ready],
        partitions_def=DAYS,
        group_name="devices",
        kinds={"polars", "deltalake"},
        owners=owners_of("devices"),
        metadata={
            "dagster/column_schema": column_schema(DEVICE_HOURLY),
            "dagster/table_name": DEVICE_HOURLY.derived_name,
            "partition_expr": "date",
        },
        description="What every device reported in every hour, as each full hour could have known it; only hours that "
        "new reports touch are rolled again. Grain: device_id, hour_at, known_at.",
        check_specs=[
            check_spec(_COMPLETE, DEVICE_HOURLY_KEY, blocking=True),
            check_spec(_GAPS, DEVICE_HOURLY_KEY),
            check_spec(_POSSIBLE, DEVICE_HOURLY_KEY),
        ],
    )
    def device_hourly(
        context: dg.AssetExecutionContext,
        config: Again,
        lake: dg.ResourceParam[Lake],
        database: dg.ResourceParam[Database],
        progress: dg.ResourceParam[Progress],
    ) -> Materialized:
        days = [date.fromisoformat(key) for key in context.partition_keys]
        with database.lock(TABLES_LOCK):
            done = update_hourly(lake, progress=progress)
            if config.again or _BACKFILL_TAG in context.run.tags:
                done = _together([done, *(roll_day(lake, day, progress=progress) for day in days)])
            wrong = not_rolled_up(lake, done.stretches)
        for day, metadata in _touched_days(lake, done).items():
            if day not in days and DAYS.has_partition_key(day.isoformat()):
                shown = dg.AssetMaterialization(DEVICE_HOURLY_KEY, partition=day.isoformat(), metadata=metadata)
                context.log_event(shown)
        hours, known = _hours_of(lake, days), _devices(lake)
        in_order = pl.concat([_last_before(lake, min(days), hours), hours.select(GAP_READ)])
        return dg.MaterializeResult(
            metadata={**_run_figures(lake, done), **_shown(hours, days)},
            check_results=[
                _complete(wrong, done),
                _without_gaps(gaps(in_order, known, silent_intervals), silent_intervals),
                _possible(impossible_values(hours)),
            ],
        )

    return device_hourly


def _together(parts: Sequence[Rolled]) -> Rolled:
    """What several passes did."""
    counted = {name: sum(getattr(part, name) for part in parts) for name in ("versions", "hours", "again")}
    stretches = tuple(dict.fromkeys(stretch for part in parts for stretch in part.stretches))
    return replace(parts[0], **counted, stretches=stretches)


def _begin(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def _hours_of(lake: Lake, days: Sequence[date]) -> pl.DataFrame:
    """The hours of the days of a run, by what is known now."""
    begin, end = _begin(min(days)), _begin(max(days)) + timedelta(days=1)
    return hours_now(lake, begin, end).collect()


def _last_before(lake: Lake, day: date, hours: pl.DataFrame) -> pl.DataFrame:
    """The last hour before a day of each device that reported on the day: a gap may begin before midnight.

    Most devices reported the day before; only for the others is more history read.
    """
    begin, heard = _begin(day), hours["device_id"].unique()
    found: list[pl.DataFrame] = []
    for before, since in pairwise([begin, begin - _DAY_BEFORE, begin - _FURTHER]):
        earlier = hours_now(lake, since, before).select(GAP_READ).filter(pl.col("device_id").is_in(heard.implode()))
        found.append(earlier.sort("hour_at").unique("device_id", keep="last").collect())
        heard = heard.filter(~heard.is_in(found[-1]["device_id"].implode()))
        if heard.is_empty():
            break
    return pl.concat(found)


def _touched_days(lake: Lake, done: Rolled) -> dict[date, dict[str, dg.MetadataValue]]:
    """The figures of every day in which hours were rolled."""
    if not done.stretches:
        return {}
    begin = min(since for since, _ in done.stretches).date()
    end = max(before for _, before in done.stretches).date() + timedelta(days=1)
    # The hour before a stretch ends is its last: a stretch to midnight does not touch the next day.
    touched = {d for since, before in done.stretches for d in _days(since, before - timedelta(hours=1))}
    days = day_figures(hours_now(lake, _begin(begin), _begin(end)).select(_DAY_COLUMNS).collect(engine="streaming"))
    rows = {row["date"]: row for row in days.iter_rows(named=True)}
    return {day: _day_metadata(rows[day]) for day in sorted(touched) if day in rows}


_COUNTED = ("reports", "late_reports", "future_reports", "unordered_reports")
_DAY_COLUMNS = ("date", "device_id", *_COUNTED, "rolled_at")


def _days(first: datetime, last: datetime) -> list[date]:
    return [first.date() + timedelta(days=n) for n in range((last.date() - first.date()).days + 1)]


def _day_metadata(row: dict[str, object]) -> dict[str, dg.MetadataValue]:
    names = (*_COUNTED, "devices", "hours")
    shown = {name: dg.MetadataValue.int(int(str(row[name]))) for name in names}
    return {**shown, "dagster/partition_row_count": shown["hours"]}


def _shown(hours: pl.DataFrame, days: Sequence[date]) -> dict[str, dg.MetadataValue]:
    """What the page shows of the days of a run."""
    day_rows = day_figures(hours)
    total = day_rows.select(pl.col(*_COUNTED, "hours").sum()).row(0, named=True)
    shown = _day_metadata({**total, "devices": hours["device_id"].n_unique()})
    title = f"{total['reports']:,} reports on {days[0]:%Y-%m-%d}" + (
        f" to {days[-1]:%Y-%m-%d}" if len(days) > 1 else ""
    )
    return {**shown, "reports_per_hour": picture(hours_of_day(reports_per_hour(hours), title), "Reports per hour")}


def _run_figures(lake: Lake, done: Rolled) -> dict[str, dg.MetadataValue]:
    """What the run did, whichever days it touched."""
    return figures(
        {
            "new_reports": done.reports,
            "new_reports_late": done.late,
            "new_reports_future": done.future,
            "repeated_reports": _repeats(lake, done),
            "devices_heard": done.devices,
            "hours_rolled": done.hours,
            "hours_rolled_again": done.again,
            "versions_added": done.versions,
        }
    )


def _repeats(lake: Lake, done: Rolled) -> int:
    """How many reports of the processed loads were repetitions."""
    if done.span is None or not lake.exists(ledger.NAME):
        return 0
    loads = lake.scan(ledger.NAME).filter(pl.col("table") == TELEMETRY.name, pl.col("recorded_at") <= done.span.upto)
    if done.span.after is not None:
        loads = loads.filter(pl.col("recorded_at") > done.span.after)
    return int(loads.select(pl.col("unchanged").sum()).collect().item())


def _devices(lake: Lake) -> pl.DataFrame:
    return lake.known(DEVICES).select("device_id", "reports_every_minutes").collect()


def _complete(wrong: pl.DataFrame, done: Rolled) -> dg.AssetCheckResult:
    hours = sum((before - since) // timedelta(hours=1) for since, before in done.stretches)
    looked = f"{len(done.stretches):,} stretches of time looked at"
    first = (
        wrong.head(3).select(pl.format("{}: {} reports, {} rolled up", "hour_at", "reports", "rolled_up")).to_series()
    )
    return dg.AssetCheckResult(
        check_name=_COMPLETE,
        passed=wrong.is_empty(),
        # A few hours that do not add up withhold no other one.
        severity=severity_of(twice=0, odd=len(wrong), rows=hours),
        description="; ".join(first) if len(wrong) else looked,
        metadata={"hours_incomplete": len(wrong), **({"hours": preview(wrong, limit=_WORST)} if len(wrong) else {})},
    )


def _without_gaps(found: pl.DataFrame, silent_intervals: float) -> dg.AssetCheckResult:
    return dg.AssetCheckResult(
        check_name=_GAPS,
        passed=found.is_empty(),
        severity=dg.AssetCheckSeverity.WARN,
        description=f"{len(found):,} devices fell silent for more than {silent_intervals:g} intervals and came back"
        if len(found)
        else "no device fell silent in between",
        metadata={"devices": len(found), "longest": preview(found, limit=_WORST)},
    )


def _possible(found: pl.DataFrame) -> dg.AssetCheckResult:
    kinds = found.group_by("what").len().sort("len", "what", descending=[True, False])
    words = "; ".join(f"{count:,} devices report {what}" for what, count in kinds.iter_rows())
    return dg.AssetCheckResult(
        check_name=_POSSIBLE,
        passed=found.is_empty(),
        severity=dg.AssetCheckSeverity.WARN,
        description=words or "no value of the day is one that no working sensor gives",
        metadata={"devices": found["device_id"].n_unique(), "examples": preview(found, limit=_WORST)},
    )
