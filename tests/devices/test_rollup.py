"""An hour of a device is what its reports say, in every state of knowledge; later arrivals change no earlier state."""

import contextlib
import random
from datetime import timedelta
from tempfile import TemporaryDirectory

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from opsguard_assets.devices.telemetry.hourly_io import hourly_known, hourly_versions, stored_hours
from opsguard_assets.devices.telemetry.hourly_update_io import roll_day, update_hourly
from opsguard_assets.devices.telemetry.rollup import DEVICE_COLUMNS, REPORT_COLUMNS, rolled
from opsguard_assets.devices.telemetry.schemas import DEVICE_HOURLY
from resources.lake import Lake
from resources.progress import Silent
from tests.devices.oracle_rollup import HOUR, agrees, rolled_by_hand
from tests.devices.reports import DEVICES, START, TELEMETRY, deliveries, device_frame, devices, minute, telemetry_frame
from tests.properties import examples

ORDER = ["device_id", "hour_at", "known_at"]
FIGURES = [name for name in DEVICE_HOURLY.columns if name not in (*ORDER, "rolled_at", "date")]


def lake_with(folder: str, loads, things) -> Lake:
    lake = Lake(folder)
    if things:
        lake.record(DEVICES, device_frame(things), loaded_at=START - timedelta(days=300))
    for number, load in enumerate(loads):
        lake.record(TELEMETRY, telemetry_frame(load), loaded_at=loaded(number))
    return lake


def loaded(number: int):
    return START + timedelta(days=90, minutes=number)


def conflict_free(loads):
    """Two words on one report known at the same instant contradict each other; a feed that does that says nothing."""
    seen, kept = set(), []
    for number, load in enumerate(loads):
        rows = []
        for row in load:
            word = (row["device_id"], row["at"], row["known_at"])
            if word not in seen:
                seen.add(word)
                rows.append(row | {"_loaded_at": loaded(number)})
        kept.append(rows)
    return [load for load in kept if load]


def without_marks(loads):
    return [[{k: v for k, v in row.items() if not k.startswith("_")} for row in load] for load in loads]


def expected_of(loads, things, as_of):
    """What every hour's last version by an instant says, by hand."""
    last = {}
    for (device_id, hour, step), values in rolled_by_hand([r for load in loads for r in load], things).items():
        if step <= as_of and ((device_id, hour) not in last or last[device_id, hour][0] < step):
            last[device_id, hour] = (step, values)
    return {pair: values for pair, (_, values) in last.items() if values["reports"]}


def assert_same(found: pl.DataFrame, expected) -> None:
    rows = {(row["device_id"], row["hour_at"]): row for row in found.to_dicts()}
    assert rows.keys() == expected.keys()
    for pair, values in expected.items():
        wrong = {n: (rows[pair][n], values[n]) for n in FIGURES if not agrees(rows[pair][n], values[n])}
        assert not wrong, (pair, wrong)


moments = [
    START,
    START + HOUR,
    START + 2 * HOUR,
    START + 5 * HOUR,
    START + timedelta(days=2),
    START + timedelta(days=80),
]


@settings(max_examples=examples(60, quick=6), deadline=None)
@given(loads=deliveries, things=devices)
def test_every_version_of_every_hour_is_what_loops_over_its_reports_say(loads, things):
    loads = conflict_free(loads)
    with TemporaryDirectory() as folder:
        lake = lake_with(folder, without_marks(loads), things)
        reports = lake.daily(TELEMETRY).versions().select(REPORT_COLUMNS).collect()
        told = lake.versions(DEVICES).select(*DEVICE_COLUMNS, "known_at", "_sequence", "_is_withdrawn").collect()
    found = rolled(reports, told)
    assert_frame_equal(rolled(reports.sample(fraction=1, shuffle=True, seed=7), told), found)
    by_hand = rolled_by_hand([r for load in loads for r in load], things)
    rows = {tuple(row[name] for name in ORDER): row for row in found.to_dicts()}
    for version, values in by_hand.items():
        wrong = {n: (rows[version][n], values[n]) for n in FIGURES if not agrees(rows[version][n], values[n])}
        assert not wrong, (version, wrong)
    # Beyond the oracle's there are only versions at which nothing changed.
    for version in rows.keys() - by_hand.keys():
        before = max((v for v in by_hand if v[:2] == version[:2] and v[2] < version[2]), default=None)
        assert rows[version]["reports"] == (by_hand[before]["reports"] if before else 0)


