"""Key figures of many clients over a year, and the bare group-bys of DuckDB over the same files.

Here: the data and what is timed of it; the group-bys stand in `kpis.sql`. Not here: running the sides (`timing`).

The data are those tables of the lake that key figures read, in the shape of ordinary months. Figures of alerts and of
predictions read PostgreSQL and recorded scores, and are not in it.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl

from opsguard_assets.derivation import Span, mark
from opsguard_assets.devices.telemetry.hourly_io import NAME as HOURS
from opsguard_assets.devices.telemetry.schemas import DEVICE_HOURLY, StoredHour
from opsguard_assets.shifts.verdicts.schemas import SHIFT_COMPLIANCE
from opsguard_assets.tables.registry import TABLES
from opsguard_assets.tables.table import Table, dtypes_of
from opsguard_assets.tables.values import INSTANT
from opsguard_assets.tickets.sla.schemas import SLA_CLOCKS
from resources.lake import Lake

_BEGIN, _END = datetime(2025, 1, 1, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC)
AS_OF = _END + timedelta(hours=3)
_SITES, _DEVICES = 5, 5
# Rows per client and year.
_ROWS: Mapping[str, int] = {
    "tickets": 1_200, "work_orders": 240, "shift_compliance": 1_800, "attendance": 1_800, "tours": 1_800,
    "external_alerts": 480, "security_events": 240,
}  # fmt: skip
_MINUTES = int((_END - _BEGIN).total_seconds() // 60)
_ZONES = ("Europe/Berlin", "America/New_York", "Asia/Tokyo", "UTC")
_GROUPED = Path(__file__).parent / "kpis.sql"
_DATABASE = ("database/", "models/", "tickets/sla_risk")


def names() -> list[str]:
    """The key figures that are measured: those of the lake."""
    from opsguard_assets.scorecards.kpis.registry import KPIS

    return [name for name, kpi in KPIS.items() if not any(feed.startswith(_DATABASE) for feed in kpi.feeds)]


def build(folder: Path, clients: int) -> None:
    """A lake of a year of so many clients; nothing happens where it is there already."""
    if (folder / "complete").exists():
        return
    lake = Lake(str(folder))
    for name, rows in {**_reference(clients), **_facts(clients)}.items():
        table = TABLES.get(name) or {"sla_clocks": SLA_CLOCKS, "shift_compliance": SHIFT_COMPLIANCE}[name]
        lake.record(table, _typed(table, rows), loaded_at=_END)
    for name in ("ticket_events", "sla_policies", "calendars"):
        lake.record(TABLES[name], TABLES[name].empty(), loaded_at=_END)
    mark(lake, SLA_CLOCKS.name, Span(None, _END))
    for number, month in enumerate(pl.date_range(_BEGIN.date(), _END.date(), "1mo", closed="left", eager=True)):
        hours = _hours(clients, month)
        lake.append_once(HOURS, hours, stream=HOURS, sequence=number, partition_by=["date"])
    (folder / "complete").touch()


def _drawn(rows: int, seed: int, below: int) -> pl.Expr:
    """A number from 0 on per row, drawn by the place of the row."""
    return (pl.int_range(rows, dtype=pl.UInt64).hash(seed) % below).cast(pl.Int64)


def _typed(table: Table, rows: pl.DataFrame) -> pl.DataFrame:
    known = rows.with_columns(known_at=pl.lit(_END - timedelta(hours=1)))
    missing = [pl.lit(None, dtype).alias(name) for name, dtype in table.dtypes.items() if name not in known.columns]
    return known.with_columns(missing).select(pl.col(name).cast(dtype) for name, dtype in table.dtypes.items())


def _reference(clients: int) -> dict[str, pl.DataFrame]:
    client, site = pl.int_range(clients), pl.int_range(clients * _SITES)
    return {
        "clients": pl.select(
            client_id=pl.format("C-{}", client),
            name=pl.format("Client {}", client),
            timezone=pl.lit(pl.Series(_ZONES)).gather(client % len(_ZONES)),
        ),
        "sites": pl.select(
            site_id=pl.format("S-{}", site),
            client_id=pl.format("C-{}", site // _SITES),
            name=pl.format("Site {}", site),
            timezone=pl.lit("UTC"),
            latitude=pl.lit(50.0),
            longitude=pl.lit(8.0),
            geofence_radius_m=pl.lit(100.0),
        ),
        "devices": pl.select(
            device_id=pl.format("D-{}", pl.int_range(clients * _DEVICES)),
            site_id=pl.format("S-{}", pl.int_range(clients * _DEVICES) % (clients * _SITES)),
            kind=pl.lit("camera"),
            installed_at=pl.lit(_BEGIN),
            reports_every_minutes=pl.lit(15.0),
        ),
        "device_events": pl.select(
            device_id=pl.format("D-{}", pl.int_range(clients)),
            at=pl.lit(_BEGIN) + pl.duration(minutes=_drawn(clients, 1, _MINUTES)),
            kind=pl.lit("maintenance"),
        ),
        "punch_feeds": pl.select(site_id=pl.format("S-{}", site), reported_upto_at=pl.lit(_END)),
    }


def _facts(clients: int) -> dict[str, pl.DataFrame]:
    """Rows by table: at random moments of the year, at random sites of each client."""
    found = {}
    for seed, (name, each) in enumerate(_ROWS.items()):
        rows = clients * each
        number = pl.int_range(rows)
        site = number % clients * _SITES + _drawn(rows, seed, _SITES)
        found[name] = pl.select(
            n=number,
            client_id=pl.format("C-{}", number % clients),
            site_id=pl.format("S-{}", site),
            at=pl.lit(_BEGIN).cast(INSTANT) + pl.duration(minutes=_drawn(rows, seed + 50, _MINUTES)),
            luck=_drawn(rows, seed + 90, 100),
        )
    later = {name: _later(frame) for name, frame in found.items()}
    tickets = _tickets(found["tickets"])
    return {**later, **tickets}


def _later(rows: pl.DataFrame) -> pl.DataFrame:
    """What each table that holds such rows says of them; columns that it does not have are left out."""
    at, luck = pl.col("at"), pl.col("luck")
    done = pl.when(luck < 95).then(at + pl.duration(minutes=luck))
    return rows.with_columns(
        work_order_id=pl.format("W-{}", "n"), vendor_id=pl.lit("V"), created_at=at, due_at=at + timedelta(minutes=80),
        completed_at=done, status=pl.lit("done"), is_planned=luck < 40, category=pl.lit("repair"),
        is_rework_of=pl.when(luck == 7).then(pl.format("W-{}", pl.col("n") // 2)),
        tour_id=pl.format("T-{}", "n"), checkpoints=pl.lit(5), checkpoints_done=luck % 6,
        person_id=pl.format("P-{}", "n"), punched_in_at=at, accuracy_m=pl.lit(10.0),
        latitude=50 + luck / 80_000, longitude=pl.lit(8.0),
        alert_id=pl.format("A-{}", "n"), event_id=pl.format("E-{}", "n"), kind=pl.lit("door"), title=pl.lit("Door"),
        severity=pl.when(luck < 5).then(pl.lit("critical")).when(luck < 60).then(pl.lit("high")).otherwise(
            pl.lit("low")),
        acknowledged_at=done, responded_at=done, resolved_at=done, is_false_alarm=luck % 9 == 0,
    ).pipe(_shift)  # fmt: skip


def _shift(rows: pl.DataFrame) -> pl.DataFrame:
    at, luck = pl.col("at"), pl.col("luck")
    verdict = pl.when(luck < 90).then(pl.lit("on_time")).when(luck < 97).then(pl.lit("late_arrival"))
    return rows.with_columns(
        shift_id=pl.format("H-{}@{}", "n", at.dt.date()), starts_at=at, expected_from_at=at,
        expected_until_at=at + timedelta(hours=8), verdict=verdict.otherwise(pl.lit("no_show")), rule=pl.lit(""),
        late_minutes=pl.when(luck >= 90).then(luck.cast(pl.Float64)).otherwise(0.0),
    )  # fmt: skip


def _tickets(rows: pl.DataFrame) -> dict[str, pl.DataFrame]:
    at, luck = pl.col("at"), pl.col("luck")
    told = rows.with_columns(
        ticket_id=pl.format("Q-{}", "n"), priority=pl.lit("high"), status=pl.lit("closed"), opened_at=at,
        category=pl.format("kind {}", pl.col("n") % 17), sentiment=luck / 100, updated_at=at + timedelta(hours=2),
        first_response_at=at + pl.duration(minutes=luck), resolved_at=at + pl.duration(minutes=luck * 2),
        closed_at=at + pl.duration(minutes=luck * 2), response_at=at + pl.duration(minutes=luck),
        ended_at=at + pl.duration(minutes=luck * 2), response_due_at=at + timedelta(minutes=90),
        resolution_due_at=at + timedelta(minutes=180), pauses_on=pl.lit([], pl.List(pl.String)),
        timezone=pl.lit("UTC"), elapsed_counts=pl.lit(value=False), remaining_counts=pl.lit(value=False),
        response_counts=pl.lit(value=False), elapsed_base_us=pl.lit(0), remaining_base_us=pl.lit(0),
        response_remaining_base_us=pl.lit(0), paused_base_us=pl.lit(0),
    )  # fmt: skip
    return {"tickets": told, "sla_clocks": told}


def _hours(clients: int, month: Any) -> pl.DataFrame:
    """A month of hours of all devices: one in a hundred is missing, one in fifty was online for three quarters."""
    upto = pl.lit(month).dt.offset_by("1mo").cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
    since = pl.lit(month).cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
    hours = pl.select(pl.datetime_range(since, upto, "1h", closed="left").alias("hour_at"))
    devices = pl.select(device_id=pl.format("D-{}", pl.int_range(clients * _DEVICES)))
    luck = pl.struct("device_id", "hour_at").hash(3) % 100
    rows = hours.join(devices, how="cross").filter(luck > 0).with_columns(
        known_at=pl.col("hour_at") + timedelta(hours=1), rolled_at=pl.col("hour_at") + timedelta(hours=1),
        first_at="hour_at", last_at=pl.col("hour_at") + timedelta(minutes=45), reports=pl.lit(4),
        online_minutes=pl.when(luck < 3).then(45.0).otherwise(60.0), expected_minutes=pl.lit(60.0),
        date=pl.col("hour_at").dt.date(), _ordinal=pl.lit(0), _replaces=pl.lit(value=False),
        **{name: pl.lit(0) for name in dtypes_of(StoredHour) if name.endswith("_reports") or name == "errors"},
    )  # fmt: skip
    dtypes = {**DEVICE_HOURLY.dtypes, **dtypes_of(StoredHour)}
    missing = [pl.lit(None, dtype).alias(name) for name, dtype in dtypes.items() if name not in rows.columns]
    return rows.with_columns(missing).select(pl.col(name).cast(dtype) for name, dtype in dtypes.items())


def computed(lake: str) -> Callable[[], object]:
    """OpsGuard: the rows behind all key figures, and the figures of each client, site and month."""
    return _computed(lake, names())


def of_devices(lake: str) -> Callable[[], object]:
    """Of that the uptime of devices, which is made of by far the most rows."""
    return _computed(lake, ["device_uptime"])


def of_shifts(lake: str) -> Callable[[], object]:
    """Of that the figures of guards: shifts, punches and tours."""
    return _computed(lake, ["attendance_compliance", "attended_at_all", "tour_coverage", "geofence_violations"])


def of_tickets(lake: str) -> Callable[[], object]:
    """Of that the figures of tickets."""
    return _computed(lake, ["sla_performance", "first_response_sla", "helpdesk_sentiment", "repeat_tickets"])


def _computed(lake: str, chosen: Sequence[str]) -> Callable[[], object]:
    from opsguard_assets.config.settings import Settings
    from opsguard_assets.scorecards.kpis.io import compute
    from opsguard_assets.scorecards.kpis.registry import KPIS

    opened, settings, wanted = Lake(lake), Settings(), {name: KPIS[name] for name in chosen}
    # None of them reads the database.
    return lambda: compute(opened, None, settings, AS_OF, wanted)  # type: ignore[arg-type]


def summed(lake: str) -> Callable[[], object]:
    """Of that the last part: figures of rows that are there."""
    from opsguard_assets.config.settings import Settings
    from opsguard_assets.scorecards.kpis.figures import figures
    from opsguard_assets.scorecards.kpis.registry import KPIS
    from opsguard_assets.scorecards.kpis.schemas import KPI_ROWS

    found: Any = computed(lake)()
    wanted, settings = {name: KPIS[name] for name in names()}, Settings()
    through = dict.fromkeys(wanted, AS_OF)
    return lambda: figures(KPI_ROWS.typed(found.rows.lazy()), found.months, wanted, settings, through, AS_OF)


def bare(lake: str) -> Callable[[], object]:
    """DuckDB alone: one group-by of each table by client, site and month, over the same files."""
    import duckdb
    from deltalake import DeltaTable

    def files(name: str) -> str:
        return f"read_parquet({DeltaTable(f'{lake}/{name}').file_uris()!r}, union_by_name = true)"

    def work() -> object:
        with duckdb.connect() as connection:
            connection.execute("SET TimeZone = 'UTC'")
            asked = [text.format_map(_Files(files)) for text in _GROUPED.read_text(encoding="utf-8").split(";")]
            return [connection.sql(text).to_arrow_table() for text in asked]

    return work


class _Files(dict[str, str]):
    """What stands for a table in a query."""

    def __init__(self, files: Callable[[str], str]) -> None:
        super().__init__()
        self._files = files

    def __missing__(self, name: str) -> str:
        return self._files(name.replace("__", "/"))
