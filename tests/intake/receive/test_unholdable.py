"""Parquet and JSON lines with values that no table can hold: their rows are set apart, and the source goes on."""

import json

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsguard_assets.intake.accepting.accept import accept
from opsguard_assets.intake.raw.types import as_raw
from opsguard_assets.intake.readers.holdable import UnknownTypeError, hold
from opsguard_assets.tables.registry import TABLES
from resources.lake import Lake
from tests.intake.hostile import SOUND, csv, lines, record, row
from tests.intake.receive.inboxes import Mailbox, files

LAST = 2**63 - 1
# Type, a value that can be held, and one that cannot.
LEAVES = [
    (pa.timestamp("us", "UTC"), 0, LAST),
    (pa.timestamp("us", "+05:30"), 0, -LAST),
    (pa.timestamp("ms"), 253_402_300_799_999, 253_402_300_800_000),
    (pa.timestamp("s", "Mars/Olympus"), -62_135_596_800, -62_135_596_801),
    (pa.date32(), 2_932_896, 2_932_897),
    (pa.date64(), 0, 2**62),
    (pa.time32("s"), 86_399, 86_400),
    (pa.time64("us"), 0, -1),
    (pa.duration("s"), -5, LAST),
    (pa.string(), "Kälte".encode(), b"K\xe4lte"),
    (pa.large_string(), b"", b"\xed\xa0\x80"),
]


def leaf(dtype, values):
    """An array of values that Arrow takes unseen, as the readers of files make them."""
    if pa.types.is_string(dtype):
        return pa.array(values, pa.binary()).view(dtype)
    if pa.types.is_large_string(dtype):
        return pa.array(values, pa.large_binary()).view(dtype)
    width = pa.int32() if dtype.bit_width == 32 else pa.int64()
    return pa.array(values, width).view(dtype)


def within(array, depth):
    """The array inside of lists, records, maps or a dictionary: still one value per row."""
    ends = pa.array(np.arange(len(array) + 1), pa.int32())
    keys = pa.array(["k"] * len(array))
    return {
        "itself": lambda: array,
        "list": lambda: pa.ListArray.from_arrays(ends, array),
        "pair": lambda: pa.FixedSizeListArray.from_arrays(array, 1),
        "record": lambda: pa.StructArray.from_arrays([array, keys], ["a", "b"]),
        "map": lambda: pa.MapArray.from_arrays(ends, keys, array),
        "records": lambda: pa.ListArray.from_arrays(ends, pa.StructArray.from_arrays([array], ["a"])),
        "dictionary": lambda: pa.DictionaryArray.from_arrays(pa.array(range(len(array))), array),
    }[depth]()


DEPTHS = ["itself", "list", "pair", "record", "map", "records", "dictionary"]


@given(st.sampled_from(LEAVES), st.sampled_from(DEPTHS), st.lists(st.sampled_from(["good", "bad", "null"]), min_size=1))
def test_exactly_the_rows_with_such_a_value_are_set_apart_at_any_depth(case, depth, rows):
    dtype, good, bad = case
    array = within(leaf(dtype, [{"good": good, "bad": bad, "null": None}[row] for row in rows]), depth)
    held = hold(pa.record_batch([array, pa.array(range(len(rows)))], ["odd", "row"]))
    assert held.numbers == [i for i, row in enumerate(rows) if row == "bad"]
    assert all(reason.startswith("odd: ") for reason in held.reasons)
    assert [json.loads(text)["row"] for text in held.texts] == held.numbers
    kept = as_raw(pl.DataFrame(held.rows))
    assert kept["row"].to_list() == [i for i, row in enumerate(rows) if row != "bad"]
    assert kept.select(pl.struct(pl.all()).struct.json_encode()).height == len(kept)


HARMLESS = {
    "bytes": pa.array([b"\xff", None, b""]),
    "bytes in lists": pa.array([[b"\xff"], None, []]),
    "bytes in maps": pa.array([[("k", b"\xff")], None, []], pa.map_(pa.string(), pa.binary())),
    "very precise in lists": pa.array([[1], None, []], pa.list_(pa.decimal256(60, 2))),
    "no number": pa.array([float("nan"), float("inf"), 1]),
    "an identifier": pa.array([b"0" * 16] * 3, pa.uuid()),
    "nothing": pa.nulls(3),
    "lists of nothing": pa.array([[None], None, []]),
    "great numbers": pa.array([2**64 - 1, 0, None], pa.uint64()),
    "half": pa.array([1.5, None, 2], pa.float16()),
}


