"""Survival models say the right probability where it is known, whatever was not seen to the end."""

import json

import numpy as np
import polars as pl
import pytest

from ml.dataset.examples import Examples
from ml.dataset.split import TooLittleDataError
from ml.models.calibration import IDENTITY
from ml.models.hazard import Hazard, Periods
from ml.models.learned import LearnedModel
from ml.models.model_files import ModelFileError, load, save
from ml.training.candidates.hazard import hazard, person_periods

FEATURES = ("kind", "left", "local_hour", "weekday")
MEDIAN = {0: 60.0, 1: 240.0}


def world(count, watchable, seed=1):
    """Work that ends after a time of known distribution, exponential with a median by kind."""
    luck = np.random.default_rng(seed)
    kind = luck.integers(2, size=count)
    lasts = luck.exponential(np.where(kind == 1, MEDIAN[1], MEDIAN[0]) / np.log(2))
    seen = np.full(count, float(watchable)) if np.isscalar(watchable) else luck.uniform(*watchable, count)
    left = luck.uniform(10, 400, count)
    return pl.DataFrame(
        {
            "kind": kind.astype(float),
            "left": left,
            "local_hour": luck.uniform(0, 24, count),
            "weekday": luck.integers(1, 8, count).astype(float),
            "is_event": lasts > left,
            "watched_minutes": np.minimum(lasts, seen),
            "is_ended": lasts <= seen,
            "watchable_minutes": seen,
        }
    )


def truth(rows):
    median = np.where(rows["kind"].to_numpy() == 1, MEDIAN[1], MEDIAN[0])
    return 0.5 ** (rows["left"].to_numpy() / median)


def fitted(rows, rounds=120):
    candidate = hazard()
    parameters = {**candidate.parameters, "num_boost_round": rounds, "min_data_in_leaf": 100}
    return candidate.fit(Examples(rows, FEATURES, "left"), parameters, 1).scorer


@pytest.mark.parametrize("watchable", [2_000, (0, 600)], ids=["seen to the end", "most are still going on"])
def test_the_probability_is_that_of_the_world_also_where_most_ends_were_not_seen(watchable):
    scorer = fitted(world(8_000, watchable))
    new = world(2_000, 2_000, seed=2)
    said = scorer.scores(new.select(FEATURES).to_numpy())
    assert np.abs(said - truth(new)).mean() < 0.03
    assert abs(said.mean() - truth(new).mean()) < 0.02


def test_more_time_never_makes_a_miss_more_likely():
    scorer = fitted(world(3_000, (0, 600)), rounds=30)
    rows = np.array([[1.0, left, 9.0, 2.0] for left in range(0, 900, 7)])
    said = scorer.scores(rows)
    assert said[0] == 1
    assert (np.diff(said) <= 1e-12).all()


def test_without_a_horizon_there_is_no_probability_and_after_it_there_is_no_doubt():
    model = LearnedModel("hazard", "1", FEATURES, fitted(world(2_000, 600), rounds=10), IDENTITY)
    rows = pl.DataFrame({"kind": [1.0] * 3, "left": [None, -5.0, 60.0], "local_hour": [9.0] * 3, "weekday": [2.0] * 3})
    unknown, passed, open_ = model.predict(rows).to_list()
    assert (unknown, passed) == (None, 1.0)
    assert 0 < open_ < 1


def test_a_period_counts_where_it_could_be_watched_to_its_end():
    rows = pl.DataFrame(
        {
            "kind": [0.0, 1.0, 2.0, 3.0],
            "left": [9.0] * 4,
            "watched_minutes": [5.0, 15.0, 15.0, 8.0],
            "is_ended": [True, True, False, True],
            "watchable_minutes": [100.0, 100.0, 15.0, 9.0],
        }
    )
    periods = Periods((0.0, 10.0, 20.0), 1, None, None)
    numbers, ended, weights = person_periods(Examples(rows, ("kind", "left")), periods, 1)
    assert list(zip(numbers[:, 0], numbers[:, 2], ended, strict=True)) == [
        (0, 0, 1), (1, 0, 0), (2, 0, 0), (1, 10, 1),
    ]  # fmt: skip
    assert weights.tolist() == [1, 1, 1, 1]


def test_the_period_knows_the_hour_and_weekday_at_its_middle():
    periods = Periods((0.0, 120.0), 2, 0, 1)
    result = periods.described(np.array([[23.5, 7.0, 5.0], [1.0, 3.0, 5.0]]), 0.0, 120.0)
    assert result[:, 5:].tolist() == [[0.0, 0.5], [2.0, 2.0]]


def test_few_ends_are_refused_in_words():
    with pytest.raises(TooLittleDataError, match="ends were seen"):
        fitted(world(40, 600))


def test_what_raises_the_hazard_lowers_the_contribution():
    scorer = fitted(world(4_000, 600))
    rows = np.array([[0.0, 200.0, 9.0, 2.0], [1.0, 200.0, 9.0, 2.0]])
    quick, slow = scorer.contributions(rows)[:, 0]
    assert quick < 0 < slow


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("horizon", 99),
        ("horizon", None),
        ("hour", -1),
        ("horizon", 1.5),
        ("horizon", True),
        ("edges", [0, 20, 10]),
        ("edges", [5, 10]),
    ],
)
def test_a_survival_model_whose_settings_do_not_fit_is_refused(tmp_path, name, value):
    scorer = Hazard(fitted(world(1_000, 600), rounds=3).booster, Periods((0.0, 10.0), 1, None, None))
    save(LearnedModel("hazard", "1", FEATURES, scorer, IDENTITY), tmp_path)
    meta = json.loads((tmp_path / "model.json").read_text())
    meta["survival"][name] = value
    (tmp_path / "model.json").write_text(json.dumps(meta))
    with pytest.raises(ModelFileError):
        load(tmp_path)


def test_a_problem_without_durations_or_with_few_ends_is_left_to_the_other_candidates():
    rows = world(300, 600)
    assert Examples(rows, FEATURES, "left").durations_known
    assert not Examples(rows, FEATURES).durations_known
    assert not Examples(rows.drop("is_ended"), FEATURES, "left").durations_known
    assert not Examples(rows.head(50), FEATURES, "left").durations_known
