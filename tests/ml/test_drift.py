"""Features that moved are told from those that did not, also when they became unknown."""

import numpy as np
import polars as pl
import pytest

from ml.evaluation.drift import SHIFTED, stability


def sample(n, seed, **more):
    luck = np.random.default_rng(seed)
    return pl.DataFrame({"same": luck.normal(size=n), "moved": luck.normal(size=n), "constant": [1.0] * n, **more})


def test_what_has_moved_comes_first_and_only_that_is_shifted():
    now = sample(5_000, 2).with_columns(pl.col("moved") + 1.0)
    found = stability(sample(5_000, 1), now, ["same", "moved", "constant"])
    assert found["feature"].to_list()[0] == "moved"
    assert dict(found.select("feature", pl.col("psi") >= SHIFTED).iter_rows()) == {
        "moved": True, "same": False, "constant": False,
    }  # fmt: skip
    assert found["median_now"][0] == pytest.approx(1.0, abs=0.1)


def test_a_feature_that_became_unknown_has_moved():
    now = sample(2_000, 2).with_columns(same=pl.when(pl.int_range(pl.len()) % 2 == 0).then("same"))
    found = stability(sample(2_000, 1), now, ["same"]).row(0, named=True)
    assert found["psi"] > SHIFTED
    assert (found["unknown_then"], found["unknown_now"]) == (0.0, 0.5)


def test_equal_samples_have_not_moved_at_all():
    rows = sample(500, 1)
    assert stability(rows, rows, ["same", "moved"])["psi"].to_list() == [0.0, 0.0]


def test_psi_is_that_of_its_formula():
    then = pl.DataFrame({"x": [float(i % 10) for i in range(1_000)]})
    now = pl.DataFrame({"x": [float(i % 5) for i in range(1_000)]})
    before, after = np.full(10, 0.1), np.maximum(np.array([0.2] * 5 + [0.0] * 5), 1e-4)
    expected = np.sum((after - before) * np.log(after / before))
    assert stability(then, now, ["x"])["psi"][0] == pytest.approx(expected)


def test_without_rows_there_is_nothing_to_say():
    assert stability(sample(10, 1).head(0), sample(10, 1), ["same"]).is_empty()
