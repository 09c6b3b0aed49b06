"""Loads that were received become rows of canonical tables, quarantined rows and a line in the ledger.

Here: reading raw loads from the lake, conforming them, writing the results. Not here: fetching from a source
(`receive`) and what makes a row acceptable (`conform`).

Killed at any point and run again, the tables end up the same: what a batch brought to a table is one commit, each batch
goes to quarantine once (Delta application transaction), batches that were written are not written again, and a load is
done when its ledger rows are written, in one commit, last.
"""

import difflib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import polars as pl

from opsguard_assets.config.mapping import Feed
from opsguard_assets.config.sources import RecordSource
from opsguard_assets.intake import ledger
from opsguard_assets.intake.batch_marks import BatchMarks, totals
from opsguard_assets.intake.conform import DAMAGE, Conformed, conform
from opsguard_assets.intake.ledger import Accepted
from opsguard_assets.intake.origin import MappingError, RawRows, absent_columns, resolve
from opsguard_assets.tables.table import Table
from resources.lake import Lake
from resources.progress import Advance, Progress, Silent

BATCH_ROWS = 500_000
# No load takes longer from its start to its arrival in the lake; older raw files need not be looked at again.
_LONGEST_LOAD = timedelta(days=7)
_Feeds = list[tuple[Table, list[Feed]]]
_DAMAGE_COLUMNS = {DAMAGE: pl.String(), "_text": pl.String()}
# Lets one batch be written while nobody else writes tables or scores what is in them; gives the instant of the batch.
Turn = Callable[[], AbstractContextManager[datetime]]


@contextmanager
def alone() -> Iterator[datetime]:
    """The turn of somebody who shares the lake with nobody."""
    yield datetime.now(UTC)


@dataclass(frozen=True)
class Load:
    """One load of a source that lies in the lake.

    Attributes:
        load_id: Its identifier, unique within the source.
        loaded_at: When it started, UTC.
        rows: How many raw rows it has.
    """

    load_id: str
    loaded_at: datetime
    rows: int


def accept(
    lake: Lake,
    source: RecordSource,
    tables: Mapping[str, Table],
    *,
    turn: Turn = alone,
    batch_rows: int = BATCH_ROWS,
    progress: Progress | None = None,
) -> list[Accepted]:
    """Brings every load of a source that the ledger does not name to its tables, oldest first.

    Args:
        lake: Where raw loads are read and tables are written.
        source: The source with its feeds.
        tables: Canonical tables by name.
        turn: Entered for every batch; one caller per source at a time.
        batch_rows: Rows that are held in memory at once.
        progress: Listens to the rows done.

    Returns:
        One entry per (load, table).

    Raises:
        MappingError: When a feed does not fit the source or its table; nothing of that load is written.
    """
    feeds = _feeds_by_table(source, tables)
    done: list[Accepted] = []
    for load in pending_loads(lake, source.name):
        advance = (progress or Silent()).begin(f"{source.name}: accepting", load.rows)
        done += _accept_load(_Arrival(lake, source, load, turn), feeds, batch_rows, advance)
    return done


def pending_loads(lake: Lake, source: str) -> list[Load]:
    """The loads of a source in the lake that the ledger does not name, oldest first.

    A load is in the lake as a whole or not at all: loaders write it in one commit.
    """
    if not lake.exists(_raw(source)):
        return []
    raw = lake.scan(_raw(source)).select("_load_id", "_loaded_at")
    if lake.exists(ledger.NAME):
        known = lake.scan(ledger.NAME).filter(pl.col("source") == source).select("load_id", "loaded_at").collect()
        if len(known):
            since = known.select(pl.col("loaded_at").max() - _LONGEST_LOAD).item()
            raw = raw.filter(pl.col("_loaded_at") >= since, ~pl.col("_load_id").is_in(known["load_id"].implode()))
    loads = raw.group_by("_load_id").agg(pl.col("_loaded_at").min(), pl.len()).sort("_loaded_at", "_load_id").collect()
    return [Load(*row) for row in loads.iter_rows()]


