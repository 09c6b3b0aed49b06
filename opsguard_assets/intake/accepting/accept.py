"""Loads that were received become rows of canonical tables, quarantined rows and a line in the ledger.

Here: reading raw loads from the lake, conforming them, writing the results. Not here: fetching from a source
(`receive`) and what makes a row acceptable (`conform`).

A run that is killed at any point and repeated ends with the same tables. A batch is one commit per table. It goes to
quarantine once (Delta application transaction) and is not written again. The ledger rows of a load are written last, in
one commit; from then on the load is done.
"""

import difflib
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

import polars as pl

from opsguard_assets.config.mapping import Feed
from opsguard_assets.config.sources import RecordSource
from opsguard_assets.intake.accepting.arrival import Arrival, Turn, alone, pending_loads
from opsguard_assets.intake.accepting.reaccept import reaccept
from opsguard_assets.intake.accepting.recording import arrived, conformed, microseconds, profile_before
from opsguard_assets.intake.accepting.withdraw import doubt_of, withdraw, withdrawn_by
from opsguard_assets.intake.ledger import ledger
from opsguard_assets.intake.ledger.batch_marks import totals
from opsguard_assets.intake.ledger.ledger import Accepted
from opsguard_assets.intake.mapping.conform import DAMAGE, Conformed
from opsguard_assets.intake.mapping.origin import MappingError, RawRows, absent_columns, resolve
from opsguard_assets.tables.table import Table
from resources.lake import Lake
from resources.progress import Advance, Progress, Silent

BATCH_ROWS = 500_000
_Feeds = list[tuple[Table, list[Feed]]]


def accept(
    lake: Lake,
    source: RecordSource,
    tables: Mapping[str, Table],
    *,
    turn: Turn = alone,
    batch_rows: int = BATCH_ROWS,
    progress: Progress | None = None,
) -> list[Accepted]:
    """Accepts every load of a source that is not in the ledger, oldest first.

    First, rejected rows that fit a changed mapping are accepted (`reaccept`).

    Args:
        lake: Where raw loads are read and tables are written.
        source: The source with its feeds.
        tables: Canonical tables by name.
        turn: Entered for every batch; one caller per source at a time.
        batch_rows: Rows that are held in memory at once.
        progress: Listens to the rows done.

    Returns:
        One entry per (load, table). Rows that were rejected before count with a negative `rejected`.

    Raises:
        MappingError: When a feed does not fit the source or its table; nothing of that load is written.
    """
    feeds = _feeds_by_table(source, tables)
    done = reaccept(lake, source, feeds, turn, batch_rows)
    for load in pending_loads(lake, source.name):
        advance = (progress or Silent()).begin(f"{source.name}: accepting", load.rows)
        done += _accept_load(Arrival(lake, source, load, turn), feeds, batch_rows, advance)
    return done


def _accept_load(arrival: Arrival, feeds: _Feeds, batch_rows: int, advance: Advance) -> list[Accepted]:
    _check(arrival, feeds)
    written, number = set(arrival.marks.written()["batch"]), 0
    for number, raw in enumerate(arrival.batches(batch_rows), start=1):
        if number not in written:
            _accept_batch(arrival, feeds, number, raw)
        advance(len(raw))
    if arrival.source.brings_lists and number + 1 not in written:
        _withdraw(arrival, feeds, number + 1, batch_rows)
    return _close(arrival, feeds)


def _accept_batch(arrival: Arrival, feeds: _Feeds, number: int, raw: pl.DataFrame) -> None:
    """Writes one batch; tables that an earlier attempt reached keep what it wrote."""
    marks = arrival.marks
    with arrival.turn() as now:
        # `begun` first: it must name the attempts before this one, which `begin` adds.
        before, recorded_at = marks.begun(number), marks.begin(number, now)
        tallies = {}
        for table, parts in feeds:
            made = conformed(arrival, table, parts, raw, recorded_at)
            # An attempt before recorded all of a table's rows or none.
            accepted = arrival.lake.recorded_rows(table, before) or (
                arrival.lake.record(table, arrived(arrival, made), loaded_at=recorded_at).accepted
            )
            _set_apart(arrival, table, made, number)
            tallies[table.name] = {
                "received": sum(part.received for part in made),
                "rejected": sum(part.rejected_count for part in made),
                "accepted": accepted,
            }
        marks.finish(number, recorded_at, tallies)


