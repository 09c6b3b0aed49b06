"""A table kept by day answers like any other, loses no report with a strange clock, and opens the files it needs."""

import shutil
from bisect import insort
from datetime import UTC, datetime, timedelta
from operator import itemgetter
from pathlib import Path
from tempfile import TemporaryDirectory

import dataframely as dy
import polars as pl
import pytest
from deltalake import DeltaTable
from hypothesis import example, given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from opsguard_assets.tables.registry import TABLES
from opsguard_assets.tables.table import Table
from resources.lake import Lake, LakeError
from tests.properties import examples

START = datetime(2025, 1, 1, tzinfo=UTC)


class _Report(dy.Schema):
    """A report."""

    device_id = dy.String()
    at = dy.Datetime(time_zone="UTC")
    level = dy.Int64(nullable=True)
    known_at = dy.Datetime(time_zone="UTC")


_SHARED = {"name": "reports", "room": "tests", "schema": _Report, "key": ("device_id", "at"), "happened_at": "at"}
REPORTS, ORDINARY = Table(**_SHARED, is_daily=True), Table(**_SHARED)
ORDER = ["device_id", "at", "known_at", "_sequence", "_loaded_at"]


def hour(number: float) -> datetime:
    return START + timedelta(hours=number)


def reports(*rows: tuple[str, float, float, int]) -> pl.DataFrame:
    """Rows of (device, hour of the report, hour of knowledge, level)."""
    data = [{"device_id": d, "at": hour(at), "level": v, "known_at": hour(known)} for d, at, known, v in rows]
    return pl.DataFrame(data, schema=REPORTS.dtypes)


def heard(frame: pl.DataFrame) -> pl.Expr:
    return pl.min_horizontal("at", "known_at")


# Reports in time, late by days, dated ahead by minutes, and by more than a day.
rows = st.tuples(
    st.sampled_from("ab"),
    st.sampled_from([0, 0.5, 23, 24, 30, 49, 500]),
    st.sampled_from([0, 0.25, 1, 23.5, 26, 47, 48, 49, 120]),
    st.integers(0, 2),
)
loads = st.lists(st.lists(rows, min_size=1, max_size=6), min_size=1, max_size=5)


def filled(folder: str, table: Table, deliveries: list[list[tuple[str, float, float, int]]]) -> Lake:
    lake = Lake(folder)
    for number, delivery in enumerate(deliveries):
        recorded = lake.record(table, reports(*delivery), loaded_at=hour(200 + number))
        assert recorded.received == recorded.accepted + recorded.unchanged == len(delivery)
    return lake


@settings(max_examples=examples(25), deadline=None)
@given(deliveries=loads, as_of=st.sampled_from([0, 0.5, 24, 48, 50, 121]))
def test_it_knows_at_every_instant_what_a_table_that_is_rewritten_knows(deliveries, as_of):
    with TemporaryDirectory() as one, TemporaryDirectory() as other:
        ours, theirs = filled(one, REPORTS, deliveries), filled(other, ORDINARY, deliveries)
        for moment in (hour(as_of), None):
            known = [
                lake.known(t, moment).collect().sort(ORDER[:3]) for lake, t in ((ours, REPORTS), (theirs, ORDINARY))
            ]
            assert_frame_equal(*known)
        versions = [lake.versions(t).collect().sort(ORDER) for lake, t in ((ours, REPORTS), (theirs, ORDINARY))]
        assert_frame_equal(*versions)
        assert ours.has_hindsight(REPORTS, hour(as_of)) == theirs.has_hindsight(ORDINARY, hour(as_of))
        assert ours.loaded_upto(REPORTS) == theirs.loaded_upto(ORDINARY)


