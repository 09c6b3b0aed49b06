"""What is estimated of a playbook in the twin holds what it truly did, as often as its intervals say."""

import numpy as np
import pytest

from tests.long import long
from tests.remediation.desk_loops import PLANTED, shifts, tickets
from tests.remediation.loops import holds, loop

ALL = range(1, 41)


@pytest.fixture(scope="module")
def few():
    return [loop(seed) for seed in (1, 2)]


def test_a_playbook_that_restarts_gateways_saves_what_is_estimated(few):
    for each in few:
        assert each.acted > 20
        assert holds(each.saved)
        assert holds(each.added)
        assert each.saved[1] > 0, "it surely helps"
        assert each.rate[1] < 0.8 < each.rate[2], "four of five gateways come back after a restart"


def test_a_ticket_that_is_given_away_prevents_what_is_estimated():
    found = tickets(1)
    assert found.acted > 200
    assert holds(found.share)
    assert found.share[1] > 0.1, "it surely prevents"
    assert found.rate[1] > 0.5


def test_a_shift_that_is_offered_to_three_is_taken_as_often_as_planted():
    found = shifts(1)
    assert found.acted > 50
    assert holds(found.share)
    assert found.rate[1] < PLANTED < found.rate[2]
    assert found.share[0] == pytest.approx(found.happened, abs=0.001), (
        "what is estimated is what this world's luck gave"
    )


@long
@pytest.mark.timeout(600)
@pytest.mark.parametrize("kind", [tickets, shifts])
def test_of_tickets_and_shifts_the_intervals_hold_the_truth_in_nine_of_ten_seeds(kind):
    """Figures: docs/simulator.md."""
    loops = [kind(seed) for seed in ALL]
    rate = np.average([each.rate[0] for each in loops], weights=[each.acted for each in loops])
    shares = {
        "share": np.mean([holds(each.share) for each in loops]),
        "rate": np.mean([each.rate[1] <= rate <= each.rate[2] for each in loops]),
    }
    assert min(shares.values()) >= 0.9, shares
    assert np.mean([each.share[0] - each.share[3] for each in loops]) == pytest.approx(0, abs=0.03)


@long
@pytest.mark.timeout(1_200)
def test_the_intervals_hold_the_truth_in_nine_of_ten_seeds():
    """Figures: docs/simulator.md."""
    loops = [loop(seed) for seed in ALL]
    rate = np.average([each.rate[0] for each in loops], weights=[each.acted for each in loops])
    shares = {
        "saved": np.mean([holds(each.saved) for each in loops]),
        "added": np.mean([holds(each.added) for each in loops]),
        "rate": np.mean([each.rate[1] <= rate <= each.rate[2] for each in loops]),
    }
    assert min(shares.values()) >= 0.9, shares
    assert np.mean([each.saved[0] - each.saved[3] for each in loops]) == pytest.approx(0, abs=5)
