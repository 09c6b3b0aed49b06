"""Small raw rows, a small table and a small mapping that the tests of accepting share."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import dataframely as dy
import polars as pl
from deltalake import write_deltalake

from opsguard_assets.config.sources import FileSource
from opsguard_assets.tables.table import Table
from resources.lake import Lake

START = datetime(2026, 1, 1, tzinfo=UTC)
STATES = ["new", "open", "closed"]


class Case(dy.Schema):
    """A ticket in small."""

    case_id = dy.String()
    state = dy.String(check={"known": lambda column: column.is_in(STATES)})
    title = dy.String(nullable=True)
    effort_minutes = dy.Int64(nullable=True, min=0)
    cost = dy.Float64(nullable=True)
    tags = dy.List(dy.String(), nullable=True)
    is_urgent = dy.Bool(nullable=True)
    due_on = dy.Date(nullable=True)
    opened_at = dy.Datetime(time_zone="UTC", time_unit="us")
    closed_at = dy.Datetime(time_zone="UTC", time_unit="us", nullable=True)
    updated_at = dy.Datetime(time_zone="UTC", time_unit="us")
    known_at = dy.Datetime(time_zone="UTC", time_unit="us")

    @dy.rule()
    def closed_after_opened(cls) -> pl.Expr:
        return pl.col("closed_at").is_null() | (pl.col("closed_at") >= pl.col("opened_at"))


CASES = Table(
    name="cases", room="tests", schema=Case, key=("case_id",), version="updated_at",
    is_live=pl.col("state") != "closed",
)  # fmt: skip
TABLES = {"cases": CASES}


def source(columns: dict[str, Any] | None = None, *, timezone: str = "UTC", **feed: Any) -> FileSource:
    """A file source with one feed into `cases`; `columns` adds to the mapping of the required columns."""
    mapping = {
        "case_id": "Number",
        "state": {"from": "State", "values": {"Work in progress": "open"}},
        "opened_at": "Opened",
        "updated_at": "Opened",
    }
    return FileSource.model_validate(
        {
            "name": "helpdesk",
            "kind": "files",
            "path": "cases.csv",
            "timezone": timezone,
            "null_values": ["?", "n/a"],
            "feeds": [{"table": "cases", "columns": {**mapping, **(columns or {})}, **feed}],
        }
    )


def raw(
    rows: Sequence[dict[str, Any]], *, load: int = 1, origin: str = "cases.csv", first_position: int = 1
) -> pl.DataFrame:
    """Raw rows as a loader leaves them; text columns that a row does not name are null."""
    usual = ["number", "state", "opened", "_damage", "_text"]
    names = list(dict.fromkeys([*usual, *(name for row in rows for name in row)]))
    frame = pl.DataFrame(
        {name: pl.Series([row.get(name) for row in rows], strict=False) for name in names},
        schema_overrides=dict.fromkeys(usual, pl.String),
    )
    return frame.cast({pl.Null: pl.String}).with_columns(
        pl.lit(f"{load:04}").alias("_load_id"),
        pl.lit(START + timedelta(hours=load)).alias("_loaded_at"),
        pl.lit(origin).alias("_origin"),
        pl.int_range(first_position, first_position + pl.len(), dtype=pl.Int64).alias("_position"),
    )


def case(
    number: str | None = "A1", state: str | None = "open", opened: str | None = "2025-01-01 10:00", **more: Any
) -> dict[str, Any]:
    """One raw row that is sound unless it says otherwise."""
    return {"number": number, "state": state, "opened": opened, **more}


def deliver(lake: Lake, rows: pl.DataFrame, name: str = "helpdesk") -> None:
    """Puts raw rows where a loader puts them."""
    write_deltalake(lake.uri_of(f"raw/{name}"), rows, mode="append", schema_mode="merge")