@settings(max_examples=examples(25), deadline=None)
@example(deliveries=[[("a", 0, 48, 1)], [("a", 0, 1, 1)]], as_of=24)
@example(deliveries=[[("b", 0.5, 0, 1), ("b", 0.5, 1, 1)], [("b", 0.5, 0.25, 0)]], as_of=24)
@given(deliveries=loads, as_of=st.sampled_from([0, 0.5, 24, 48, 50, 121]))
def test_the_last_word_on_a_report_counts_and_the_same_word_said_earlier_was_known_earlier(deliveries, as_of):
    seen: set[tuple[str, float, float]] = set()
    words = [[r for r in delivery if r[:3] not in seen and not seen.add(r[:3])] for delivery in deliveries]
    chains: dict[tuple[str, float], list[tuple[float, int]]] = {}
    for device, at, known, level in (word for delivery in words for word in sorted(delivery, key=itemgetter(2))):
        chain = chains.setdefault((device, at), [])
        # What repeats the word before it is not kept, also where another word comes between the two later.
        if [said for since, said in chain if since < known][-1:] != [level]:
            insort(chain, (known, level))
    by_then = {report: [level for since, level in chain if since <= as_of] for report, chain in chains.items()}
    with TemporaryDirectory() as folder:
        lake = filled(folder, REPORTS, [delivery for delivery in words if delivery])
        known = lake.known(REPORTS, hour(as_of)).collect()
    found = {(device, at): level for device, at, level in known.select("device_id", "at", "level").iter_rows()}
    assert found == {(device, hour(at)): levels[-1] for (device, at), levels in by_then.items() if levels}


@settings(max_examples=examples(25), deadline=None)
@given(deliveries=loads, since=st.sampled_from([-1, 0.5, 24, 26]), length=st.sampled_from([0.25, 1, 24, 480]))
def test_a_stretch_of_time_is_the_same_part_of_the_whole(deliveries, since, length):
    with TemporaryDirectory() as folder:
        lake = filled(folder, REPORTS, deliveries)
        begin, end = hour(since), hour(since + length)
        whole = lake.versions(REPORTS).collect().sort(ORDER)
        inside = whole.filter(heard(whole) >= begin, heard(whole) < end)
        part = lake.daily(REPORTS).versions(since=begin, before=end).collect().sort(ORDER)
        assert_frame_equal(part.drop("_heard_at", "_ended_loaded_at"), inside)
        assert_frame_equal(part.select("_heard_at"), inside.select(heard(whole).alias("_heard_at")))


@settings(max_examples=examples(12), deadline=None)
@given(deliveries=loads, until=st.integers(0, 4), as_of=st.sampled_from([0.5, 48, 121]))
def test_as_recorded_by_an_instant_it_is_what_it_was_at_that_instant(deliveries, until, as_of):
    with TemporaryDirectory() as one, TemporaryDirectory() as other:
        then, now = filled(one, REPORTS, deliveries[: until + 1]), filled(other, REPORTS, deliveries)
        past = now.as_recorded(hour(200 + until))
        assert_frame_equal(*(lake.versions(REPORTS).collect().sort(ORDER) for lake in (past, then)))
        assert_frame_equal(*(lake.known(REPORTS, hour(as_of)).collect().sort(ORDER[:3]) for lake in (past, then)))
        assert past.loaded_upto(REPORTS) == then.loaded_upto(REPORTS)


@settings(max_examples=examples(12), deadline=None)
@given(deliveries=loads)
def test_delivering_everything_again_adds_nothing(deliveries):
    with TemporaryDirectory() as folder:
        lake = filled(folder, REPORTS, deliveries)
        before = lake.versions(REPORTS).collect().sort(ORDER)
        everything = [row for delivery in deliveries for row in delivery]
        distinct = before.height
        again = lake.record(REPORTS, before.select(REPORTS.columns), loaded_at=hour(300))
        assert (again.accepted, again.unchanged) == (0, distinct)
        assert distinct <= len(everything)
        assert_frame_equal(lake.versions(REPORTS).collect().sort(ORDER), before)


