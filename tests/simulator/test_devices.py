"""The devices of the twin: causal, seeded, living on, and their truth holds."""

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from opsguard_assets.simulator.device_truth import device_truth
from opsguard_assets.simulator.fleet import MODES
from opsguard_assets.simulator.reports import CHANNELS, watched
from opsguard_assets.simulator.settings import SimulationSettings
from tests.long import chosen

START = datetime(2026, 1, 1, tzinfo=UTC)
WORLD = SimulationSettings(seed=3, starts_at=START, sites=30, devices_per_site=8, skewed_clock_share=0.05)
END = START + timedelta(days=30)


@pytest.fixture(scope="module")
def lived():
    return watched(WORLD, 0, END)


@pytest.mark.parametrize("minutes", chosen([17, 0, 1, 59, 605]))
def test_watching_longer_adds_records_and_changes_none(lived, minutes):
    cut = START + timedelta(days=12, minutes=minutes)
    earlier, known = watched(WORLD, 0, cut), pl.col("known_at") <= cut
    assert earlier.telemetry.equals(lived.telemetry.filter(known))
    assert earlier.events.equals(lived.events.filter(known))


def test_an_equal_seed_gives_an_equal_world_and_another_one_another(lived):
    assert watched(WORLD, 0, END).telemetry.equals(lived.telemetry)
    assert not watched(WORLD.model_copy(update={"seed": 4}), 0, END).events.equals(lived.events)


def test_devices_fail_in_every_way_and_come_back_by_maintenance(lived):
    failures = lived.events.filter(kind="failure")
    assert set(failures["component"]) <= set(MODES)
    assert {"battery", "hardware"} <= set(failures["component"])
    assert 20 < len(failures) < 400
    assert (failures["known_at"] >= failures["at"]).all()
    assert len(lived.events.filter(kind="maintenance")) > 0


def test_a_device_that_failed_reports_nothing_until_it_is_repaired(lived):
    repaired = lived.events.filter(kind="maintenance").select("device_id", back_at="at").sort("back_at")
    down = (
        lived.events.filter(kind="failure")
        .sort("at")
        .join_asof(repaired, left_on="at", right_on="back_at", by="device_id", strategy="forward")
    )
    well = lived.fleet.devices.filter(pl.Series(lived.fleet.clock_minutes == 0)).select("device_id")
    silent = lived.telemetry.join(well, on="device_id").join(
        down.select("device_id", failed_at="at", back_at="back_at").drop_nulls(), on="device_id"
    )
    # A failure lies somewhere in its hour, and the reports of that hour were sent.
    inside = pl.col("at").is_between(pl.col("failed_at") + timedelta(hours=1), pl.col("back_at") - timedelta(minutes=1))
    assert silent.filter(inside).is_empty()


def test_late_repeated_and_misdated_reports_come_at_their_rates(lived):
    delay = lived.telemetry["known_at"] - lived.telemetry["at"]
    ahead = (lived.telemetry["at"] > lived.telemetry["known_at"]).mean()
    late = (delay > timedelta(hours=1)).mean()
    twice = 1 - lived.telemetry.select("device_id", "at").n_unique() / len(lived.telemetry)
    assert 0.01 < ahead < 0.15
    assert 0.002 < late < 0.03
    assert 0.001 < twice < 0.003


def test_a_gateway_that_is_down_silences_its_whole_site(lived):
    outage = lived.outages.sort(pl.col("ends") - pl.col("begins")).row(-1, named=True)
    site = lived.fleet.devices.filter(pl.Series(lived.fleet.site == outage["site"]))["device_id"]
    begins, ends = (START + timedelta(hours=outage[name]) for name in ("begins", "ends"))
    heard = lived.telemetry.filter(pl.col("device_id").is_in(site.implode()))
    during = heard.filter(pl.col("known_at").is_between(begins + timedelta(minutes=1), ends, closed="left"))
    late = during.filter(pl.col("known_at") - pl.col("at") < timedelta(minutes=15))
    assert late.is_empty()


def test_charge_falls_and_channels_tell_of_wear(lived):
    powered = lived.telemetry.filter(pl.col("battery_pct").is_not_null())
    assert powered["battery_pct"].is_between(0, 100).all()
    assert set(CHANNELS) <= set(lived.telemetry.columns)
    hardware = lived.events.filter(component="hardware").select("device_id", failed_at="at")
    before = lived.telemetry.join(hardware, on="device_id").filter(
        (pl.col("failed_at") - pl.col("at")).is_between(timedelta(), timedelta(days=1))
    )
    assert before["vibration_g"].mean() > 1.3 * lived.telemetry["vibration_g"].mean()


def test_the_truth_of_an_hour_and_of_a_day_is_what_happens(lived):
    result = device_truth(WORLD, 0, lived.fleet, lived.states[: 28 * 24], moments=1_500)
    failures = lived.events.filter(kind="failure").select("device_id", failed_at="at").sort("failed_at")
    after = result.sort("as_of").join_asof(
        failures, left_on="as_of", right_on="failed_at", by="device_id", strategy="forward"
    )
    came = (after["failed_at"] - after["as_of"] <= timedelta(days=1)).fill_null(value=False).cast(pl.Float64).to_numpy()
    said = after["true_failure_24h"].to_numpy()
    assert said.sum() == pytest.approx(came.sum(), abs=4 * np.sqrt((said * (1 - said)).sum()) + 1)
    risky = said > 0.2
    assert risky.sum() > 10
    assert came[risky].mean() > 10 * came[~risky].mean()
    for what in ("failure", "down"):
        rising = result.select(f"true_{what}_1h", f"true_{what}_24h", f"true_{what}_7d").to_numpy()
        assert (np.diff(rising, axis=1) >= -1e-9).all()
