"""Costs of thresholds: the obvious loop agrees, waiting is part of it, and an interval holds the truth."""

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml.evaluation.money import Costs, best_threshold, cost_curve, difference, ledger

START = datetime(2026, 1, 5, tzinfo=UTC)
COSTS = Costs(miss=1_000, alert=10, prevented_share=0.5, lead_minutes=60)
SCHEMA = {
    "id": pl.String,
    "as_of": pl.Datetime("us", "UTC"),
    "risk": pl.Float64,
    "is_event": pl.Boolean,
    "lead_minutes": pl.Float64,
}
THRESHOLDS = (0.3, 0.5, 0.7)


def moments(entities):
    """Rows of (risks by hour, hours to the missed deadline or null)."""
    rows = [
        (str(name), START + timedelta(hours=hour), risk, due is not None, None if due is None else (due - hour) * 60.0)
        for name, (risks, due) in enumerate(entities)
        for hour, risk in enumerate(risks)
    ]
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")


def counted(entities, threshold):
    """The same by walking through every entity."""
    total = 0.0
    for risks, due in entities:
        first = next((hour for hour, risk in enumerate(risks) if risk >= threshold), None)
        if first is None:
            continue
        total += COSTS.alert
        if due is not None and (due - first) * 60 >= COSTS.lead_minutes:
            total -= COSTS.miss * COSTS.prevented_share
    return total / len(entities)


RISKS = st.lists(st.integers(0, 100).map(lambda p: p / 100), min_size=1, max_size=6)


@given(st.lists(st.tuples(RISKS, st.none() | st.integers(6, 9)), min_size=1, max_size=8))
def test_the_net_cost_is_what_walking_through_every_entity_finds(entities):
    curve = cost_curve(ledger(moments(entities), COSTS, key="id", thresholds=THRESHOLDS))
    assert curve["net_cost"].to_list() == pytest.approx([counted(entities, t) for t in THRESHOLDS])
    assert curve["alerts"].to_list() == [sum(max(risks) >= t for risks, _ in entities) for t in THRESHOLDS]


def test_an_alert_that_waits_too_long_costs_and_saves_nothing():
    late_but_early_known = [([0.4, 0.4, 0.9], 2.5)]
    curve = cost_curve(ledger(moments(late_but_early_known), COSTS, key="id", thresholds=THRESHOLDS))
    assert curve["net_cost"].to_list() == [-490.0, 10.0, 10.0]


def test_the_cheapest_threshold_is_the_highest_among_equals_and_none_where_alerts_only_cost():
    curve = cost_curve(ledger(moments([([0.6], 9), ([0.1], None)]), COSTS, key="id", thresholds=THRESHOLDS))
    assert best_threshold(curve) == 0.5
    useless = cost_curve(ledger(moments([([0.6], None)] * 3), COSTS, key="id", thresholds=THRESHOLDS))
    assert best_threshold(useless) is None


def test_intervals_hold_the_mean_of_the_world_most_of_the_time():
    luck = np.random.default_rng(5)
    worlds = [[([p], 9 if luck.random() < p else None) for p in luck.uniform(0, 1, 150)] for _ in range(60)]
    curves = [cost_curve(ledger(moments(world), COSTS, key="id", thresholds=(0.5,))) for world in worlds]
    # Flagged from 50 %: half of the entities, three quarters of which are late.
    truth = 0.5 * (10 - 0.75 * 500)
    hits = sum(curve["low"][0] <= truth <= curve["high"][0] for curve in curves)
    assert hits >= 51


def test_a_difference_is_told_on_the_same_entities():
    book = ledger(moments([([0.4], 9)] * 10 + [([0.9], 9)] * 10), COSTS, key="id", thresholds=THRESHOLDS)
    found = difference(book, 0.3, 0.7)
    assert found["difference"] == pytest.approx(-245)
    assert found["low"] <= found["difference"] <= found["high"] < 0


def test_nobody_is_no_curve():
    assert cost_curve(ledger(moments([]), COSTS, key="id")).is_empty()
