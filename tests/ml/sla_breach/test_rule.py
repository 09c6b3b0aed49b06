"""The rule baseline, line by line, and the words that explain it."""

import polars as pl
import pytest

from ml.problems.sla_breach.rule import RuleBaseline
from ml.problems.sla_breach.rule_inputs import RULE_INPUTS, rule_inputs
from ml.words import durations
from tests.tickets.frames import utc

AS_OF = utc(2026, 6, 5, 12)
RULE = RuleBaseline()


def row(**changes):
    return {
        "ticket_id": "t",
        "as_of": AS_OF,
        "remaining_minutes": 300.0,
        "elapsed_minutes": 100.0,
        "age_minutes": 100.0,
        "fraction_used": 0.25,
        "priority": "high",
        "has_assignee": True,
        "assignee_open_tickets": 1,
        **changes,
    }


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"remaining_minutes": 99.9}, 0.90),
        ({"remaining_minutes": 100.0}, 0.75),
        ({"remaining_minutes": 99.9, "has_assignee": False}, 0.90),
        ({"has_assignee": False}, 0.70),
        ({"has_assignee": False, "priority": "critical"}, 0.70),
        ({"has_assignee": False, "priority": "medium"}, 0.30),
        ({"has_assignee": False, "remaining_minutes": 110.0}, 0.70),
        ({"assignee_open_tickets": 6}, 0.60),
        ({"assignee_open_tickets": 5}, 0.30),
        ({"assignee_open_tickets": 6, "remaining_minutes": 119.0}, 0.60),
        ({"remaining_minutes": 119.9}, 0.75),
        ({"remaining_minutes": 120.0}, 0.30),
        ({"age_minutes": 9_999.0}, 0.30),
        ({"remaining_minutes": 0.0, "elapsed_minutes": 0.0}, 0.75),
        ({"remaining_minutes": -0.1}, None),
        ({"remaining_minutes": None}, None),
    ],
)
def test_the_first_line_that_matches_wins(changes, expected):
    assert RULE.predict(pl.DataFrame([row(**changes)])).to_list() == [expected]


def test_overload_never_lowers_the_risk_of_a_ticket_that_is_behind():
    light, heavy = (pl.DataFrame([row(remaining_minutes=50.0, assignee_open_tickets=n)]) for n in (1, 50))
    assert RULE.predict(light).item() <= RULE.predict(heavy).item()


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        (
            {"remaining_minutes": 130.9, "elapsed_minutes": 220.0, "has_assignee": False},
            "2 h 10 min of working time left, 3 h 40 min used, unassigned",
        ),
        ({}, "5 h 0 min of working time left, 1 h 40 min used, assigned"),
        (
            {"assignee_open_tickets": 9, "remaining_minutes": -35.0},
            "35 min of working time past the deadline, 1 h 40 min used, assignee has many open tickets: 9",
        ),
        ({"remaining_minutes": None}, "no deadline, 1 h 40 min used, assigned"),
    ],
)
def test_the_reason_says_what_the_rule_looked_at(changes, expected):
    schema = {"remaining_minutes": pl.Float64}
    assert RULE.reasons(pl.DataFrame([row(**changes)], schema_overrides=schema)).to_list() == [expected]


def test_no_rows_give_no_probabilities_and_no_reasons():
    none = pl.DataFrame([row()]).clear()
    assert RULE.predict(none).to_list() == RULE.reasons(none).to_list() == []


def test_durations_in_words():
    minutes = pl.Series(
        [0.0, 0.9, 59, 60, 130, 1439, 1440, 1500, 143_999, 144_000, 593_280, 9e12, None], dtype=pl.Float64, strict=False
    )
    assert durations(minutes).to_list() == [
        "0 min",
        "0 min",
        "59 min",
        "1 h 0 min",
        "2 h 10 min",
        "23 h 59 min",
        "1 d 0 h",
        "1 d 1 h",
        "99 d 23 h",
        "more than 100 d",
        "more than 100 d",
        "more than 100 d",
        None,
    ]


def readings(*names):
    return pl.DataFrame(
        {
            "ticket_id": names,
            "priority": ["low"] * len(names),
            **{c: [1.0] * len(names) for c in ("remaining_minutes", "elapsed_minutes", "age_minutes", "fraction_used")},
        }
    )


@pytest.mark.parametrize("order", [["a", "b", "c", "d"], ["d", "b", "a", "c"]])
def test_the_load_of_an_assignee_counts_all_open_tickets_in_any_order(order):
    owners = {"a": "x", "b": None, "c": "x", "d": "y"}
    tickets = pl.DataFrame({"ticket_id": order, "assignee_id": [owners[name] for name in order]})
    found = rule_inputs(tickets, readings("a", "b", "c", "d"), AS_OF)
    assert found.columns == list(RULE_INPUTS)
    assert found.select("ticket_id", "has_assignee", "assignee_open_tickets").rows() == [
        ("a", True, 2),
        ("b", False, 0),
        ("c", True, 2),
        ("d", True, 1),
    ]


def test_tickets_that_are_not_scored_still_weigh_on_their_assignee():
    tickets = pl.DataFrame({"ticket_id": ["a", "b", "c"], "assignee_id": ["x", "x", "x"]})
    assert rule_inputs(tickets, readings("b"), AS_OF)["assignee_open_tickets"].to_list() == [3]
