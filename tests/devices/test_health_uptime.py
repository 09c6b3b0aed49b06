"""Uptime is what it is wherever in the hour the reports of a device lie, and however often they come."""

import random
from datetime import timedelta

import pytest

from tests.devices.healths import HOUR, MINUTE, NOW, device, ever_of, every_so_often, health, healths, heard_at

INTERVALS = (5.0, 7.0, 10.0, 15.0, 30.0, 40.0, 45.0, 60.0, 65.0, 75.0, 90.0, 240.0, 1440.0)


@pytest.mark.parametrize("seed", range(3))
def test_a_device_that_misses_nothing_is_online_all_the_time_whatever_clock_it_keeps_to(seed):
    """Reports on full hours that are some seconds early or late fall now into the one hour and now into the other."""
    luck = random.Random(seed)  # noqa: S311 - no secret
    phases = [0.0, 0.5, luck.random(), luck.random()]
    clocks = [(phase, jitter) for phase in phases for jitter in (0.0, 0.01, 0.125) for _ in INTERVALS]
    hours, devices, ever = [], [], []
    for place, (phase, jitter) in enumerate(clocks):
        name, every = f"{place:03}", INTERVALS[place % len(INTERVALS)]
        result = heard_at(every_so_often(every, phase, lambda most=jitter: luck.uniform(-most, most)), every)
        hours += [hour | {"device_id": name} for hour in result]
        devices.append(device(device_id=name, reports_every_minutes=every))
        ever.append(ever_of(result) | {"device_id": name})
    found = healths(hours, devices, ever)
    assert found["uptime_score"].to_list() == pytest.approx([100.0] * len(clocks), abs=1e-6)
    assert found["score"].to_list() == pytest.approx([100.0] * len(clocks), abs=1e-6)


@pytest.mark.parametrize("every", [5.0, 10.0, 15.0, 30.0])
@pytest.mark.parametrize("phase", [0.0, 0.001, 0.3, 0.5])
def test_every_second_report_missing_is_half_of_the_time(every, phase):
    hours = heard_at(every_so_often(every, phase)[::2], every)
    found = health(hours, device(reports_every_minutes=every))
    assert found["uptime_score"] == pytest.approx(50, abs=1.5)


@pytest.mark.parametrize("phase", [0.0, 0.02])
def test_twenty_minutes_without_reports_cost_the_same_wherever_in_the_hour_they_lie(phase):
    result = every_so_often(5.0, phase)
    of, scores = device(reports_every_minutes=5.0), []
    for begins in range(0, 60, 5):
        gap = NOW - 20 * HOUR + begins * MINUTE
        kept = [at for at in result if not gap <= at < gap + timedelta(minutes=20)]
        scores.append(health(heard_at(kept, 5.0), of)["uptime_score"])
    assert max(scores) - min(scores) < 0.05
    assert 99 < max(scores) < 99.9


def test_reports_that_say_offline_are_no_time_online():
    result = heard_at(every_so_often(15.0), 15.0, is_online=False)
    assert health(result, device(reports_every_minutes=15.0))["uptime_score"] == pytest.approx(0, abs=1e-6)
