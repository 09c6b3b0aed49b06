"""Recorded scores meet their outcomes: every figure as a walk over the tickets tells it, one by one."""

from collections import defaultdict
from datetime import UTC, datetime, timedelta
from statistics import median

import numpy as np
import polars as pl
import pytest
from sklearn.metrics import average_precision_score

from ml.evaluation.prediction_log import AHEAD, LABELLED, UNKNOWN, WITHOUT, calibration, weekly, with_outcomes
from opsguard_assets.tables.values import INSTANT

START = datetime(2026, 3, 2, tzinfo=UTC)  # a Monday
UNTIL = START + timedelta(days=20)
HOUR = timedelta(hours=1)
SCORES = {
    "entity": pl.String,
    "as_of": INSTANT,
    "risk": pl.Float64,
    "model_name": pl.String,
    "model_version": pl.String,
}
LIVES = {
    "entity": pl.String,
    "begins_at": INSTANT,
    "ends_at": INSTANT,
    "settled_at": INSTANT,
    "is_event": pl.Boolean,
    "event_at": INSTANT,
}


def world(seed):
    """Tickets with deadlines, kept, missed, cancelled or open, and what two versions said of them every few hours."""
    luck, scores, lives = np.random.default_rng(seed), [], []
    for number in range(120):
        begins = START + luck.random() * timedelta(days=18)
        due = begins + luck.uniform(2, 90) * HOUR
        fate = str(luck.choice(["late", "kept", "kept", "cancelled"]))
        ends = due if fate == "late" else begins + luck.random() * (due - begins)
        is_event = None if fate == "cancelled" or due > UNTIL else fate == "late"
        lives.append((str(number), begins, min(ends, UNTIL), due, is_event, ends))
        at = begins
        while at < min(ends + 2 * HOUR, UNTIL):
            risk = round(float(min(max(luck.normal(0.75 if fate == "late" else 0.45, 0.2), 0), 1)), 2)
            scores.append((str(number), at, risk, "trees", "1" if at < START + timedelta(days=9) else "2"))
            at += int(luck.choice([1, 3, 5])) * HOUR
    scores.append(("nobody", START + HOUR, 0.5, "trees", "1"))
    luck.shuffle(scores)
    return pl.DataFrame(scores, schema=SCORES, orient="row"), pl.DataFrame(lives, schema=LIVES, orient="row")


def walked(scores, lives, threshold):
    """Each figure of each week and version by a walk over the scores of one ticket after the other."""
    known = {row["entity"]: row for row in lives.iter_rows(named=True)}
    groups = defaultdict(lambda: defaultdict(list))
    for row in sorted(scores.iter_rows(named=True), key=lambda r: r["as_of"]):
        life = known.get(row["entity"])
        if life is None or life["settled_at"] > UNTIL or life["is_event"] is None or row["as_of"] >= life["ends_at"]:
            continue
        monday = life["settled_at"].date() - timedelta(days=life["settled_at"].weekday())
        lead = (life["event_at"] - row["as_of"]) / timedelta(minutes=1)
        groups[monday, row["model_version"]][row["entity"]].append((row["risk"], life["is_event"], lead))
    return {key: figures_of(tickets, threshold) for key, tickets in groups.items()}


def figures_of(tickets, threshold):
    said, brier, alerted, right, late, caught, leads = 0.0, 0.0, 0, 0, 0, 0, []
    for scored in tickets.values():
        said += sum(risk for risk, _, _ in scored) / len(scored)
        brier += sum((risk - is_event) ** 2 for risk, is_event, _ in scored) / len(scored)
        is_event = scored[0][1]
        late += is_event
        first = next(((risk, lead) for risk, _, lead in scored if risk >= threshold), None)
        if first is not None:
            alerted += 1
            right += is_event
            caught += is_event
            leads += [first[1]] if is_event else []
    n = len(tickets)
    return {
        "scores": sum(map(len, tickets.values())),
        "entities": n,
        "late": late,
        "alerted": alerted,
        "base_rate": late / n,
        "said": said / n,
        "brier": brier / n,
        "brier_constant": late / n * (1 - late / n),
        "precision": right / alerted if alerted else None,
        "recall": caught / late if late else None,
        "median_lead_minutes": median(leads) if leads else None,
    }


@pytest.mark.parametrize("seed", range(12))
def test_every_figure_is_what_a_walk_over_the_tickets_tells(seed):
    scores, lives = world(seed)
    found = weekly(with_outcomes(scores, lives, UNTIL), alert_from=0.7)
    expected = walked(scores, lives, 0.7)
    assert {(row["week"], row["model_version"]) for row in found.iter_rows(named=True)} == set(expected)
    for row in found.iter_rows(named=True):
        result = expected[row["week"], row["model_version"]]
        assert {name: row[name] for name in result} == pytest.approx(result, rel=1e-9)


