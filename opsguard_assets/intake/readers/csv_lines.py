"""Where the records of a CSV file begin: line ends evened out, quotes checked, lines of the file counted.

Here: bytes to bytes, and one record after the other where quotes are not as they should be. Not here: columns and types
(`csv_reader`).

DuckDB follows one kind of line end, and what it takes for a broken quote may hide the records behind it. So it is only
given files of which every quote opens or closes a whole value; all others are read as Python's `csv` module reads them,
which is what spreadsheets do.
"""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

CHUNK = 1 << 23
_LF, _CR = 10, 13
# Above the greatest `max_row_bytes`: by itself the module refuses values of more than 131,072 letters.
csv.field_size_limit(1 << 27)


@dataclass(frozen=True)
class Lines:
    """The lines on which records begin.

    Attributes:
        path: A file with one kind of line end and without blank lines; without its header, unless `skip` says so.
        skip: Lines before the first record.
        first: The line of the received file on which the first record begins, from 1.
        starts: The line of each record; None where each record is one line.
    """

    path: Path
    skip: int
    first: int
    starts: NDArray[np.int64] | None

    def of(self, numbers: NDArray[np.int64]) -> NDArray[np.int64]:
        """The lines of records by their number, from 1."""
        return numbers + (self.first - 1) if self.starts is None else self.starts[numbers - 1]


@dataclass(frozen=True)
class Record:
    """One record as Python's `csv` module reads it.

    Attributes:
        line: Its first line, from 1.
        text: As received.
        values: Its values; None where it is longer than allowed, or a quote in it does not end.
        is_clean: Whether every quote in it opens or closes a whole value.
    """

    line: int
    text: str
    values: list[str] | None
    is_clean: bool


def even_lines(
    path: Path, folder: Path, header: tuple[int, int], marks: tuple[bytes, bytes], longest: int
) -> Lines | None:
    """A copy with one kind of line end; None where a quote stands where none belongs, or a record is too long.

    Args:
        path: The file.
        folder: Where the copy is written.
        header: Bytes and lines before the first record.
        marks: The quote, one byte, and the delimiter.
        longest: Bytes of a record.
    """
    (start, line), (quote, delimiter) = header, marks
    target, found, rest, before = folder / "even", list[NDArray[np.int64]](), b"", line
    with path.open("rb") as source, target.open("wb") as even:
        source.seek(start)
        while True:
            data = source.read(CHUNK)
            block = rest + data
            if data and block.endswith(b"\r"):  # a line feed may follow
                more = source.read(1)
                block += more
            if not block:
                break
            done = _evened(block, quote, delimiter, is_last=not data)
            if done is None:
                return None
            text, starts, used, lines = done
            if not used and len(block) > longest:
                return None
            even.write(text)
            found.append(starts + line)
            line += lines
            rest = block[used:]
            if not data:
                break
    starts = np.concatenate(found) if found else np.empty(0, np.int64)
    return Lines(target, 0, before + 1, starts + 1)


def is_plain(path: Path, start: int, quote: bytes) -> bool:
    """Whether each line behind the header is one record: no quotes, no carriage returns, no blank lines."""
    with path.open("rb") as source:
        source.seek(start)
        last = b"\n"
        while data := source.read(CHUNK):
            if quote in data or b"\r" in data or b"\n\n" in last + data:
                return False
            last = data[-1:]
    return True


def _evened(
    block: bytes, quote: bytes, delimiter: bytes, *, is_last: bool
) -> tuple[bytes, NDArray[np.int64], int, int] | None:
    """(records, lines before each of them, bytes used, lines used) of a block that begins with a record."""
    letters = np.frombuffer(block, np.uint8)
    quotes = letters == quote[0]
    # Odd or even is all that counts, and survives the overflow of a byte.
    inside = (np.cumsum(quotes, dtype=np.uint8) & 1).astype(bool)
    if not _is_clean(letters, np.flatnonzero(quotes), delimiter):
        return None
    ends_line = letters == _LF
    returns = np.flatnonzero(letters == _CR)
    # A carriage return that no line feed follows ends a line by itself.
    ends_line[returns[letters[np.minimum(returns + 1, len(letters) - 1)] != _LF]] = True
    ends = np.flatnonzero(ends_line & ~inside)
    if is_last and inside[-1]:
        return None
    used = len(block) if is_last else (int(ends[-1]) + 1 if len(ends) else 0)
    if is_last and (not len(ends) or ends[-1] != len(block) - 1):
        ends = np.append(ends, len(block))
    starts = np.concatenate([[0], ends[:-1] + 1]) if len(ends) else np.empty(0, np.int64)
    lines = np.cumsum(ends_line, dtype=np.int32)
    before = np.where(starts > 0, lines[np.maximum(starts - 1, 0)], 0)
    # A blank record is nothing but its own line end.
    lengths = ends - starts
    is_crlf = (
        (lengths > 0) & (letters[np.minimum(ends, len(block) - 1)] == _LF) & (letters[np.maximum(ends - 1, 0)] == _CR)
    )
    is_blank = lengths == is_crlf
    text = letters[:used].copy()
    real = ends[ends < used]
    # Only ends of records are evened: a line end inside of quotes is part of its value.
    text[real] = _LF
    keep = np.ones(used, bool)
    keep[ends[is_crlf] - 1] = False
    keep[ends[is_blank & (ends < used)]] = False
    written = text[keep].tobytes()
    return written, before[~is_blank].astype(np.int64), used, int(lines[used - 1]) if used else 0


