"""Tuning stays in its budget, is decided by the seed, and judges by later rows."""

import numpy as np
import polars as pl
import pytest

from ml.dataset.examples import Examples
from ml.dataset.task import Task
from ml.training.candidates.candidate import Candidate, Fitted
from ml.training.candidates.labels import lightgbm
from ml.training.tuning import Budget, tune

TASK = Task("stub", "id", ("size",))


@pytest.fixture(scope="module")
def examples():
    luck = np.random.default_rng(3)
    size = luck.normal(size=2_000)
    late = luck.random(2_000) < 1 / (1 + np.exp(-2 * size))
    rows = pl.DataFrame({"id": np.arange(2_000), "begins_at": np.arange(2_000), "size": size, "is_event": late})
    return Examples(rows, ("size",))


class Says:
    """A scorer with one steepness."""

    def __init__(self, steepness):
        self.steepness = steepness

    def scores(self, rows):
        return 1 / (1 + np.exp(-self.steepness * rows[:, 0]))


def stub(tried, steepnesses=(0.1, 2.0, 30.0)):
    """A candidate whose only parameter is the steepness: the truth is 2."""

    def fit(examples, parameters, seed, later=None):
        tried.append((parameters["steepness"], len(examples.rows), len(later.rows)))
        return Fitted(Says(parameters["steepness"]), parameters)

    return Candidate("stub", {"steepness": 30.0}, {"steepness": steepnesses}, fit)


def ticking():
    """A clock that moves on by one second whenever it is read."""
    now = iter(range(1_000))
    return lambda: float(next(now))


def test_the_best_on_later_rows_is_chosen_and_the_defaults_are_tried_first(examples):
    tried = []
    found = tune(stub(tried), examples, Budget(1e9, 12, ticking()), task=TASK, seed=1)
    assert tried[0][0] == 30.0
    assert (found.parameters["steepness"], found.trials) == (2.0, 12)
    assert {(earlier, later) for _, earlier, later in tried} == {(1_500, 500)}


def test_the_seed_decides_which_settings_are_tried(examples):
    runs = [[], [], []]
    for tried, seed in zip(runs, (1, 1, 2), strict=True):
        tune(stub(tried, tuple(range(1, 50))), examples, Budget(1e9, 8, ticking()), task=TASK, seed=seed)
    assert runs[0] == runs[1] != runs[2]


def test_no_trial_begins_after_the_seconds_but_the_first_is_always_made(examples):
    assert tune(stub([]), examples, Budget(3, 50, ticking()), task=TASK, seed=1).trials == 3
    assert tune(stub([]), examples, Budget(0, 50, ticking()), task=TASK, seed=1).trials == 1


def test_without_trials_the_defaults_are_used(examples):
    tried = []
    found = tune(stub(tried), examples, Budget(9, 0, ticking()), task=TASK, seed=1)
    assert (tried, found.trials, found.loss, found.parameters) == ([], 0, None, {"steepness": 30.0})


def test_early_stopping_finds_the_rounds(examples):
    found = tune(lightgbm(), examples, Budget(0, 1, ticking()), task=TASK, seed=1)
    assert 100 <= found.parameters["num_boost_round"] < 250


def test_where_too_little_is_there_to_judge_by_the_defaults_are_used(examples):
    few = Examples(examples.rows.head(120), ("size",))
    assert tune(stub([]), few, Budget(9, 9, ticking()), task=TASK, seed=1).trials == 0
