"""Records of CSV are those of Python's csv module, and their positions are lines of the file."""

import contextlib
import csv
import io
import random
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from opsguard_assets.config.sources import CsvOptions
from opsguard_assets.intake.raw.received import Opened, SourceError
from opsguard_assets.intake.raw.spool import Spool
from opsguard_assets.intake.readers.csv_reader import read_csv
from tests.properties import examples

SOUND = ["1,a", "1,Qa\n\nbQ", "1,Qa\nbQ", "1,QaQQb\n\nQ"]  # Q stands for the quote
DAMAGED = ["1", "1,2,3", "1,2,Qa\n\nbQ"]
BLANK = [""]


def positions(lines, quote):
    """Position to whether it is damaged, as read."""
    text = "id,name\n" + "".join(f"{line}\n".replace("Q", quote) for line in lines)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "t.csv").write_text(text)
        spool = Spool(folder, lambda _: None)
        part = spool.part("t.csv")
        read_csv(Opened("t.csv", folder / "t.csv", folder), CsvOptions(quote=quote), part)
        part.close()
        rows = [row for batch in part.batches() for row in batch.iter_rows(named=True)]
    return {row["_position"]: row.get("_damage") is not None for row in rows}


@settings(max_examples=examples(40), deadline=None)
@given(lines=st.lists(st.sampled_from(SOUND + DAMAGED + BLANK), max_size=12), quote=st.sampled_from("\"'"))
def test_a_position_is_the_line_on_which_a_record_begins(lines, quote):
    expected, line = {}, 2
    for record in lines:
        if record:
            expected[line] = record in DAMAGED
        line += 1 + record.count("\n")
    assert positions(lines, quote) == expected


@pytest.mark.parametrize("quote", ['"', "'"])
def test_blank_lines_before_a_damaged_record_are_lines_of_the_file(quote):
    assert positions(["1,a", "", "", "1", "1,b", "", "1"], quote) == {2: False, 5: True, 6: False, 8: True}


def test_many_damaged_records_between_many_blank_lines_take_no_time_squared():
    assert len(positions(["", "1"] * 100_000, '"')) == 100_000


CELLS = (
    st.lists(st.sampled_from(["a", "é", '"', ",", "\n", "\r\n", "\r", "1", " "]), max_size=6)
    .map("".join)
    .map(lambda text: '"' + text.replace('"', '""') + '"' if set(text) & set('",\n\r ') else text)
)
ENDS = st.sampled_from(["\n", "\r\n", "\r", "\n\n", "\r\n\r\n"])
TAIL = st.sampled_from(["", "x", "x,", '5" pipe,y', '"ac"me,y', ' "a",b', 'a,"b', "a,b"])


@settings(max_examples=examples(400, quick=40), deadline=None)
@given(
    records=st.lists(st.tuples(CELLS, CELLS, ENDS), max_size=8),
    bom=st.sampled_from(["", "\ufeff"]),
    header_end=st.sampled_from(["\n", "\r\n", "\r"]),
    tail=TAIL,
)
def test_records_and_their_lines_are_those_of_pythons_csv_module(records, bom, header_end, tail):
    body = "".join(f"{a},{b}{end}" for a, b, end in records) + tail
    text = f"id,name{header_end}{body}"
    source = io.StringIO(text, newline="")
    reader, expected, line = csv.reader(source), {}, 0
    for values in reader:
        if values and line:
            expected[line + 1] = values
        line = reader.line_num
    rows = {row["_position"]: row for row in read((bom + text).encode())}
    assert list(rows) == sorted(rows)
    assert set(rows) == set(expected)
    for at, values in expected.items():
        if rows[at].get("_damage") is None:
            # A blank at the ends of a value goes when values are read, at the latest.
            assert [(rows[at][c] or "").strip(" ") for c in ("id", "name")] == [v.strip(" ") for v in values], (
                at,
                text,
            )
        else:
            assert len(values) != 2 or tail == 'a,"b', (at, rows[at], text)


def test_two_exports_put_together_with_a_doubled_quote_keep_every_record():
    content = b'n,created,cat\r\nQd-1,2024-03-01,plain\r\nQd-2,2024-03-01,"a ""b"" c"\nQd-3,2024-03-01,plain\r\n'
    assert [(row["n"], row["cat"], row["_position"]) for row in read(content)] == [
        ("Qd-1", "plain", 2), ("Qd-2", 'a "b" c', 3), ("Qd-3", "plain", 4)
    ]  # fmt: skip


def test_a_quote_that_does_not_end_swallows_no_more_than_a_record_may_have():
    content = b'a,b\n1,"x\n' + b"2,yyyyyyyy\n" * 3_000 + b"3,z\n"
    rows = read(content, max_row_bytes=1_000)
    assert [row["_position"] for row in rows if row.get("_damage")] == [2]
    assert [row["a"] for row in rows if not row.get("_damage")][-1] == "3"
    assert len(rows) > 2_800


def read(content, name="t.csv", **options):
    """Records of a file of these bytes, by column."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        (folder / name).write_bytes(content)
        part = Spool(folder, lambda _: None).part(name)
        read_csv(Opened(name, folder / name, folder), CsvOptions(**options), part)
        part.close()
        rows = [row for batch in part.batches() for row in batch.iter_rows(named=True)]
    return sorted(rows, key=lambda row: row["_position"])


@pytest.mark.parametrize("end", [b"\r\n", b"\n"])
@pytest.mark.parametrize("start", [b"", b"\xef\xbb\xbf", b"\n\n"])
def test_rows_after_a_header_of_several_lines_arrive(start, end):
    rows = read(start + end.join([b'id,"opened\nhere \xc3\xa9"', b"1,x", b"", b"2", b"3,y", b""]))
    first = 3 + start.count(b"\n")
    assert {row["_position"]: row.get("id") for row in rows} == {first: "1", first + 2: None, first + 3: "3"}


@pytest.mark.parametrize("header", [b'"a"b,c', b'a,"b"c', b"x" * 200_000 + b",y"])
def test_a_header_that_cannot_be_split_is_refused_and_takes_no_row_with_it(header):
    with pytest.raises(SourceError, match=r"t\.csv: the header cannot be split into columns"):
        read(header + b"\n1,2\n")


def test_a_record_that_the_parser_gives_up_on_refuses_the_file_and_not_the_load():
    letters = ["a", "1", ",", '"', "\n", "\r\n", "\r", "ÿ", "\x00", "_", "é", "ï»¿", "\t"]
    luck = random.Random(44)  # noqa: S311 - a text on which the parser gave up in the middle
    text = "".join(luck.choice(letters) for _ in range(200)).replace("_", " ")
    with contextlib.suppress(SourceError):
        assert read(b"a,b\n" + text.replace("\xe9", "\xc3\xa9").encode("latin-1"))
