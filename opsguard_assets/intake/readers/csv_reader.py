"""Reads CSV: every record arrives as text, or as damaged with the reason why it cannot be split into columns.

Here: header and records. Not here: opening the file (`opening`), where records begin (`csv_lines`), meaning of values
(`parse`).

`_position` is the line of the file on which a record begins, from 1, as an editor shows it. Records are those that
Python's `csv` module and spreadsheets read, whatever ends their lines. A quote that does not end swallows what follows
it, up to `max_row_bytes`: all of that is one damaged record, whose text shows it.
"""

import codecs
import csv
import io
import re
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import NamedTuple

import duckdb
import numpy as np
import polars as pl
import pyarrow as pa

from opsguard_assets.config.base import ENCODINGS
from opsguard_assets.config.sources import CsvOptions
from opsguard_assets.intake.raw.received import LONGEST_TEXT, Opened, SourceError
from opsguard_assets.intake.raw.spool import MOST_COLUMNS, Part, check_distinct, told_apart
from opsguard_assets.intake.readers.csv_lines import CHUNK, Lines, Record, even_lines, is_plain, records
from resources.sql import statement

BATCH_ROWS = 100_000
_MEMORY = "1GB"
_LONGEST_HEADER = 1_000_000
_LONGEST_COLUMN = 100_000
_UNSPLIT = "{origin}: the header cannot be split into columns ({error}). Check delimiter and quotes."
_COUNTS = re.compile(r"Expected Number of Columns: (\d+) Found: (\d+)")
_LINE_END = re.compile(r"\r\n|\r|\n")
_REASONS = {
    "UNQUOTED VALUE": "a quote has no end, or text follows it",
    "INVALID ENCODING": "wrong encoding: the text is not UTF-8; set `csv: {{encoding: cp1252}}`, or export it as UTF-8",
    "LINE SIZE OVER MAXIMUM": "too long: more than {max_row_bytes:,} bytes (`max_row_bytes`)",
}


class Header(NamedTuple):
    """The column names, and how many records (`skip`; a blank line is one), lines and bytes there are up to its end."""

    columns: list[str]
    skip: int
    lines: int
    size: int


def read_csv(
    file: Opened,
    options: CsvOptions,
    part: Part,
    *,
    delimiter: str | None = None,
    mapped: Collection[str] | None = None,
) -> None:
    """Reads one file into a part.

    Args:
        file: Plain UTF-8 text.
        options: Delimiter, quote and the longest record.
        part: Takes the records.
        delimiter: Wins over that of `options`.
        mapped: Raw names that a mapping reads: only they may not come twice. None: no name may.

    Raises:
        SourceError: When there is no usable header, or the text is no CSV at all.
    """
    if delimiter is not None:
        options = options.model_copy(update={"delimiter": delimiter})
    header = read_header(file, options, mapped)
    lines = _lines(file, header, options)
    if lines is not None and _read(lines, header, options, part):
        return
    part.drop()
    _read_one_by_one(file, header, options, part)


def _lines(file: Opened, header: Header, options: CsvOptions) -> Lines | None:
    """Where records begin, for a file that DuckDB reads without a doubt."""
    quote = options.quote.encode()
    if header.lines == header.skip and is_plain(file.path, header.size, quote):
        return Lines(file.path, header.skip, header.lines + 1, None)
    marks = (quote, options.delimiter.encode())
    return even_lines(file.path, file.folder, (header.size, header.lines), marks, options.max_row_bytes)


def read_header(file: Opened, options: CsvOptions, mapped: Collection[str] | None = None) -> Header:
    """The header of a file. A name that comes twice and that nothing maps gets a number: `Labels`, `Labels_2`.

    Raises:
        SourceError: When there is none, or it does not fit the options.
    """
    if options.columns:
        check_distinct(list(options.columns), file.origin)
        return Header(list(options.columns), skip=0, lines=0, size=0)
    text = _first_text(file, options)
    title = _title(text, options.header_at or 1)
    body = text[title:].lstrip("\r\n")
    blank = len(text) - len(body)
    if not body.strip():
        raise SourceError(
            f"{file.origin}: the file is empty; even a CSV file without rows has a header. Deliver it again."
        )
    if body.lstrip().startswith(("{", "[")):
        raise SourceError(f"{file.origin}: this is JSON, not CSV. Name it .jsonl or set `format: jsonl` at the source.")
    record = _first_record(body, options)
    if record is None:
        raise SourceError(f"{file.origin}: the header does not end: a quote in it is not closed. Deliver it again.")
    columns = _split(file, record, options)
    _check_columns(file, columns, options)
    before = len(_LINE_END.findall(text[:blank]))
    named = [column.strip() or f"unnamed_{i}" for i, column in enumerate(columns, start=1)]
    named = told_apart(named, mapped, file.origin)
    mark = len(codecs.BOM_UTF8) if _starts_with_mark(file.path) else 0
    size = mark + len(text[:blank].encode()) + len(record.encode())
    # A quote in a title would hide the header from DuckDB.
    skip = before + 1 if options.header_at is None else -1
    return Header(named, skip=skip, lines=before + max(1, len(_LINE_END.findall(record))), size=size)


