"""Reads CSV: every record arrives as text or is set apart with the reason why it cannot be split into columns.

Here: header and records. Not here: opening the file (`opening`), meaning of the values (`parse`).

`_position` counts records after the header, from 1, blank lines left out; a quoted value with line breaks is one
record. An unclosed quote swallows what follows it, up to `max_row_bytes`: all of that is one damaged record, whose text
shows it.
"""

import codecs
import csv
import io
import re
import shutil
from bisect import bisect_left
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import duckdb
import polars as pl
import pyarrow as pa

from opsguard_assets.config.sources import CsvOptions
from opsguard_assets.intake.opening import CHUNK
from opsguard_assets.intake.received import LONGEST_TEXT, Opened, SourceError
from opsguard_assets.intake.spool import MOST_COLUMNS, Part, check_distinct

BATCH_ROWS = 100_000
_MEMORY = "1GB"
_LONGEST_HEADER = 1_000_000
_COUNTS = re.compile(r"Expected Number of Columns: (\d+) Found: (\d+)")
_LINE_END = re.compile(r"\r\n|\r|\n")
_REASONS = {
    "UNQUOTED VALUE": "a quote has no end, or text follows it",
    "INVALID ENCODING": "wrong encoding: the text is not UTF-8",
    "LINE SIZE OVER MAXIMUM": "too long: more than {max_row_bytes:,} bytes (`max_row_bytes`)",
}


class Header(NamedTuple):
    """The column names, and how many records (`skip`; a blank line is one), lines and bytes there are up to its end."""

    columns: list[str]
    skip: int
    lines: int
    size: int


def read_csv(file: Opened, options: CsvOptions, part: Part, *, delimiter: str | None = None) -> None:
    """Reads one file into a part.

    Args:
        file: Plain UTF-8 text.
        options: Delimiter, quote and the longest record.
        part: Takes the records.
        delimiter: Wins over that of `options`.

    Raises:
        SourceError: When there is no usable header, or the text is no CSV at all.
    """
    if delimiter is not None:
        options = options.model_copy(update={"delimiter": delimiter})
    header = read_header(file, options)
    if header.lines > header.skip:
        # DuckDB looks for the end of what it skips by the first line end that it sees, and may then find no record.
        file, header = _without_header(file, header)
    try:
        _read(file.path, header, options, part)
    except duckdb.InvalidInputException:
        # DuckDB follows one kind of line end strictly. Some exports mix them.
        part.drop()
        try:
            _read(_with_even_line_ends(file), header, options, part)
        except duckdb.Error as error:
            raise SourceError(
                f"{file.origin}: cannot be read as CSV ({str(error).splitlines()[0]}). Check delimiter and quotes."
            ) from error


def read_header(file: Opened, options: CsvOptions) -> Header:
    """The header of a file.

    Raises:
        SourceError: When there is none, or it does not fit the options.
    """
    if options.columns:
        check_distinct(list(options.columns), file.origin)
        return Header(list(options.columns), skip=0, lines=0, size=0)
    text = _first_text(file, options)
    body = text.lstrip("\r\n")
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
    check_distinct(named, file.origin)
    mark = len(codecs.BOM_UTF8) if _starts_with_mark(file.path) else 0
    size = mark + len(text[:blank].encode()) + len(record.encode())
    return Header(named, skip=before + 1, lines=before + max(1, len(_LINE_END.findall(record))), size=size)


def _split(file: Opened, record: str, options: CsvOptions) -> list[str]:
    """The columns of a header; what is no clean CSV here would make DuckDB miss the rows below it."""
    source = io.StringIO(record, newline="")
    try:
        return next(csv.reader(source, delimiter=options.delimiter, quotechar=options.quote, strict=True))
    except csv.Error as error:
        raise SourceError(
            f"{file.origin}: the header cannot be split into columns ({error}). Check delimiter and quotes."
        ) from None


def _starts_with_mark(path: Path) -> bool:
    with path.open("rb") as stream:
        return stream.read(3) == codecs.BOM_UTF8


def _without_header(file: Opened, header: Header) -> tuple[Opened, Header]:
    """A copy that begins with the first record."""
    target = file.folder / "body"
    with file.path.open("rb") as source, target.open("wb") as body:
        source.seek(header.size)
        shutil.copyfileobj(source, body, CHUNK)
    return Opened(file.origin, target, file.folder), Header(header.columns, skip=0, lines=0, size=0)


