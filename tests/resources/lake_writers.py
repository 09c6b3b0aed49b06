"""Writers of a lake that run in processes of their own: one portion after the other, each of known content."""

import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dataframely as dy
import polars as pl

from opsguard_assets.tables.table import Table
from resources.lake import Lake

START = datetime(2025, 1, 1, tzinfo=UTC)


class _Part(dy.Schema):
    """A part in stock."""

    part_id = dy.String()
    state = dy.String()
    updated_at = dy.Datetime(time_zone="UTC")
    known_at = dy.Datetime(time_zone="UTC")


PARTS = Table(
    name="parts", room="tests", schema=_Part, key=("part_id",), version="updated_at", is_live=pl.col("state") == "new"
)


class _Report(dy.Schema):
    """A report of a part."""

    part_id = dy.String()
    at = dy.Datetime(time_zone="UTC")
    state = dy.String()
    known_at = dy.Datetime(time_zone="UTC")


REPORTS = Table(name="reports", room="tests", schema=_Report, key=("part_id", "at"), happened_at="at", is_daily=True)


def hour(number: int) -> datetime:
    return START + timedelta(hours=number)


def parts(portion: int, rows: int) -> pl.DataFrame:
    """The state of the same parts at one hour: each portion supersedes the one before."""
    at = pl.lit(hour(portion), pl.Datetime("us", "UTC"))
    numbers = pl.int_range(rows, eager=True).alias("number").to_frame()
    return numbers.select(
        part_id="p" + pl.col("number").cast(pl.String),
        state=pl.when(pl.col("number") % 2 == portion % 2).then(pl.lit("new")).otherwise(pl.lit("old")),
        updated_at=at,
        known_at=at,
    )


def reports(portion: int, rows: int) -> pl.DataFrame:
    """The same reports, each portion a later word on them, unlike every other."""
    at = pl.lit(START, pl.Datetime("us", "UTC"))
    return parts(portion, rows).with_columns(at=at, state=pl.lit(f"word {portion}")).select(REPORTS.columns)


def plain(portion: int, rows: int) -> pl.DataFrame:
    """Rows of one portion in a slice that all portions share."""
    return pl.select(
        slice=pl.lit("shared"), portion=pl.lit(portion), number=pl.int_range(rows).cast(pl.Int64)
    ).with_columns(entity=pl.col("number") % 7)


def record(lake: Lake, portion: int, rows: int) -> None:
    lake.record(PARTS, parts(portion, rows), loaded_at=hour(portion))


def record_daily(lake: Lake, portion: int, rows: int) -> None:
    lake.record(REPORTS, reports(portion, rows), loaded_at=hour(portion))


def replace_slice(lake: Lake, portion: int, rows: int) -> None:
    lake.replace_slice("plain", plain(portion, rows), where={"slice": "shared"}, partition_by=["slice"])


def replace(lake: Lake, portion: int, rows: int) -> None:
    lake.replace("plain", plain(portion, rows))


def replace_entities(lake: Lake, portion: int, rows: int) -> None:
    frame = plain(portion, rows)
    entities = frame.select("entity").unique()
    lake.replace_entities("plain", frame, entities=entities, key=["entity", "number"])


def append_once(lake: Lake, portion: int, rows: int) -> None:
    lake.append_once("plain", plain(portion, rows), stream="writer", sequence=portion)


WRITERS: dict[str, Callable[[Lake, int, int], None]] = {
    writer.__name__: writer for writer in (record, record_daily, replace_slice, replace, replace_entities, append_once)
}


def main() -> None:
    """`FOLDER WRITER FIRST LAST ROWS GATE`: waits for the file GATE, then writes portions FIRST to LAST."""
    folder, writer, first, last, rows, gate = sys.argv[1:]
    Path(f"{gate}.{first}.ready").touch()
    while not Path(gate).exists():
        pass
    for portion in range(int(first), int(last) + 1):
        WRITERS[writer](Lake(folder), portion, int(rows))


if __name__ == "__main__":
    main()