def _title(text: str, line: int) -> int:
    """How many letters stand before a line."""
    ends = [match.end() for match, _ in zip(_LINE_END.finditer(text), range(line - 1), strict=False)]
    return ends[-1] if len(ends) == line - 1 and ends else len(text) if line > 1 else 0


def _split(file: Opened, record: str, options: CsvOptions) -> list[str]:
    """The columns of a header; what is not clean CSV here would make DuckDB miss the rows below it."""
    source = io.StringIO(record, newline="")
    try:
        columns = next(csv.reader(source, delimiter=options.delimiter, quotechar=options.quote, strict=True))
    except csv.Error as error:
        raise SourceError(_UNSPLIT.format(origin=file.origin, error=error)) from None
    if max(map(len, columns)) > _LONGEST_COLUMN:
        raise SourceError(_UNSPLIT.format(origin=file.origin, error=f"a name of more than {_LONGEST_COLUMN:,} letters"))
    return columns


def _starts_with_mark(path: Path) -> bool:
    with path.open("rb") as stream:
        return stream.read(3) == codecs.BOM_UTF8


def _first_text(file: Opened, options: CsvOptions) -> str:
    with file.path.open("rb") as stream:
        data = stream.read(_LONGEST_HEADER)
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        text = data.decode("utf-8-sig", errors="replace")
        record = _first_record(text[_title(text, options.header_at or 1) :].lstrip("\r\n"), options)
        if record is not None and "\ufffd" in record:
            raise SourceError(
                f"{file.origin}: the header is not UTF-8 (byte {error.start + 1}). Export it as UTF-8, or set "
                f"`csv: {{encoding: cp1252}}` at the source: {ENCODINGS}."
            ) from None
        return text


def _first_record(text: str, options: CsvOptions) -> str | None:
    """Up to and including the first line end outside quotes; None where the text ends inside quotes."""
    quoted = False
    for match in re.finditer(f"{re.escape(options.quote)}|\r\n|\r|\n", text):
        if match.group() == options.quote:
            quoted = not quoted
        elif not quoted:
            return text[: match.end()]
    return None if quoted else text


def _check_columns(file: Opened, columns: list[str], options: CsvOptions) -> None:
    if len(columns) > MOST_COLUMNS:
        raise SourceError(f"{file.origin}: {len(columns)} columns, more than {MOST_COLUMNS}. Is the delimiter right?")
    others = [d for d in (",", ";", "\t", "|") if d != options.delimiter and d in columns[0]]
    if len(columns) == 1 and others:
        shown = columns[0][:100]
        raise SourceError(
            f"{file.origin}: the header has one column, {shown!r}. The delimiter seems to be {others[0]!r}, not "
            f"{options.delimiter!r}: set `csv: {{delimiter: {others[0]!r}}}` at the source."
        )