@settings(max_examples=examples(12), deadline=None)
@given(deliveries=loads, after=st.integers(199, 204))
def test_who_follows_loads_sees_each_report_once(deliveries, after):
    with TemporaryDirectory() as folder:
        lake = filled(folder, REPORTS, deliveries)
        versions = lake.versions(REPORTS).filter(pl.col("_loaded_at") > hour(after), pl.col("_loaded_at") <= hour(203))
        keys = versions.select("device_id", "at").unique().collect().sort("device_id", "at")
        touched = lake.touched(REPORTS, after=hour(after), upto=hour(203)).collect().sort("device_id", "at")
        assert_frame_equal(touched, keys)
        instants = [hour(200), hour(202)]
        recorded = lake.versions(REPORTS).filter(pl.col("_loaded_at").is_in(instants)).select(pl.len())
        assert lake.recorded_rows(REPORTS, instants) == recorded.collect().item()


def test_a_report_lies_on_the_day_on_which_it_was_heard(tmp_path: Path):
    lake = Lake(str(tmp_path))
    lake.record(REPORTS, reports(("a", 1, 30, 0), ("b", 50, 2, 0), ("c", 24, 24, 0)), loaded_at=hour(31))
    days = {p.parts[-3]: p.parts[-2] for p in tmp_path.rglob("*.parquet") if "_delta_log" not in p.parts}
    assert days == {"_day=2025-01-01": days["_day=2025-01-01"], "_day=2025-01-02": "_slice=first"}
    slices = sorted(p.parts[-2] for p in tmp_path.rglob("_day=2025-01-01/*/*.parquet"))
    assert slices == ["_slice=far", "_slice=first"]


def test_who_took_a_reports_place_is_told_with_the_load_that_brought_it(tmp_path):
    lake = Lake(str(tmp_path))
    for number, row in enumerate([("a", 0, 1, 1), ("a", 0, 3, 3), ("a", 0, 2, 2), ("b", 0, 1, 1)]):
        lake.record(REPORTS, reports(row), loaded_at=hour(10 + number))
    found = lake.daily(REPORTS).versions().sort("device_id", "known_at").collect()
    assert found["_ended_loaded_at"].to_list() == [hour(12), hour(11), None, None]


def many_days(lake: Lake, days: int) -> None:
    """One load an hour, each with the reports of its hour, one of the day before and one dated years ahead."""
    for number in range(days * 24):
        delivery = reports(
            ("a", number, number + 0.5, 1),
            ("a", number - 24.5, number + 0.5, 1),
            ("f", 90_000 + number, number + 0.5, 1),
        )
        lake.record(REPORTS, delivery, loaded_at=hour(number + 0.5))


@pytest.fixture(scope="module")
def lake_of_days(tmp_path_factory) -> Lake:
    lake = Lake(str(tmp_path_factory.mktemp("lake")))
    many_days(lake, 3)
    return lake


def test_a_stretch_of_time_opens_only_the_files_that_hold_it(lake_of_days):
    daily = lake_of_days.daily(REPORTS)
    assert daily.files() > 150
    # One load of the hour itself, one of the report that was a day late, one of the clock that runs ahead.
    assert daily.files(since=hour(30), before=hour(31)) == 3
    assert daily.files(since=hour(5_000), before=hour(6_000)) == 0
    assert daily.rows_by_day()["rows"].sum() == 3 * 72


def test_a_stretch_of_time_is_found_after_compaction_which_stays_within_the_day(lake_of_days, tmp_path):
    lake_of_days = Lake(str(shutil.copytree(lake_of_days.uri, tmp_path / "copy")))
    before = lake_of_days.versions(REPORTS).collect().sort(ORDER)
    lake_of_days.tidy("tables/reports", retention_days=7, keep_versions=[])
    daily = lake_of_days.daily(REPORTS)
    assert daily.files() <= 4 * 2
    assert daily.files(since=hour(30), before=hour(31)) == 2
    assert_frame_equal(lake_of_days.versions(REPORTS).collect().sort(ORDER), before)
    again = lake_of_days.record(REPORTS, before.select(REPORTS.columns), loaded_at=hour(200))
    assert again.accepted == 0


