"""What concerns several targets, several kinds, and the numbers that a drain gives back."""

from dataclasses import dataclass, field

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from opsguard_assets.effects.machine import Policy
from resources.answers import Answer, Outcome
from tests.effects.trials import drained, planned, rows, states


@dataclass
class Switchboard:
    """Reaches some targets, of which some are dead."""

    targets: tuple[str, ...]
    dead: set[str] = field(default_factory=set)
    can_tell: bool = False
    taken: list[str] = field(default_factory=list)

    def may_repeat(self, effect):  # noqa: ARG002 - it never may
        return False

    def send(self, effect):
        self.taken.append(effect.key)
        return Answer(Outcome.NOT_REACHED if effect.target in self.dead else Outcome.DONE, "as wired")


def bare(numbers):
    """Payloads of which nobody reads anything."""
    return {number: {"number": number} for number in numbers}


def test_a_target_that_is_dead_holds_up_no_other(database, clock):
    planned(database, clock, "dead", bare(range(1, 8)))
    planned(database, clock, "alive", bare(range(8, 12)))
    board = Switchboard(("dead", "alive"), {"dead"})
    assert drained(database, board, clock) == {"planned": 7, "done": 4}
    assert board.taken == ["1", "2", "3", "8", "9", "10", "11"]


def test_effects_of_targets_that_nobody_reaches_wait_and_fail_in_the_end(database, clock):
    planned(database, clock, "gone", bare([1]))
    assert drained(database, Switchboard(("here",)), clock) == {}
    clock.passes(minutes=91)
    assert drained(database, Switchboard(("here",)), clock) == {"failed": 1}


def test_the_greatest_rank_goes_first(database, clock):
    planned(database, clock, "here", bare((3, 1, 2)))
    board = Switchboard(("here",))
    drained(database, board, clock)
    assert board.taken == ["1", "2", "3"]


@pytest.mark.parametrize("column", ["kind", "key", "target"])
def test_an_effect_without_a_name_is_refused(database, clock, column):
    planned(database, clock, "here", bare([1]))
    with pytest.raises(IntegrityError, match="effect_is_named"), database.engine.begin() as connection:
        connection.execute(text(f"UPDATE effects SET {column} = ''"))


def test_one_worker_at_a_time_tries_a_target_that_did_not_answer(database, clock):
    planned(database, clock, "dead", bare(range(1, 8)))
    board = Switchboard(("dead",), {"dead"})
    drained(database, board, clock)
    clock.passes(minutes=1)
    tried = []

    class Curious(Switchboard):
        def send(self, effect):
            tried.append(effect.key)
            if len(tried) == 1:  # another worker comes while this one waits for the answer
                drained(database, self, clock)
            return super().send(effect)

    drained(database, Curious(("dead",), {"dead"}), clock, Policy())
    assert len(tried) == 1
    assert set(states(database).values()) == {"planned"}
    assert rows(database, "effect_circuits", "target")[0]["failures"] == 4
