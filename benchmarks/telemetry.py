"""Telemetry at volume: lakes of devices that report every five minutes, and the newest hour rolled up.

Here: building the lakes, and the two sides of the comparison. Not here: processes and medians (`timing`).

Of a lake that stays as it is, every run works on a copy of links: its reports are read where they are, and what the run
appends goes with the copy.
"""

import os
import shutil
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
from deltalake import DeltaTable

from ml.problems.device_failure.rule import DeviceRule
from opsguard_assets.devices.failure.checkpoint_io import advance_checkpoint
from opsguard_assets.devices.failure.risk import Explain
from opsguard_assets.devices.failure.risk_io import risk_at
from opsguard_assets.devices.health.io import health_at
from opsguard_assets.devices.telemetry.hourly_io import NAME
from opsguard_assets.devices.telemetry.hourly_update_io import update_hourly
from opsguard_assets.tables.registry import DEVICES, TELEMETRY
from opsguard_assets.tables.values import INSTANT
from resources import delta
from resources.daily import PARTITION_BY, stored_schema
from resources.lake import Lake
from resources.progress import Silent

START = datetime(2026, 1, 5, tzinfo=UTC)
HOURS = 72
_PER_HOUR = 12
QUERIES = 50
_HOUR = timedelta(hours=1)
# One report in a thousand waits in a gateway for so many hours.
_WAITS = 5
_KEPT = "telemetry.parquet"
Advance = Callable[[int], None]


def reports_of_load(hour: int, devices: int) -> pl.DataFrame:
    """What arrives in one hour: the reports of the hour, without those that wait, and those that waited."""
    now, waited = _reports(hour, devices), _reports(hour - _WAITS, devices)
    late = waited.filter("waits").with_columns(known_at=pl.lit(START + hour * _HOUR, INSTANT) + pl.duration(minutes=30))
    return pl.concat([now.filter(~pl.col("waits")), late]).drop("waits").select(TELEMETRY.columns)