def _is_clean(letters: NDArray[np.uint8], quotes: NDArray[np.int64], delimiter: bytes) -> bool:
    """Whether quotes open and close whole values, and stand doubled inside them."""
    if not len(quotes):
        return True
    may_precede, may_follow = np.zeros(256, bool), np.zeros(256, bool)
    may_precede[[delimiter[-1], _LF, _CR]] = may_follow[[delimiter[0], _LF, _CR]] = True
    adjoins = np.diff(quotes) == 1
    before, after = letters[np.maximum(quotes - 1, 0)], letters[np.minimum(quotes + 1, len(letters) - 1)]
    # A doubled quote inside of a value counts as one that closes and one that opens.
    opens = may_precede[before] | np.concatenate([[quotes[0] == 0], adjoins])
    closes = may_follow[after] | np.concatenate([adjoins, [quotes[-1] == len(letters) - 1]])
    return bool(opens[0::2].all() and closes[1::2].all())


def records(path: Path, start: int, line: int, delimiter: str, quote: str, longest: int) -> Iterator[Record]:
    """Every record of a file, one after the other, blank lines left out.

    Args:
        path: The file.
        start: Bytes before the first record.
        line: Lines before it.
        delimiter: Between values.
        quote: Around values.
        longest: A record of more characters is cut off after the line on which it becomes too long.
    """
    with path.open("rb") as raw:
        raw.seek(start)
        source = _Physical(io.TextIOWrapper(raw, encoding="utf-8", errors="surrogateescape", newline=""), line, longest)
        while not source.is_done():
            # A new one after a record that was too long: the former is still inside of its quotes.
            reader = csv.reader(source, delimiter=delimiter, quotechar=quote)
            try:
                for values in reader:
                    first, text = source.taken()
                    if values:
                        is_clean = _is_sound(text, delimiter, quote)
                        is_open = source.is_done() and not is_clean and not _ends(text, delimiter, quote)
                        yield Record(first, text, None if is_open else values, is_clean)
            except _TooLongError:
                first, text = source.taken()
                yield Record(first, text, None, is_clean=False)


class _TooLongError(Exception):
    """A record is longer than allowed."""


class _Physical:
    """Lines of a text, of which the ones since the last record are remembered."""

    def __init__(self, text: io.TextIOWrapper, line: int, longest: int) -> None:
        self._text, self._line, self._longest = text, line, longest
        self._taken: list[str] = []
        self._length = 0
        self._is_done = False

    def __iter__(self) -> "_Physical":
        return self

    def __next__(self) -> str:
        if self._length > self._longest:
            raise _TooLongError
        line = self._text.readline()
        if not line:
            self._is_done = True
            raise StopIteration
        self._taken.append(line)
        self._length += len(line)
        return line

    def is_done(self) -> bool:
        """Whether the text has no further line."""
        return self._is_done

    def taken(self) -> tuple[int, str]:
        """The first line and the text of the record that was read."""
        first, text = self._line + 1, "".join(self._taken)
        self._line += len(self._taken)
        self._taken, self._length = [], 0
        return first, text.rstrip("\r\n")


def _is_sound(text: str, delimiter: str, quote: str) -> bool:
    if quote not in text:
        return True
    source = io.StringIO(text, newline="")
    try:
        return len(list(csv.reader(source, delimiter=delimiter, quotechar=quote, strict=True))) == 1
    except csv.Error:
        return False


def _ends(text: str, delimiter: str, quote: str) -> bool:
    """Whether the last quote of a record is closed: a line more is then a record more."""
    source = io.StringIO(f"{text}\nx", newline="")
    return len(list(csv.reader(source, delimiter=delimiter, quotechar=quote))) > 1
