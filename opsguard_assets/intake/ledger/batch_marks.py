"""The progress of accepting a load: when each batch was begun, and what was written.

Here: the two small tables `intake/batches_begun` and `intake/batches_written`. Not here: accepting (`accept`) and the
ledger of whole loads (`ledger`).

A batch is recorded under the instant at which it was begun, later than that of every earlier batch. So a reader that
follows loads by time misses none. A row without a `known_at` of its own is known from when it can be read, not from
when its load started.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import dataframely as dy
import polars as pl

from opsguard_assets.tables.derived import count, instant, text
from opsguard_assets.tables.table import rows_of
from opsguard_assets.tables.values import INSTANT
from resources.lake import Lake

BEGUN, WRITTEN = "intake/batches_begun", "intake/batches_written"
_ALL = "all batches"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_PLACE = {"source": pl.String(), "load_id": pl.String(), "batch": pl.Int64()}
_BEGUN = pl.Schema({**_PLACE, "recorded_at": INSTANT})
_COUNTS = ("received", "rejected", "accepted")
_WRITTEN = pl.Schema({**_BEGUN, "table": pl.String(), **dict.fromkeys(_COUNTS, pl.Int64())})


class WrittenBatch(dy.Schema):
    """What a batch of a load brought to a table."""

    batch = count("number of the batch within the load", nullable=False)
    recorded_at = instant("under which instant it was recorded", nullable=False)
    table = text("the canonical table", nullable=False)
    received = count("raw rows that belong to the table", nullable=False)
    rejected = count("those of them in quarantine", nullable=False)
    accepted = count("new versions", nullable=False)


@dataclass(frozen=True)
class BatchMarks:
    """The marks of one load of a source."""

    lake: Lake
    source: str
    load_id: str

    def begin(self, batch: int, now: datetime) -> datetime:
        """Marks a batch as begun; returns the instant under which it is recorded: `now`, or just after the last one."""
        # One stream for all sources: of any two batches the later one has the later instant.
        newest = self.lake.appended_up_to(BEGUN, _ALL)
        last = None if newest is None else _EPOCH + timedelta(microseconds=newest)
        recorded_at = now if last is None else max(now, last + timedelta(microseconds=1))
        row = pl.DataFrame([(self.source, self.load_id, batch, recorded_at)], schema=_BEGUN, orient="row")
        sequence = (recorded_at - _EPOCH) // timedelta(microseconds=1)
        self.lake.append_once(BEGUN, row, stream=_ALL, sequence=sequence)
        return recorded_at

    def begun(self, batch: int) -> list[datetime]:
        """When a batch was begun before; several times if runs were killed."""
        return self._mine(BEGUN, _BEGUN).filter(batch=batch)["recorded_at"].to_list()

    def instants(self) -> list[datetime]:
        """The instants under which anything of the load may have been recorded."""
        return self._mine(BEGUN, _BEGUN)["recorded_at"].to_list()

    def finish(self, batch: int, recorded_at: datetime, tallies: Mapping[str, Mapping[str, int]]) -> None:
        """Marks a batch as written, with the counts per table."""
        rows = [
            (self.source, self.load_id, batch, recorded_at, table, *(counts[name] for name in _COUNTS))
            for table, counts in tallies.items()
        ]
        frame = pl.DataFrame(rows, schema=_WRITTEN, orient="row")
        self.lake.append_once(WRITTEN, frame, stream=f"{self.source}/{self.load_id}", sequence=batch)

    def written(self) -> dy.DataFrame[WrittenBatch]:
        """The batches that were written."""
        return rows_of(WrittenBatch, self._mine(WRITTEN, _WRITTEN))

    def _mine(self, name: str, schema: pl.Schema) -> pl.DataFrame:
        if not self.lake.exists(name):
            return pl.DataFrame(schema=schema)
        mine = (pl.col("source") == self.source) & (pl.col("load_id") == self.load_id)
        return self.lake.scan(name).filter(mine).select(schema.names()).collect()


def totals(written: dy.DataFrame[WrittenBatch]) -> dict[str, Counter[str]]:
    """The counts of a load per table, over its written batches."""
    sums = written.group_by("table").agg(pl.col(_COUNTS).sum())
    return {row.pop("table"): Counter(row) for row in sums.iter_rows(named=True)}