@pytest.mark.parametrize("seed", range(4))
def test_every_score_has_exactly_one_fate_whatever_the_order(seed):
    scores, lives = world(seed)
    judged = with_outcomes(scores, lives, UNTIL)
    fates = dict(judged.group_by("fate").len().iter_rows())
    assert sum(fates.values()) == len(scores)
    assert set(fates) == {LABELLED, AHEAD, WITHOUT, UNKNOWN}
    assert fates[UNKNOWN] == 1
    again = with_outcomes(scores.sample(fraction=1, shuffle=True, seed=1), lives.reverse(), UNTIL)
    assert weekly(again, alert_from=0.7).equals(weekly(judged, alert_from=0.7))


def life(entity, *, late, due, ends=None):
    return (entity, START, ends or due, due, late, due)


def one_version(rows):
    scored = [(entity, START + hours * HOUR, risk, "trees", "1") for entity, hours, risk in rows]
    return pl.DataFrame(scored, schema=SCORES, orient="row")


def test_a_ticket_counts_once_however_often_it_was_scored():
    lives = [life("long", late=True, due=START + 50 * HOUR), life("short", late=False, due=START + 50 * HOUR)]
    scores = one_version([*(("long", hour, 0.9) for hour in range(40)), ("short", 1, 0.1)])
    (week,) = weekly(
        with_outcomes(scores, pl.DataFrame(lives, schema=LIVES, orient="row"), UNTIL), alert_from=0.7
    ).to_dicts()
    assert (week["scores"], week["entities"]) == (41, 2)
    assert (week["base_rate"], week["said"]) == pytest.approx((0.5, 0.5))
    assert week["calibration_error"] == pytest.approx(0.1)
    assert (week["pr_auc"], week["roc_auc"]) == pytest.approx((1.0, 1.0))
    assert (week["precision_at_budget_5"], week["recall_at_budget_5"]) == (1.0, 1.0)


def test_ranking_weighs_every_ticket_alike():
    lives = [life(str(n), late=n % 3 == 0, due=START + 50 * HOUR) for n in range(30)]
    rows = [(str(n), hour, ((n * 7 + hour) % 10) / 10) for n in range(30) for hour in range(1 + n % 5)]
    judged = with_outcomes(one_version(rows), pl.DataFrame(lives, schema=LIVES, orient="row"), UNTIL)
    (week,) = weekly(judged, alert_from=0.7).to_dicts()
    labels, risks = [int(n) % 3 == 0 for n, _, _ in rows], [risk for _, _, risk in rows]
    weights = [1 / (1 + int(n) % 5) for n, _, _ in rows]
    assert week["pr_auc"] == pytest.approx(average_precision_score(labels, risks, sample_weight=weights))


def test_where_an_event_counts_within_a_horizon_the_same_device_meets_another_outcome_at_every_moment():
    failed = START + 30 * HOUR
    lives = pl.DataFrame(
        [("pump", START, failed, None, True, failed), ("valve", START, UNTIL, None, None, UNTIL)],
        schema=LIVES,
        orient="row",
    )
    scores = one_version(
        [("pump", 1, 0.2), ("pump", 20, 0.8), ("pump", 31, 0.9), ("valve", 1, 0.3), ("valve", 470, 0.3)]
    )
    result = with_outcomes(scores, lives, UNTIL, within=timedelta(hours=24)).sort("entity", "as_of")
    assert result["fate"].to_list() == [LABELLED, LABELLED, WITHOUT, LABELLED, AHEAD]
    assert result["is_event"].to_list() == [False, True, None, False, None]
    assert result["lead_minutes"].to_list() == [None, 600.0, None, None, None]


def test_a_perfect_version_lies_on_the_line_and_no_scores_have_no_figures():
    rows = [(str(n), 1, 1.0 if n < 20 else 0.0) for n in range(40)]
    lives = [life(str(n), late=n < 20, due=START + 50 * HOUR) for n in range(40)]
    judged = with_outcomes(one_version(rows), pl.DataFrame(lives, schema=LIVES, orient="row"), UNTIL)
    assert calibration(judged).select("said", "seen").rows() == [(0.0, 0.0), (1.0, 1.0)]
    assert weekly(judged.clear(), alert_from=0.7).is_empty()
    assert calibration(judged.clear()).is_empty()