@settings(max_examples=examples(25, quick=3), deadline=None)
@given(loads=deliveries, things=devices, repeats=st.booleans(), portion=st.sampled_from([1, 3, 1_000]))
def test_following_loads_gives_at_every_moment_what_loops_over_all_reports_give(loads, things, repeats, portion):
    loads = conflict_free(loads)
    with TemporaryDirectory() as folder:
        lake = lake_with(folder, [], things)
        for number, load in enumerate(without_marks(loads)):
            lake.record(TELEMETRY, telemetry_frame(load), loaded_at=loaded(number))
            update_hourly(lake, progress=Silent(), portion_reports=portion)
            if repeats:
                lake.record(TELEMETRY, telemetry_frame(load), loaded_at=loaded(number) + timedelta(seconds=1))
                assert update_hourly(lake, progress=Silent()).versions == 0
        for as_of in moments:
            assert_same(hourly_known(lake, as_of).collect(), expected_of(loads, things, as_of))
        since = START + HOUR
        known, part = hourly_known(lake, moments[-1]).collect(), hourly_known(lake, moments[-1], since=since).collect()
        assert_frame_equal(known.filter(pl.col("hour_at") >= since).sort(ORDER), part.sort(ORDER))
        versions = hourly_versions(lake).collect()
        assert versions.select(ORDER).is_unique().all()
        newest = versions.sort("known_at").unique(ORDER[:2], keep="last").sort(ORDER)
        lost = stored_hours(lake).filter(pl.col("reports") == 0).collect()
        assert_frame_equal(
            newest.join(lost, on=ORDER[:2], how="anti"), known.sort(ORDER).join(lost, on=ORDER[:2], how="anti")
        )


@settings(max_examples=examples(20, quick=3), deadline=None)
@given(loads=deliveries, later=deliveries, things=devices)
def test_what_arrives_later_changes_no_hour_as_it_was_known_earlier(loads, later, things):
    then = START + timedelta(hours=6)
    arrived = [[row for row in load if row["known_at"] > then] for load in later]
    with TemporaryDirectory() as folder:
        lake = lake_with(folder, loads, things)
        update_hourly(lake, progress=Silent())
        before = [hourly_known(lake, at).collect().sort(ORDER) for at in moments if at <= then]
        for number, load in enumerate(filter(None, arrived)):
            lake.record(TELEMETRY, telemetry_frame(load), loaded_at=loaded(100 + number))
            update_hourly(lake, progress=Silent())
        after = [hourly_known(lake, at).collect().sort(ORDER) for at in moments if at <= then]
        for one, other in zip(before, after, strict=True):
            assert_frame_equal(one, other)
        recorded = lake.as_recorded(loaded(99))
        for at, one in zip([at for at in moments if at <= then], before, strict=True):
            assert_frame_equal(hourly_known(recorded, at).collect().sort(ORDER), one)


def reports_of(device: str, *values: tuple[float, float], **further):
    return [{"device_id": device, "at": minute(at), "known_at": minute(known), **further} for at, known in values]


def test_an_hour_whose_reports_were_known_within_it_has_one_version_dated_to_its_end(tmp_path):
    lake = lake_with(str(tmp_path), [reports_of("a", *((m, m + 0.1) for m in range(0, 60, 5)))], [])
    update_hourly(lake, progress=Silent())
    versions = hourly_versions(lake).collect()
    assert versions.select("hour_at", "known_at", "reports").row(0) == (START, START + HOUR, 12)
    assert len(versions) == 1


def test_a_report_every_six_hours_vouches_for_six_hours(tmp_path):
    slow = {"device_id": "a", "site_id": "s", "known_at": minute(-1), "reports_every_minutes": 360.0}
    lake = lake_with(str(tmp_path), [reports_of("a", (10, 10), (11, 11))], [slow])
    update_hourly(lake, progress=Silent())
    assert hourly_versions(lake).collect()["online_minutes"].to_list() == [360.0]


