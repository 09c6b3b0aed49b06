"""The physical layout of a canonical table: one Delta table of all versions in three slices.

Here: physical columns and slices, and the commit that adds and closes versions. Not here: which version supersedes
which (`opsguard_assets.tables.versions`) and the lake's other tables (`lake`).

`live` holds the current rows that frequent ticks read, `rest` the other current ones, `superseded` the history. A read
as of a recent instant touches `live` and, by file statistics, the last files of `superseded`: history costs it nothing.
"""

from dataclasses import dataclass
from datetime import datetime

import polars as pl
from deltalake import DeltaTable

from opsguard_assets.tables.table import Table
from opsguard_assets.tables.values import INSTANT
from opsguard_assets.tables.versions import (
    ARRIVAL,
    HIDDEN,
    IS_WITHDRAWN,
    LOADED_AT,
    SEQUENCE,
    SUPERSEDED_AT,
    Revision,
    identity,
    revise,
    superseded,
)
from resources import delta

SLICE = "_slice"
LIVE, REST, SUPERSEDED = "live", "rest", "superseded"
PARTITION_BY = (SLICE,)
FOLDER = "tables/"


def folder(table: Table) -> str:
    """Where the table lies below the lake's URI."""
    return f"{FOLDER}{table.name}"


def stored_schema(table: Table) -> pl.Schema:
    """Physical columns; those that reads prune by come first because only leading columns get file statistics."""
    contract = table.dtypes
    types = {SLICE: pl.String(), **HIDDEN, **contract}
    order = dict.fromkeys([SLICE, *HIDDEN, *identity(table), *contract])
    return pl.Schema({column: types[column] for column in order})


def indexed(table: Table) -> int:
    """How many leading columns get file statistics."""
    return len({SLICE, *HIDDEN, *identity(table)})


def empty_versions(table: Table) -> pl.DataFrame:
    """A frame of the columns that a reader of versions sees, without rows."""
    return pl.DataFrame(schema=pl.Schema({**table.dtypes, **HIDDEN}))


def scan(stored: DeltaTable, table: Table) -> pl.LazyFrame:
    """All rows in physical columns; one that the contract got after the table was last written is null."""
    there = {column.name for column in stored.schema().fields}
    new = [pl.lit(None, dtype).alias(name) for name, dtype in stored_schema(table).items() if name not in there]
    return with_arrival(pl.scan_delta(stored).with_columns(new))


def with_arrival(rows: pl.LazyFrame) -> pl.LazyFrame:
    """Stored versions; those of a lake that kept no order of arrival came before all others."""
    return rows.with_columns(pl.col(ARRIVAL).fill_null(0))


@dataclass(frozen=True)
class Slices:
    """A canonical table in slices, opened at one version.

    Attributes:
        table: Which one.
        stored: The Delta table.
        recorded_upto: It is read as it had been recorded by then; None: as now.
    """

    table: Table
    stored: DeltaTable
    recorded_upto: datetime | None = None

    def known(self, as_of: datetime | None, *, live_only: bool = False) -> pl.LazyFrame:
        """The row of every key at an instant (None: the last), in contract columns."""
        table = self.table
        if self.recorded_upto is not None:
            return known(self.versions(), table, as_of, live_only=live_only)
        rows = scan(self.stored, table).filter(~pl.col(IS_WITHDRAWN))
        live = table.is_live if live_only and table.is_live is not None else pl.lit(value=True)
        current = pl.col(SLICE).eq(LIVE) if live_only and table.is_live is not None else pl.col(SLICE) != SUPERSEDED
        if as_of is None:
            return rows.filter(current).select(table.columns)
        since = pl.lit(as_of, INSTANT)
        now = rows.filter(current, pl.col("known_at") <= since)
        outdated = rows.filter(pl.col(SLICE) == SUPERSEDED, pl.col(SUPERSEDED_AT) > since, live)
        return pl.concat([now, outdated.filter(pl.col("known_at") <= since)]).select(table.columns)

    def versions(self) -> pl.LazyFrame:
        """All versions: contract columns and hidden columns."""
        rows = scan(self.stored, self.table).select([*self.table.columns, *HIDDEN])
        return rows if self.recorded_upto is None else recorded_by(rows, self.table, self.recorded_upto)

    def arrived(self, after: datetime | None, upto: datetime | None) -> pl.LazyFrame:
        """The versions that were loaded in (`after`, `upto`]; None: without bound."""
        rows = self.versions()
        if after is not None:
            rows = rows.filter(pl.col(LOADED_AT) > pl.lit(after, INSTANT))
        return rows if upto is None else rows.filter(pl.col(LOADED_AT) <= pl.lit(upto, INSTANT))

    def loaded_upto(self) -> datetime | None:
        """The instant of the newest load; None before the first."""
        newest = self.versions().select(pl.col(LOADED_AT).max()).collect().item()
        return newest if isinstance(newest, datetime) else None

    def record(self, incoming: pl.DataFrame) -> tuple[int, int]:
        """Adds the new versions among received rows in one commit; returns how many are new and how many are not."""
        delta.widen(self.stored, stored_schema(self.table))
        changes = revision(self.stored, incoming, self.table)
        commit(self.stored, changes, self.table)
        return len(changes.added), changes.unchanged


