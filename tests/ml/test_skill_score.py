"""A model is useful while it is not worse than the plain trailing rate, beyond chance."""

import numpy as np
import polars as pl
import pytest

from ml.evaluation.skill import LEAST_ENTITIES, skill_score


def judged(n, said, *, seed=1):
    luck = np.random.default_rng(seed)
    truth = luck.beta(0.6, 1.2, n)
    late = luck.random(n) < truth
    return pl.DataFrame(
        {"id": [str(i) for i in range(n)], "risk": said(truth, luck), "is_event": late, "trailing_rate": [1 / 3] * n}
    )


def test_a_model_that_knows_the_truth_is_useful():
    found = skill_score(judged(2_000, lambda truth, _: truth), key="id")
    assert found.is_known
    assert found.is_useful
    assert found.skill > 0.3
    assert "skill +" in found.words


def test_a_model_that_says_the_opposite_is_not():
    found = skill_score(judged(2_000, lambda truth, _: 1 - truth), key="id")
    assert not found.is_useful
    assert found.skill < -0.5


def test_what_may_be_chance_is_not_held_against_a_model():
    found = skill_score(
        judged(400, lambda truth, luck: np.clip(1 / 3 + luck.normal(0, 0.05, len(truth)), 0, 1)), key="id"
    )
    assert found.skill < 0
    assert found.is_useful


@pytest.mark.parametrize("n", [0, LEAST_ENTITIES - 1])
def test_too_few_outcomes_prove_nothing(n):
    found = skill_score(judged(n, lambda truth, _: 1 - truth), key="id")
    assert not found.is_known
    assert found.is_useful
    assert f"{n} entities" in found.words


def test_the_figures_are_those_of_the_rows():
    rows = pl.DataFrame(
        {"id": ["a", "a", "b"], "risk": [0.5, 1.0, None], "is_event": [True, False, True], "trailing_rate": [0.5] * 3}
    )
    found = skill_score(rows, key="id")
    assert (found.n, found.entities, found.base_rate) == (2, 1, 0.5)
    assert found.brier == pytest.approx((0.25 + 1.0) / 2)
    assert found.skill == pytest.approx(1 - 0.625 / 0.25)