def _reports(hour: int, devices: int) -> pl.DataFrame:
    """All reports of one hour, by arithmetic on their number: the same at every call."""
    i = pl.col("i")
    mixed = (i * 2_654_435_761 + hour * 40_503) % 1_000_003
    second = (i % _PER_HOUR) * 300 + mixed % 290
    at = pl.lit(START + hour * _HOUR, INSTANT) + pl.duration(seconds=second)
    return pl.select(i=pl.int_range(devices * _PER_HOUR)).select(
        device_id=pl.lit("device-") + (i // _PER_HOUR).cast(pl.String).str.zfill(7),
        at=at,
        battery_pct=((100 - (hour * 0.01 + (i // _PER_HOUR) % 60)) * 10).round() / 10,
        signal_dbm=-60.0 - (i // _PER_HOUR) % 40 - mixed % 5,
        temperature_c=18 + (mixed % 80) / 10,
        is_online=pl.lit(value=True),
        error_count=(mixed % 400 == 0).cast(TELEMETRY.dtypes["error_count"]),
        metrics=pl.lit(None, TELEMETRY.dtypes["metrics"]),
        known_at=at + pl.duration(seconds=5),
        waits=mixed % 1_000 == 0,
    )


def build(folder: Path, *, devices: int, advance: Advance) -> Path:
    """A lake of 72 hours of reports, rolled up but for the last hour; nothing happens where it is there already."""
    if (folder / "complete").exists():
        advance(devices * _PER_HOUR * HOURS)
        return folder
    shutil.rmtree(folder, ignore_errors=True)
    lake = Lake(str(folder))
    number = pl.col("number")
    known = pl.select(number=pl.int_range(devices)).select(
        device_id=pl.lit("device-") + number.cast(pl.String).str.zfill(7),
        site_id=pl.lit("site-") + (number // 200).cast(pl.String),
        reports_every_minutes=5.0,
        temperature_min_c=0.0,
        temperature_max_c=25.0,
        battery_powered=pl.lit(value=True),
        known_at=pl.lit(START, INSTANT),
    )
    rows = pl.concat([DEVICES.empty(), known], how="diagonal_relaxed").select(DEVICES.columns)
    lake.record(DEVICES, rows.cast(DEVICES.dtypes), loaded_at=START)
    for hour in range(HOURS):
        if hour == HOURS - 1:
            update_hourly(lake, progress=Silent())
        loaded_at = START + (hour + 1) * _HOUR + timedelta(minutes=1)
        lake.record(TELEMETRY, reports_of_load(hour, devices), loaded_at=loaded_at)
        advance(devices * _PER_HOUR)
    (folder / "complete").touch()
    return folder


def build_history(folder: Path, of: Path, *, times: int, advance: Advance) -> Path:
    """The same lake with so many times the history: the same 72 hours again, as long before as it takes."""
    if (folder / "complete").exists():
        return folder
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(of, folder, copy_function=os.link)
    (folder / "complete").unlink()
    # Written anew below, not through the links.
    for name, instants, parts in (
        (f"tables/{TELEMETRY.name}", ("_heard_at", "at", "known_at", "_loaded_at"), PARTITION_BY),
        (NAME, ("hour_at", "known_at", "rolled_at", "first_at", "last_at", "battery_first_at", "battery_last_at"), ()),
    ):
        _shift(f"{folder}/{name}", list(instants), tuple(parts) or ("date",), times, advance)
    (folder / "complete").touch()
    return folder


def _shift(uri: str, instants: list[str], parts: tuple[str, ...], times: int, advance: Advance) -> None:
    """Appends a table's rows again, each time another 72 hours earlier, file by file."""
    day = {"_day": "_heard_at", "date": "hour_at"}[parts[0]]
    for path in DeltaTable(uri).file_uris():
        rows = pl.read_parquet(path, hive_partitioning=True)
        for time in range(1, times):
            earlier = rows.with_columns(pl.col(instants) - pl.duration(hours=HOURS * time))
            dated = earlier.with_columns(pl.col(day).dt.date().alias(parts[0]))
            columns = stored_schema(TELEMETRY).names() if parts[0] == "_day" else rows.columns
            delta.write(uri, dated.select(columns), {}, mode="append", partition_by=list(parts))
            if parts[0] == "_day":
                advance(len(rows))


def newest_hour(lake: str, devices: int) -> Callable[[], object]:  # noqa: ARG001 - both sides are asked the same
    """OpsGuard: the newest hour of all devices, and what came late, followed, rolled, compared and appended."""

    def update() -> object:
        with tempfile.TemporaryDirectory(dir=Path(lake).parent) as copy:
            Path(f"{copy}/tables").symlink_to(f"{lake}/tables")
            for name in ("devices", "derivations"):
                shutil.copytree(f"{lake}/{name}", f"{copy}/{name}", copy_function=os.link)
            return update_hourly(Lake(copy), progress=Silent())

    return update


def newest_hour_floor(lake: str, devices: int) -> Callable[[], object]:
    """The floor: a bare scan of the files of the newest hour, grouped by device, and written as Parquet."""
    end = START + HOURS * _HOUR
    actions = pl.DataFrame(DeltaTable(f"{lake}/tables/{TELEMETRY.name}").get_add_actions(flatten=True))
    files = actions.filter(pl.col("max._heard_at").cast(INSTANT) >= end - _HOUR)["path"]
    paths = [f"{lake}/tables/{TELEMETRY.name}/{path}" for path in files]
    value = [pl.col("battery_pct"), pl.col("signal_dbm"), pl.col("temperature_c")]
    figures: list[Any] = [
        pl.len(),
        pl.col("_heard_at").min().alias("first_at"),
        pl.col("_heard_at").max().alias("last_at"),
        *(column.mean().name.suffix("_mean") for column in value),
        *(column.min().name.suffix("_min") for column in value),
        *(column.max().name.suffix("_max") for column in value),
        pl.col("signal_dbm").std(),
        pl.col("error_count").sum(),
    ]

    def bare() -> object:
        rows = pl.scan_parquet(paths).filter(pl.col("_heard_at") >= pl.lit(end - _HOUR, INSTANT))
        hours = rows.group_by("device_id").agg(figures).collect()
        if len(hours) != devices:
            raise RuntimeError(f"{len(hours)} of {devices} devices have reports in the newest hour")
        with tempfile.TemporaryDirectory(dir=Path(lake).parent) as folder:
            hours.write_parquet(f"{folder}/hours.parquet")
        return hours

    return bare


def hourly_tick(lake: str, devices: int) -> Callable[[], object]:
    """OpsGuard: the newest hour rolled up, then the health and the risk of every device by the rule."""
    as_of = START + HOURS * _HOUR

    def tick() -> object:
        with tempfile.TemporaryDirectory(dir=Path(lake).parent) as copy:
            Path(f"{copy}/tables").symlink_to(f"{lake}/tables")
            for name in ("devices", "derivations"):
                shutil.copytree(f"{lake}/{name}", f"{copy}/{name}", copy_function=os.link)
            own = Lake(copy)
            update_hourly(own, progress=Silent())
            health = health_at(own, as_of, replace_below=60, checkpoint=advance_checkpoint)
            risk = risk_at(own, DeviceRule(), as_of, Explain(10))
            if not len(health) == len(risk) == devices:
                raise RuntimeError(f"{len(health)} and {len(risk)} of {devices} devices have health and risk")
            return risk

    return tick


def carry(lake: Path) -> None:
    """Keeps what the tick of the hour before keeps: a tick goes on from there."""
    advance_checkpoint(Lake(str(lake)), START + (HOURS - 1) * _HOUR)


def hourly_tick_floor(lake: str, devices: int) -> Callable[[], object]:
    """The floor: that of the newest hour, and a bare scan of 72 hours of rollups grouped by device."""
    newest = newest_hour_floor(lake, devices)
    columns = ("battery_last_pct", "signal_mean_dbm", "signal_std_db", "temperature_out_minutes", "online_minutes")

    def bare() -> object:
        newest()
        rolled = Lake(lake).scan(NAME).filter(pl.col("hour_at") >= pl.lit(START, INSTANT))
        return rolled.group_by("device_id").agg(pl.col(columns).mean(), pl.col("errors").sum()).collect()

    return bare


def one_query_per_device(lake: str, devices: int) -> Callable[[], object]:
    """The contrast: the reports of 72 hours asked device by device, for the first fifty devices, and averaged."""
    columns = ("battery_pct", "signal_dbm", "temperature_c")

    def ask() -> object:
        own, since = Lake(lake), START
        return [
            own.daily(TELEMETRY)
            .known(None, since=since)
            .filter(pl.col("device_id") == f"device-{number:07}")
            .select(pl.len(), pl.col(columns).mean(), pl.col("error_count").sum())
            .collect()
            for number in range(min(devices, QUERIES))
        ]

    return ask
