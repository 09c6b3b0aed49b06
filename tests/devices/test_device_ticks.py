"""Ticks of devices: what the tick before kept serves like the history, and training sees what serving saw."""

from datetime import timedelta

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from ml.problems.device_failure.features import features
from ml.problems.device_failure.rule import DeviceRule
from ml.problems.device_failure.streams import streams
from opsguard_assets.config.settings import Settings
from opsguard_assets.devices.failure.checkpoint_io import advance_checkpoint
from opsguard_assets.devices.failure.dataset import Asked, DeviceDataset
from opsguard_assets.devices.failure.problem_io import device_failure, events_of, history_of
from opsguard_assets.devices.failure.risk import Explain
from opsguard_assets.devices.failure.risk_io import risk_at
from opsguard_assets.devices.failure.schemas import CHECKPOINT_DEVICES
from opsguard_assets.devices.health.io import health_at
from opsguard_assets.devices.telemetry.hourly_io import stored_hours
from opsguard_assets.devices.telemetry.hourly_update_io import update_hourly
from opsguard_assets.devices.telemetry.schemas import DEVICE_HOURLY
from opsguard_assets.simulator.settings import SimulationSettings
from opsguard_assets.tables.registry import DEVICES
from opsguard_assets.tables.values import INSTANT
from resources.lake import Lake
from resources.progress import Silent
from tests.devices.fleets import SOURCES, START, fleet_of, record_fleet
from tests.long import long

WORLD = SimulationSettings(seed=4, starts_at=START, sites=4, agents=12, devices_per_site=4, skewed_clock_share=0.2)
LAST = START + timedelta(days=5)


@pytest.fixture(scope="module")
def records():
    return fleet_of(WORLD, LAST)


def delivered(lake, records, *moments):
    """Loads that end at these moments, each followed by a roll-up."""
    before = None
    for moment in moments:
        record_fleet(lake, records, moment, before)
        update_hourly(lake, progress=Silent())
        before = moment


def told_at(lake, as_of):
    """Features of all devices as a tick makes them."""
    checkpoint, nothing = advance_checkpoint(lake, as_of), history_of(lake).hourly.head(0)
    events = events_of(lake).filter(pl.col("known_at") <= as_of).collect()
    devices = lake.known(DEVICES, as_of).collect()
    moments = devices.select("device_id", as_of=pl.lit(as_of, INSTANT)).sort("device_id")
    return features(streams(nothing, devices, events, checkpoint), moments)


def test_a_tick_sees_what_a_training_sees_of_the_same_moment_to_the_digit(tmp_path, records):
    lake = Lake(str(tmp_path))
    hours = [START + timedelta(hours=n) for n in range(8, 97, 8)]
    delivered(lake, records, *hours)
    for as_of in hours[2::3]:
        served = told_at(lake, as_of)
        dataset = DeviceDataset.of(history_of(lake), as_of, Asked())
        learned = features(dataset.known, served.select("device_id", "as_of"))
        assert_frame_equal(served.select(learned.columns), learned, check_exact=True)
    assert lake.scan(CHECKPOINT_DEVICES).select("date").unique().collect().height >= 2


@long
def test_many_small_loads_and_one_large_one_tell_the_same(tmp_path, records):
    small, large = Lake(str(tmp_path / "small")), Lake(str(tmp_path / "large"))
    as_of = START + timedelta(days=3, hours=5)
    delivered(small, records, *(START + timedelta(hours=n) for n in range(7, 78, 7)), as_of)
    delivered(large, records, as_of)
    assert_frame_equal(told_at(small, as_of), told_at(large, as_of))
    columns = ["device_id", "score", "battery_score", "signal_score", "uptime_score", "days_to_empty", "reason"]
    first, second = (health_at(lake, as_of, replace_below=60).select(columns) for lake in (small, large))
    assert_frame_equal(first, second)


def test_history_that_is_imported_later_is_seen_by_the_next_tick(tmp_path, records):
    """Rows kept of a midnight are made again when records claim to have been known before it."""
    lake, whole = Lake(str(tmp_path / "late")), Lake(str(tmp_path / "whole"))
    half = {name: rows for name, rows in records.items() if name != "telemetry"}
    some = pl.col("device_id").str.ends_with("1")
    as_of = START + timedelta(days=3, hours=2)
    delivered(lake, half | {"telemetry": records["telemetry"].filter(~some)}, as_of)
    before = told_at(lake, as_of)
    late = {name: rows.head(0) for name, rows in records.items()} | {"telemetry": records["telemetry"].filter(some)}
    record_fleet(lake, late, as_of, later=timedelta(days=1))
    update_hourly(lake, progress=Silent())
    delivered(whole, records, as_of)
    assert before["last_at"].null_count() > 0
    assert_frame_equal(told_at(lake, as_of), told_at(whole, as_of))


