"""Little worlds for key figures: rows of canonical tables in a lake, and figures of them."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

import polars as pl

from opsguard_assets.config.settings import Settings
from opsguard_assets.scorecards.kpis.io import Computed, compute
from opsguard_assets.scorecards.kpis.registry import KPIS
from opsguard_assets.tables.registry import TABLES
from opsguard_assets.tables.versions import IS_WITHDRAWN
from resources.lake import Lake

LOADED = datetime(2026, 11, 30, 3, tzinfo=UTC)
NOW = datetime(2026, 12, 1, 3, tzinfo=UTC)
CLIENTS = [
    {"client_id": "a", "name": "A", "timezone": "Europe/Berlin"},
    {"client_id": "b", "name": "B", "timezone": "America/New_York"},
]
# A site of the first client lies in another zone than the client.
SITES = [
    {"site_id": "a1", "client_id": "a", "name": "A 1", "timezone": "Europe/Berlin"},
    {"site_id": "a2", "client_id": "a", "name": "A 2", "timezone": "Asia/Tokyo"},
    {"site_id": "b1", "client_id": "b", "name": "B 1", "timezone": "America/New_York"},
]


def utc(year: int, month: int, day: int, hour: int = 0, minute: int = 0, second: int = 0) -> datetime:
    return datetime(year, month, day, hour, minute, second, tzinfo=UTC)


def record(lake: Lake, name: str, rows: Iterable[Mapping[str, Any]], *, at: datetime = LOADED) -> None:
    """Rows as a load brings them; what is not said is null, `known_at` the load."""
    table = TABLES[name]
    given = [{"known_at": at, **row} for row in rows]
    hidden = {IS_WITHDRAWN: pl.Boolean} if any(IS_WITHDRAWN in row for row in given) else {}
    frame = pl.DataFrame(given, schema={**table.dtypes, **hidden}) if given else table.empty()
    lake.record(table, frame, loaded_at=at)


def world(folder: Any, **tables: Iterable[Mapping[str, Any]]) -> Lake:
    """A lake with two clients, their sites, and rows of further tables."""
    lake = Lake(str(folder))
    for name, rows in {"clients": CLIENTS, "sites": SITES, **tables}.items():
        record(lake, name, rows)
    return lake


def computed(lake: Lake, *names: str, as_of: datetime = NOW, settings: Settings | None = None) -> Computed:
    """Some key figures at a moment; none of them reads the database."""
    return compute(lake, None, settings or Settings(), as_of, {name: KPIS[name] for name in names})


def figure(found: Computed, name: str, client: str = "a", month: str = "2026-11-01", site: str | None = None) -> dict:
    """One figure as a row."""
    mine = found.kpis.filter(
        pl.col("kpi") == name,
        pl.col("client_id") == client,
        pl.col("month") == pl.lit(month).str.to_date(),
        pl.col("site_id").eq_missing(pl.lit(site, pl.String)),
    )
    return mine.row(0, named=True)


def excluded(row: Mapping[str, Any]) -> dict[str, int]:
    """What a figure leaves out, by reason."""
    return {each["reason"]: each["rows"] for each in row["excluded"]}
