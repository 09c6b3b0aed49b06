"""An interval of a share whose parts hang together is by clusters, and holds the truth as often as it says."""

import numpy as np
import polars as pl
import pytest

from ml.evaluation.intervals import effective_number, wilson_ends
from tests.long import long


def moments(part, whole, number):
    """Sums of worlds by row and clusters by column."""
    sums = {"y": part, "x": whole, "yy": part * part, "xy": part * whole, "xx": whole * whole}
    return pl.DataFrame(
        {"number": float(number), "clusters": part.shape[1], **{name: each.sum(axis=1) for name, each in sums.items()}}
    )


def numbers(found):
    return found.select(effective_number("clusters", "number")).to_series()


def effective(part, whole, number):
    return numbers(moments(np.array([part], float), np.array([whole], float), number)).item()


def coverage(found, number, truth):
    low, high = wilson_ends(found["y"] / found["x"], number)
    return float(((low <= truth) & (truth <= high)).mean())


def worlds(devices, times, *, days=30, seed=5):
    """Minutes online of devices that differ: most are up 99 % of the time, some are ill. And the share of all such."""
    luck = np.random.default_rng(seed)
    own = np.where(luck.uniform(size=(times, devices)) < 0.15, luck.beta(6, 4, (times, devices)),
                   luck.beta(99, 1, (times, devices)))  # fmt: skip
    whole = np.full((times, devices), 1_440.0 * days) * luck.choice([0.5, 1.0], (times, devices), p=[0.2, 0.8])
    truth = 0.15 * 0.6 + 0.85 * 0.99
    return own * whole, whole, truth


def test_independent_rows_are_worth_about_their_number():
    luck = np.random.default_rng(1)
    part = (luck.uniform(size=400) < 0.8).astype(float)
    assert effective(part, np.ones(400), 400) == pytest.approx(400, rel=0.03)


def test_days_of_one_device_are_not_more_than_the_device():
    up = np.array([30.0] * 32 + [0.0] * 8)
    assert effective(up, np.full(40, 30.0), 1_200) == pytest.approx(39), "each is up or down all the time"
    assert effective(np.full(40, 30.0), np.full(40, 30.0), 1_200) == 40, "nothing differs: as many as devices"
    assert effective(up[:10], np.full(10, 30.0), 300) == 10, "few tell nothing of how they differ"
    assert effective([12.0], [30.0], 30) == 1


def test_the_interval_by_devices_holds_and_the_one_by_device_days_does_not():
    part, whole, truth = worlds(60, 400)
    found = moments(part, whole, 60 * 30)
    assert coverage(found, numbers(found), truth) > 0.9
    assert coverage(found, 60.0 * 30, truth) < 0.6


@long
@pytest.mark.parametrize("devices", [5, 12, 30, 200, 1_000])
def test_the_interval_by_devices_holds_for_few_and_many(devices):
    part, whole, truth = worlds(devices, 4_000)
    found = moments(part, whole, devices * 30)
    held = coverage(found, numbers(found), truth)
    assert held > 0.9, "too careful for few"
    assert devices < 30 or held == pytest.approx(0.95, abs=0.04)
