"""Calibration mends what it can, leaves alone what holds, and is chosen by rows that it was not fitted on."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml.models.calibration import IDENTITY, beta, calibrate, chosen


def said_and_seen(count, bend, seed=1):
    """Scores that say p where bend(p) is true."""
    luck = np.random.default_rng(seed)
    said = luck.uniform(0.02, 0.98, count)
    return said, (luck.random(count) < bend(said)).astype(np.int64), np.arange(count) * 4 // count


def overconfident(p):
    odds = (p / (1 - p)) ** 0.5 * 0.6
    return odds / (1 + odds)


@pytest.mark.parametrize("kind", [beta, calibrate])
def test_a_bent_scale_is_straightened(kind):
    said, seen, _ = said_and_seen(20_000, overconfident)
    grid = np.linspace(0.05, 0.95, 50)
    assert np.abs(kind(said, seen).apply(grid) - overconfident(grid)).max() < 0.06


@pytest.mark.parametrize("kind", [beta, calibrate])
def test_a_map_never_falls_and_never_says_never(kind):
    said, seen, _ = said_and_seen(500, overconfident)
    mapped = kind(said, seen).apply(np.linspace(0, 1, 1_001))
    assert (np.diff(mapped) >= -1e-12).all()
    assert 0 < mapped.min() < mapped.max() < 1


@given(
    seed=st.integers(0, 2**32 - 1),
    count=st.integers(2, 400),
    steps=st.integers(2, 1_000),
    base=st.sampled_from([0.002, 0.05, 0.5, 0.97]),
)
@pytest.mark.parametrize("kind", [beta, calibrate])
def test_probabilities_rank_as_the_scores_did(kind, seed, count, steps, base):
    luck = np.random.default_rng(seed)
    said = luck.integers(0, steps, count) / steps * 0.9 + 0.05
    seen = (luck.random(count) < base).astype(np.int64)
    later = np.unique(np.concatenate([said, luck.random(count), [0.0, 1.0]]).round(9))
    assert (np.diff(kind(said, seen).apply(later)) > 0).all()


def test_separated_outcomes_keep_finite_slopes():
    said = np.array([0.1, 0.2, 0.8, 0.9])
    mapped = beta(said, np.array([0, 0, 1, 1])).apply(said)
    assert np.isfinite(mapped).all()
    assert mapped[1] < 0.5 < mapped[2]


def test_few_rows_choose_three_numbers_and_not_many_steps():
    name, _ = chosen(*said_and_seen(400, overconfident))
    assert name == "beta"


def test_what_holds_is_left_alone():
    name, found = chosen(*said_and_seen(3_000, lambda p: p))
    grid = np.linspace(0.05, 0.95, 19)
    assert name in {"none", "beta"}
    assert np.abs(found.apply(grid) - grid).max() < 0.05


def test_rows_without_a_score_teach_nothing_and_stay_without_one():
    said, seen, parts = said_and_seen(1_000, overconfident)
    said[::7] = np.nan
    name, found = chosen(said, seen, parts)
    assert name == "beta"
    assert np.isnan(found.apply(said)[::7]).all()
    assert np.isnan(IDENTITY.apply(np.array([np.nan]))).all()
