"""Health: each part against plain loops, and what must hold whatever devices report."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.devices import health_oracle
from tests.devices.healths import HOUR, MINUTE, NEVER, NOW, device, ever_of, health, heard
from tests.properties import examples


@st.composite
def histories(draw):
    """Hours of some device: gaps, odd figures, parts that are missing."""
    agos = draw(st.lists(st.integers(0, 80), unique=True, max_size=60))
    has = draw(st.tuples(*[st.booleans()] * 3))
    number = st.floats(0, 100, width=32)
    per_hour, noise = draw(st.sampled_from([0.0, 0.1, 0.5])), draw(st.sampled_from([0.0, 0.5, 5.0, 100.0]))
    hours = []
    for ago in agos:
        usual = 40 + per_hour * ago
        first, last = (min(max(usual + noise * (draw(number) / 100 - 0.5), 0), 100) for _ in range(2))
        charge = {"battery_first_pct": first, "battery_last_pct": last, "battery_min_pct": min(first, last)}
        begins, minutes = NOW - (ago + 1) * HOUR, sorted(draw(st.tuples(*[st.integers(0, 59)] * 2)))
        hours.append(
            heard(
                ago,
                first_at=begins + minutes[0] * MINUTE,
                last_at=begins + minutes[1] * MINUTE,
                **(charge if has[0] else dict.fromkeys(charge)),
                signal_mean_dbm=draw(st.floats(-130, -50, width=32)) if has[1] else None,
                signal_std_db=draw(st.floats(0, 12, width=32)) if has[1] else None,
                temperature_out_minutes=draw(st.floats(0, 60, width=32)) if has[2] else None,
                online_minutes=draw(st.sampled_from([0.0, 15.0, 45.0, 60.0, 240.0])),
                expected_minutes=draw(st.sampled_from([0.0, 20.0, 60.0, 60.0])),
            )
        )
    return hours


@st.composite
def readings_before(draw):
    """What was heard last before the window; nothing at all, or some of it."""
    number = st.floats(0, 100, width=32)
    dbm, share = st.floats(-130, -50, width=32), st.floats(0, 1, width=32)
    some = {
        "device_id": "a", "battery_last_pct": draw(st.none() | number), "signal_mean_dbm": draw(st.none() | dbm),
        "signal_std_db": draw(st.none() | st.floats(0, 12, width=32)), "temperature_out_share": draw(st.none() | share),
    }  # fmt: skip
    return draw(st.sampled_from([None, some]))


@settings(max_examples=examples(200, quick=20), deadline=None)
@given(histories(), st.sampled_from([15.0, 60.0, 240.0, 1440.0, None]), st.booleans(), readings_before())
def test_every_part_agrees_with_plain_loops(hours, interval, powered, before):
    of, ever = device(reports_every_minutes=interval, battery_powered=powered), ever_of(hours)
    expected, parts = health_oracle.score(of, hours, ever, NOW, before)
    found = health(hours, of, ever, before)
    assert found["score"] == pytest.approx(expected, abs=1e-6)
    for part in health_oracle.WEIGHTS:
        assert found[f"{part}_score"] == (pytest.approx(parts[part], abs=1e-6) if part in parts else None)


@settings(max_examples=examples(120, quick=15), deadline=None)
@given(histories(), st.data())
def test_one_report_moves_the_score_by_less_than_20_points(hours, data):
    taken = {hour["hour_at"] for hour in hours}
    ago = data.draw(st.integers(0, 71).filter(lambda n: NOW - (n + 1) * HOUR not in taken))
    charge = data.draw(st.sampled_from([0.0, 50.0, 100.0]))
    one = heard(
        ago,
        reports=1,
        battery_last_pct=charge,
        battery_first_pct=charge,
        battery_min_pct=charge,
        signal_mean_dbm=data.draw(st.sampled_from([-120.0, -60.0])),
        temperature_out_minutes=data.draw(st.sampled_from([0.0, 60.0])),
        online_minutes=data.draw(st.sampled_from([0.0, 60.0])),
    )
    before = health(hours)["score"]
    assert abs(health([*hours, one])["score"] - before) < 20


def test_a_device_that_dies_sinks_hour_by_hour_and_never_vanishes():
    scores = []
    for silent in range(0, 200, 4):
        hours = [heard(ago) for ago in range(silent, 72)] if silent < 72 else []
        ever = ever_of([heard(max(silent, 0))])
        found = health(hours, ever=ever)
        scores.append(found["score"])
    assert scores == sorted(scores, reverse=True)
    assert scores[0] > 95
    assert scores[18] < 40
    dead = health([], ever=ever_of([heard(500)]))
    assert dead["band"] == "critical"
    assert dead["reason"].startswith("silent for 20 d")


def test_a_device_that_never_reported_has_its_row():
    row = health([], ever=NEVER)
    assert row["band"] == "critical"
    assert row["reason"].startswith("never heard")


def discharging(per_day, *, charged_at=None):
    hours = []
    charge = 90.0
    for ago in range(71, -1, -1):
        if ago == charged_at:
            charge = 100.0
        hours.append(heard(ago, battery_last_pct=round(charge, 3)))
        charge -= per_day / 24
    return hours


def test_charging_is_not_ageing():
    plain, charged = health(discharging(6)), health(discharging(6, charged_at=30))
    assert charged["battery_score"] >= plain["battery_score"]
    assert charged["days_to_empty"] == pytest.approx(charged["battery_pct"] / 6, rel=0.01)


@pytest.mark.parametrize("per_day", [1, 5, 20])
def test_days_to_empty_follow_the_slope(per_day):
    found = health(discharging(per_day))
    assert found["days_to_empty"] == pytest.approx(found["battery_pct"] / per_day, rel=0.01)


def test_a_charge_that_comes_in_whole_percents_has_a_slope_all_the_same():
    hours = [heard(ago, battery_last_pct=float(int(90 - (71 - ago) / 24 * 5))) for ago in range(72)]
    assert health(hours)["days_to_empty"] == pytest.approx(75 / 5, rel=0.15)


def test_a_device_without_a_battery_is_not_punished_for_reporting_nothing_of_it():
    hours = [heard(ago, battery_last_pct=0.0) for ago in range(72)]
    assert health(hours, device(battery_powered=False))["score"] > 95
    assert health(hours, device(battery_powered=False))["battery_score"] is None
    assert health(hours)["score"] < 85


def test_dbm_is_dbm():
    scores = [
        health([heard(a, signal_mean_dbm=float(dbm)) for a in range(72)])["signal_score"] for dbm in range(-130, -49)
    ]
    assert scores == sorted(scores)
    assert scores[-1] == pytest.approx(100)
    assert scores[0] == pytest.approx(scores[10])


def test_an_unsteady_signal_and_heat_cost_points_and_are_named():
    shaky = health([heard(a, signal_std_db=9.0) for a in range(72)])
    hot = health([heard(a, temperature_out_minutes=60.0) for a in range(72)])
    assert shaky["reason"].startswith("signal at")
    assert hot["reason"].startswith("within its temperatures")
    assert hot["temperature_score"] < 20


def test_the_order_of_hours_does_not_matter():
    hours = [heard(ago, battery_last_pct=float(ago)) for ago in range(72)]
    luck = random.Random(3)  # noqa: S311 - an order, not a secret
    shuffled = luck.sample(hours, len(hours))
    ever = ever_of(hours)
    assert health(shuffled, ever=ever)["score"] == pytest.approx(health(hours, ever=ever)["score"], abs=1e-9)


def test_newer_hours_weigh_more():
    lately = [heard(ago, online_minutes=0.0 if ago < 24 else 60.0) for ago in range(72)]
    earlier = [heard(ago, online_minutes=0.0 if ago >= 48 else 60.0) for ago in range(72)]
    assert health(lately)["uptime_score"] < health(earlier)["uptime_score"]
