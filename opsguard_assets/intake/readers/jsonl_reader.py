"""Reads JSON lines: one record per line; a line that is not a record is damaged, with its reason.

Here: lines to columns of text. Not here: opening the file (`opening`), meaning of the values (`parse`).

Every top-level key becomes a column of text: strings as they are, numbers and truth values as JSON writes them, lists
and records as JSON text, `null` as null. A key that comes twice in one record, or two keys of one record that are the
same column, damage the record: nobody can say which value counts. `_position` is the line number, from 1; blank lines
are skipped.
"""

from collections.abc import Iterator
from pathlib import Path

import duckdb
import polars as pl
import pyarrow as pa

from opsguard_assets.intake.raw.names import raw_name
from opsguard_assets.intake.raw.received import LONGEST_TEXT, Opened, SourceError
from opsguard_assets.intake.raw.spool import Part
from resources.sql import statement

_BLOCK = 1 << 23
_SURROGATE = r"\\u[dD][89a-fA-F]"
_Damage = tuple[int, str, str]


def read_jsonl(file: Opened, part: Part, *, longest: int) -> None:
    """Reads one file into a part.

    Args:
        file: Plain text.
        part: Takes the records.
        longest: Longer lines (in bytes) are damaged.

    Raises:
        SourceError: When the file is one JSON document instead of lines, or holds nothing.
    """
    number = 0
    with duckdb.connect() as connection:
        for block in _blocks(file.path, longest):
            if number == 0:
                _check_start(file, block)
            numbers = range(number + 1, number + 1 + len(block))
            number += len(block)
            _read_block(connection, block, numbers, longest, part)
    if not part.rows:
        raise SourceError(f"{file.origin}: the file is empty. Deliver it again.")


def _blocks(path: Path, longest: int) -> Iterator[list[bytes]]:
    """Whole lines, some megabytes at a time; of a line without an end only so much that it is seen to be too long."""
    rest = b""
    with path.open("rb") as stream:
        if stream.read(3) != b"\xef\xbb\xbf":
            stream.seek(0)
        while data := stream.read(_BLOCK):
            *lines, rest = (rest + data).split(b"\n")
            rest = rest[: longest + 2]
            if lines:
                yield lines
    if rest:
        yield [rest]


def _check_start(file: Opened, block: list[bytes]) -> None:
    first = next((line.strip() for line in block if line.strip()), b"")
    if first.startswith(b"[") or first == b"{":
        what = "an array" if first.startswith(b"[") else "written over several lines"
        raise SourceError(
            f"{file.origin}: this is one JSON document ({what}), not JSON lines. Write one record per line, "
            "for example with `jq -c '.[]'`."
        )


def _read_block(
    connection: duckdb.DuckDBPyConnection, block: list[bytes], numbers: range, longest: int, part: Part
) -> None:
    damaged: list[_Damage] = []
    texts: list[tuple[int, str]] = []
    for number, line in zip(numbers, block, strict=True):
        if len(line) > longest:
            cut = line[: LONGEST_TEXT * 4].decode("utf-8", errors="replace")
            damaged.append((number, f"too long: more than {longest:,} bytes (`max_row_bytes`)", cut))
        elif stripped := line.strip():
            try:
                texts.append((number, stripped.decode()))
            except UnicodeDecodeError:
                damaged.append((number, "wrong encoding: the text is not UTF-8", stripped.decode(errors="replace")))
    if texts:
        damaged += _read_records(connection, texts, part)
    damaged.sort()
    part.add_damaged([d[0] for d in damaged], [d[1] for d in damaged], [d[2] for d in damaged])


def _read_records(connection: duckdb.DuckDBPyConnection, texts: list[tuple[int, str]], part: Part) -> list[_Damage]:
    """Adds the sound records of a block and returns the others."""
    lines = pa.table({"position": [n for n, _ in texts], "line": pa.array([t for _, t in texts], pa.string())})
    connection.register("lines", lines)
    connection.execute(statement(__name__, "jsonl_records").text)
    columns: dict[str, list[str]] = {}
    problems = []
    for (keys,) in connection.execute("SELECT DISTINCT keys FROM records WHERE type = 'OBJECT'").fetchall():
        problem = _ambiguous(keys)
        if problem:
            problems.append((keys, problem))
            continue
        for key in keys:
            spellings = columns.setdefault(raw_name(key), [])
            if key not in spellings:
                spellings.append(key)
    reasons = pa.table(
        {
            "keys": pa.array([k for k, _ in problems], pa.list_(pa.string())),
            "problem": pa.array([p for _, p in problems], pa.string()),
        }
    )
    connection.register("reasons", reasons)
    _add_sound(connection, columns, part)
    damaged = statement(__name__, "jsonl_damaged").text
    found: list[_Damage] = connection.execute(damaged, {"surrogate": _SURROGATE}).fetchall()
    return found


def _add_sound(connection: duckdb.DuckDBPyConnection, columns: dict[str, list[str]], part: Part) -> None:
    spellings = {group[0]: group for group in columns.values()}
    pointers = [_pointer(key) for group in spellings.values() for key in group]
    if not pointers:
        return
    places = iter(range(1, len(pointers) + 1))
    # Spellings of one column come from different records: a record with two of them is damaged.
    values = [f"coalesce({', '.join(f'v[{next(places)}]' for _ in group)})" for group in spellings.values()]
    columns_sql = ", ".join(f"{value} AS c{i}" for i, value in enumerate(values))
    records = connection.sql(statement(__name__, "jsonl_sound").text, params={"pointers": pointers})
    sound = records.project(f"position, {columns_sql}").order("position").to_arrow_table()
    frame = pl.DataFrame(sound)
    numbers = frame.drop_in_place("position")
    frame.columns = list(spellings)
    if len(frame):
        part.add(frame, numbers)


def _pointer(key: str) -> str:
    """The JSON pointer of a top-level key."""
    return "/" + key.replace("~", "~0").replace("/", "~1")


def _ambiguous(keys: list[str]) -> str | None:
    seen: dict[str, str] = {}
    for key in keys:
        if "\x00" in key:
            return f"the key {key!r} holds a NUL character"
        column = raw_name(key)
        if column in seen:
            other = seen[column]
            return f"the key {key!r} comes twice" if other == key else f"the keys {other!r} and {key!r} are one column"
        seen[column] = key
    return None
