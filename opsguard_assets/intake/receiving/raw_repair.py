"""Mends raw records that cannot be read: rows with a value that no table can hold, and files that are damaged or gone.

Here: one pass that looks, and one commit that replaces what is wrong. Not here: refusing such values where they come in
(`holdable`), which is why only raw tables of earlier versions, or of a damaged disk, need this.

A row keeps its place, its load and its origin; its values become text with the reason, as of any damaged record. A
data file that cannot be read is copied to `unreadable/raw/<source>`, and its rows are gone from the table.
"""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from opsguard_assets.intake.raw import names
from opsguard_assets.intake.raw.received import SourceError
from opsguard_assets.intake.readers.holdable import hold
from resources.delta import open_table, replace_rows

APART = "unreadable"
_BATCH_ROWS = 100_000


@dataclass
class Repaired:
    """What was found, and done about it.

    Attributes:
        kept: Rows that stay as they are.
        apart: Rows that are damaged records now, by reason.
        files: Data files that could not be read: their names, and why.
        folder: Where these were put.
    """

    kept: int = 0
    apart: dict[str, int] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)
    folder: Path | None = None

    @property
    def is_sound(self) -> bool:
        """Whether there was nothing to do."""
        return not self.apart and not self.files


def repair(lake_uri: str, source: str) -> Repaired:
    """Mends the raw table of a source.

    Args:
        lake_uri: A lake in a folder.
        source: The source; nobody loads or accepts it meanwhile.

    Raises:
        SourceError: When there is no such table, or the lake is no folder.
    """
    if "://" in lake_uri:
        raise SourceError(f"{lake_uri}: only a lake in a folder can be repaired.")
    uri = f"{lake_uri.rstrip('/')}/raw/{source}"
    table = open_table(uri, {})
    if table is None:
        raise SourceError(f"There is no raw/{source} in the lake. `opsguard doctor` lists the sources.")
    found = Repaired()
    sound = [path for path in map(Path, table.file_uris()) if _looked_through(path, found)]
    if found.is_sound:
        return found
    found.folder = Path(lake_uri) / APART / "raw" / source
    for name in found.files:
        path = Path(uri) / name
        if path.exists():
            found.folder.mkdir(parents=True, exist_ok=True)
            shutil.copy2(path, found.folder)
    schema = pa.schema(table.schema().to_arrow())
    replace_rows(table, pa.RecordBatchReader.from_batches(schema, _mended(sound, schema)))
    return found


def _looked_through(path: Path, found: Repaired) -> bool:
    """Whether a data file can be read; notes what is in it."""
    kept, reasons = 0, list[str]()
    try:
        for batch in _batches(path):
            held = hold(batch)
            kept += held.rows.num_rows
            reasons += held.reasons
    except (pa.ArrowException, OSError) as error:
        found.files[path.name] = str(error).splitlines()[0]
        return False
    found.kept += kept
    for reason in reasons:
        words = reason.partition(" (")[0]
        found.apart[words] = found.apart.get(words, 0) + 1
    return True


def _batches(path: Path) -> Iterator[pa.RecordBatch]:
    with pq.ParquetFile(path) as parquet:
        yield from parquet.iter_batches(_BATCH_ROWS)


def _mended(paths: list[Path], schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    for path in paths:
        for batch in _batches(path):
            held = hold(batch)
            yield from _in_schema(held.rows, schema)
            if held.numbers:
                rows = pa.Table.from_batches([batch]).take(pa.array(held.numbers))
                notes = [name for name in rows.column_names if not names.is_received(name)]
                apart = rows.select([name for name in notes if name not in (names.DAMAGE, names.TEXT)])
                apart = apart.append_column(names.DAMAGE, pa.array(held.reasons, pa.string()))
                yield from _in_schema(apart.append_column(names.TEXT, pa.array(held.texts, pa.string())), schema)


def _in_schema(rows: pa.Table, schema: pa.Schema) -> list[pa.RecordBatch]:
    """The rows with all columns of the table, unknown where they have none."""
    columns = [
        rows.column(f.name).cast(f.type) if f.name in rows.column_names else pa.nulls(rows.num_rows, f.type)
        for f in schema
    ]
    batches: list[pa.RecordBatch] = pa.table(columns, schema=schema).to_batches()
    return batches
