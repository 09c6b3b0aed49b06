"""Snapshots: rows that a source listed before and no longer lists are withdrawn, known from the newer list on.

Here: comparing a list with the previous one, in the table `intake/lists`. Not here: rows that say themselves that they
are deleted (`conform`) and which feeds are snapshots (`opsguard_assets.config.mapping`).

A missing row means something only if the list is certainly complete. A list withdraws nothing, and says so, if a row
has no readable key or if none of the previous keys is in it; its own keys are then expected of the next list, too. The
table is updated after the withdrawals and names its load, so a killed run is repeated.
"""

from dataclasses import dataclass
from datetime import datetime

import polars as pl

from opsguard_assets.config.mapping import Feed
from opsguard_assets.intake.accepting.arrival import Arrival, earlier_loads
from opsguard_assets.intake.mapping.conform import conform
from opsguard_assets.tables.table import Table
from opsguard_assets.tables.values import INSTANT
from opsguard_assets.tables.versions import IS_WITHDRAWN
from resources.lake import Lake

LISTS = "intake/lists"
_KEY = "key"
_BOOK = pl.Schema(
    {
        "source": pl.String(),
        "table": pl.String(),
        "load_id": pl.String(),
        "loaded_at": INSTANT,
        "incomplete": pl.String(),
        _KEY: pl.String(),
    }
)


@dataclass(frozen=True)
class Listed:
    """What a load lists of one table.

    Attributes:
        keys: The keys, as text; distinct.
        untold: How many rows have no readable key.
    """

    keys: pl.Series
    untold: int


def withdraw(arrival: Arrival, table: Table, feeds: list[Feed], batch_rows: int, number: int, now: datetime) -> None:
    """Withdraws the rows of a table that a load, a complete list, no longer names.

    Args:
        arrival: The load; its rows are recorded.
        table: The canonical table.
        feeds: The feeds of the source that fill it.
        batch_rows: Raw rows that are held in memory at once.
        number: The batch under which this is done.
        now: The instant under which it is recorded.
    """
    lake, source, load = arrival.lake, arrival.source, arrival.load
    before = _book(lake, table).filter(source=source.name)
    if len(before) and (before["load_id"][0] == load.load_id or before["loaded_at"][0] > load.loaded_at):
        return  # done by somebody who died before saying so, or outdated by a newer list
    listed = listed_by(arrival, table, feeds, batch_rows, now)
    expected = before[_KEY] if len(before) else _listed_earlier(arrival, table, feeds, batch_rows, now)
    doubt = _doubt(listed, expected, table)
    if doubt is None and not lake.recorded_rows(table, arrival.marks.begun(number)):
        # Several sources may fill one table: a row ends only when none of them lists it.
        elsewhere = _book(lake, table).filter(pl.col("source") != source.name)[_KEY]
        _end(lake, table, expected.filter(~expected.is_in(listed.keys) & ~expected.is_in(elsewhere)), now)
    keys = listed.keys if doubt is None else pl.concat([expected, listed.keys]).unique()
    stamps = {"source": source.name, "table": table.name, "load_id": load.load_id, "incomplete": doubt}
    page = pl.DataFrame({_KEY: keys}).with_columns(
        loaded_at=load.loaded_at, **{k: pl.lit(v) for k, v in stamps.items()}
    )
    where = {"source": source.name, "table": table.name}
    lake.replace_slice(LISTS, page.select(_BOOK.names()).cast(_BOOK), where=where, partition_by=list(where))


def doubt_of(arrival: Arrival, table: Table) -> str | None:
    """Why a list withdrew nothing, as the book has it."""
    page = _book(arrival.lake, table).filter(source=arrival.source.name, load_id=arrival.load.load_id)
    return page["incomplete"][0] if len(page) else None


def withdrawn_by(arrival: Arrival, table: Table) -> int:
    """How many rows of a table a load withdrew."""
    ended = arrival.lake.versions(table).filter(
        pl.col("_loaded_at").is_in(arrival.marks.instants()), pl.col(IS_WITHDRAWN)
    )
    return int(ended.select(pl.len()).collect().item())


def listed_by(arrival: Arrival, table: Table, feeds: list[Feed], batch_rows: int, now: datetime) -> Listed:
    """The keys of a load, also those of rejected rows: a row with a wrong value still exists."""
    needed = [column for column in table.key if not table.schema.columns()[column].nullable]
    entries, untold = [pl.Series(_KEY, [], pl.String)], 0
    for raw in arrival.batches(batch_rows):
        for feed in feeds:
            keys = conform(raw, feed, arrival.source, table, now).keys
            known = keys.drop_nulls(needed)
            untold += len(keys) - len(known)
            entries.append(known.select(_as_text(table)).to_series())
    return Listed(pl.concat(entries).unique(), untold)


def _listed_earlier(arrival: Arrival, table: Table, feeds: list[Feed], batch_rows: int, now: datetime) -> pl.Series:
    """The keys of the loads before the first list: from then on their rows must be listed."""
    earlier = [listed_by(load, table, feeds, batch_rows, now).keys for load in earlier_loads(arrival)]
    return pl.concat([pl.Series(_KEY, [], pl.String), *earlier]).unique()


def _doubt(listed: Listed, expected: pl.Series, table: Table) -> str | None:
    missing = int((~expected.is_in(listed.keys)).sum())
    if not missing:
        return None
    if listed.untold:
        return (
            f"{listed.untold} rows do not tell their key, so the list is not complete and the {missing} rows of "
            f"{table.name} that it does not name stay. Correct them (see quarantine/{table.name}) and deliver it again."
        )
    if missing == len(expected):
        return (
            f"the list names none of the {missing} rows of {table.name} that were listed before; all of them stay. "
            "If they are gone indeed, deliver the list once more: a second one withdraws them."
        )
    return None


def _end(lake: Lake, table: Table, keys: pl.Series, now: datetime) -> None:
    ended = lake.known(table).filter(_as_text(table).is_in(keys)).collect()
    if len(ended):
        withdrawn = ended.with_columns(pl.lit(now, table.dtypes["known_at"]).alias("known_at"), _is_withdrawn=True)
        lake.record(table, withdrawn, loaded_at=now)


def _as_text(table: Table) -> pl.Expr:
    """A key as one text; its separators and its sign for null occur in no text of a table."""
    parts = [pl.col(column).cast(pl.String).fill_null("\x00") for column in table.key]
    return pl.concat_str(parts, separator="\x00\x00").alias(_KEY)


def _book(lake: Lake, table: Table) -> pl.DataFrame:
    if not lake.exists(LISTS):
        return pl.DataFrame(schema=_BOOK)
    return lake.scan(LISTS).filter(pl.col("table") == table.name).select(_BOOK.names()).collect()