def _read(lines: Lines, header: Header, options: CsvOptions, part: Part) -> bool:
    """Reads clean records by DuckDB; false where it gives up, or does not find each of them."""
    safe = [f"c{i}" for i in range(len(header.columns))]
    sound = 0
    with duckdb.connect(config={"memory_limit": _MEMORY, "autoinstall_known_extensions": "false"}) as connection:
        connection.execute("SET enable_progress_bar = false")
        for name, value in _variables(lines.path, safe, lines.skip, options).items():
            connection.execute(f"SET VARIABLE {name} = ?", [value])
        source = connection.sql(statement(__name__, "csv_records").text)
        try:
            for batch in _batches(source.to_arrow_reader(BATCH_ROWS)):
                frame = pl.DataFrame(pa.table(batch))
                frame.columns = header.columns
                part.add(frame)
                sound += len(frame)
        except duckdb.Error:
            return False
        # A line in the wrong encoding is also split wrongly: of its errors the encoding is the one that helps.
        rejects = connection.execute(
            "SELECT line, first(error_type), first(csv_line), first(error_message) "
            "FROM (FROM reject_errors ORDER BY error_type <> 'INVALID ENCODING') GROUP BY line ORDER BY line"
        ).fetchall()
    numbers, total = [line - lines.skip for line, _, _, _ in rejects], sound + len(rejects)
    is_whole = total == len(lines.starts) if lines.starts is not None else total or not _has_content(lines, header)
    # Quotes are clean here: where DuckDB complains of one, it has lost its way.
    is_lost = any(not 1 <= number <= total for number in numbers) or any(
        kind == "UNQUOTED VALUE" for _, kind, _, _ in rejects
    )
    if not is_whole or is_lost:
        return False
    part.gaps, part.lines = numbers, lines.of
    texts = [None if text is None else text.strip("\r\n")[:LONGEST_TEXT] for _, _, text, _ in rejects]
    damage = [_reason(kind, message, options) for _, kind, _, message in rejects]
    part.add_damaged(lines.of(np.asarray(numbers, np.int64)).tolist(), damage, texts)
    return True


def _has_content(lines: Lines, header: Header) -> bool:
    """Whether anything but blank lines follows the header."""
    with lines.path.open("rb") as stream:
        stream.seek(header.size)
        return any(chunk.strip() for chunk in iter(lambda: stream.read(CHUNK), b""))


def _read_one_by_one(file: Opened, header: Header, options: CsvOptions, part: Part) -> None:
    """Reads a file with quotes where none belong, as Python's `csv` module does."""
    width, longest = len(header.columns), options.max_row_bytes
    rows, places = list[list[str]](), list[int]()
    damaged: list[tuple[int, str, str]] = []
    for record in records(file.path, header.size, header.lines, options.delimiter, options.quote, longest):
        problem = _problem(record, width, longest)
        if problem is None and record.values is not None:
            rows.append(record.values)
            places.append(record.line)
        else:
            text = record.text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
            damaged.append((record.line, problem or "", text))
        if len(rows) >= BATCH_ROWS:
            _add(part, header, rows, places)
            rows, places = [], []
    _add(part, header, rows, places)
    part.add_damaged([d[0] for d in damaged], [d[1] for d in damaged], [d[2] for d in damaged])


def _problem(record: Record, width: int, longest: int) -> str | None:
    """Why a record cannot be split into columns."""
    if not record.text.isascii() and any("\udc80" <= letter <= "\udcff" for letter in record.text):
        return _REASONS["INVALID ENCODING"].format()
    if len(record.text) > longest:
        return _REASONS["LINE SIZE OVER MAXIMUM"].format(max_row_bytes=longest)
    if record.values is None or (len(record.values) != width and not record.is_clean):
        return _REASONS["UNQUOTED VALUE"]
    if len(record.values) != width:
        kind = "missing columns" if len(record.values) < width else "too many columns"
        return f"{kind}: expected {width}, found {len(record.values)}"
    return None


def _add(part: Part, header: Header, rows: list[list[str]], places: list[int]) -> None:
    if rows:
        frame = pl.DataFrame(rows, schema=dict.fromkeys(header.columns, pl.String), orient="row")
        empty = pl.when(pl.all() != "").then(pl.all())
        part.add(frame.select(empty), pl.Series(places, dtype=pl.Int64))


def _batches(reader: pa.RecordBatchReader) -> Iterator[pa.RecordBatch]:
    """The batches of DuckDB; where its parser gives up in the middle, Arrow makes an `OSError` of that."""
    try:
        yield from reader
    except OSError as error:
        if not str(error).startswith("Invalid Input Error"):
            raise
        raise duckdb.InvalidInputException(str(error)) from error


def _variables(path: Path, columns: list[str], skip: int, options: CsvOptions) -> dict[str, object]:
    """What `csv_records` asks for."""
    return {
        "path": str(path),
        "columns": dict.fromkeys(columns, "VARCHAR"),
        "skip": skip,
        "delimiter": options.delimiter,
        "quote": options.quote,
        "longest": options.max_row_bytes,
    }


def _reason(kind: str, message: str, options: CsvOptions) -> str:
    found = _COUNTS.search(message)
    if found and kind in ("MISSING COLUMNS", "TOO MANY COLUMNS"):
        return f"{kind.lower()}: expected {found[1]}, found {found[2]}"
    return _REASONS.get(kind, kind.lower()).format(max_row_bytes=options.max_row_bytes)