def test_every_device_has_its_health_also_those_that_nobody_ever_heard(tmp_path, records):
    lake, as_of = Lake(str(tmp_path)), START + timedelta(days=4)
    silent = records["devices"].head(1).with_columns(device_id=pl.lit("nobody heard me"))
    more = records | {"devices": pl.concat([records["devices"], silent])}
    delivered(lake, more, as_of)
    health = health_at(lake, as_of, replace_below=60)
    assert health["device_id"].n_unique() == len(health) == 17
    assert health.filter(device_id="nobody heard me")["reason"].item().startswith("never heard")
    assert health["client_id"].null_count() == 0


def test_who_learns_without_any_tick_before_learns_from_everything_that_was_loaded(tmp_path, records):
    """`opsguard sync`, then `opsguard train device_failure`: no tick has rolled anything up."""
    lake, problem = Lake(str(tmp_path)), device_failure(Settings(sources=SOURCES))
    earlier = LAST - timedelta(hours=5)
    record_fleet(lake, records, earlier)
    rows = problem.dataset(lake, earlier).watched()
    assert rows["device_id"].n_unique() == 16
    assert rows.drop_nulls("is_event").height > 100
    record_fleet(lake, records, LAST, earlier)
    assert problem.dataset(lake, LAST).history.hourly["hour_at"].max() == LAST - timedelta(hours=1)


def test_two_who_roll_up_at_a_time_leave_every_version_once(tmp_path, records, monkeypatch):
    lake, alone = Lake(str(tmp_path / "both")), Lake(str(tmp_path / "alone"))
    delivered(alone, records, LAST)
    record_fleet(lake, records, LAST)
    append, met = Lake.append_once, []

    def overtaken(self, name, *args, **settings):
        if name == DEVICE_HOURLY.derived_name and not met:
            met.append(name)
            update_hourly(Lake(self.uri), progress=Silent())
        return append(self, name, *args, **settings)

    monkeypatch.setattr(Lake, "append_once", overtaken)
    update_hourly(lake, progress=Silent())
    assert met
    key = ["device_id", "hour_at", "known_at"]
    assert_frame_equal(*(stored_hours(each).select(key).collect().sort(key) for each in (lake, alone)))


def test_a_device_that_was_taken_out_and_reports_again_is_in_service_again(tmp_path, records):
    lake, as_of = Lake(str(tmp_path)), START + timedelta(days=4)
    heard = records["telemetry"].group_by("device_id").agg(pl.col("at").filter(pl.col("known_at") <= as_of).max())
    back, gone, beside = heard.sort("device_id").head(3).select("device_id", "at").rows()
    removals = [
        {
            "device_id": back[0],
            "at": START + timedelta(days=1),
            "kind": "removed",
            "known_at": START + timedelta(days=1),
        },
        {"device_id": gone[0], "at": gone[1], "kind": "removed", "known_at": as_of},
    ]
    events = pl.DataFrame(removals, schema=records["device_events"].schema)
    quiet = records["device_events"].filter(~pl.col("device_id").is_in([back[0], gone[0]]))
    delivered(lake, records | {"device_events": pl.concat([quiet, events])}, as_of)
    health = set(health_at(lake, as_of, replace_below=60)["device_id"])
    risk = set(risk_at(lake, DeviceRule(), as_of, Explain(1))["device_id"])
    assert {back[0], beside[0]} <= health & risk
    assert gone[0] not in health | risk


def test_a_score_below_60_is_followed_from_tick_to_tick(tmp_path, records):
    lake = Lake(str(tmp_path))
    delivered(lake, records, START + timedelta(days=2))
    since = None
    for hours in (72, 96, 120, 160):
        as_of = START + timedelta(hours=hours)
        health = health_at(lake, as_of, replace_below=60)
        where = {"date": as_of.date(), "as_of": as_of}
        lake.replace_slice("devices/device_health", health, where=where, partition_by=["date"])
        begun = health["below_60_since_at"].max()
        assert since is None or begun == since or begun is None or begun >= since
        since = begun or since
    assert set(health["band"]) == {"critical"}
    assert health["below_60_since_at"].null_count() == 0
    assert health["below_60_since_at"].max() < as_of
