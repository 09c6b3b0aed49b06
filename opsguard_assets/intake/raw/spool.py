"""Records on their way from a reader to the loader, on disk, so that memory stays small and files arrive whole.

Here: temporary Arrow files, one part per file of the source. A part that turns out to be unreadable is dropped before
any of its rows reached the lake. Not here: reading (`*_reader`) and loading (`loader`).
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa

from opsguard_assets.intake.raw import names
from opsguard_assets.intake.raw.drift import Column, settle
from opsguard_assets.intake.raw.received import LONGEST_TEXT, SourceError
from opsguard_assets.intake.raw.types import KINDS, as_raw, kinds_of

MOST_COLUMNS = 2_000
_Numbers = np.ndarray[tuple[int], np.dtype[np.int64]]
_OPTIONS = pa.ipc.IpcWriteOptions(compression="lz4")


@dataclass
class Part:
    """The records of one origin.

    Attributes:
        origin: File, relation or resource.
        folder: Where its temporary files lie.
        columns: Raw name and kind to the source's spelling, in the order of arrival.
        rows: Records so far, damaged ones included.
        damaged: Damaged ones among them.
        gaps: Numbers of damaged records, ascending, when they were counted apart from the sound ones.
        lines: Turns numbers of records into lines of the file; None where records are counted.
    """

    origin: str
    folder: Path
    advance: Callable[[int], None]
    columns: dict[tuple[str, str], str] = field(default_factory=dict)
    rows: int = 0
    damaged: int = 0
    gaps: list[int] = field(default_factory=list)
    lines: Callable[[_Numbers], _Numbers] | None = None
    _files: list[Path] = field(default_factory=list)
    _writer: pa.ipc.RecordBatchFileWriter | None = None
    _schema: pa.Schema | None = None

    def add(self, frame: pl.DataFrame, positions: pl.Series | None = None) -> None:
        """Adds sound records, columns as the source spells them, and their positions where the reader knows them."""
        spellings = {name: names.raw_name(name) for name in frame.columns}
        check_distinct(list(spellings), self.origin)
        raw = as_raw(frame.rename(spellings))
        by_name = {raw_name: spelling for spelling, raw_name in spellings.items()}
        for name, kind in kinds_of(raw).items():
            self.columns.setdefault((name, kind), by_name[name])
        if len({name for name, _ in self.columns}) > MOST_COLUMNS:
            raise SourceError(
                f"{self.origin}: more than {MOST_COLUMNS} different columns. Are values used as column names?"
            )
        # No raw name starts with an underscore: a column of the source that is called like ours is another one.
        self._write(raw if positions is None else raw.with_columns(positions.alias(names.POSITION)))

    def add_damaged(self, position: list[int], damage: list[str], text: list[str | None]) -> None:
        """Adds records that could not be split into columns: where, why, and what they look like."""
        if position:
            cut = [None if t is None else t[:LONGEST_TEXT] for t in text]
            columns = {names.POSITION: position, names.DAMAGE: damage, names.TEXT: cut}
            schema = {names.POSITION: pl.Int64(), names.DAMAGE: pl.String(), names.TEXT: pl.String()}
            self.damaged += len(position)
            self._write(pl.DataFrame(columns, schema=schema))

    def _write(self, frame: pl.DataFrame) -> None:
        table = frame.to_arrow(compat_level=pl.CompatLevel.oldest())
        if self._writer is None or self._schema != table.schema:
            self.close()
            path = self.folder / f"{len(self._files):06}.arrow"
            self._files.append(path)
            self._schema = table.schema
            self._writer = pa.ipc.new_file(str(path), table.schema, options=_OPTIONS)
        self._writer.write_table(table)
        self.rows += len(frame)
        self.advance(len(frame))

    def close(self) -> None:
        """Ends the file being written."""
        if self._writer is not None:
            self._writer.close()
            self._writer = None

    def drop(self) -> None:
        """Forgets everything: nothing of it reaches the lake."""
        self.close()
        for path in self._files:
            path.unlink(missing_ok=True)
        self.advance(-self.rows)
        self.rows = self.damaged = 0
        self._files.clear()
        self.columns.clear()
        self._schema = None

    def batches(self) -> Iterator[pl.DataFrame]:
        """The records as they were added, each with its `_position`."""
        sound = 0
        for path in self._files:
            with pa.memory_map(str(path)) as file:
                reader = pa.ipc.open_file(file)
                for i in range(reader.num_record_batches):
                    frame = pl.DataFrame(pa.table(reader.get_batch(i)))
                    if names.POSITION not in frame.columns:
                        numbers = positions(sound, len(frame), self.gaps)
                        numbers = numbers if self.lines is None else self.lines(numbers)
                        sound += len(frame)
                        frame = frame.with_columns(pl.Series(names.POSITION, numbers, pl.Int64))
                    yield frame


def check_distinct(columns: list[str], origin: str) -> None:
    """Refuses two columns that are one by name.

    Raises:
        SourceError: Naming both.
    """
    seen: dict[str, str] = {}
    for column in columns:
        name = names.raw_name(column)
        if name in seen:
            other = seen[name]
            how = (
                f"the column {column!r} comes twice"
                if other == column
                else f"the columns {other!r} and {column!r} differ only in capitals or punctuation"
            )
            raise SourceError(
                f"{origin}: {how}, so that values could be mixed up. Rename one of them where the file is made, or map "
                f"only those that are numbered ({column}_2, …)."
            )
        seen[name] = column


def told_apart(columns: list[str], mapped: Collection[str] | None, origin: str) -> list[str]:
    """Columns under names of their own: one that comes again gets a number, unless a mapping reads it.

    Raises:
        SourceError: When a column that is mapped comes twice; every column counts where `mapped` is None.
    """
    doubtful = [column for column in columns if mapped is None or names.raw_name(column) in mapped]
    check_distinct(doubtful, origin)
    taken, times, found = {names.raw_name(column) for column in columns}, Counter[str](), list[str]()
    for column in columns:
        raw = names.raw_name(column)
        times[raw] += 1
        number, name = times[raw], column
        while number > 1 and names.raw_name(name) in taken:
            name, number = f"{column}_{number}", number + 1
        taken.add(names.raw_name(name))
        found.append(name)
    return found


def positions(before: int, count: int, gaps: list[int]) -> _Numbers:
    """The 1-based record numbers of `count` sound records after `before` sound ones, with damaged ones at `gaps`."""
    ordinal = np.arange(before + 1, before + count + 1, dtype=np.int64)
    # The k-th damaged record, from 0, comes before the sound record number `hole - k`, and before all that follow it.
    holes = np.asarray(gaps, dtype=np.int64)
    return ordinal + np.searchsorted(holes - np.arange(len(holes)), ordinal, side="right")


@dataclass
class Spool:
    """The parts of one load.

    Attributes:
        folder: An empty temporary folder.
        advance: Told how many records came since.
    """

    folder: Path
    advance: Callable[[int], None]
    parts: list[Part] = field(default_factory=list)

    def part(self, origin: str) -> Part:
        """A new part; `keep` it when it is complete."""
        folder = self.folder / f"{len(self.parts):06}"
        folder.mkdir(exist_ok=True)
        return Part(origin, folder, self.advance)

    def keep(self, part: Part) -> None:
        """The part is complete and belongs to the load."""
        part.close()
        if part.rows:
            self.parts.append(part)

    @property
    def rows(self) -> int:
        """Records of the load."""
        return sum(part.rows for part in self.parts)

    def arriving(self) -> list[tuple[str, str]]:
        """Raw columns and kinds of the load."""
        return list(dict.fromkeys(pair for part in self.parts for pair in part.columns))

    def tables(self, stored: dict[str, str], stamps: dict[str, object]) -> Iterator[pa.Table]:
        """The records of the load, all in one schema.

        Args:
            stored: Raw column to kind, as the raw table has it.
            stamps: `_load_id` and `_loaded_at`.
        """
        places = settle(stored, self.arriving())
        target = dict(places.values())
        for number, part in enumerate(self.parts):
            for frame in part.batches():
                kinds = kinds_of(frame)
                there = {places[name, kinds[name]][0]: frame[name] for name in frame.columns if names.is_received(name)}
                yield _table(frame, there, target, {**stamps, names.ORIGIN: part.origin, names.PART: number})


def _table(
    frame: pl.DataFrame, there: dict[str, pl.Series], target: dict[str, str], stamps: dict[str, object]
) -> pa.Table:
    rows = len(frame)
    arrays = {
        name: pa.nulls(rows, KINDS[kind])
        if name not in there or there[name].dtype == pl.Null
        else there[name].to_arrow(compat_level=pl.CompatLevel.oldest()).cast(KINDS[kind])
        for name, kind in target.items()
    }
    for name in (names.DAMAGE, names.TEXT):
        arrays[name] = (
            frame[name].to_arrow().cast(pa.string()) if name in frame.columns else pa.nulls(rows, pa.string())
        )
    arrays[names.POSITION] = frame[names.POSITION].to_arrow()
    for name in (names.ORIGIN, names.LOAD_ID):
        arrays[name] = pa.repeat(pa.scalar(stamps[name], pa.string()), rows)
    # Files are read oldest first; their names do not tell that order.
    arrays[names.PART] = pa.repeat(pa.scalar(stamps[names.PART], pa.int64()), rows)
    arrays[names.LOADED_AT] = pa.repeat(pa.scalar(stamps[names.LOADED_AT], KINDS["timestamp"]), rows)
    return pa.table(arrays)


def columns_of(parts: list[Part]) -> dict[str, Column]:
    """Raw name to spelling and kind over some parts; a kind with values wins over none."""
    columns: dict[str, Column] = {}
    for part in parts:
        for (name, kind), spelling in part.columns.items():
            known = columns.get(name)
            if known is None or known.kind == "nothing":
                columns[name] = Column(spelling, kind)
    return columns