def _first_text(file: Opened, options: CsvOptions) -> str:
    with file.path.open("rb") as stream:
        data = stream.read(_LONGEST_HEADER)
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        text = data.decode("utf-8-sig", errors="replace")
        record = _first_record(text.lstrip("\r\n"), options)
        if record is not None and "\ufffd" in record:
            raise SourceError(
                f"{file.origin}: the header is not UTF-8 (byte {error.start + 1}). Set `csv: {{encoding: latin-1}}` at "
                "the source, or export it as UTF-8."
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


def _read(path: Path, header: Header, options: CsvOptions, part: Part) -> None:
    safe = [f"c{i}" for i in range(len(header.columns))]
    with duckdb.connect(config={"memory_limit": _MEMORY, "autoinstall_known_extensions": "false"}) as connection:
        connection.execute("SET enable_progress_bar = false")
        connection.execute(f"CREATE TEMP VIEW source AS {_query(path, safe, header.skip, options)}")
        reader = connection.sql("FROM source").to_arrow_reader(BATCH_ROWS)
        sound = 0
        for batch in _batches(reader):
            frame = pl.DataFrame(pa.table(batch))
            frame.columns = header.columns
            part.add(frame)
            sound += len(frame)
        rejects = connection.execute(
            "SELECT line, min(line_byte_position), first(error_type), first(csv_line), first(error_message) "
            "FROM (FROM reject_errors ORDER BY error_type <> 'INVALID ENCODING') GROUP BY line ORDER BY line"
        ).fetchall()
    if not sound and not rejects and _has_content(path, header):
        raise duckdb.InvalidInputException("it has text below the header, of which no record could be made")
    if rejects:
        _add_rejects(rejects, _Counted(path, header, sound, options.quote), options, part)


def _has_content(path: Path, header: Header) -> bool:
    """Whether anything but blank lines follows the header."""
    with path.open("rb") as stream:
        stream.seek(header.size)
        return any(chunk.strip() for chunk in iter(lambda: stream.read(CHUNK), b""))


def _batches(reader: pa.RecordBatchReader) -> Iterator[pa.RecordBatch]:
    """The batches of DuckDB; where its parser gives up in the middle, Arrow makes an `OSError` of that."""
    try:
        yield from reader
    except OSError as error:
        if not str(error).startswith("Invalid Input Error"):
            raise
        raise duckdb.InvalidInputException(str(error)) from error


def _query(path: Path, columns: list[str], skip: int, options: CsvOptions) -> str:
    def literal(text: str) -> str:
        return "'" + text.replace("'", "''") + "'"

    struct = ", ".join(f"'{column}': 'VARCHAR'" for column in columns)
    return (  # every text is a quoted literal
        f"SELECT * FROM read_csv({literal(str(path))}, columns = {{{struct}}}, auto_detect = false, header = false, "  # noqa: S608
        f"skip = {skip}, delim = {literal(options.delimiter)}, quote = {literal(options.quote)}, "
        f"escape = {literal(options.quote)}, max_line_size = {options.max_row_bytes}, strict_mode = true, "
        "store_rejects = true, compression = 'none')"
    )


class _Counted:
    """What is known of a file with damaged records: enough to number them."""

    def __init__(self, path: Path, header: Header, sound: int, quote: str) -> None:
        self.path, self.header, self.sound, self.quote = path, header, sound, quote.encode()

    def numbers(self, lines: list[int], starts: list[int]) -> list[int]:
        """Record numbers of damaged records from DuckDB's, which count header and blank lines, too."""
        blank = list(self._blank_lines(starts))
        total, taken = self.sound + len(lines), 0
        numbers = []
        for i, (line, start) in enumerate(zip(lines, starts, strict=True)):
            number = line - self.header.skip - bisect_left(blank, start)
            taken = min(max(number, taken + 1), total - (len(lines) - 1 - i))
            numbers.append(taken)
        return numbers

    def _blank_lines(self, starts: list[int]) -> Iterator[int]:
        """Where blank lines between records start: bytes into the file."""
        resets = set(starts)
        quoted, offset = False, 0
        with self.path.open("rb") as stream:
            for number, line in enumerate(stream):
                quoted = quoted and offset not in resets
                if number >= self.header.lines and not quoted and not line.strip(b"\r\n"):
                    yield offset
                if line.count(self.quote) % 2:
                    quoted = not quoted
                offset += len(line)


def _add_rejects(
    rejects: list[tuple[int, int, str, str | None, str]], counted: _Counted, options: CsvOptions, part: Part
) -> None:
    # DuckDB lets a record begin with the blank lines before it.
    blanks = [len(text) - len(text.lstrip("\r\n")) if text else 0 for _, _, _, text, _ in rejects]
    starts = [start - 1 + blank for (_, start, _, _, _), blank in zip(rejects, blanks, strict=True)]
    numbers = counted.numbers([r[0] for r in rejects], starts)
    damage = [_reason(kind, message, options) for _, _, kind, _, message in rejects]
    texts = [None if text is None else text.strip("\r\n")[:LONGEST_TEXT] for _, _, _, text, _ in rejects]
    part.gaps = numbers
    part.add_damaged(numbers, damage, texts)


def _reason(kind: str, message: str, options: CsvOptions) -> str:
    found = _COUNTS.search(message)
    if found and kind in ("MISSING COLUMNS", "TOO MANY COLUMNS"):
        return f"{kind.lower()}: expected {found[1]}, found {found[2]}"
    return _REASONS.get(kind, kind.lower()).format(max_row_bytes=options.max_row_bytes)


def _with_even_line_ends(file: Opened) -> Path:
    """A copy in which every line ends in a line feed; bytes that are no text stay as they are."""
    target = file.folder / "even"
    kept = "surrogateescape"
    with (
        file.path.open(newline=None, encoding="utf-8", errors=kept) as source,
        target.open("w", newline="\n", encoding="utf-8", errors=kept) as even,
    ):
        shutil.copyfileobj(source, even, CHUNK)
    return target
