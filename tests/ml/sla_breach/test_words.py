"""Reasons in words: what raised the probability, the time left, and nothing that is not so."""

import time

import numpy as np
import polars as pl
import pytest

from ml.models.calibration import IDENTITY
from ml.models.explain import reasons
from ml.models.learned import Booster, LearnedModel
from ml.problems.sla_breach.features import FEATURES
from ml.problems.sla_breach.words import topics

TICKET = {
    "remaining_minutes": 130.0,
    "age_minutes": 220.0,
    "minutes_since_change": 100.0,
    "has_assignee": 0.0,
    "open_of_group": 14.0,
    "queue_days_of_group": 3.2,
    "reassignments": 2.0,
    "group_changes": 1.0,
    "late_rate_of_category": 0.42,
    "priority_rank": 1.0,
    "weekday": 5.0,
    "local_hour": 17.5,
}


class Adds:
    """A scorer whose features add what they are told to."""

    def __init__(self, **added):
        self.added = added

    def scores(self, rows):
        return np.full(len(rows), 0.9)

    def contributions(self, rows):
        return np.tile([self.added.get(name, 0.0) for name in FEATURES], (len(rows), 1))


def tickets(*rows):
    return pl.DataFrame([dict.fromkeys(FEATURES) | row for row in rows], schema=dict.fromkeys(FEATURES, pl.Float64))


def said(added, *rows):
    return reasons(LearnedModel("x", "1", FEATURES, Adds(**added), IDENTITY), tickets(*rows)).to_list()


def test_the_two_topics_that_raised_it_most_are_said_around_the_time_left():
    found = said({"has_assignee": 0.5, "minutes_since_change": 0.4, "open_of_group": 0.6, "weekday": 0.1}, TICKET)
    assert found == [
        "unassigned, opened 3 h 40 min ago; 2 h 10 min of working time left; the group has 14 open tickets"
    ]


def test_features_of_one_topic_count_together():
    found = said({"open_of_group": 0.3, "queue_days_of_group": 0.3, "weekday": 0.5}, TICKET)
    assert found == ["the group has 14 open tickets; 2 h 10 min of working time left; a Friday"]


def test_what_lowered_it_is_no_reason():
    found = said({"has_assignee": -0.5, "reassignments": 0.2}, TICKET)
    assert found == ["reassigned twice; 2 h 10 min of working time left"]


LATE = {"late_rate": 0.2, "late_rate_of_category": 0.39, "outcomes_of_category": 90.0,
        "late_rate_of_title": 0.89, "outcomes_of_title": 57.0}  # fmt: skip


def test_a_topic_is_told_by_the_feature_that_drove_it_and_not_by_its_neighbour():
    by_title = said({"late_rate_of_title": 0.9, "late_rate_of_category": 0.1}, TICKET | LATE)
    by_category = said({"late_rate_of_title": 0.1, "late_rate_of_category": 0.9}, TICKET | LATE)
    assert ["title" in by_title[0], "category" in by_title[0]] == [True, False]
    assert ["title" in by_category[0], "category" in by_category[0]] == [False, True]


def test_who_raised_nothing_does_not_speak_for_its_topic():
    found = said(
        {"late_rate_of_title": -0.2, "minutes_of_category": 0.5}, TICKET | LATE | {"minutes_of_category": 90.0}
    )
    assert found == ["a ticket in this category usually takes 1 h 30 min to its end; 2 h 10 min of working time left"]


def test_nothing_is_said_of_an_assignee_that_does_not_exist():
    nobody = TICKET | LATE | {"late_rate_of_assignee": 0.26, "outcomes_of_assignee": 0.0, "open_of_assignee": None}
    everything = dict.fromkeys(("late_rate_of_assignee", "outcomes_of_assignee", "open_of_assignee"), 0.9)
    assert said(everything, nobody) == ["2 h 10 min of working time left"]


def test_nothing_is_said_that_is_not_so():
    plain = TICKET | {"reassignments": 0.0, "group_changes": 0.0, "has_assignee": 1.0, "minutes_since_change": 4.0}
    assert said({"reassignments": 0.9, "has_assignee": 0.8}, plain) == ["2 h 10 min of working time left"]


def test_unknown_facts_leave_no_reason_empty():
    assert said(dict.fromkeys(FEATURES, 1.0), {}) == ["no deadline is known"]
    assert said({"sentiment": 1.0}, TICKET | {"remaining_minutes": -5.0}) == ["0 min of working time left"]
    assert said({}, *[TICKET] * 3) == ["2 h 10 min of working time left"] * 3
    assert said({}) == []


@pytest.mark.parametrize("missing", ["has_assignee", "remaining_minutes", "open_of_group"])
def test_columns_that_are_absent_count_as_unknown(missing):
    rows = tickets(TICKET).drop(missing)
    known = tuple(name for name in FEATURES if name in rows.columns)
    model = LearnedModel("x", "1", known, Booster(None), IDENTITY)
    object.__setattr__(model, "scorer", type("S", (), {"contributions": lambda _self, r: np.ones(r.shape)})())
    assert reasons(model, rows).null_count() == 0


def test_every_feature_but_the_clock_has_a_topic():
    result = {name for members in topics(tickets(TICKET)).members.values() for name in members}
    clock = {
        "remaining_minutes", "elapsed_minutes", "age_minutes", "fraction_used", "window_minutes", "due_in_minutes",
        "slack_minutes", "closing_minutes",
    }  # fmt: skip
    assert set(FEATURES) - result == clock
    assert result <= set(FEATURES)


def test_ten_thousand_rows_cost_well_under_a_second_beside_the_contributions():
    rows = pl.concat([tickets(TICKET)] * 10_000)
    model = LearnedModel("x", "1", FEATURES, Adds(has_assignee=0.5, open_of_group=0.6), IDENTITY)
    begun = time.perf_counter()
    assert reasons(model, rows).n_unique() == 1
    assert time.perf_counter() - begun < 1.0
