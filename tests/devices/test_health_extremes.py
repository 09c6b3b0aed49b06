"""Health where its definition leaves no choice: the best, the worst, the noisy, the sparse, the silent, the unasked."""

import random
from datetime import timedelta
from itertools import product

import pytest

from tests.devices.healths import HOUR, NOW, device, ever_of, every_so_often, health, heard, heard_at

WORST = {
    "battery_last_pct": 0.0,
    "signal_mean_dbm": -120.0,
    "signal_std_db": 0.0,
    "temperature_out_minutes": 60.0,
}
LACKS = (
    {"battery_pct": None},
    {"signal_dbm": None},
    {"temperature_c": None},
)
ON_CHANGE = device(reports_every_minutes=None)


def charges(pairs, every=1):
    """Hours with these charges, the oldest first, the last so many hours ago as one interval."""
    return [
        heard(every * (len(pairs) - 1 - place), battery_last_pct=charge, battery_first_pct=charge)
        for place, charge in enumerate(pairs)
    ]


@pytest.mark.parametrize("lacking", [*product(*[[{}, lack] for lack in LACKS])])
@pytest.mark.parametrize("interval", [15.0, 30.0, 60.0, 240.0, None])
def test_a_perfect_fleet_has_100_points_and_not_a_hair_more(lacking, interval):
    lacks = {name: value for lack in lacking for name, value in lack.items()}
    hours = heard_at(every_so_often(interval or 15.0), interval, **lacks)
    found = health(hours, device(reports_every_minutes=interval))
    for name in ("score", "battery_score", "signal_score", "uptime_score", "temperature_score"):
        assert found[name] is None or 100 - 1e-9 < found[name] <= 100
    assert found["reason"] == "well"


@pytest.mark.parametrize("interval", [15.0, 240.0, None])
def test_a_device_that_reports_the_worst_of_everything_has_no_points(interval):
    of = device(reports_every_minutes=interval)
    found = health([heard(ago, online_minutes=0.0, **WORST) for ago in range(72)], of)
    assert found["band"] == "critical"
    assert 0 <= found["score"] < 1e-6


def test_only_being_online_remains_of_a_device_that_reports_the_worst_of_everything_else():
    found = health([heard(ago, **WORST) for ago in range(72)])
    assert found["score"] == pytest.approx(20)
    assert found["battery_score"] == pytest.approx(0, abs=1e-9)
    assert found["signal_score"] == pytest.approx(0, abs=1e-9)


def test_steadiness_gives_nothing_that_strength_denies():
    steady, shaky = (
        health([heard(a, signal_mean_dbm=-105.0, signal_std_db=d) for a in range(72)]) for d in (0.0, 10.0)
    )
    assert steady["signal_score"] == pytest.approx(25)
    assert shaky["signal_score"] == pytest.approx(0.7 * 25)


def test_the_benefit_of_the_doubt_is_gone_when_the_whole_window_is_known():
    scores = [health([heard(a, **WORST) for a in range(known)])["signal_score"] for known in (1, 6, 24, 72)]
    first = device(installed_at=NOW - HOUR)
    assert health([heard(0, **WORST)], first, ever_of([heard(0)], first=NOW - HOUR))["signal_score"] > 80
    assert scores[-1] == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize("deviation", [0.2, 0.5, 1.0, 2.0])
def test_noise_does_not_hide_how_fast_charge_is_lost(deviation):
    luck = random.Random(5)  # noqa: S311 - noise, not a secret
    found = health(charges([60 - 9 / 24 * place + luck.gauss(0, deviation) for place in range(72)]))
    clean = health(charges([60 - 9 / 24 * place for place in range(72)]))
    assert found["days_to_empty"] == pytest.approx(found["battery_pct"] / 9, rel=0.25)
    assert found["battery_score"] == pytest.approx(clean["battery_score"], abs=5)


@pytest.mark.parametrize(("interval", "reports"), [(360.0, 12), (720.0, 12), (1440.0, 12), (1440.0, 18)])
def test_a_device_that_reports_seldom_has_a_slope_all_the_same(interval, reports):
    hours = charges([95 - 5 / 24 * (interval / 60) * place for place in range(reports)], every=int(interval / 60))
    found = health(hours, device(reports_every_minutes=interval))
    assert found["days_to_empty"] == pytest.approx(found["battery_pct"] / 5, rel=0.01)