@pytest.mark.parametrize("phase", [0.0, 2.0, 2.5, 4.99])
def test_a_device_that_never_misses_a_report_is_online_all_the_time_wherever_its_reports_lie(tmp_path, phase):
    """Reports every five minutes, some seconds early or late, whatever clock they keep to."""
    every = {"device_id": "a", "site_id": "s", "known_at": minute(-1), "reports_every_minutes": 5.0}
    luck = random.Random(3)  # noqa: S311 - no secret
    told = [phase + 5 * n + luck.uniform(-1, 1) / 6 for n in range(1, 1_000)]
    lake = lake_with(str(tmp_path), [reports_of("a", *((at, at) for at in told))], [every])
    update_hourly(lake, progress=Silent())
    hours = hourly_known(lake, START + timedelta(days=4)).collect().sort("hour_at")[1:-1]
    assert hours.select((pl.col("online_minutes") == pl.col("reports") * 5).all()).item()
    assert hours["online_minutes"].mean() == pytest.approx(60, abs=0.2)


def test_a_missing_report_costs_its_interval(tmp_path):
    every = {"device_id": "a", "site_id": "s", "known_at": minute(-1), "reports_every_minutes": 5.0}
    told = [1 + 5.0 * n for n in range(12) if n not in (4, 7, 8)]
    lake = lake_with(str(tmp_path), [reports_of("a", *((at, at) for at in told))], [every])
    update_hourly(lake, progress=Silent())
    assert hourly_versions(lake).collect()["online_minutes"].to_list() == [45.0]


def test_a_day_is_rolled_again_with_what_is_known_of_devices_today(tmp_path):
    lake = lake_with(str(tmp_path), [reports_of("a", (10, 10.5), (70, 71))], [])
    update_hourly(lake, progress=Silent())
    assert hourly_known(lake, moments[-1]).collect()["expected_minutes"].to_list() == [None, None]
    known = {"device_id": "a", "site_id": "s", "known_at": minute(-1), "reports_every_minutes": 5.0}
    lake.record(DEVICES, device_frame([known]), loaded_at=START + timedelta(days=91))
    assert update_hourly(lake, progress=Silent()).versions == 0
    assert roll_day(lake, START.date(), progress=Silent()).versions == 2
    assert hourly_known(lake, moments[-1]).collect()["expected_minutes"].to_list() == [60.0, 60.0]
    assert roll_day(lake, START.date(), progress=Silent()).versions == 0


def test_a_run_that_was_killed_between_two_appends_is_done_again_and_adds_nothing_twice(tmp_path, monkeypatch):
    reports = [row for hour in range(40) for row in reports_of("a", (hour * 60, hour * 60 + 1))]
    lake = lake_with(str(tmp_path), [reports], [])
    monkeypatch.setattr("opsguard_assets.devices.telemetry.hourly_update_io._MOST_UNWRITTEN", 5)
    append, calls = Lake.append_once, []

    def dies(self, name, *args, **settings):
        calls.append(name)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return append(self, name, *args, **settings)

    monkeypatch.setattr(Lake, "append_once", dies)
    with contextlib.suppress(KeyboardInterrupt):
        update_hourly(lake, progress=Silent(), portion_reports=2)
    assert 0 < len(stored_hours(lake).collect()) < 40
    done = update_hourly(lake, progress=Silent(), portion_reports=2)
    assert done.reports == 40
    assert len(stored_hours(lake).collect()) == 40
    assert hourly_versions(lake).collect()["reports"].to_list() == [1] * 40


def test_what_loads_brought_is_counted(tmp_path):
    loads = [
        reports_of("a", (0, 1), (5, 300), (30, 20), (31, 30)) + reports_of("b", (1, 1)),
        reports_of("a", (2, 301)),
    ]
    lake = lake_with(str(tmp_path), loads[:1], [])
    first = update_hourly(lake, progress=Silent())
    assert (first.reports, first.late, first.future, first.devices) == (5, 1, 1, 2)
    assert (first.hours, first.again) == (2, 0)
    lake.record(TELEMETRY, telemetry_frame(loads[1]), loaded_at=loaded(9))
    second = update_hourly(lake, progress=Silent())
    assert (second.reports, second.hours, second.again) == (1, 1, 1)
