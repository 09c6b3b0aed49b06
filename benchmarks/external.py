"""1,000,000 unresolved alerts of other systems: settled and triaged, and as a bare scan, group-by and upsert.

Here: the data and what is timed of it, each side in a schema freshly emptied. Not here: running the sides (`timing`).
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
from pydantic import SecretStr
from sqlalchemy import text

from opsguard_assets.alerts.lifecycle import settle
from opsguard_assets.config.settings import Settings
from opsguard_assets.domains import ALERT_TYPES
from opsguard_assets.external.assets import external_monitor
from opsguard_assets.external.io import EXTERNAL_ALERTS, findings_at
from opsguard_assets.tables.registry import TABLES
from opsguard_assets.triage.priority.inputs import Described
from opsguard_assets.triage.priority.io import prioritise, rule_judge
from resources.copying import copy_in
from resources.database import Database
from resources.delta import open_table
from resources.lake import Lake
from resources.postgres import start_embedded

_NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
_SITES, _KINDS = 500, ("Door open", "Fire alarm", "Temperature high", "VPN link lost", "Camera tamper")
_TABLES = "alerts, alert_transitions, mutes, monitor_ticks, decisions"
_FLOOR = """
CREATE TABLE bare_external (
    kind text, site_id text, entity_id text, severity text, title text, at timestamptz, occurrences bigint,
    PRIMARY KEY (kind, site_id, entity_id)
)
"""
_UPSERT = """
INSERT INTO bare_external SELECT * FROM incoming ON CONFLICT (kind, site_id, entity_id) DO UPDATE SET
    severity = excluded.severity, title = excluded.title, at = excluded.at, occurrences = excluded.occurrences
"""


def build(folder: Path, alerts: int) -> None:
    """A lake of so many unresolved alerts, ten for each of a tenth as many entities."""
    lake = Lake(str(folder))
    if lake.exists(f"tables/{EXTERNAL_ALERTS.name}"):
        return
    sites = pl.select(n=pl.int_range(_SITES)).select(
        site_id=pl.format("S-{}", "n"),
        client_id=pl.format("C-{}", pl.col("n") % 50),
        name=pl.format("Site {}", "n"),
        timezone=pl.lit("UTC"),
        known_at=pl.lit(_NOON - timedelta(days=99)),
    )
    _record(lake, "sites", sites)
    entity = pl.col("n") % max(alerts // 10, 1)
    rows = pl.select(n=pl.int_range(alerts)).select(
        alert_id=pl.format("A-{}", "n"),
        site_id=pl.format("S-{}", entity % _SITES),
        at=pl.lit(_NOON) - pl.duration(seconds=pl.col("n") % 86_400),
        kind=pl.lit(pl.Series(_KINDS)).gather(entity % len(_KINDS)),
        severity=pl.when(pl.col("n") % 7 == 0).then(pl.lit("high")).otherwise(pl.lit("medium")),
        title=pl.format("Alert {} of an entity", "n"),
        entity_type=pl.lit("device"),
        entity_id=pl.format("D-{}", entity),
        known_at=pl.lit(_NOON - timedelta(hours=1)),
    )
    _record(lake, EXTERNAL_ALERTS.name, rows)


def _record(lake: Lake, name: str, rows: pl.DataFrame) -> None:
    table = TABLES[name]
    nothing = [
        pl.lit(None, dtype).alias(column) for column, dtype in table.dtypes.items() if column not in rows.columns
    ]
    typed = rows.with_columns(nothing).select(pl.col(column).cast(dtype) for column, dtype in table.dtypes.items())
    lake.record(table, typed, loaded_at=_NOON)


def settled(postgres: str, lake: str, alerts: int) -> Callable[[], object]:
    """OpsGuard: every row becomes part of an alert with its decision and its priority."""
    database, settings = _database(postgres), Settings()
    with database.begin() as connection:
        connection.execute(text(f"TRUNCATE {_TABLES} CASCADE"))
    monitor = external_monitor(tuple(ALERT_TYPES), settings)

    def run() -> None:
        found = findings_at(Lake(lake), database, monitor, _NOON, days=30)
        done = settle(database, found, monitor, _NOON)
        triaged = prioritise(database, Described(ALERT_TYPES, settings), rule_judge(), _NOON)
        if (done.findings, triaged.written) != (alerts, alerts // 10):
            raise RuntimeError(f"not what was to be measured: {done}, {triaged.written} priorities")

    return run


def bare(postgres: str, lake: str, alerts: int) -> Callable[[], object]:
    """The floor: the same rows scanned, grouped by kind, site and entity, copied and upserted, and nothing else."""
    database = _database(postgres)
    with database.begin() as connection:
        connection.execute(text("DROP TABLE IF EXISTS bare_external"))
        connection.execute(text(_FLOOR))

    def run() -> None:
        rows = pl.scan_delta(open_table(f"{lake}/tables/{EXTERNAL_ALERTS.name}", {}))
        grouped = (
            rows.group_by("kind", "site_id", "entity_id")
            .agg(pl.col("severity").cast(pl.String).max(), pl.col("title").last(), pl.col("at").max(), pl.len())
            .collect()
        )
        with database.begin() as connection:
            connection.execute(text("CREATE TEMP TABLE incoming (LIKE bare_external) ON COMMIT DROP"))
            copy_in(connection, "incoming", grouped)
            connection.execute(text(_UPSERT))
        if len(grouped) != alerts // 10:
            raise RuntimeError(f"not what was to be measured: {len(grouped)} alerts")

    return run


def _database(postgres: str) -> Any:
    database = Database(SecretStr(start_embedded(Path(postgres))))
    database.migrate()
    return database
