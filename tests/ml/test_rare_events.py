"""Entities that outlive any boundary in time, and events that are rare: splits, thinning, budgets, fates."""

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from ml.dataset.examples import OTHERS_PER_EVENT, Examples
from ml.dataset.split import TooLittleDataError, by_moment, is_unseen
from ml.dataset.task import Task
from ml.evaluation.evaluate import evaluate
from ml.evaluation.money import Costs
from ml.evaluation.replay import CAUGHT, FALSE_ALARM, MISSED, OPEN, Period, fates, figures
from ml.training.candidates.every import candidates
from tests.long import chosen

START = datetime(2026, 1, 1, tzinfo=UTC)
INSTANT = pl.Datetime("us", "UTC")
WITHIN = timedelta(hours=48)
TASK = Task("wear", "id", ("wear", "left"), horizon="left", split="moments", judged_within=2_880.0, event_is_end=True)


def rows(count=20_000, *, rate=0.01, seed=1):
    """Moments whose event comes the sooner the more something is worn: exponential, so the truth is known."""
    luck = np.random.default_rng(seed)
    wear = luck.normal(size=count)
    hazard = rate / 48 * np.exp(1.2 * wear - 0.72)
    until = luck.exponential(1 / hazard)
    left = luck.choice([24.0, 48.0], count)
    as_of = [START + timedelta(minutes=n) for n in range(count)]
    frame = pl.DataFrame({"id": [f"u{n % 400}" for n in range(count)], "as_of": as_of, "wear": wear, "left": left * 60})
    return frame.with_columns(
        pl.col("as_of").cast(INSTANT),
        begins_at=pl.lit(START, INSTANT),
        is_event=pl.Series(until <= left),
        truth=pl.Series(1 - np.exp(-hazard * left)),
        lead_minutes=pl.Series(until * 60),
        watched_minutes=pl.Series(np.minimum(until, 200) * 60),
        is_ended=pl.Series(until <= 200),
        watchable_minutes=pl.Series(np.where(until <= 200, np.inf, 200 * 60)),
    ).with_columns(settled_at=pl.col("as_of") + pl.duration(minutes="left"))


def test_nothing_is_learned_from_that_was_settled_after_the_boundary_and_a_fifth_of_the_units_is_never_seen():
    parts = by_moment(rows(rate=0.2), unit="id", test_share=0.2)
    assert parts.fit["settled_at"].max() <= parts.test["as_of"].min()
    unseen = parts.test.filter(is_unseen("id"))
    assert 0.1 < len(unseen) / len(parts.test) < 0.3
    assert parts.fit.filter(is_unseen("id")).is_empty()


def test_too_few_events_are_refused_with_what_is_needed():
    with pytest.raises(TooLittleDataError, match="rows to fit on"):
        by_moment(rows(count=500, rate=0.001), unit="id", test_share=0.2)


def test_all_events_are_kept_and_the_others_stand_for_those_that_are_not():
    drawn = rows(200_000)
    thin = Examples.of(drawn, TASK).thinned(1)
    events = int(drawn["is_event"].sum())
    assert thin.rows["is_event"].sum() == events
    assert len(thin.rows) == events * (OTHERS_PER_EVENT + 1)
    assert thin.weights().sum() == pytest.approx(len(drawn))
    again = thin.some(events * 5, 1)
    assert len(again.rows) == events * 5
    assert again.weights().sum() == pytest.approx(len(drawn))


def test_common_events_are_left_as_they_are():
    drawn = rows(5_000, rate=0.5)
    thin = Examples.of(drawn, TASK).thinned(1)
    assert len(thin.rows) == len(drawn)
    assert set(thin.weights()) == {1.0}


# The survival model is the one of rare events; the others repeat it.
BY_NAME = {each.name: each for each in candidates()}
RARE_FIRST = sorted(BY_NAME, key=lambda name: name != "hazard")


@pytest.mark.parametrize("name", chosen(RARE_FIRST))
def test_a_thinned_model_says_probabilities_that_are_near_the_truth_and_rise_with_the_time_asked_for(name):
    candidate = BY_NAME[name]
    examples = Examples.of(rows(60_000, rate=0.03), TASK)
    fitted = candidate.fit(examples, candidate.parameters, 1).scorer
    judged = rows(5_000, rate=0.03, seed=2)
    fresh = Examples(judged, examples.features, TASK.horizon)
    said = fitted.scores(fresh.numbers())
    assert np.abs(said - judged["truth"].to_numpy()).mean() < 0.01
    assert said.mean() == pytest.approx(judged["truth"].mean(), rel=0.2)
    places = {name: place for place, name in enumerate(examples.features)}
    short, long = fresh.numbers().copy(), fresh.numbers().copy()
    short[:, places["left"]], long[:, places["left"]] = 24 * 60, 48 * 60
    assert (fitted.scores(long) >= fitted.scores(short) - 1e-12).all()


