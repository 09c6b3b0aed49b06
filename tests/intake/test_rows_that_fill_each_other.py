"""Sources with one row per channel: no value is lost, whatever was loaded together; contradictions are set apart."""

from tempfile import TemporaryDirectory

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from opsguard_assets.config.sources import FileSource
from opsguard_assets.intake.accepting.accept import accept
from opsguard_assets.tables.registry import TABLES
from resources.lake import Lake
from tests.intake.accept.given import START, deliver, raw
from tests.intake.accept.test_accept import Killed, Mortal
from tests.intake.test_order_of_arrival import CUTS, cut
from tests.long import around_writes
from tests.properties import examples

TELEMETRY = TABLES["telemetry"]
CHANNELS = {"temperature_c": "temperature", "battery_pct": "battery", "signal_dbm": "rssi"}


def long_form(**more: object) -> FileSource:
    """One row per device, instant and key."""
    columns = {
        "device_id": "device",
        "at": {"from": "ts", "unit": "ms"},
        **{column: {"from": "value", "only_when": {"key": key}} for column, key in CHANNELS.items()},
    }
    return FileSource.model_validate(
        {
            "name": "helpdesk",
            "kind": "files",
            "path": "telemetry.csv",
            "feeds": [{"table": "telemetry", "columns": columns, **more}],
        }
    )


def row(device: str, minute: int, key: str, value: float, **more: object) -> dict[str, object]:
    return {"device": device, "ts": str(1_709_287_200_000 + minute * 60_000), "key": key, "value": str(value), **more}


def counts(lake: Lake, mapped: FileSource, **options: int) -> list[tuple[int, int, int, int]]:
    loads = accept(lake, mapped, TABLES, **options)
    assert all(t.received == t.accepted + t.rejected + t.unchanged for t in loads)
    return [(t.received, t.accepted, t.rejected, t.unchanged) for t in loads]


def values(lake: Lake) -> dict[tuple[str, int], dict[str, float]]:
    known = lake.known(TELEMETRY).collect()
    return {
        (r["device_id"], (r["at"].hour - 10) * 60 + r["at"].minute): {c: r[c] for c in CHANNELS if r[c] is not None}
        for r in known.iter_rows(named=True)
    }


def test_rows_of_one_report_become_one_with_all_its_values(tmp_path):
    lake = Lake(str(tmp_path))
    given_rows = [row("a", 0, "temperature", 21.5), row("a", 0, "battery", 88), row("a", 0, "rssi", -71)]
    deliver(lake, raw([*given_rows, row("a", 60, "battery", 87), row("a", 60, "battery", 87)]))
    assert counts(lake, long_form()) == [(5, 4, 0, 1)]
    whole = {"temperature_c": 21.5, "battery_pct": 88, "signal_dbm": -71}
    assert values(lake) == {("a", 0): whole, ("a", 60): {"battery_pct": 87}}
    assert len(lake.versions(TELEMETRY).collect()) == 2
    deliver(lake, raw([*given_rows, row("a", 60, "battery", 87)], load=2))
    assert counts(lake, long_form()) == [(4, 0, 0, 4)]


def test_a_value_that_arrives_in_a_later_load_is_added_and_was_not_known_before(tmp_path):
    lake = Lake(str(tmp_path))
    for load, (key, value) in enumerate([("temperature", 21.5), ("battery", 88), ("temperature", 21.5)], start=1):
        deliver(lake, raw([row("a", 0, key, value)], load=load))
    assert counts(lake, long_form()) == [(1, 1, 0, 0), (1, 1, 0, 0), (1, 0, 0, 1)]
    assert values(lake) == {("a", 0): {"temperature_c": 21.5, "battery_pct": 88}}
    first = lake.versions(TELEMETRY).select(pl.col("known_at").min()).collect().item()
    before = lake.known(TELEMETRY, first).collect()
    assert before["battery_pct"].to_list() == [None]
    assert before["temperature_c"].to_list() == [21.5]


def test_a_file_that_says_two_things_of_one_value_has_the_second_set_apart_with_the_reason(tmp_path):
    lake = Lake(str(tmp_path))
    deliver(lake, raw([row("a", 0, "temperature", 21.5), row("a", 0, "battery", 88), row("a", 0, "temperature", 22)]))
    assert counts(lake, long_form()) == [(3, 2, 1, 0)]
    assert values(lake) == {("a", 0): {"temperature_c": 21.5, "battery_pct": 88}}
    told = lake.scan("quarantine/telemetry").select("rule", "column", "value", "origin", "position").collect().rows()
    rule = "temperature_c: differs from an earlier row with the same device_id and at"
    assert told == [(rule, "temperature_c", "22.0", "cases.csv", 3)]


def test_a_later_file_corrects_an_earlier_one_also_in_the_same_load(tmp_path):
    lake = Lake(str(tmp_path))
    for part, value in enumerate((21.5, 22)):
        rows = raw([row("a", 0, "temperature", value)], origin=f"{9 - part}.csv")
        deliver(lake, rows.with_columns(_part=pl.lit(part, pl.Int64)))
    assert counts(lake, long_form()) == [(2, 2, 0, 0)]
    assert values(lake) == {("a", 0): {"temperature_c": 22}}