def with_hidden(rows: pl.DataFrame, table: Table, loaded_at: datetime) -> pl.DataFrame:
    """Received rows in contract columns and hidden columns."""
    sequence = pl.col(SEQUENCE).fill_null(0) if SEQUENCE in rows.columns else pl.lit(0)
    withdrawn = pl.col(IS_WITHDRAWN) if IS_WITHDRAWN in rows.columns else pl.lit(value=False)
    arrival = pl.col(ARRIVAL) if ARRIVAL in rows.columns else pl.lit(0)
    return rows.select(
        *table.columns,
        sequence.cast(pl.Int64).alias(SEQUENCE),
        pl.lit(loaded_at, INSTANT).alias(LOADED_AT),
        withdrawn.alias(IS_WITHDRAWN),
        arrival.cast(pl.Int64).alias(ARRIVAL),
    )


def recorded_by(versions: pl.LazyFrame, table: Table, upto: datetime) -> pl.LazyFrame:
    """The versions that had been recorded by an instant, superseded by none that was recorded later."""
    instant = pl.lit(upto, INSTANT)
    then = versions.filter(pl.col(LOADED_AT) <= instant)
    rivals = versions.filter(pl.col(LOADED_AT) > instant).select(table.key).unique().collect()
    if rivals.is_empty():
        return then
    changed = then.join(rivals.lazy(), on=table.key, how="semi", nulls_equal=True).collect()
    dated = superseded(changed, table).select(changed.columns)
    return pl.concat([then.join(rivals.lazy(), on=table.key, how="anti", nulls_equal=True), dated.lazy()])


def known(versions: pl.LazyFrame, table: Table, as_of: datetime | None, *, live_only: bool) -> pl.LazyFrame:
    """The row of every key at an instant (None: the last), from versions alone."""
    ended = pl.col(SUPERSEDED_AT)
    rows = versions.filter(~pl.col(IS_WITHDRAWN))
    if as_of is None:
        rows = rows.filter(ended.is_null())
    else:
        instant = pl.lit(as_of, INSTANT)
        rows = rows.filter(pl.col("known_at") <= instant, ended.is_null() | (ended > instant))
    if live_only and table.is_live is not None:
        rows = rows.filter(table.is_live)
    return rows.select(table.columns)


def revision(stored: DeltaTable, incoming: pl.DataFrame, table: Table) -> Revision:
    """The revision against the current versions; for keys that arrived out of order, against all their versions."""
    keys = incoming.select(table.key).unique()
    rows = scan(stored, table)
    current = (
        rows.filter(pl.col(SLICE) != SUPERSEDED).join(keys.lazy(), on=table.key, how="semi", nulls_equal=True).collect()
    )
    late = _out_of_order(current, incoming, table)
    older = rows.filter(pl.col(SLICE) == SUPERSEDED).join(late.lazy(), on=table.key, how="semi", nulls_equal=True)
    known = pl.concat([current, older.collect()]) if len(late) else current
    return revise(known.drop(SLICE), incoming, table)


def _out_of_order(current: pl.DataFrame, incoming: pl.DataFrame, table: Table) -> pl.DataFrame:
    """Keys with an incoming row that was known, or is valid, before the current row of its key."""
    moments = ["known_at", table.version] if table.version else ["known_at"]
    newest = current.select(*table.key, *(pl.col(c).alias(f"_newest_{c}") for c in moments))
    # At equal instants sequence and arrival decide, possibly against a version that is superseded already.
    before = pl.any_horizontal(pl.col(c) <= pl.col(f"_newest_{c}") for c in moments)
    return incoming.join(newest, on=table.key, nulls_equal=True).filter(before).select(table.key).unique()


def commit(stored: DeltaTable, revision: Revision, table: Table) -> None:
    """Writes a revision in one commit that fails when anybody else wrote since `stored` was read."""
    if not len(revision.added) and not len(revision.closed):
        return
    columns = stored_schema(table).names()
    sliced = [_in_slices(frame, table).select(columns) for frame in (revision.added, revision.closed)]
    if not len(revision.closed):
        delta.write(stored, sliced[0], {}, mode="append", commit_properties=delta.unchallenged())
        return
    # One MERGE both closes and adds, so no reader sees a key with two current versions or with none. New versions are
    # kept from matching, so that they are always inserted.
    source = pl.concat([sliced[0].with_columns(_is_new=True), sliced[1].with_columns(_is_new=False)])
    same = " AND ".join(_same(column, table) for column in identity(table))
    moved = [SUPERSEDED_AT, SLICE]
    merge = stored.merge(
        source,
        predicate=f"s._is_new = false AND {same}",
        source_alias="s",
        target_alias="t",
        commit_properties=delta.unchallenged(),
    )
    merge.when_matched_update({column: f's."{column}"' for column in moved}).when_not_matched_insert(
        {column: f's."{column}"' for column in columns}, predicate="s._is_new = true"
    ).execute()


def _same(column: str, table: Table) -> str:
    """Equal, or unknown on both sides where the contract allows it: an `OR` costs the join its hash."""
    if column == ARRIVAL:  # null where an earlier version of the house wrote it
        return f'coalesce(t."{column}", 0) = s."{column}"'
    described = table.schema.columns().get(column)
    equal = f't."{column}" = s."{column}"'
    if described is None or not described.nullable:
        return equal
    return f'({equal} OR (t."{column}" IS NULL AND s."{column}" IS NULL))'


def _in_slices(frame: pl.DataFrame, table: Table) -> pl.DataFrame:
    live = table.is_live & ~pl.col(IS_WITHDRAWN) if table.is_live is not None else pl.lit(value=False)
    current = pl.when(live).then(pl.lit(LIVE)).otherwise(pl.lit(REST))
    outdated = pl.col(SUPERSEDED_AT).is_not_null()
    return frame.with_columns(pl.when(outdated).then(pl.lit(SUPERSEDED)).otherwise(current).alias(SLICE))