@pytest.mark.parametrize("name", chosen(RARE_FIRST))
def test_a_feature_that_is_the_same_on_all_rows_of_a_sample_stops_nobody(name):
    candidate = BY_NAME[name]
    result = rows(20_000, rate=0.1).with_columns(same=pl.lit(3.0), never=pl.lit(None, pl.Float64))
    examples = Examples(result, ("wear", "left", "same", "never"), "left", None, event_is_end=True)
    said = candidate.fit(examples, candidate.parameters, 1).scorer.scores(examples.numbers()[:50])
    assert np.isfinite(said).all()


def test_precision_where_half_of_the_events_are_caught_and_of_so_many_visits_a_day():
    result = pl.DataFrame(
        {
            "id": list("abcdef"),
            "as_of": [START + timedelta(days=n // 3) for n in range(6)],
            "risk": [0.9, 0.8, 0.1, 0.7, 0.6, 0.2],
            "is_event": [False, True, False, True, False, True],
            "lead_minutes": [None, 60.0, None, 60.0, None, 60.0],
        }
    )
    found = evaluate(result, key="id", visits_per_day=1)
    assert found["precision_at_half"] == pytest.approx(2 / 3)
    assert found["precision_at_visits"] == 0.5
    assert found["recall_at_visits"] == pytest.approx(1 / 3)
    assert evaluate(result, key="id", visits_per_day=2)["recall_at_visits"] == pytest.approx(2 / 3)


def test_a_device_that_is_looked_at_every_hour_takes_one_visit_of_the_day():
    hourly = {"id": ["worst"] * 12, "hour": list(range(12)), "risk": [0.9 + n / 1_000 for n in range(12)]}
    once = {"id": [f"d{n:02d}" for n in range(12)], "hour": [3] * 12, "risk": [0.8 - n / 100 for n in range(12)]}
    result = pl.concat([pl.DataFrame(hourly), pl.DataFrame(once)]).select(
        "id", "risk", as_of=pl.lit(START, INSTANT) + pl.duration(hours="hour"), is_event=pl.col("id") == "d08",
        lead_minutes=pl.when(pl.col("id") == "d08").then(60.0),
    )  # fmt: skip
    found = evaluate(result, key="id", visits_per_day=10)
    assert (found["precision_at_visits"], found["recall_at_visits"]) == (0.1, 1.0)
    assert evaluate(result, key="id", visits_per_day=9)["recall_at_visits"] == 0.0


def test_an_alert_is_caught_only_by_what_comes_within_the_time_that_it_speaks_of():
    def life(name, ends, late):
        return {"id": name, "begins_at": START, "ends_at": START + timedelta(hours=ends), "is_event": late}

    lives = pl.DataFrame(
        [life("soon", 30, True), life("far", 400, True), life("watched", 400, None), life("fresh", 20, None)],
        schema={"id": pl.String, "begins_at": INSTANT, "ends_at": INSTANT, "is_event": pl.Boolean},
    )
    missed = pl.DataFrame([life("unseen", 50, True)], schema=lives.schema)
    found = lives.select("id", threshold=pl.lit(0.5), raised_at=pl.lit(START + timedelta(hours=10), INSTANT))
    period = Period(START, START + timedelta(hours=100))
    judged = fates(
        found, pl.concat([lives, missed]), period, key="id", thresholds=[0.5], within=WITHIN.total_seconds() / 60
    )
    assert dict(judged.select("id", "fate").iter_rows()) == {
        "soon": CAUGHT, "far": FALSE_ALARM, "watched": FALSE_ALARM, "fresh": OPEN, "unseen": MISSED,
    }  # fmt: skip
    assert judged.filter(id="soon")["lead_minutes"].item() == 20 * 60


def test_alerts_whose_time_still_runs_are_no_evidence_of_precision_however_early_the_failure_came():
    def life(name, ends, late):
        return {"id": name, "begins_at": START, "ends_at": START + timedelta(hours=ends), "is_event": late}

    lives = pl.DataFrame(
        [life("old", 30, True), life("lasts", 100, None), life("quick", 95, True), life("lives on", 100, None)],
        schema={"id": pl.String, "begins_at": INSTANT, "ends_at": INSTANT, "is_event": pl.Boolean},
    )
    raised = [START + timedelta(hours=hours) for hours in (10, 10, 90, 90)]
    found = lives.select("id", threshold=pl.lit(0.5), raised_at=pl.Series(raised, dtype=INSTANT))
    period = Period(START, START + timedelta(hours=100))
    judged = fates(found, lives, period, key="id", thresholds=[0.5], within=WITHIN.total_seconds() / 60)
    assert dict(judged.select("id", "is_settled").iter_rows()) == {
        "old": True, "lasts": True, "quick": False, "lives on": False,
    }  # fmt: skip
    (row,) = figures(judged, period, Costs(miss=1_000.0, alert=10.0, prevented_share=0.5, lead_minutes=60.0))
    assert (row["caught"], row["false_alarms"], row["not_known_yet"]) == (2, 1, 1)
    assert (row["precision"], row["recall"]) == (0.5, 1.0)