def _withdraw(arrival: Arrival, feeds: _Feeds, number: int, batch_rows: int) -> None:
    """Withdraws what complete lists no longer name, as the last batch of a load."""
    marks = arrival.marks
    with arrival.turn() as now:
        recorded_at = marks.begin(number, now)
        for table, parts in feeds:
            if _is_listed(parts):
                withdraw(arrival, table, parts, batch_rows, number, recorded_at)
        nothing = dict.fromkeys(("received", "rejected", "accepted"), 0)
        marks.finish(number, recorded_at, {table.name: nothing for table, _ in feeds})


def _is_listed(feeds: list[Feed]) -> bool:
    return any(feed.snapshot for feed in feeds)


def _check(arrival: Arrival, feeds: _Feeds) -> None:
    """Every feed fits before anything of the load is written."""
    header = RawRows(arrival.rows().head(0).collect(), arrival.source)
    for table, parts in feeds:
        for feed in parts:
            resolve(feed, header, table)


def _set_apart(arrival: Arrival, table: Table, made: list[Conformed], batch: int) -> None:
    rejected = pl.concat([part.rejected for part in made])
    if len(rejected):
        stream = f"{arrival.source.name}/{arrival.load.load_id}"
        arrival.lake.append_once(f"quarantine/{table.name}", rejected, stream=stream, sequence=batch)


def _close(arrival: Arrival, feeds: _Feeds) -> list[Accepted]:
    """Writes the ledger rows of a load, in one commit: from then on the load is done."""
    lake, source, load = arrival.lake, arrival.source, arrival.load
    before, rows = profile_before(lake, source.name), arrival.rows()
    received = [name for name in rows.collect_schema() if not name.startswith("_")]
    filled = rows.select(pl.col(received).count()).collect()
    sound = rows.filter(pl.col(DAMAGE).is_null()).select(pl.len()).collect().item()
    dtypes = rows.collect_schema()
    columns = ledger.profile(filled, sound, dtypes, before)
    changes = (*ledger.drift(filled, sound, dtypes, before), *_undelivered(arrival, feeds))
    written = arrival.marks.written()
    recorded_at, counts = written.sort("recorded_at")["recorded_at"][-1], totals(written)
    accepted = [
        _withdrawals(arrival, table, parts, _tally(arrival, table.name, counts[table.name], recorded_at, changes))
        for table, parts in feeds
    ]
    sequence = microseconds(load.loaded_at)
    newest = lake.appended_up_to(ledger.NAME, source.name)
    # `append_once` refuses a sequence below the newest of its stream. A load that is accepted after a younger one, or
    # set out in the same microsecond, gets a stream of its own.
    stream = source.name if newest is None or newest < sequence else f"{source.name}/{load.load_id}"
    lake.append_once(ledger.NAME, ledger.ledger_rows(accepted, columns), stream=stream, sequence=sequence)
    return accepted


def _tally(
    arrival: Arrival, table: str, counts: Counter[str], recorded_at: datetime, changes: tuple[str, ...]
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


def _withdrawals(arrival: Arrival, table: Table, feeds: list[Feed], counts: Accepted) -> Accepted:
    """The ledger's line with what the load withdrew, where it can withdraw anything."""
    if not any(feed.snapshot or feed.withdrawn_when for feed in feeds):
        return counts
    doubt = doubt_of(arrival, table) if _is_listed(feeds) else None
    return replace(counts, withdrawn=withdrawn_by(arrival, table), incomplete=doubt)


def _undelivered(arrival: Arrival, feeds: _Feeds) -> tuple[str, ...]:
    header = RawRows(arrival.rows().head(0).collect(), arrival.source)
    names = [n for table, parts in feeds for f in parts for n in absent_columns(resolve(f, header, table), header)]
    return tuple(f"mapped column never delivered: {name}" for name in dict.fromkeys(names))


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
