"""A load of a source that lies in the lake, and its rows in batches.

Here: pending loads, and reading them in the same way every time. Not here: accepting their rows (`accept`,
`withdraw`).
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import polars as pl

from opsguard_assets.config.sources import RecordSource
from opsguard_assets.intake.ledger import ledger
from opsguard_assets.intake.ledger.batch_marks import BatchMarks
from opsguard_assets.intake.mapping.conform import DAMAGE
from opsguard_assets.intake.raw.received import RawTableError
from opsguard_assets.intake.raw.types import columns_beyond
from opsguard_assets.tables.versions import ARRIVAL
from resources.lake import Lake

# No load takes longer from its start to its arrival in the lake; older raw files need not be looked at again.
_LONGEST_LOAD = timedelta(days=7)
_LATER_COLUMNS = {DAMAGE: pl.lit(None, pl.String()), "_text": pl.lit(None, pl.String()), "_part": pl.lit(0, pl.Int64())}
# The order of files, and of rows within one.
_ORDER = ("_part", "_origin", "_position")
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


def pending_loads(lake: Lake, source: str) -> list[Load]:
    """The loads of a source in the lake that the ledger does not name, oldest first.

    A load is in the lake as a whole or not at all: loaders write it in one commit.
    """
    if not lake.exists(raw_name(source)):
        return []
    raw = lake.scan(raw_name(source)).select("_load_id", "_loaded_at")
    if lake.exists(ledger.NAME):
        known = lake.scan(ledger.NAME).filter(pl.col("source") == source).select("load_id", "loaded_at").collect()
        if len(known):
            since = known.select(pl.col("loaded_at").max() - _LONGEST_LOAD).item()
            raw = raw.filter(pl.col("_loaded_at") >= since, ~pl.col("_load_id").is_in(known["load_id"].implode()))
    return _loads(raw)


def loads_named(lake: Lake, source: str, load_ids: Sequence[str]) -> list[Load]:
    """The loads of these identifiers, oldest first; those whose raw records are gone are left out."""
    if not load_ids or not lake.exists(raw_name(source)):
        return []
    return _loads(
        lake.scan(raw_name(source)).select("_load_id", "_loaded_at").filter(pl.col("_load_id").is_in(load_ids))
    )


def _loads(raw: pl.LazyFrame) -> list[Load]:
    loads = raw.group_by("_load_id").agg(pl.col("_loaded_at").min(), pl.len()).sort("_loaded_at", "_load_id").collect()
    return [Load(*row) for row in loads.iter_rows()]


@dataclass(frozen=True)
class Arrival:
    """A load of a source on its way into the lake's tables."""

    lake: Lake
    source: RecordSource
    load: Load
    turn: Turn

    @property
    def marks(self) -> BatchMarks:
        """How far its acceptance came."""
        return BatchMarks(self.lake, self.source.name, self.load.load_id)

    def rows(self) -> pl.LazyFrame:
        """Its raw rows."""
        raw = self.lake.scan(raw_name(self.source.name)).filter(pl.col("_load_id") == self.load.load_id)
        there = raw.collect_schema()
        added = raw.with_columns(value.alias(name) for name, value in _LATER_COLUMNS.items() if name not in there)
        return added.with_columns(pl.col("_part").fill_null(0))

    def batches(self, batch_rows: int) -> Iterator[pl.DataFrame]:
        """The rows in batches whose bounds depend on nothing but the load, so that a repetition has the same.

        Yields:
            Raw rows in the order of files and rows, with `_arrival`: how many rows of the load come before this one.
        """
        before = 0
        for part in self._parts(batch_rows):
            rows = self._read(part).sort(_ORDER, nulls_last=True)
            yield rows.with_columns(pl.int_range(before, before + pl.len(), dtype=pl.Int64).alias(ARRIVAL))
            before += len(rows)

    def _read(self, part: pl.Expr) -> pl.DataFrame:
        """Some of the rows, all of which can be held.

        Raises:
            RawTableError: When some cannot, or their file is damaged or gone.
        """
        name = self.source.name
        try:
            rows = self.rows().filter(part).collect()
        except (pl.exceptions.ComputeError, FileNotFoundError) as error:
            raise RawTableError(name, error) from error
        beyond = columns_beyond(rows)
        if beyond:
            raise RawTableError(name, f"{', '.join(beyond)}: outside the years 1 to 9999")
        return rows

    def _parts(self, batch_rows: int) -> list[pl.Expr]:
        if self.load.rows <= batch_rows:
            return [pl.lit(value=True)]
        place = pl.col("_position")
        origins = self.rows().group_by("_part", "_origin").agg(place.min().alias("first"), place.max().alias("last"))
        return plan_batches(origins.sort("_part", "_origin").drop("_part").collect(), batch_rows)


def earlier_loads(arrival: Arrival) -> list[Arrival]:
    """The loads of the same source that set out before this one, oldest first."""
    raw = arrival.lake.scan(raw_name(arrival.source.name)).filter(pl.col("_loaded_at") < arrival.load.loaded_at)
    return [replace(arrival, load=load) for load in _loads(raw)]


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
        if together and (span > batch_rows or size + span > batch_rows):
            batches.append(origin.is_in(together))
            together, size = [], 0
        if span > batch_rows:
            starts = range(first, last + 1, batch_rows)
            batches += [(origin == name) & (place >= s) & (place < s + batch_rows) for s in starts]
            continue
        together.append(name)
        size += span
    return [*batches, origin.is_in(together)] if together else batches


def raw_name(source: str) -> str:
    """The table of a source's raw records."""
    return f"raw/{source}"