@dataclass(frozen=True)
class _Arrival:
    """A load of a source on its way into the lake's tables."""

    lake: Lake
    source: RecordSource
    load: Load
    turn: Turn

    @property
    def marks(self) -> BatchMarks:
        return BatchMarks(self.lake, self.source.name, self.load.load_id)

    def rows(self) -> pl.LazyFrame:
        raw = self.lake.scan(_raw(self.source.name)).filter(pl.col("_load_id") == self.load.load_id)
        missing = [name for name in _DAMAGE_COLUMNS if name not in raw.collect_schema()]
        return raw.with_columns(pl.lit(None, _DAMAGE_COLUMNS[name]).alias(name) for name in missing)

    def batches(self, batch_rows: int) -> Iterator[pl.DataFrame]:
        """The rows in batches whose bounds depend on nothing but the load, so that a repetition has the same."""
        if self.load.rows <= batch_rows:
            yield self.rows().collect().sort("_origin", "_position", nulls_last=True)
            return
        place = pl.col("_position")
        origins = (
            self.rows().group_by("_origin").agg(place.min().alias("first"), place.max().alias("last")).sort("_origin")
        )
        for part in plan_batches(origins.collect(), batch_rows):
            yield self.rows().filter(part).collect().sort("_origin", "_position", nulls_last=True)


def plan_batches(origins: pl.DataFrame, batch_rows: int) -> list[pl.Expr]:
    """Conditions on `_origin` and `_position` that split a load into batches.

    Args:
        origins: (`_origin`, `first`, `last`): the range of positions of each file or relation.
        batch_rows: Upper bound of positions per batch.

    Returns:
        Conditions of which every row of the load meets exactly one.
    """
    origin, place = pl.col("_origin"), pl.col("_position")
    batches: list[pl.Expr] = []
    together: list[str] = []
    size = 0
    for name, first, last in origins.iter_rows():
        span = last - first + 1
        if span > batch_rows:
            starts = range(first, last + 1, batch_rows)
            batches += [(origin == name) & (place >= s) & (place < s + batch_rows) for s in starts]
            continue
        if size + span > batch_rows:
            batches.append(origin.is_in(together))
            together, size = [], 0
        together.append(name)
        size += span
    return [*batches, origin.is_in(together)] if together else batches


def _accept_load(arrival: _Arrival, feeds: _Feeds, batch_rows: int, advance: Advance) -> list[Accepted]:
    _check(arrival, feeds)
    written = set(arrival.marks.written()["batch"])
    for number, raw in enumerate(arrival.batches(batch_rows), start=1):
        if number not in written:
            _accept_batch(arrival, feeds, number, raw)
        advance(len(raw))
    return _close(arrival, feeds)


def _accept_batch(arrival: _Arrival, feeds: _Feeds, number: int, raw: pl.DataFrame) -> None:
    """Writes one batch; tables that an attempt before reached keep what it wrote."""
    marks = arrival.marks
    with arrival.turn() as now:
        before, recorded_at = marks.begun(number), marks.begin(number, now)
        tallies = {}
        for table, parts in feeds:
            conformed = [conform(raw, feed, arrival.source, table, recorded_at) for feed in parts]
            # An attempt before recorded all of a table's rows or none.
            accepted = arrival.lake.recorded_rows(table, before) or _record(arrival.lake, table, conformed, recorded_at)
            _set_apart(arrival, table, conformed, number)
            tallies[table.name] = {
                "received": sum(part.received for part in conformed),
                "rejected": sum(part.rejected_count for part in conformed),
                "accepted": accepted,
            }
        marks.finish(number, recorded_at, tallies)


def _check(arrival: _Arrival, feeds: _Feeds) -> None:
    """Every feed fits before anything of the load is written."""
    header = RawRows(arrival.rows().head(0).collect(), arrival.source)
    for table, parts in feeds:
        for feed in parts:
            resolve(feed, header, table)


