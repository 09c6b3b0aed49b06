"""Whether the mapping of a file source fits the columns that its newest file names.

Here: the header alone, cheap enough for a person who waits. Not here: records (`file_records`) and loads (`accept`).
"""

from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl

from opsguard_assets.config.sources import FileSource
from opsguard_assets.intake.mapping.origin import RawRows, named_columns, resolve
from opsguard_assets.intake.raw.names import raw_name
from opsguard_assets.intake.readers.csv_reader import read_header
from opsguard_assets.intake.readers.files import File
from opsguard_assets.intake.readers.opening import open_start
from opsguard_assets.tables.registry import TABLES

_GZIP = b"\x1f\x8b"


def check_header(source: FileSource, file: File) -> int | None:
    """How many columns a file names, all that its source's mapping needs among them; None where no header says it.

    Raises:
        MappingError: When a feed names a column that the file does not have, or a required one has no origin.
        SourceError: When the header cannot be read.
        OSError, PolarsError: When the file cannot be.
    """
    named = columns_of(source, file)
    if named is None:
        return None
    rows = RawRows(pl.DataFrame(schema={raw_name(column): pl.String() for column in named}), source)
    for feed in source.feeds:
        resolve(feed, rows, TABLES[feed.table])
    return len(named)


def columns_of(source: FileSource, file: File) -> list[str] | None:
    """The columns that a file names; None for files that name none, such as JSON lines."""
    if file.format == "csv":
        return list(source.csv.columns) or _header(source, file)
    if file.format == "parquet" and not _is_packed(file.path):
        return list(pl.read_parquet_schema(file.path))
    return None


def _header(source: FileSource, file: File) -> list[str]:
    """The header as a load reads it, with the words of a load where it cannot."""
    name = file.path.name.lower().removesuffix(".gz")
    options = source.csv.model_copy(update={"delimiter": "\t"}) if name.endswith(".tsv") else source.csv
    with TemporaryDirectory() as folder:
        opened = open_start(file, Path(folder), options.encoding)
        return read_header(opened, options, named_columns(source)).columns


def _is_packed(path: Path) -> bool:
    with path.open("rb") as stream:
        return stream.read(2) == _GZIP
