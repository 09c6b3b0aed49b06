"""Hostile files: small exports of tickets with one thing wrong, and what must come of each.

Here: builders of the files and what is expected of them. Not here: tests; receiving and accepting both use these.
Every file that can hold good rows holds some, so that each test also shows that the good rows arrive.
"""

import decimal
import gzip
import io
import json
import math
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

COLUMNS = ("id", "client", "priority", "status", "opened", "closed", "updated", "title")
HEADER = ",".join(COLUMNS)
SOUND = {
    "client": "acme",
    "priority": "high",
    "status": "open",
    "opened": "2025-01-01 10:00",
    "closed": "",
    "updated": "2025-01-01 11:00",
    "title": "Lamp",
}


@dataclass(frozen=True)
class Hostile:
    """One file.

    Attributes:
        name: What is wrong with it.
        filename: Its name, with the suffix that tells the format.
        build: Makes its bytes.
        expect_good: Identifiers of the rows that arrive and are sound.
        expect_rejected: How many rows are set apart with a reason: by receiving when `stage` is `receive`, by accepting
            when it is `accept` (receiving then delivers them undamaged).
        error: What the message of a file that cannot be read matches; None when it can be read.
        stage: Where the problem must show.
        reason: What `_damage` of every damaged row matches.
    """

    name: str
    filename: str
    build: Callable[[], bytes]
    expect_good: frozenset[str] = frozenset()
    expect_rejected: int = 0
    error: str | None = None
    stage: Literal["receive", "accept"] = "receive"
    reason: str = "."

    @property
    def content(self) -> bytes:
        """The bytes of the file."""
        return self.build()


def row(number: str, **changes: str) -> str:
    """One sound line of CSV, except for what `changes` says."""
    return ",".join({"id": number, **SOUND, **changes}[column] for column in COLUMNS)


def csv(*lines: str, header: str = HEADER, end: str = "\n") -> bytes:
    """A CSV file with a header."""
    return "".join(line + end for line in (header, *lines)).encode()


def record(number: str, **changes: object) -> str:
    """One sound line of JSON, except for what `changes` says."""
    return json.dumps({"id": number, **SOUND, **changes})


def lines(*texts: str) -> bytes:
    """A file of lines."""
    return "".join(text + "\n" for text in texts).encode()


def parquet(rows: int = 3) -> bytes:
    """A sound Parquet file with the rows T1, T2 and so on."""
    frame = pl.DataFrame([{"id": f"T{i + 1}", **SOUND} for i in range(rows)])
    buffer = io.BytesIO()
    frame.write_parquet(buffer)
    return buffer.getvalue()


def nested_parquet() -> bytes:
    """Lists, structs, categories, decimals, durations and empty columns beside the text."""
    frame = pl.DataFrame([{"id": "T1", **SOUND}, {"id": "T2", **SOUND}]).with_columns(
        tags=pl.Series([["a", "b"], []]),
        place=pl.Series([{"x": 1, "y": None}, None]),
        priority=pl.col("priority").cast(pl.Categorical),
        cost=pl.Series(["1.10", None]).cast(pl.Decimal(10, 2)),
        took=pl.Series([1, None]).cast(pl.Duration("us")),
        huge=pl.Series([2**64 - 1, 0], dtype=pl.UInt64),
        nothing=None,
    )
    buffer = io.BytesIO()
    frame.write_parquet(buffer)
    return buffer.getvalue()


def very_precise_parquet() -> bytes:
    """Decimals of more digits than Polars has, beside the text."""
    costs = pa.array([decimal.Decimal("1.50"), None, decimal.Decimal("2.00")], pa.decimal256(60, 2))
    table = pq.read_table(io.BytesIO(parquet())).append_column("cost", costs)
    buffer = io.BytesIO()
    pq.write_table(table, buffer)
    return buffer.getvalue()


