"""Whether the mapping of a file source fits the columns that its newest file names.

Here: the header alone, cheap enough for a person who waits. Not here: records (`file_records`) and loads (`accept`).
"""

import csv
import gzip
from pathlib import Path

import polars as pl

from opsguard_assets.config.sources import FileSource
from opsguard_assets.intake.files import File
from opsguard_assets.intake.names import raw_name
from opsguard_assets.intake.origin import MappingError, RawRows, resolve
from opsguard_assets.tables.registry import TABLES

_LONGEST_LINE = 1_000_000
_GZIP = b"\x1f\x8b"


def check_header(source: FileSource, file: File) -> int | None:
    """How many columns a file names, all that its source's mapping needs among them; None where no header says it.

    Raises:
        MappingError: When a feed names a column that the file does not have, or a required one has no origin.
        OSError, UnicodeError, PolarsError: When the header cannot be read.
    """
    named = columns_of(source, file)
    if named is None:
        return None
    rows = RawRows(pl.DataFrame(schema={raw_name(column): pl.String() for column in named}), source)
    for feed in source.feeds:
        try:
            resolve(feed, rows, TABLES[feed.table])
        except MappingError as error:
            raise MappingError(f"{file.origin}, the newest file: {error}") from None
    return len(named)


def columns_of(source: FileSource, file: File) -> list[str] | None:
    """The columns that a file names; None for files that name none, such as JSON lines."""
    if file.format == "csv":
        return list(source.csv.columns) or _first_line(source, file.path)
    if file.format == "parquet" and not _is_packed(file.path):
        return list(pl.read_parquet_schema(file.path))
    return None


def _first_line(source: FileSource, path: Path) -> list[str]:
    name = path.name.lower().removesuffix(".gz")
    delimiter = "\t" if name.endswith(".tsv") else source.csv.delimiter
    encoding = "utf-8-sig" if source.csv.encoding == "utf-8" else source.csv.encoding
    opened = gzip.open if _is_packed(path) else open
    with opened(path, "rt", encoding=encoding, newline="") as text:
        # A line without an end must not be unpacked into memory.
        lines = iter(lambda: text.readline(_LONGEST_LINE), "")
        return next(csv.reader(lines, delimiter=delimiter, quotechar=source.csv.quote), [])


def _is_packed(path: Path) -> bool:
    with path.open("rb") as stream:
        return stream.read(2) == _GZIP