def test_channels_of_metrics_fill_each_other_and_contradictions_among_them_are_set_apart(tmp_path):
    lake = Lake(str(tmp_path))
    columns = {"device_id": "device", "at": {"from": "ts", "unit": "ms"}}
    feeds = [{"table": "telemetry", "columns": columns, "channels": ["co2", "lux"]}]
    wide = FileSource.model_validate({"name": "helpdesk", "kind": "files", "path": "x.csv", "feeds": feeds})
    at = {"device": "a", "ts": "1709287200000", "co2": None, "lux": None}
    deliver(lake, raw([{**at, "co2": "400"}, {**at, "lux": "7"}, {**at, "co2": "410"}]))
    deliver(lake, raw([{**at, "lux": "8"}], load=2))
    deliver(lake, raw([{**at, "lux": "8"}], load=3))
    assert counts(lake, wide) == [(3, 2, 1, 0), (1, 1, 0, 0), (1, 0, 0, 1)]
    assert lake.known(TELEMETRY).collect()["metrics"].to_list() == [
        [{"channel": "co2", "value": 400}, {"channel": "lux", "value": 8}]
    ]
    assert lake.scan("quarantine/telemetry").collect()["value"].to_list() == ["co2=410.0"]


def test_a_sensor_that_reports_its_state_and_its_value_in_two_rows_keeps_both(tmp_path):
    lake = Lake(str(tmp_path))
    columns = {"sensor_id": "device", "site_id": {"constant": "s"}, "at": {"from": "ts", "unit": "ms"},
               "kind": {"constant": "door"}, "value": "value", "state": "word"}  # fmt: skip
    mapped = FileSource.model_validate(
        {
            "name": "helpdesk",
            "kind": "files",
            "path": "x.csv",
            "feeds": [{"table": "sensor_readings", "columns": columns}],
        }
    )
    deliver(lake, raw([row("a", 0, "", 1, word=None), {**row("a", 0, "", 1), "value": None, "word": "open"}]))
    assert counts(lake, mapped) == [(2, 2, 0, 0)]
    assert lake.known(TABLES["sensor_readings"]).select("value", "state").collect().rows() == [(1.0, "open")]


def test_a_value_that_was_known_earlier_and_arrives_later_is_carried_on_to_later_versions(tmp_path):
    lake = Lake(str(tmp_path))
    columns = {**long_form().feeds[0].model_dump(by_alias=True)["columns"], "known_at": "seen"}
    mapped = long_form(columns=columns)
    deliver(lake, raw([row("a", 0, "battery", 88, seen="2024-03-01T10:05Z")], load=1))
    deliver(lake, raw([row("a", 0, "temperature", 21.5, seen="2024-03-01T10:03Z")], load=2))
    assert counts(lake, mapped) == [(1, 1, 0, 0), (1, 1, 0, 0)]
    then = lake.known(TELEMETRY, START.replace(year=2024, month=3, hour=10, minute=4)).collect()
    assert then.select("temperature_c", "battery_pct").rows() == [(21.5, None)]
    assert values(lake) == {("a", 0): {"temperature_c": 21.5, "battery_pct": 88}}


@pytest.mark.parametrize(("write", "before"), around_writes(5))
def test_killed_at_any_write_and_run_again_the_same_rows_are_counted(tmp_path, write, before):
    rows = [row("a", 0, key, value) for key, value in (("temperature", 21.5), ("battery", 88), ("temperature", 22))]
    deliver(Lake(str(tmp_path)), raw([*rows, row("b", 0, "rssi", -60)]))
    try:
        accept(Mortal(str(tmp_path), write=write, before=before), long_form(), TABLES)
    except Killed:
        counts(Lake(str(tmp_path)), long_form())
    ledger = Lake(str(tmp_path)).scan("intake/loads").select("received", "accepted", "rejected", "unchanged").collect()
    assert ledger.rows() == [(4, 3, 1, 0)]
    assert values(Lake(str(tmp_path))) == {
        ("a", 0): {"temperature_c": 21.5, "battery_pct": 88},
        ("b", 0): {"signal_dbm": -60},
    }


@settings(max_examples=examples(25, quick=3), deadline=None)
@given(
    rows=st.lists(
        st.tuples(st.sampled_from("ab"), st.sampled_from([0, 60]), st.sampled_from(list(CHANNELS)), st.integers(1, 2)),
        min_size=1,
        max_size=12,
    ),
    cuts=CUTS,
    batch_rows=st.sampled_from([1, 3, 100]),
)
def test_the_last_word_on_every_value_counts_however_rows_are_cut_into_files_loads_and_batches(rows, cuts, batch_rows):
    received = [row(device, minute, CHANNELS[column], value) for device, minute, column, value in rows]
    parts = cut(received, cuts)
    # Without contradictions within a file: those are set apart.
    seen, kept, numbers, at = {}, [], {}, 0
    for part in parts:
        stay = []
        for _ in range(len(part)):
            device, minute, column, value = rows[at]
            file = (part["_load_id"][0], part["_origin"][0])
            stay.append(seen.setdefault((file, device, minute, column), value) == value)
            if stay[-1]:
                numbers.setdefault((device, minute), {})[column] = value
            at += 1
        kept.append(part.filter(pl.Series(stay)))
    with TemporaryDirectory() as folder:
        lake = Lake(folder)
        for part in kept:
            deliver(lake, part)
        counts(lake, long_form(), batch_rows=batch_rows)
        assert values(lake) == numbers