def no_rows() -> bytes:
    buffer = io.BytesIO()
    pl.DataFrame(schema=dict.fromkeys(COLUMNS, pl.String)).write_parquet(buffer)
    return buffer.getvalue()


def zipped(name: str) -> bytes:
    """A ZIP archive with one member."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(name, csv(row("T1")))
    return buffer.getvalue()


def _ids(*names: str) -> frozenset[str]:
    return frozenset(names)


T1, T2, T3 = row("T1"), row("T2"), row("T3")
ALL = _ids("T1", "T2", "T3")
ENDS = _ids("T1", "T3")


def _csv_file(name: str, *rows: str, good: frozenset[str], damaged: int = 0, reason: str = ".") -> Hostile:
    return Hostile(name, "t.csv", lambda: csv(*rows), good, damaged, reason=reason)


def _unreadable(name: str, build: Callable[[], bytes], error: str, filename: str = "t.csv") -> Hostile:
    return Hostile(name, filename, build, error=error)


def _value(name: str, **changes: str) -> Hostile:
    """A CSV whose second row no ticket can be."""
    return Hostile(name, "t.csv", lambda: csv(T1, row("T2", **changes), T3), ENDS, 1, stage="accept")


UNREADABLE = [
    _unreadable("empty", lambda: b"", "empty"),
    _unreadable("only blank lines", lambda: b"\n\n\n", "empty"),
    _unreadable("only a byte order mark", lambda: b"\xef\xbb\xbf", "empty"),
    _unreadable("wrong delimiter", lambda: csv(T1, T2).replace(b",", b";"), "delimiter"),
    _unreadable("tabs for commas", lambda: csv(T1, T2).replace(b",", b"\t"), "delimiter"),
    _unreadable("latin-1 header", lambda: csv(T1, header=HEADER + ",gr\u00f6\u00dfe").decode().encode("latin-1"), "cp1252"),
    _unreadable("utf-16", lambda: csv(T1).decode().encode("utf-16"), "utf-16"),
    _unreadable("zeros", lambda: bytes(10_000), "NUL|binary"),
    _unreadable("duplicated columns", lambda: csv(T1 + ",x", header=HEADER + ",title"), "title.*twice|twice.*title"),
    _unreadable("columns that differ in capitals", lambda: csv(T1 + ",x", header=HEADER + ",Title"), "Title"),
    _unreadable("a ZIP named .csv", lambda: zipped("t.csv"), "ZIP"),
    _unreadable("a workbook named .csv", lambda: zipped("xl/workbook.xml"), "ZIP|Excel"),
    _unreadable("a Parquet named .csv", parquet, "Parquet"),
    _unreadable("a PDF named .csv", lambda: b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n" + bytes(200), "PDF"),
    _unreadable("a page named .csv", lambda: b"<!DOCTYPE html><html><body>Log in, please</body></html>", "HTML"),
    _unreadable("JSON named .csv", lambda: lines(record("T1"), record("T2")), "JSON"),
    _unreadable("a header without an end", lambda: b'id,"client\n' + T1.encode(), "header"),
    _unreadable("a Parquet cut in half", lambda: parquet(1000)[: len(parquet(1000)) // 2], "Parquet", "t.parquet"),
    _unreadable("an empty Parquet", lambda: b"", "empty", "t.parquet"),
    _unreadable("a CSV named .parquet", lambda: csv(T1), "Parquet", "t.parquet"),
    _unreadable("a gzip cut in the middle", lambda: gzip.compress(csv(*map(row, map(str, range(5000)))))[:5000], "cut", "t.csv.gz"),
    _unreadable("a damaged gzip", lambda: gzip.compress(csv(T1, T2))[:-8] + bytes(8), "damaged|cut", "t.csv.gz"),
    _unreadable("no gzip at all", lambda: b"\x1f\x8bnonsense", "gzip", "t.csv.gz"),
    _unreadable("an empty gzip", lambda: gzip.compress(b""), "empty", "t.csv.gz"),
    _unreadable("one JSON document", lambda: b"[" + record("T1").encode() + b"]", "array", "t.jsonl"),
    _unreadable("an empty JSON-lines file", lambda: b"", "empty", "t.jsonl"),
]  # fmt: skip

DAMAGED = [
    _csv_file("too many columns", T1, T2 + ",more", T3, good=ENDS, damaged=1, reason="too many columns.*8"),
    _csv_file("too few columns", T1, "T2,acme,high", T3, good=ENDS, damaged=1, reason="missing columns.*8"),
    _csv_file("ragged rows", "x", T1, "T2,acme", T2 + ",,,", T3, "y,y", good=ALL, damaged=3, reason="columns"),
    _csv_file("text after a quote", T1, row("T2", title='"Lamp" broken'), T3, good=ALL),
    _csv_file("a quote without an end", T1, T3, row("T2", title='"Lamp'), good=ENDS, damaged=1, reason="quote"),
    Hostile(
        "latin-1 in one row",
        "t.csv",
        lambda: csv(T1, row("T2", title="K\u00e4lte"), T3).decode().encode("latin-1"),
        ENDS,
        1,
        reason="encoding",
    ),
    Hostile("a cell of 10 MB", "t.csv", lambda: csv(T1, row("T2", title="x" * 10_000_000), T3), ENDS, 1, reason="long"),
    Hostile(
        "a quoted cell of 10 MB with lines",
        "t.csv",
        lambda: csv(T1, row("T2", title='"' + "x\n" * 5_000_000 + '"'), T3),
        ENDS,
        1,
        reason="long",
    ),
    Hostile("a broken line of JSON", "t.jsonl", lambda: lines(record("T1"), '{"id": "T2",', record("T3")), ENDS, 1),
    Hostile("a cut last line of JSON", "t.jsonl", lambda: lines(record("T1"), record("T3")) + b'{"id": "T', ENDS, 1),
    Hostile(
        "values that are no objects",
        "t.jsonl",
        lambda: lines(record("T1"), '["T2"]', "7", '"T2"', "null", record("T3")),
        ENDS,
        4,
        reason="object",
    ),
    Hostile(
        "a key twice in one object",
        "t.jsonl",
        lambda: lines(record("T1"), '{"id": "T2", "title": "a", "title": "b"}', record("T3")),
        ENDS,
        1,
        reason="title",
    ),
    Hostile(
        "a key of one letter twice in one object",
        "t.jsonl",
        lambda: lines(record("T1"), '{"id": "T2", "n": 1, "n": 2}', record("T3")),
        ENDS,
        1,
        reason="'n'",
    ),
    Hostile(
        "two keys for one column",
        "t.jsonl",
        lambda: lines(record("T1"), '{"id": "T2", "title": "a", "Title": "b"}', record("T3")),
        ENDS,
        1,
        reason="Title",
    ),
    Hostile(
        "JSON that is no UTF-8",
        "t.jsonl",
        lambda: lines(record("T1")) + b'{"id": "T2", "title": "K\xe4lte"}\n' + lines(record("T3")),
        ENDS,
        1,
        reason="encoding",
    ),
    Hostile(
        "a line of JSON of 10 MB",
        "t.jsonl",
        lambda: lines(record("T1"), record("T2", title="x" * 10_000_000), record("T3")),
        ENDS,
        1,
        reason="long",
    ),
]

HARMLESS = [
    _csv_file("header only", good=_ids()),
    _csv_file("blank lines", "", T1, "", "", T2, T3, "", good=ALL),
    _csv_file("quoted line ends", T1, row("T2", title='"Lamp\n\nof the, ""hall"""'), T3, good=ALL),
    _csv_file("a quote inside a value", T1, row("T2", title='5" pipe'), T3, good=ALL),
    Hostile("no last line end", "t.csv", lambda: csv(T1, T2, T3)[:-1], ALL),
    Hostile("a byte order mark", "t.csv", lambda: b"\xef\xbb\xbf" + csv(T1, T2, T3), ALL),
    Hostile("a byte order mark before quotes", "t.csv", lambda: b"\xef\xbb\xbf" + csv(T1, header=HEADER.replace("id", '"id"', 1)), _ids("T1")),
    Hostile("line ends of Windows", "t.csv", lambda: csv(T1, T2, T3, end="\r\n"), ALL),
    Hostile("line ends of an old Mac", "t.csv", lambda: csv(T1, T2, T3, end="\r"), ALL),
    Hostile("mixed line ends", "t.csv", lambda: csv(T1) + (T2 + "\r\n" + T3 + "\n").encode(), ALL),
    Hostile("a column without a name", "t.csv", lambda: csv("0," + T1, "1," + T2, header="," + HEADER), _ids("T1", "T2")),
    Hostile("a column that needs quotes", "t.csv", lambda: csv(T1 + ",1", header=HEADER + ',"a, ""b""\nc"'), _ids("T1")),
    Hostile("gzip", "t.csv.gz", lambda: gzip.compress(csv(T1, T2, T3)), ALL),
    Hostile("gzip in two members", "t.csv.gz", lambda: gzip.compress(csv(T1)) + gzip.compress((T2 + "\n" + T3 + "\n").encode()), ALL),
    Hostile("gzip without its suffix", "t.csv", lambda: gzip.compress(csv(T1, T2, T3)), ALL),
    Hostile("JSON lines", "t.jsonl", lambda: lines(record("T1"), "", record("T2", tags=["a"], place={"x": None}), record("T3")), ALL),
    Hostile("JSON lines of Windows with a mark", "t.ndjson", lambda: b"\xef\xbb\xbf" + lines(record("T1"), record("T2"), record("T3")).replace(b"\n", b"\r\n"), ALL),
    Hostile("JSON lines in gzip", "t.jsonl.gz", lambda: gzip.compress(lines(record("T1"), record("T2"), record("T3"))), ALL),
    Hostile("Parquet", "t.parquet", parquet, ALL),
    Hostile("Parquet without rows", "t.parquet", no_rows, _ids()),
    Hostile("very precise Parquet", "t.parquet", very_precise_parquet, ALL),
    Hostile("nested Parquet", "t.parquet", nested_parquet, _ids("T1", "T2")),
]  # fmt: skip

