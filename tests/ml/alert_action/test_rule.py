"""The rule of alerts that need a person: points that a person adds up, floors and unknown inputs."""

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml.problems.alert_action.rule import INPUTS, LIFE_SAFETY_FLOOR, WEIGHTS, AlertRule

LEAST = {"severity_rank": 1, "type_minutes": 0, "plan_rank": 1, "entity_week": 0, "is_working_hours": 0,
         "site_open": 0, "on_duty": 0, "is_life_safety": 0}  # fmt: skip
MOST = {"severity_rank": 4, "type_minutes": 240, "plan_rank": 3, "entity_week": 5, "is_working_hours": 1,
        "site_open": 10, "on_duty": 1, "is_life_safety": 0}  # fmt: skip
NUMBERS = st.one_of(st.none(), st.floats(0, 1e6))


def rows(*given_rows):
    return pl.DataFrame([{name: row.get(name) for name in INPUTS} for row in given_rows],
                        schema=dict.fromkeys(INPUTS, pl.Float64))  # fmt: skip


def probability(**known):
    return AlertRule().predict(rows(known))[0]


def test_the_weights_are_points_out_of_a_hundred():
    assert sum(WEIGHTS.values()) == 100
    assert probability(**MOST) == 1
    assert probability(**LEAST) == pytest.approx((30 / 4 + 15 / 3) / 100)


@pytest.mark.parametrize(
    ("name", "value", "points"),
    [
        ("severity_rank", 3, 30 * 2 / 4), ("type_minutes", 60, 5), ("type_minutes", 2_400, 20), ("plan_rank", 3, 10),
        ("entity_week", 2, 4), ("entity_week", 70, 10), ("is_working_hours", 1, 10), ("site_open", 4, 4),
        ("site_open", 99, 10), ("on_duty", 7, 5),
    ],
)  # fmt: skip
def test_each_input_adds_its_points(name, value, points):
    assert probability(**{**LEAST, name: value}) - probability(**LEAST) == pytest.approx(points / 100)


def test_what_is_not_known_has_half_of_its_points():
    assert probability(is_life_safety=0) == pytest.approx(0.5)
    assert AlertRule().reasons(rows({"is_life_safety": 0})).to_list() == [
        "50 of 100 points: severity 15, impact 10, plan 8, recurrence 5, working hours 5, site load 5, on call 2"
    ]


def test_an_alert_that_protects_lives_is_never_below_the_floor():
    assert probability(**{**LEAST, "is_life_safety": 1}) == LIFE_SAFETY_FLOOR
    assert probability(**{**MOST, "is_life_safety": 1}) == 1
    assert AlertRule().reasons(rows({**LEAST, "is_life_safety": 1}))[0].startswith("it protects lives; ")


@given(st.fixed_dictionaries(dict.fromkeys(INPUTS, NUMBERS)), st.sampled_from(INPUTS), st.floats(0, 1e6))
def test_more_of_an_input_never_lowers_the_probability(known, name, more):
    before = probability(**known)
    after = probability(**{**known, name: None if known[name] is None else known[name] + more})
    assert 0 <= before <= 1
    if name != "is_life_safety":
        assert after >= before - 1e-12
