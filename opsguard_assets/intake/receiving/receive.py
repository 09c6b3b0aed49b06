"""Brings what is new at a source to its raw table in the lake: as received, in one commit, once.

Here: the order of steps that all kinds of sources share, and what is remembered between loads. Not here: reading files
(`file_records`), relations (`sql_records`) and resources (`rest_records`), the contract (`accept`).

What is remembered lies in the state that dlt writes with the load: where the working folder is lost it continues from
the lake, and a load that a crash interrupted is finished by the next call before anything new is read.
"""

import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import dlt
import pyarrow as pa

from opsguard_assets.config.sources import DirectSource, FileSource, SqlSource
from opsguard_assets.intake.raw import drift, names
from opsguard_assets.intake.raw.drift import Column, Drift
from opsguard_assets.intake.raw.received import FileFailure, Received
from opsguard_assets.intake.raw.spool import Spool, columns_of
from opsguard_assets.intake.raw.types import stored_kinds
from opsguard_assets.intake.readers import file_records, rest_records, sql_records
from opsguard_assets.intake.readers.files import format_of
from opsguard_assets.intake.receiving import loader
from resources.delta import open_table
from resources.progress import Advance

RESOURCE = "records"
State = dict[str, Any]


def receive(
    source: DirectSource, *, lake_uri: str, work_dir: Path, loaded_at: datetime, progress: Advance | None = None
) -> Received:
    """Loads the new records of a source.

    Args:
        source: The source, its secrets filled in.
        lake_uri: The lake; the raw table is `raw/<source name>` under it.
        work_dir: The loaders' working folder. One process at a time may load a source.
        loaded_at: The load instant, UTC; later than that of any load before.
        progress: Told how many records were read since.

    Returns:
        What arrived. Files that cannot be read are listed with their reason; the others arrive.

    Raises:
        SourceError: When the source itself cannot be read; nothing new arrives.
    """
    folder = work_dir / f"{source.name}.spool"
    with loader.pipeline_of(source.name, lake_uri=lake_uri, work_dir=work_dir) as pipeline:
        received = _arrived(loader.remembered(pipeline, RESOURCE)) if loader.finish_pending(pipeline) else Received()
        for number in count():
            state = loader.remembered(pipeline, RESOURCE)
            if isinstance(source, FileSource) and not file_records.has_news(source, state):
                break
            shutil.rmtree(folder, ignore_errors=True)  # left by a process that was killed
            folder.mkdir(parents=True)
            # The identifier of a load is made of its instant, and each list of this call is a load of its own.
            at = loaded_at + timedelta(microseconds=number)
            load = _Load(source, Spool(folder, progress or _ignored), at, f"{lake_uri.rstrip('/')}/raw/{source.name}")
            try:
                loader.run(pipeline, dlt.resource(load.records(), name=RESOURCE))
            finally:
                shutil.rmtree(folder)
            received = _together(received, load)
            # Files that are complete lists come one by one, until there is none.
            if not (source.brings_lists and isinstance(source, FileSource) and load.summary):
                break
        return replace(received, failures=_failures(loader.remembered(pipeline, RESOURCE)))


@dataclass
class _Load:
    """One load on its way: what it reads and what it will have brought."""

    source: DirectSource
    spool: Spool
    loaded_at: datetime
    raw_uri: str
    summary: State | None = None

    @property
    def load_id(self) -> str:
        """Unique within the source, in the order of loads."""
        return self.loaded_at.astimezone(UTC).strftime("%Y%m%dT%H%M%S%fZ")

    def records(self) -> Iterator[pa.Table]:
        """Reads everything new to disk, then yields it in one schema; the state moves with the load."""
        state: State = dlt.current.resource_state(RESOURCE)
        self._read(state)
        if not self.spool.rows:
            return
        names_all = self._names_every_column()
        before = {name: Column(*column) for name, column in state.get("columns", {}).items()}
        after = columns_of(self.spool.parts)
        changes = drift.compare(before, after, names_every_column=names_all)
        kept = drift.remembered(before, after, names_every_column=names_all)
        state["columns"] = {name: [column.spelling, column.kind, column.is_here] for name, column in kept.items()}
        self.summary = state["arrived"] = {
            "load_id": self.load_id,
            "rows": self.spool.rows,
            "damaged": sum(part.damaged for part in self.spool.parts),
            "origins": [part.origin for part in self.spool.parts],
            "drift": [vars(change) for change in changes],
        }
        stamps = {names.LOAD_ID: self.load_id, names.LOADED_AT: self.loaded_at}
        yield from self.spool.tables(_kinds(self.raw_uri), stamps)

    def _names_every_column(self) -> bool:
        """Whether the columns without a value are named, too: not in JSON."""
        if isinstance(self.source, FileSource):
            formats = {self.source.format or format_of(Path(part.origin)) for part in self.spool.parts}
            return "jsonl" not in formats
        return isinstance(self.source, SqlSource)

    def _read(self, state: State) -> None:
        if isinstance(self.source, FileSource):
            file_records.read(self.source, state, self.spool)
        elif isinstance(self.source, SqlSource):
            sql_records.read(self.source, state, self.spool)
        else:
            rest_records.read(self.source, state, self.spool)


def _arrived(state: Mapping[str, Any]) -> Received:
    """What the load brought that left this state."""
    return _received(state["arrived"]) if "arrived" in state else Received()


def _received(summary: Mapping[str, Any]) -> Received:
    return Received(
        load_ids=(summary["load_id"],),
        rows=summary["rows"],
        damaged=summary["damaged"],
        origins=tuple(summary["origins"]),
        drift=tuple(Drift(**change) for change in summary["drift"]),
    )


def _together(earlier: Received, load: _Load) -> Received:
    now = _received(load.summary) if load.summary else Received()
    return Received(
        load_ids=(*earlier.load_ids, *now.load_ids),
        rows=earlier.rows + now.rows,
        damaged=earlier.damaged + now.damaged,
        origins=(*earlier.origins, *now.origins),
        drift=(*earlier.drift, *now.drift),
    )


def _failures(state: Mapping[str, Any]) -> tuple[FileFailure, ...]:
    # Beside each: size, time of writing, reason, and what the refusal depends on.
    return tuple(FileFailure(origin, result[2]) for origin, result in sorted(state.get("unreadable", {}).items()))


def _kinds(raw_uri: str) -> dict[str, str]:
    """The kinds of the raw table's columns, those of the loader left out."""
    table = open_table(raw_uri, {})
    if table is None:
        return {}
    fields = [(field.name, field.type) for field in pa.schema(table.schema().to_arrow())]
    return stored_kinds((name, dtype) for name, dtype in fields if names.is_received(name))


def _ignored(_rows: int) -> None:
    """Nobody listens."""