VALUES = [
    _value("a day that does not exist", opened="2025-02-29 10:00"),
    _value("year 0001", opened="0001-01-01 00:00"),
    _value("year 9999", opened="9999-12-31 23:59"),
    _value("a time in words", opened="yesterday"),
    _value("closed before opened", closed="2024-12-31 10:00"),
    _value("updated before opened", updated="2024-12-31 10:00"),
    _value("an unknown priority", priority="P17"),
    _value("an unknown status", status="lost"),
    _value("a formula for an instant", opened="=NOW()"),
    _value("no client", client=""),
    _value("a NUL character", title="a\x00b"),
    Hostile("NaN in JSON", "t.jsonl", lambda: lines(record("T1"), record("T2", opened=math.nan), record("T3")), ENDS, 1, stage="accept"),
    Hostile("no identifier", "t.csv", lambda: csv(T1, row(""), T3), ENDS, 1, stage="accept"),
    Hostile("an identifier of 10,000 characters", "t.csv", lambda: csv(T1, row("x" * 10_000), T3), ENDS, 1, stage="accept"),
    Hostile("formulas and HTML", "t.csv", lambda: csv(T1, row("T2", title="=1+1"), row("T3", title="<script>alert(1)</script>")), ALL, stage="accept"),
]  # fmt: skip


HOSTILE = [*UNREADABLE, *DAMAGED, *HARMLESS, *VALUES]
