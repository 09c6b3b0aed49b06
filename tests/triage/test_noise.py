"""Which rules are noise: shares with intervals, what hiding would have hidden, and nothing critical among it."""

from dataclasses import replace
from types import SimpleNamespace

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from ml.evaluation.intervals import wilson
from opsguard_assets.triage.learning.noise import Stated, maturity, noise
from opsguard_assets.triage.learning.noise import desks as desks_of
from tests.triage.histories import HOUR, NOW

STATED = Stated(days=10, noisy_below=0.25, alerts_per_day=12, real_per_day=9)


def alerts(*kinds):
    """Alerts of (number, acted on, score, is kept)."""
    rows = [
        {"alert_type": "door", "source": "opsguard", "client_id": "C1", "begins_at": NOW - (n + 1) * HOUR,
         "is_event": acted, "score": score, "is_kept": kept}
        for number, acted, score, kept in kinds
        for n in range(number)
    ]  # fmt: skip
    return pl.DataFrame(rows, schema_overrides={"score": pl.Float64, "begins_at": pl.Datetime("us", "UTC")})


def proposal(*kinds):
    (row,) = noise(alerts(*kinds), STATED).to_dicts()
    return row


@given(st.integers(1, 500), st.data())
def test_intervals_are_those_of_wilson(number, data):
    acted = data.draw(st.integers(0, number))
    row = (
        pl.DataFrame({"part": [acted], "whole": [number]})
        .select(**wilson(pl.col("part"), pl.col("whole")))
        .row(0, named=True)
    )
    expected = binomtest(acted, number).proportion_ci(0.95, method="wilson")
    assert (row["low"], row["high"]) == pytest.approx((expected.low, expected.high), abs=1e-9)


def test_a_rule_that_nobody_ever_needed_is_proposed_to_be_muted():
    row = proposal((40, False, None, False))
    assert (row["mute_hides"], row["mute_hides_needed"], row["threshold"]) == (40, 0, None)
    assert (
        row["proposal"]
        == "0 of 40 alerts needed a person: mute it, which hides 40 alerts and none that needed a person"
    )


def test_where_a_score_tells_them_apart_a_higher_threshold_is_proposed():
    row = proposal((40, False, 0.55, False), (2, True, 0.8, False), (3, False, 0.9, False))
    assert (row["threshold"], row["threshold_hides"]) == (0.8, 40)
    assert "raise its threshold to 80 %, which hides 40 alerts and none that needed a person" in row["proposal"]


def test_a_rule_that_was_needed_now_and_then_is_to_be_repaired():
    assert proposal((60, False, None, False), (2, True, None, False))["proposal"].endswith(
        "repair its cause; a mute would hide 2 alerts that needed a person"
    )


def test_nothing_critical_is_ever_hidden():
    row = proposal((40, False, 0.1, True), (1, True, 0.9, True))
    assert (row["alerts"], row["mute_hides"], row["threshold_hides"]) == (41, 0, None)
    assert row["proposal"].endswith("keep it, all of them are critical or protect lives")
    mixed = proposal((40, False, 0.1, False), (5, False, 0.1, True), (1, True, 0.9, False))
    assert (mixed["mute_hides"], mixed["threshold_hides"]) == (41, 40)


def test_too_few_alerts_are_no_noise():
    assert proposal((3, False, None, False))["proposal"] == "0 of 3 alerts needed a person: keep it"


def of_desks(*desks, stated=STATED):
    """What each (team, real, noise) is told: the rows by team."""
    rows = [
        alerts((real, True, None, False), (false, False, None, False)).with_columns(team=pl.lit(team))
        for team, real, false in desks
    ]
    empty = alerts((1, True, 0.1, True)).with_columns(team=pl.lit("noc")).clear()
    found = desks_of(pl.concat([empty, *rows]), stated, NOW).rows_by_key("team", named=True, unique=True)
    return dict(found)


@pytest.mark.parametrize(
    ("real", "noise_", "holds"), [(90, 30, True), (84, 36, True), (40, 80, False), (180, 60, False)]
)
def test_a_desk_is_compared_with_what_was_stated(real, noise_, holds):
    (row,) = of_desks(("noc", real, noise_)).values()
    assert row["stated_share"] == 0.75
    assert row["holds"] is holds


def test_each_desk_is_judged_alone():
    found = of_desks(("noc", 90, 20), ("security", 5, 60))
    assert {team: row["holds"] for team, row in found.items()} == {"noc": True, "security": False}


def test_a_desk_may_have_figures_of_its_own_and_is_told_without_alerts_too():
    found = of_desks(("security", 5, 60), stated=replace(STATED, of_teams={"security": (8, 0.6), "noc": (2, 1)}))
    assert (found["security"]["stated_share"], found["security"]["holds"]) == (0.075, True)
    assert (found["noc"]["alerts_per_day"], found["noc"]["share"], found["noc"]["holds"]) == (0, None, True)


def test_an_outcome_that_counts_too_early_is_seen():
    begins = pl.DataFrame(
        {"begins_at": [NOW - 20 * HOUR, NOW - 3 * HOUR, NOW - HOUR], "is_event": [True, None, True]},
        schema_overrides={"begins_at": pl.Datetime("us", "UTC")},
    )
    dataset = SimpleNamespace(until=NOW, matures=4 * HOUR, episodes=begins)
    assert maturity(dataset, NOW - 24 * HOUR) == {"alerts": 3, "mature": 1, "labelled": 2, "early": 1}
