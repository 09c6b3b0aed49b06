"""Rosters and what belongs to them, small and by hand: for tests of shifts."""

from datetime import UTC, date, datetime
from typing import Any

import polars as pl

from opsguard_assets.shifts.calendar.calendar import Rosters
from opsguard_assets.tables.registry import TABLES
from opsguard_assets.tables.table import Table

KNOWN = datetime(2020, 1, 1, tzinfo=UTC)


def rows(table: str | Table, *given: dict[str, Any]) -> pl.DataFrame:
    """Rows of a table: what is left out is null."""
    described = TABLES[table] if isinstance(table, str) else table
    full = [dict.fromkeys(described.columns) | {"known_at": KNOWN} | row for row in given]
    return pl.DataFrame(full, schema=described.dtypes, orient="row")


def site(site_id: str = "hall", timezone: str = "Europe/Berlin", **more: Any) -> dict[str, Any]:
    return {"site_id": site_id, "client_id": "acme", "name": site_id, "timezone": timezone} | more


def roster(roster_id: str = "night", **more: Any) -> dict[str, Any]:
    plain = {
        "roster_id": roster_id,
        "person_id": "ann",
        "site_id": "hall",
        "starts_local": "22:00",
        "ends_local": "06:00",
        "valid_from": date(2020, 1, 1),
    }
    return plain | more


def known(
    *rosters: dict[str, Any],
    sites: list[dict[str, Any]] | None = None,
    absences: list[dict[str, Any]] | None = None,
    substitutions: list[dict[str, Any]] | None = None,
    calendars: list[dict[str, Any]] | None = None,
) -> Rosters:
    return Rosters(
        rows("rosters", *rosters),
        rows("absences", *(absences or [])),
        rows("substitutions", *(substitutions or [])),
        rows("sites", *(sites or [site()])),
        rows("calendars", *(calendars or [])),
    )
