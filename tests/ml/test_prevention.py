"""What acting prevents comes with an interval, and is not told where there are too few to tell."""

import pytest

from ml.evaluation.prevention import LEAST, Group, prevention


def test_the_interval_is_newcombes():
    # His worked example: 56 of 70 against 48 of 80.
    found = prevention(Group(70, 56), Group(80, 48))
    assert found.difference == pytest.approx(0.2)
    assert (found.low, found.high) == (pytest.approx(0.0524, abs=5e-4), pytest.approx(0.3339, abs=5e-4))
    assert "lowers the share of events by 20.0%" in found.words


def test_equal_groups_prevent_nothing_and_the_interval_says_how_sure_that_is():
    found = prevention(Group(1_000, 300), Group(1_000, 300))
    assert found.difference == 0
    assert found.low < 0 < found.high


@pytest.mark.parametrize(("held", "acted"), [(0, 500), (LEAST - 1, 500), (500, 0)])
def test_too_few_are_said_to_be_too_few(held, acted):
    found = prevention(Group(held, 0), Group(acted, 0))
    assert found.difference is None
    assert f"{held} held back" in found.words