def test_repeats_are_looked_for_only_where_they_can_be(lake_of_days, tmp_path, monkeypatch):
    lake = Lake(str(shutil.copytree(lake_of_days.uri, tmp_path / "copy")))
    opened: list[int] = []
    scan = pl.scan_parquet
    monkeypatch.setattr(
        pl, "scan_parquet", lambda files, **settings: (opened.append(len(files)), scan(files, **settings))[1]
    )
    lake.record(REPORTS, reports(("a", 71.25, 71.5, 1), ("b", 3, 71.5, 1)), loaded_at=hour(72))
    # The old report is looked for in the load of its hour; the new one can lie in none.
    assert sum(opened) == 1


def test_an_instant_whose_microseconds_the_statistics_cut_off_is_not_overlooked(tmp_path):
    lake, odd = Lake(str(tmp_path)), START + timedelta(microseconds=999)
    report = pl.DataFrame([{"device_id": "a", "at": odd, "level": 1, "known_at": odd}], schema=REPORTS.dtypes)
    lake.record(REPORTS, report, loaded_at=odd)
    assert lake.loaded_upto(REPORTS) == odd
    assert lake.record(REPORTS, report, loaded_at=hour(1)).unchanged == 1
    just_before = odd - timedelta(microseconds=1)
    assert lake.touched(REPORTS, after=just_before, upto=odd).collect().height == 1
    assert lake.daily(REPORTS).known(None, since=odd, before=hour(1)).collect().height == 1


def test_a_withdrawn_report_is_gone_from_now_on_and_still_known_before(tmp_path):
    lake = Lake(str(tmp_path))
    lake.record(REPORTS, reports(("a", 0, 0, 1)), loaded_at=hour(0))
    lake.record(REPORTS, reports(("a", 0, 1, 1)).with_columns(_is_withdrawn=True), loaded_at=hour(1))
    assert lake.known(REPORTS).collect().is_empty()
    assert lake.known(REPORTS, hour(0.5)).collect().height == 1


def test_before_the_first_load_everything_is_empty(tmp_path):
    lake = Lake(str(tmp_path))
    daily = lake.daily(REPORTS)
    assert lake.known(REPORTS, START).collect().schema == REPORTS.dtypes
    assert daily.versions().collect().is_empty()
    assert daily.arrived(None, None).collect().is_empty()
    assert (daily.files(), lake.loaded_upto(REPORTS), lake.recorded_rows(REPORTS, [START])) == (0, None, 0)
    assert not lake.has_hindsight(REPORTS, START)


def test_telemetry_with_its_nested_channels_is_kept_by_day(tmp_path):
    lake, telemetry = Lake(f"{tmp_path}/a place"), TABLES["telemetry"]
    metrics = [{"channel": "volt", "value": 1.5}, {"channel": "rpm", "value": None}]
    row = {"device_id": "a", "at": hour(1), "metrics": metrics, "known_at": hour(1)}
    for at in (hour(1), hour(2)):
        lake.record(telemetry, pl.DataFrame([row], schema=telemetry.dtypes), loaded_at=at)
    assert lake.known(telemetry).collect()["metrics"].to_list() == [metrics]
    changed = pl.DataFrame([row | {"metrics": metrics[:1], "known_at": hour(3)}], schema=telemetry.dtypes)
    assert lake.record(telemetry, changed, loaded_at=hour(3)).accepted == 1
    assert lake.known(telemetry).collect()["metrics"].to_list() == [metrics[:1]]


def test_another_program_reads_the_same_rows(tmp_path):
    lake = Lake(str(tmp_path))
    lake.record(REPORTS, reports(("a", 1, 2, 0), ("a", 1, 3, 1)), loaded_at=hour(4))
    table = DeltaTable(f"{tmp_path}/tables/reports")
    assert pl.scan_delta(table).sort("known_at").collect()["level"].to_list() == [0, 1]


def test_only_a_daily_table_is_read_by_stretches(tmp_path):
    with pytest.raises(LakeError, match="reports is not kept by day"):
        Lake(str(tmp_path)).daily(ORDINARY)


def test_a_table_whose_rows_have_no_day_cannot_be_daily():
    with pytest.raises(ValueError, match="`happened_at` in its key"):
        Table(name="x", room="tests", schema=_Report, key=("device_id",), happened_at="at", is_daily=True)
