"""Rejected rows that fit after a change of the mapping or the contract: accepted from the raw records.

Here: when this is tried and what it writes. Not here: what is acceptable (`conform`).

`intake/mappings` records the mapping and contract by which the rows of a source were judged last. When these change,
the rows in quarantine are judged again, load by load. A row that fits now

* becomes a version, known from now on unless its mapping says otherwise, in the order of arrival of its load;
* is listed in `intake/repaired`, because quarantine keeps its history;
* moves from rejected to accepted by a further line of the ledger.

Rows whose raw records were deleted stay rejected, and a line of the ledger counts them. A run that is killed at any
point and repeated ends with the same tables and ledger.
"""

import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

import polars as pl

from opsguard_assets.config.mapping import Feed
from opsguard_assets.config.sources import RecordSource
from opsguard_assets.intake.accepting.arrival import Arrival, Turn, loads_named
from opsguard_assets.intake.accepting.recording import arrived, conformed, microseconds, profile_before
from opsguard_assets.intake.ledger import ledger, quarantine
from opsguard_assets.intake.ledger.batch_marks import BatchMarks
from opsguard_assets.intake.ledger.ledger import Accepted
from opsguard_assets.intake.mapping.conform import Conformed
from opsguard_assets.tables.table import Table
from opsguard_assets.tables.versions import ARRIVAL, LOADED_AT
from resources.lake import Lake

MAPPINGS, REPAIRED = "intake/mappings", "intake/repaired"
_PLACE = ("load_id", "origin", "position")
# Raised when values are read in another way than before.
_READING = 1


def reaccept(
    lake: Lake, source: RecordSource, feeds: Sequence[tuple[Table, Sequence[Feed]]], turn: Turn, batch_rows: int
) -> list[Accepted]:
    """Accepts the rejected rows of a source that fit now, of every table whose mapping or contract changed.

    Args:
        lake: The lake.
        source: The source.
        feeds: Its tables with their feeds.
        turn: Entered for everything that is written.
        batch_rows: Raw rows that are held in memory at once.

    Returns:
        One entry per (load, table) with rows that fit now: `rejected` is negative, `received` 0; and one per table
        with rejected rows whose raw records are gone (`raw_deleted`).

    Raises:
        MappingError: When a feed does not fit the source or its table.
    """
    done: list[Accepted] = []
    for table, parts in feeds:
        digest, where = _digest(source, parts, table), {"source": source.name, "table": table.name}
        if _judged_by(lake, where) == digest:
            continue
        rejected = _rejected(lake, source, table, digest)
        loads = loads_named(lake, source.name, rejected["load_id"].unique().to_list())
        for load in loads:
            arrival = Arrival(lake, source, load, turn)
            rows = rejected.filter(load_id=load.load_id)
            done += _of_load(arrival, table, parts, rows, digest, batch_rows)
        gone = _rejected(lake, source, table).filter(~pl.col("load_id").is_in([load.load_id for load in loads]))
        done += _deleted(lake, source, table, gone, digest, turn)
        page = pl.DataFrame({**where, "digest": digest})
        lake.replace_slice(MAPPINGS, page, where=where, partition_by=list(where))
    return done


def _digest(source: RecordSource, feeds: Sequence[Feed], table: Table) -> str:
    """What the judgement of rows depends on, as one text."""
    # Checks print the addresses of their functions, which differ from process to process.
    contract = re.sub(r" at 0x[0-9a-f]+", "", repr(table.schema))
    settings = source.model_dump(mode="json", include={"timezone", "null_values", "max_minutes_ahead"})
    said = [_READING, settings, [feed.model_dump(mode="json", by_alias=True) for feed in feeds], contract, table.past]
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()


def _judged_by(lake: Lake, where: dict[str, str]) -> str | None:
    if not lake.exists(MAPPINGS):
        return None
    mine = lake.scan(MAPPINGS).filter(*(pl.col(c) == v for c, v in where.items())).select("digest").collect()
    return str(mine["digest"][0]) if len(mine) else None


def _rejected(lake: Lake, source: RecordSource, table: Table, digest: str | None = None) -> pl.DataFrame:
    """The rejected rows that no change of the mapping repaired: load_id, origin, position, loaded_at.

    Rows repaired by the change to `digest` are included, because that repair may have been interrupted.
    """
    name = f"quarantine/{table.name}"
    if not lake.exists(name):
        return pl.DataFrame(schema={name: quarantine.SCHEMA[name] for name in (*_PLACE, "loaded_at")})
    rows = lake.scan(name).filter(pl.col("source") == source.name).select(*_PLACE, "loaded_at").unique()
    if lake.exists(REPAIRED):
        mine = (pl.col("source") == source.name) & (pl.col("table") == table.name)
        mine &= pl.col("digest").ne_missing(pl.lit(digest, pl.String))
        rows = rows.join(lake.scan(REPAIRED).filter(mine), on=_PLACE, how="anti", nulls_equal=True)
    return rows.collect()