def _record(lake: Lake, table: Table, conformed: list[Conformed], recorded_at: datetime) -> int:
    rows = pl.concat([part.accepted for part in conformed])
    return lake.record(table, rows, loaded_at=recorded_at).accepted


def _set_apart(arrival: _Arrival, table: Table, conformed: list[Conformed], batch: int) -> None:
    rejected = pl.concat([part.rejected for part in conformed])
    if len(rejected):
        stream = f"{arrival.source.name}/{arrival.load.load_id}"
        arrival.lake.append_once(f"quarantine/{table.name}", rejected, stream=stream, sequence=batch)


def _close(arrival: _Arrival, feeds: _Feeds) -> list[Accepted]:
    """Writes the ledger rows of a load, in one commit: from then on the load is done."""
    lake, source, load = arrival.lake, arrival.source, arrival.load
    before, rows = _profile_before(lake, source.name), arrival.rows()
    received = [name for name in rows.collect_schema() if not name.startswith("_")]
    filled = rows.select(pl.col(received).count()).collect()
    sound = rows.filter(pl.col(DAMAGE).is_null()).select(pl.len()).collect().item()
    dtypes = rows.collect_schema()
    columns = ledger.profile(filled, sound, dtypes, before)
    changes = (*ledger.drift(filled, sound, dtypes, before), *_undelivered(arrival, feeds))
    written = arrival.marks.written()
    recorded_at, counts = written.sort("recorded_at")["recorded_at"][-1], totals(written)
    accepted = [_tally(arrival, table.name, counts[table.name], recorded_at, changes) for table, _ in feeds]
    sequence = _microseconds(load.loaded_at)
    newest = lake.appended_up_to(ledger.NAME, source.name)
    stream = source.name if newest is None or newest < sequence else f"{source.name}/{load.load_id}"
    lake.append_once(ledger.NAME, ledger.ledger_rows(accepted, columns), stream=stream, sequence=sequence)
    return accepted


def _tally(
    arrival: _Arrival, table: str, counts: Counter[str], recorded_at: datetime, changes: tuple[str, ...]
) -> Accepted:
    return Accepted(
        load_id=arrival.load.load_id,
        source=arrival.source.name,
        table=table,
        received=counts["received"],
        accepted=counts["accepted"],
        rejected=counts["rejected"],
        unchanged=counts["received"] - counts["rejected"] - counts["accepted"],
        loaded_at=arrival.load.loaded_at,
        recorded_at=recorded_at,
        drift=changes,
    )


def _undelivered(arrival: _Arrival, feeds: _Feeds) -> tuple[str, ...]:
    header = RawRows(arrival.rows().head(0).collect(), arrival.source)
    names = [n for table, parts in feeds for f in parts for n in absent_columns(resolve(f, header, table), header)]
    return tuple(f"mapped column never delivered: {name}" for name in dict.fromkeys(names))


def _profile_before(lake: Lake, source: str) -> pl.Series | None:
    if not lake.exists(ledger.NAME):
        return None
    mine = lake.scan(ledger.NAME).filter(pl.col("source") == source)
    newest = mine.sort("loaded_at").select("columns").tail(1).collect()
    return newest["columns"].explode(empty_as_null=False) if len(newest) else None


def _feeds_by_table(source: RecordSource, tables: Mapping[str, Table]) -> _Feeds:
    for feed in source.feeds:
        if feed.table not in tables:
            close = difflib.get_close_matches(feed.table, tables, n=3)
            hint = f"; close to it: {', '.join(close)}" if close else ""
            raise MappingError(
                f"Source {source.name}: there is no table {feed.table!r}{hint}. `opsguard tables` lists the tables."
            )
    names = dict.fromkeys(feed.table for feed in source.feeds)
    return [(tables[name], [feed for feed in source.feeds if feed.table == name]) for name in names]


def _raw(source: str) -> str:
    return f"raw/{source}"


def _microseconds(instant: datetime) -> int:
    return (instant - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
