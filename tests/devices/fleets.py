"""A simulated fleet's records in a lake, as tests of several modules want them."""

from datetime import UTC, datetime, timedelta

import polars as pl

from opsguard_assets.config.sources import FileSource
from opsguard_assets.simulator.reports import CHANNELS, watched
from opsguard_assets.simulator.settings import SimulationSettings
from opsguard_assets.simulator.world import build_world
from opsguard_assets.tables.registry import TABLES
from resources.lake import Lake

FED = ("clients", "sites", "devices", "telemetry", "device_events")
START = datetime(2026, 3, 2, tzinfo=UTC)
SOURCES = tuple(
    FileSource.model_validate(
        {"name": name, "kind": "files", "path": "x.csv", "feeds": [{"table": name, "same_names": True}]}
    )
    for name in FED
)


def fleet_of(settings: SimulationSettings, until: datetime) -> dict[str, pl.DataFrame]:
    """The records of a fleet by table, channels as metrics."""
    world, lived = build_world(settings, 0, until).tables, watched(settings, 0, until)
    channel = [
        pl.struct(channel=pl.lit(name), value=pl.col(name).cast(pl.Float64)).alias(f"_{name}") for name in CHANNELS
    ]
    telemetry = lived.telemetry.with_columns(metrics=pl.concat_list(channel)).drop(CHANNELS)
    devices = lived.fleet.devices.with_columns(known_at=pl.lit(settings.starts_at, pl.Datetime("us", "UTC")))
    return {
        "clients": world["clients"],
        "sites": world["sites"],
        "devices": devices,
        "telemetry": telemetry,
        "device_events": lived.events,
    }


def record_fleet(
    lake: Lake,
    records: dict[str, pl.DataFrame],
    upto: datetime,
    after: datetime | None = None,
    *,
    later: timedelta = timedelta(seconds=1),
) -> None:
    """Records what became known in a span, as loads a little after its end would."""
    for name in FED:
        known = (
            pl.col("known_at") <= upto if after is None else pl.col("known_at").is_between(after, upto, closed="right")
        )
        rows, table = records[name].filter(known), TABLES[name]
        missing = [pl.lit(None, dtype).alias(c) for c, dtype in table.dtypes.items() if c not in rows.columns]
        if len(rows):
            lake.record(table, rows.with_columns(missing).select(table.columns), loaded_at=upto + later)
