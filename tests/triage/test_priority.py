"""The priority of an alert rises with what leaving it for an hour costs, and never hides what protects lives."""

import math
from datetime import timedelta

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from opsguard_assets.triage.priority.priority import INPUTS, LEAST_URGENCY, UNKNOWN_URGENCY, priorities
from tests.properties import examples
from tests.triage.given import NOON

SEVERITY = ("low", "medium", "high", "critical")
PROBABILITY = st.floats(0, 1, allow_subnormal=False)
COST = st.floats(0, 1e9, allow_subnormal=False)
HOURS = st.one_of(st.none(), st.floats(-1e4, 1e4, allow_subnormal=False))
ALERT = st.tuples(PROBABILITY, COST, st.sampled_from(SEVERITY), HOURS, st.booleans())


def scored(*alerts, **more):
    rows = [
        (probability, cost, severity, None if hours is None else NOON + timedelta(hours=hours), lives)
        for probability, cost, severity, hours, lives in alerts
    ]
    return priorities(pl.DataFrame(rows, schema=INPUTS, orient="row").with_columns(**more), NOON)


def priority(*alert):
    return scored(alert)["priority"].item()


def alert(probability=0.5, cost=200.0, severity="high", hours=0.5, *, lives=False):
    return probability, cost, severity, hours, lives


@pytest.mark.parametrize(
    ("harm", "expected"), [(0, 0), (0.01, 0), (1, 40), (10, 60), (100, 80), (1000, 100), (1e6, 100)]
)
def test_the_scale_is_money_per_hour(harm, expected):
    assert priority(*alert(probability=1.0, cost=float(harm))) == expected


@settings(max_examples=examples(400))
@given(ALERT, st.data())
def test_a_priority_rises_with_each_of_its_parts(first, data):
    probability, cost, severity, hours, lives = first
    worse = {
        "probability": (data.draw(st.floats(probability, 1)), cost, severity, hours, lives),
        "cost": (probability, data.draw(st.floats(cost, 1e10)), severity, hours, lives),
        "severity": (probability, cost, data.draw(st.sampled_from(SEVERITY[SEVERITY.index(severity) :])), hours, lives),
        "life safety": (probability, cost, severity, hours, True),
    }
    if hours is not None and hours > 0:
        nearer = data.draw(st.floats(1e-3, max(hours, 1e-3)))
        worse["urgency"] = (probability, cost, severity, nearer, lives)
    for name, second in worse.items():
        low, high = scored(first, second)["priority"]
        assert low <= high, name


@settings(max_examples=examples(400))
@given(ALERT)
def test_a_priority_lies_between_0_and_100_and_life_safety_from_90_on(one):
    row = scored(one).row(0, named=True)
    assert 0 <= row["priority"] <= 100
    assert row["hourly_harm"] >= 0
    assert math.isfinite(row["hourly_harm"])
    if one[4]:
        assert row["priority"] >= 90
        assert row["action_probability"] >= 0.9
        assert row["reasons"][0] == "protects lives: at least 90"
    assert len(set(row["reasons"])) == len(row["reasons"]) >= 4


@settings(max_examples=examples(100))
@given(ALERT, st.sampled_from(["bronze", "silver", "gold", None]), st.integers(0, 23), st.integers(-5000, 5000))
def test_a_priority_depends_neither_on_the_plan_nor_on_the_time_of_day(one, plan, hour, shift):
    plain = scored(one)["priority"].item()
    assert scored(one, plan=pl.lit(plan), hour=pl.lit(hour))["priority"].item() == plain
    probability, cost, severity, hours, lives = one
    at = NOON + timedelta(hours=shift)
    due = None if hours is None else at + timedelta(hours=hours)
    later = pl.DataFrame([(probability, cost, severity, due, lives)], schema=INPUTS, orient="row")
    assert priorities(later, at)["priority"].item() == plain


def test_an_hour_of_waiting_loses_all_that_is_left_of_the_last_hour():
    assert priority(*alert(hours=0.1)) == priority(*alert(hours=1.0)) == 80
    assert priority(*alert(hours=10.0)) == 60
    assert priority(*alert(hours=1e6)) == round(80 + 20 * math.log10(LEAST_URGENCY))


def test_what_has_no_deadline_or_missed_it_waits_behind_what_can_still_be_saved():
    missed, timeless, ahead = (priority(*alert(hours=hours)) for hours in (-1.0, None, 4.0))
    assert missed == timeless == round(80 + 20 * math.log10(UNKNOWN_URGENCY))
    assert ahead > timeless


def test_reasons_say_the_values_and_begin_with_the_weightiest():
    row = scored(alert(probability=0.87, cost=12_345.6, hours=3.0)).row(0, named=True)
    assert row["reasons"] == [
        "costs 12,346 if nobody acts",
        "severity is high",
        "87 % likely to need a person",
        "due 2026-03-02 15:00 UTC",
    ]


def test_one_odd_row_of_no_cost_and_no_probability_is_the_least():
    assert scored(alert(probability=0.0), alert(cost=0.0))["priority"].to_list() == [0, 0]


def test_a_week_is_the_furthest_deadline():
    assert priority(*alert(hours=200.0)) == priority(*alert(hours=2000.0))