def _of_load(
    arrival: Arrival, table: Table, feeds: Sequence[Feed], rejected: pl.DataFrame, digest: str, batch_rows: int
) -> list[Accepted]:
    lake, name = arrival.lake, f"{arrival.load.load_id}~{table.name}~{digest[:12]}"
    marks = BatchMarks(lake, arrival.source.name, name)
    stream = f"{arrival.source.name}/{name}"
    if lake.appended_up_to(ledger.NAME, stream) is not None:
        return []
    for number, raw in enumerate(arrival.batches(batch_rows), start=1):
        if number not in set(marks.written()["batch"]):
            rows = raw.join(rejected, left_on=("_origin", "_position"), right_on=_PLACE[1:], how="semi")
            # Whether a row of a report contradicts another one is seen beside all of them.
            beside = raw if table.is_daily and len(rows) else rows
            _batch(arrival, table, feeds, (rows, beside), marks, number, digest)
    written = marks.written()
    repaired, accepted = int(written["received"].sum()), int(written["accepted"].sum())
    if not repaired:
        return []
    counts = Accepted(
        load_id=name,
        source=arrival.source.name,
        table=table.name,
        received=0,
        accepted=accepted,
        rejected=-repaired,
        unchanged=repaired - accepted,
        loaded_at=arrival.load.loaded_at,
        recorded_at=written.sort("recorded_at")["recorded_at"][-1],
    )
    _record_line(lake, counts, stream)
    return [counts]


def _deleted(
    lake: Lake, source: RecordSource, table: Table, gone: pl.DataFrame, digest: str, turn: Turn
) -> list[Accepted]:
    """Records how many rejected rows cannot be judged again because their raw records were deleted."""
    name = f"{table.name}~{digest[:12]}"
    stream = f"{source.name}/{name}"
    if gone.is_empty() or lake.appended_up_to(ledger.NAME, stream) is not None:
        return []
    with turn() as now:
        counts = Accepted(
            load_id=name,
            source=source.name,
            table=table.name,
            received=0,
            accepted=0,
            rejected=0,
            unchanged=0,
            loaded_at=gone.sort("loaded_at")["loaded_at"][-1],
            recorded_at=now,
            raw_deleted=len(gone),
        )
        _record_line(lake, counts, stream)
    return [counts]


def _record_line(lake: Lake, counts: Accepted, stream: str) -> None:
    """Writes one line of the ledger, once; the columns of the source are those that it had before."""
    columns = profile_before(lake, counts.source)
    known = pl.Series("columns", [], ledger.COLUMN) if columns is None else columns
    lake.append_once(ledger.NAME, ledger.ledger_rows([counts], known), stream=stream, sequence=1)


def _not_outdated(lake: Lake, table: Table, part: Conformed, arrival: Arrival, instants: list[datetime]) -> Conformed:
    """Rows without those that a later version has superseded: recorded now, they would count as the newest.

    If rows say when they were known, or which version they are, that decides instead.
    """
    if table.version or part.accepted.is_empty():
        return part
    rows = part.accepted.select(*table.key, "known_at").with_columns(
        _place=microseconds(arrival.load.loaded_at) + (arrival.load.rows if table.is_daily else part.places)
    )
    # A lake of before kept no order of arrival.
    came = pl.when(pl.col(ARRIVAL) > 0).then(ARRIVAL).otherwise(pl.col(LOADED_AT).dt.epoch("us"))
    later = (
        lake.versions(table)
        .filter(~pl.col(LOADED_AT).is_in(instants))
        .join(rows.lazy().select(table.key).unique(), on=table.key, how="semi", nulls_equal=True)
        .group_by(table.key)
        .agg(_newest=came.max())
        .collect()
    )
    newest = rows.join(later, on=table.key, how="left", nulls_equal=True, maintain_order="left")
    is_told = newest["known_at"] < max(instants)
    stays = is_told | (newest["_newest"] <= newest["_place"]).fill_null(value=True)
    return _only(part, part.places.filter(stays))


def _only(part: Conformed, places: pl.Series) -> Conformed:
    """The accepted rows at some places of their load."""
    stays = part.places.is_in(places.implode())
    return replace(part, accepted=part.accepted.filter(stays), places=part.places.filter(stays))


def _batch(
    arrival: Arrival,
    table: Table,
    feeds: Sequence[Feed],
    raw: tuple[pl.DataFrame, pl.DataFrame],
    marks: BatchMarks,
    number: int,
    digest: str,
) -> None:
    with arrival.turn() as now:
        before, recorded_at = marks.begun(number), marks.begin(number, now)
        lake, instants = arrival.lake, marks.instants()
        rejected, beside = raw
        parts = [_only(part, rejected[ARRIVAL]) for part in conformed(arrival, table, feeds, beside, recorded_at)]
        parts = [_not_outdated(lake, table, part, arrival, instants) for part in parts]
        fits = pl.concat([part.places for part in parts]).unique()
        accepted = lake.recorded_rows(table, before)
        if not accepted and len(fits):
            accepted = lake.record(table, arrived(arrival, parts), loaded_at=recorded_at).accepted
        places = rejected.filter(pl.col(ARRIVAL).is_in(fits.implode()))
        page = places.select(
            load_id=pl.lit(arrival.load.load_id), origin="_origin", position="_position",
            source=pl.lit(arrival.source.name), table=pl.lit(table.name), digest=pl.lit(digest),
            repaired_at=pl.lit(recorded_at),
        )  # fmt: skip
        if len(page):
            lake.append_once(REPAIRED, page, stream=f"{arrival.source.name}/{marks.load_id}", sequence=number)
        rows = sum(len(part.accepted) for part in parts)
        marks.finish(number, recorded_at, {table.name: {"received": rows, "rejected": 0, "accepted": accepted}})