@pytest.mark.parametrize("deviation", [0.0, 0.3])
def test_a_battery_that_is_charged_every_day_ages_by_what_it_loses_between(deviation):
    luck = random.Random(7)  # noqa: S311 - noise, not a secret
    day = [*(100 - 1.5 * hour for hour in range(20)), *(72 + 7 * hour for hour in range(1, 5))]
    found = health(charges([charge + luck.gauss(0, deviation) for charge in day * 3]))
    assert found["days_to_empty"] == pytest.approx(found["battery_pct"] / 36, rel=0.15)


def test_a_battery_that_is_charged_slowly_loses_nothing():
    found = health(charges([20 + place for place in range(72)]))
    assert found["days_to_empty"] is None


def test_noise_around_a_steady_charge_is_no_loss_worth_a_point():
    luck = random.Random(9)  # noqa: S311 - noise, not a secret
    found = health(charges([80 + luck.gauss(0, 0.5) for _ in range(72)]))
    assert found["battery_score"] == pytest.approx(90, abs=2)


def before(**given):
    usual = {
        "device_id": "a", "battery_last_pct": 90.0, "signal_mean_dbm": -60.0, "signal_std_db": 0.0,
        "temperature_out_share": 0.0,
    }  # fmt: skip
    return usual | given


def test_the_last_reading_of_a_device_that_reports_on_change_holds_however_long_ago_it_was():
    dead = before(battery_last_pct=2.0, signal_mean_dbm=-115.0, temperature_out_share=1.0)
    found = health([], ON_CHANGE, ever_of([heard(120, battery_last_pct=2.0)]), dead)
    assert found["band"] == "critical"
    assert found["score"] < 10
    assert found["reason"] == "battery 2 %"
    assert health([], ON_CHANGE, ever_of([heard(120)]), before())["band"] == "good"


def test_a_reading_on_change_holds_until_the_next_one():
    cold = [heard(48, temperature_out_minutes=60.0), heard(24)]
    found = health(cold, ON_CHANGE, before=before())
    always = health([heard(a, temperature_out_minutes=60.0 * (24 < a <= 48)) for a in range(72)], ON_CHANGE)
    assert found["temperature_score"] == pytest.approx(always["temperature_score"])


def test_one_new_report_of_a_device_that_reports_on_change_moves_its_score_by_less_than_20_points():
    held = before(battery_last_pct=50.0, signal_mean_dbm=-90.0)
    was = health([], ON_CHANGE, ever_of([heard(240, battery_last_pct=50.0)]), held)["score"]
    for worst in ({"battery_last_pct": 0.0, "signal_mean_dbm": -120.0}, {"battery_last_pct": 100.0}):
        assert abs(health([heard(0, **worst)], ON_CHANGE, before=held)["score"] - was) < 20


@pytest.mark.parametrize("interval", [15.0, 240.0, 1440.0])
def test_a_device_that_reports_seldom_sinks_as_those_that_report_often_when_it_dies(interval):
    of, dead = device(reports_every_minutes=interval), NOW - timedelta(days=90)
    found = health([], of, ever_of([heard(24 * 60)], first=dead))
    assert found["score"] < 1e-6


def test_the_reason_tells_missed_reports_from_what_was_measured():
    silent = health([heard(ago, battery_last_pct=95.0) for ago in range(9, 72)])
    assert silent["reason"] == "silent for 9 h 10 min; not heard for 9 of 72 h"
    gap = health([heard(ago, battery_last_pct=100.0) for ago in range(72) if not 12 <= ago < 21])
    assert gap["reason"] == "not heard for 9 of 72 h"
    assert health([heard(ago, battery_last_pct=30.0) for ago in range(72) if ago != 5])["reason"] == "battery 30 %"
    offline = health([heard(ago, online_minutes=15.0, battery_last_pct=100.0) for ago in range(72) if ago != 40])
    assert offline["reason"].startswith("online 2")