def test_good_rows_beside_any_odd_value_are_accepted_and_later_files_too(tmp_path):
    box, source = Mailbox(tmp_path), files(tmp_path / "files")
    lake, odd = Lake(box.lake_uri), {}
    (tmp_path / "files").mkdir()
    for place, (dtype, good, bad) in enumerate(LEAVES):
        for depth in DEPTHS:
            odd[f"{place}-{depth}.parquet"] = within(leaf(dtype, [good, bad, None]), depth)
    refused = {}
    for name, array in {**odd, **{f"{name}.parquet": array for name, array in HARMLESS.items()}}.items():
        sound = {column: pa.array([value] * 3) for column, value in SOUND.items()}
        table = pa.table({"id": pa.array([f"{name}{i}" for i in range(3)]), **sound, "odd": array})
        try:
            pq.write_table(table, tmp_path / "files" / name)
        except (pa.ArrowException, pa.ArrowNotImplementedError) as error:
            refused[name] = error  # Parquet counts in milliseconds at least
            (tmp_path / "files" / name).unlink(missing_ok=True)
    assert len(refused) < len(odd) / 4
    received = box.receive(source)
    (load,) = accept(lake, source, TABLES)
    assert received.failures == ()
    written = [name for name in odd if name not in refused]
    assert (load.accepted, load.rejected) == (2 * len(written) + 3 * len(HARMLESS), len(written))
    rules = lake.scan("quarantine/tickets").select("rule", "position", "record").collect()
    assert set(rules["position"]) == {2}
    assert rules["rule"].str.starts_with("odd: ").all()
    (tmp_path / "files" / "later.csv").write_bytes(csv(row("T9")))
    assert box.receive(source).rows == 1
    (load,) = accept(lake, source, TABLES)
    assert (load.accepted, load.rejected) == (1, 0)


def test_timestamps_of_old_writers_keep_their_year(tmp_path):
    box, source = Mailbox(tmp_path), files(tmp_path / "files")
    (tmp_path / "files").mkdir()
    table = pa.table({"id": ["T1"], "until": pa.array([253_402_214_400_000_000], pa.timestamp("us"))})
    pq.write_table(table, tmp_path / "files" / "t.parquet", use_deprecated_int96_timestamps=True)
    box.receive(source)
    assert box.raw("helpdesk")["until"].to_list() == ["9999-12-31 00:00:00"]


def test_a_type_that_cannot_be_read_is_named():
    array = pa.array([(1, 2, 3)], pa.month_day_nano_interval())
    with pytest.raises(UnknownTypeError, match="'took' is of the type month_day_nano_interval"):
        hold(pa.record_batch([array], ["took"]))


ODD_LINES = [
    '{"id": "T2", "title": "\\ud800"}',
    '{"id": "T2", "odd": {"deep": ["\\udc00\\ud800"]}}',
    '{"id": "T2", "\\ud800": 1}',
    '{"id": "T2", "a\\u0000b": 1}',
    '{"id": "T2", "title": "\\x"}',
    '{"id": "T2", "count": 01}',
    '["T2"]',
    '"T2"',
    "null",
    "{" + '"id": "T2"' * 2 + "}",
]
HELD_LINES = [
    ("count", "9" * 5_000),
    ("count", "1e400"),
    ("count", "-1E+99999"),
    ("count", "NaN"),
    ("deep", "[" * 50_000 + "]" * 50_000),
    ("deep", '{"a":' * 5_000 + "1" + "}" * 5_000),
    ("smile", '"\\ud83d\\ude00"'),
    ("nul", '"a\\u0000b"'),
]


def test_a_line_that_no_table_can_hold_is_set_apart_and_strange_values_are_kept(tmp_path):
    box, source = Mailbox(tmp_path), files(tmp_path / "files")
    (tmp_path / "files").mkdir()
    lake = Lake(box.lake_uri)
    kept = [record(f"K{i}")[:-1] + f', "{key}": {value}}}' for i, (key, value) in enumerate(HELD_LINES)]
    (tmp_path / "files" / "a.jsonl").write_bytes(lines(record("T1"), *ODD_LINES, *kept, record("T3")))
    (tmp_path / "files" / "b.jsonl").write_bytes(b'{"id": "\xed\xa0\x80"}\n' + lines(record("T4")))
    assert box.receive(source).failures == ()
    (load,) = accept(lake, source, TABLES)
    assert (load.accepted, load.rejected) == (3 + len(kept), len(ODD_LINES) + 1)
    raw = box.raw("helpdesk")
    assert raw.filter(pl.col("id") == "K0")["count"].item() == "9" * 5_000
    assert raw["smile"].drop_nulls().to_list() == ["😀"]
    (tmp_path / "files" / "c.jsonl").write_bytes(lines(record("T5")))
    box.receive(source)
    assert [load.accepted for load in accept(lake, source, TABLES)] == [1]
