"""Loads that were received become rows of canonical tables, quarantined rows and a line in the ledger.

Here: reading raw loads from the lake, conforming them, writing the results. Not here: fetching from a source
(`receive`) and what makes a row acceptable (`conform`).

Killed at any point and run again, the tables end up the same: versions are recorded idempotently, each batch of a load
goes to quarantine once (Delta application transaction), and a load is done when its ledger rows are written, in one
commit, last.
"""

import difflib
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import polars as pl

from opsguard_assets.config.mapping import Feed
from opsguard_assets.config.sources import RecordSource
from opsguard_assets.intake import ledger
from opsguard_assets.intake.conform import DAMAGE, Conformed, conform
from opsguard_assets.intake.ledger import Accepted
from opsguard_assets.intake.origin import MappingError, RawRows, absent_columns, resolve
from opsguard_assets.tables.table import Table
from opsguard_assets.tables.versions import LOADED_AT
from resources.lake import Lake
from resources.progress import Advance, Progress, Silent

BATCH_ROWS = 500_000
# No load takes longer from its start to its arrival in the lake; older raw files need not be looked at again.
_LONGEST_LOAD = timedelta(days=7)
_Feeds = list[tuple[Table, list[Feed]]]
_DAMAGE_COLUMNS = {DAMAGE: pl.String(), "_text": pl.String()}


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

    def recorded_at(self, newest: datetime | None) -> datetime:
        """The instant under which its rows are recorded, when loads up to `newest` were accepted before."""
        return self.loaded_at if newest is None else max(self.loaded_at, newest + timedelta(microseconds=1))


def accept(
    lake: Lake,
    source: RecordSource,
    tables: Mapping[str, Table],
    *,
    batch_rows: int = BATCH_ROWS,
    progress: Progress | None = None,
) -> list[Accepted]:
    """Brings every load of a source that the ledger does not name to its tables, oldest first.

    Args:
        lake: Where raw loads are read and tables are written.
        source: The source with its feeds.
        tables: Canonical tables by name.
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
        arrival = _Arrival(lake, source, load, load.recorded_at(_recorded_up_to(lake)))
        done += _accept_load(arrival, feeds, batch_rows, advance)
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
    recorded_at: datetime

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
    tallies = {table.name: Counter[str]() for table, _ in feeds}
    for number, raw in enumerate(arrival.batches(batch_rows), start=1):
        for table, parts in feeds:
            conformed = [conform(raw, feed, arrival.source, table) for feed in parts]
            tallies[table.name].update(_write(arrival, table, conformed, number))
        advance(len(raw))
    return _close(arrival, feeds, tallies)


def _check(arrival: _Arrival, feeds: _Feeds) -> None:
    """Every feed fits before anything of the load is written."""
    header = RawRows(arrival.rows().head(0).collect(), arrival.source)
    for table, parts in feeds:
        for feed in parts:
            resolve(feed, header, table)


def _write(arrival: _Arrival, table: Table, conformed: list[Conformed], batch: int) -> dict[str, int]:
    """Records accepted rows and quarantines the others; repeating it changes nothing."""
    rows = pl.concat([part.accepted for part in conformed])
    recorded = arrival.lake.record(table, rows, loaded_at=arrival.recorded_at)
    rejected = pl.concat([part.rejected for part in conformed])
    if len(rejected):
        stream = f"{arrival.source.name}/{arrival.load.load_id}"
        arrival.lake.append_once(f"quarantine/{table.name}", rejected, stream=stream, sequence=batch)
    return {
        "received": sum(part.received for part in conformed),
        "rejected": sum(part.rejected_count for part in conformed),
        "accepted": recorded.accepted,
    }


def _close(arrival: _Arrival, feeds: _Feeds, tallies: Mapping[str, Counter[str]]) -> list[Accepted]:
    """Writes the ledger rows of a load, in one commit: from then on the load is done."""
    lake, source, load = arrival.lake, arrival.source, arrival.load
    before, rows = _profile_before(lake, source.name), arrival.rows()
    received = [name for name in rows.collect_schema() if not name.startswith("_")]
    filled = rows.select(pl.col(received).count()).collect()
    sound = rows.filter(pl.col(DAMAGE).is_null()).select(pl.len()).collect().item()
    dtypes = rows.collect_schema()
    columns = ledger.profile(filled, sound, dtypes, before)
    changes = (*ledger.drift(filled, sound, dtypes, before), *_undelivered(arrival, feeds))
    accepted = [_tally(arrival, table, tallies[table.name], changes) for table, _ in feeds]
    sequence = _microseconds(load.loaded_at)
    newest = lake.appended_up_to(ledger.NAME, source.name)
    stream = source.name if newest is None or newest < sequence else f"{source.name}/{load.load_id}"
    lake.append_once(ledger.NAME, ledger.ledger_rows(accepted, columns), stream=stream, sequence=sequence)
    return accepted


def _tally(arrival: _Arrival, table: Table, counts: Counter[str], changes: tuple[str, ...]) -> Accepted:
    """Versions that an interrupted earlier attempt recorded were accepted by this load, too."""
    stored = arrival.lake.versions(table).filter(pl.col(LOADED_AT) == arrival.recorded_at).select(pl.len())
    sound = counts["received"] - counts["rejected"]
    accepted = min(sound, max(counts["accepted"], stored.collect().item()))
    return Accepted(
        load_id=arrival.load.load_id,
        source=arrival.source.name,
        table=table.name,
        received=counts["received"],
        accepted=accepted,
        rejected=counts["rejected"],
        unchanged=sound - accepted,
        loaded_at=arrival.load.loaded_at,
        recorded_at=arrival.recorded_at,
        drift=changes,
    )


def _undelivered(arrival: _Arrival, feeds: _Feeds) -> tuple[str, ...]:
    header = RawRows(arrival.rows().head(0).collect(), arrival.source)
    names = [n for table, parts in feeds for f in parts for n in absent_columns(resolve(f, header, table), header)]
    return tuple(f"mapped column never delivered: {name}" for name in dict.fromkeys(names))


def _recorded_up_to(lake: Lake) -> datetime | None:
    """The newest instant under which any completed load was recorded."""
    if not lake.exists(ledger.NAME):
        return None
    newest = lake.scan(ledger.NAME).select(pl.col("recorded_at").max()).collect().item()
    return newest if isinstance(newest, datetime) else None


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
