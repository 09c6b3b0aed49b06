"""Positions of CSV records count records and nothing else, whatever lies between and inside them."""

import contextlib
import random
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from opsguard_assets.config.sources import CsvOptions
from opsguard_assets.intake.csv_reader import read_csv
from opsguard_assets.intake.received import Opened, SourceError
from opsguard_assets.intake.spool import Spool

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


@settings(max_examples=40, deadline=None)
@given(lines=st.lists(st.sampled_from(SOUND + DAMAGED + BLANK), max_size=12), quote=st.sampled_from("\"'"))
def test_a_position_is_the_number_of_the_record_after_the_header(lines, quote):
    records = [line for line in lines if line]
    assert positions(lines, quote) == {i: record in DAMAGED for i, record in enumerate(records, start=1)}


@pytest.mark.parametrize("quote", ['"', "'"])
def test_blank_lines_before_a_damaged_record_are_not_counted(quote):
    assert positions(["1,a", "", "", "1", "1,b", "", "1"], quote) == {1: False, 2: True, 3: False, 4: True}


def test_many_damaged_records_between_many_blank_lines_take_no_time_squared():
    assert len(positions(["", "1"] * 100_000, '"')) == 100_000


def read(content, name="t.csv"):
    """Records of a file of these bytes, by column."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        (folder / name).write_bytes(content)
        part = Spool(folder, lambda _: None).part(name)
        read_csv(Opened(name, folder / name, folder), CsvOptions(), part)
        part.close()
        return [row for batch in part.batches() for row in batch.iter_rows(named=True)]


@pytest.mark.parametrize("end", [b"\r\n", b"\n"])
@pytest.mark.parametrize("start", [b"", b"\xef\xbb\xbf", b"\n\n"])
def test_rows_after_a_header_of_several_lines_arrive(start, end):
    rows = read(start + end.join([b'id,"opened\nhere \xc3\xa9"', b"1,x", b"", b"2", b"3,y", b""]))
    assert {row["_position"]: row.get("id") for row in rows} == {1: "1", 2: None, 3: "3"}


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
