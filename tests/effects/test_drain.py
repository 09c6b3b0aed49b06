"""What concerns several targets, several kinds, and the numbers that a drain gives back."""

from dataclasses import dataclass, field
from datetime import timedelta

import polars as pl
import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from opsguard_assets.effects import io as store
from opsguard_assets.effects.drain_io import Together
from opsguard_assets.effects.io import Worker
from opsguard_assets.effects.machine import Policy
from resources.answers import Answer, Outcome
from resources.processes import this_mark
from tests.effects.trials import KIND, drained, planned, rows, states


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


def test_what_is_due_later_waits_and_is_tried_as_long_from_then_as_anything_else(database, clock):
    due_at = clock() + timedelta(hours=8)
    frame = pl.DataFrame(
        [
            {"key": "later", "target": "here", "rank": 1.0, "payload": {"of": 1}, "due_at": due_at},
            {"key": "now", "target": "here", "rank": 0.0, "payload": {"of": 2}, "due_at": None},
        ]
    )
    with database.begin() as connection:
        store.plan(connection, KIND, frame, at=clock(), actor=KIND)
    assert drained(database, Switchboard(("here",)), clock) == {"done": 1}
    assert states(database) == {"later": "planned", "now": "done"}
    clock.passes(hours=8)
    assert drained(database, Switchboard(("here",), {"here"}), clock) == {"planned": 1}
    clock.passes(minutes=89)
    assert drained(database, Switchboard(("here",), {"here"}), clock) == {"planned": 1}
    clock.passes(minutes=2)
    assert drained(database, Switchboard(("here",)), clock) == {"failed": 1}


def test_something_newer_supersedes_what_is_planned_and_only_that(database, clock):
    payloads = {
        1: {"of": 7, "kind": "raised"}, 2: {"of": 7, "kind": "update"}, 3: {"of": 8, "kind": "raised"},
        4: {"of": 7, "kind": "raised"},
    }  # fmt: skip
    numbers = planned(database, clock, "here", payloads)
    worker = Worker(mark=this_mark(), lease="00000000-0000-0000-0000-000000000001", actor="sender")
    (held,) = store.claim(database, KIND, Switchboard(("here",)), worker, Policy(), now=clock())
    assert held.effect_id == numbers[0]
    said = {"at": clock(), "actor": "ada", "words": "ada has it"}
    with database.begin() as connection:
        gone = store.supersede(connection, KIND, {"of": 7}, unless=[{"kind": "update"}], **said)
        assert store.supersede(connection, KIND, {"of": 7}, unless=[{"kind": "update"}], **said) == []
    assert gone == [numbers[3]]
    assert states(database) == {"1": "sending", "2": "planned", "3": "planned", "4": "superseded"}
    assert rows(database, "effect_transitions", "transition_id")[-1]["detail"] == "ada has it"


def test_workers_of_different_targets_leave_each_other_what_is_in_doubt(database, clock):
    planned(database, clock, "slow", bare([1]))
    planned(database, clock, "quick", bare([2]))
    worker = Worker(mark=this_mark(), lease="00000000-0000-0000-0000-000000000001", actor="gone")
    assert store.claim(database, KIND, Switchboard(("slow",)), worker, Policy(), now=clock())
    clock.passes(minutes=21)
    assert drained(database, Switchboard(("quick",)), clock, others=("slow",)) == {"done": 1}
    assert states(database) == {"1": "sending", "2": "done"}
    assert drained(database, Switchboard(("quick",)), clock) == {"unknown": 1}


def test_what_was_only_asked_about_keeps_the_time_of_its_hand_over(database, clock):
    planned(database, clock, "here", bare([1]))
    seen = []

    class Asked(Switchboard):
        def send(self, effect):
            self.taken.append(effect.key)
            return Answer(Outcome.UNKNOWN, "no answer")

        def ask(self, effect):
            seen.append(effect.sent_before)
            return Answer(Outcome.UNKNOWN, "not to be seen yet")

    sent_at = clock()
    for _ in range(3):
        drained(database, Asked(("here",), can_tell=True), clock)
        clock.passes(seconds=30)
    assert seen == [sent_at, sent_at]
    assert rows(database)[0]["attempts"] == 1


def test_what_does_not_go_with_others_waits_until_they_are_settled(database, clock):
    planned(database, clock, "here", {number: {"of": number % 3} for number in range(1, 10)})
    board, settled, taken = Switchboard(("here",), can_tell=True), [], []
    together = Together(
        most=8,
        on_claimed=lambda _, effects, __: taken.append([effect.key for effect in effects]),
        goes_with=lambda effect, others: all(other.payload != effect.payload for other in others),
    )
    hook = lambda _, numbers, __, ___: settled.append(len(numbers))  # noqa: E731
    assert drained(database, board, clock, together=together, on_settled=hook) == {"done": 9}
    assert board.taken == [str(number) for number in range(1, 10)]
    assert taken == [["1"], ["2", "3"], ["4", "5", "6", "7"], ["7"], ["8", "9"]]
    assert settled == [1, 2, 3, 1, 2]
    assert {row["attempts"] for row in rows(database)} == {1}


def test_nothing_that_is_claimed_together_overtakes_what_is_in_doubt(database, clock):
    planned(database, clock, "here", {5: {"of": 5}})

    class Telling(Switchboard):
        def ask(self, effect):
            self.taken.append(f"asked about {effect.key}")
            return Answer(Outcome.DONE, "it arrived")

    class Silent(Telling):
        def send(self, _):
            return Answer(Outcome.UNKNOWN, "no answer")

    assert drained(database, Silent(("here",), can_tell=True), clock) == {"unknown": 1}
    clock.passes(seconds=30)
    planned(database, clock, "here", {**bare((1, 2, 3, 4, 7)), 6: {"of": 5}})
    board = Telling(("here",), can_tell=True)
    apart = lambda effect, others: all(other.payload != effect.payload for other in others)  # noqa: E731
    assert drained(database, board, clock, together=Together(most=8, goes_with=apart)) == {"done": 7}
    assert board.taken == ["1", "2", "3", "4", "asked about 5", "6", "7"]


def test_what_was_claimed_with_one_that_a_target_did_not_take_is_given_back(database, clock):
    planned(database, clock, "here", bare(range(1, 13)))

    class Failing(Switchboard):
        def send(self, effect):
            self.taken.append(effect.key)
            return Answer(Outcome.NOT_REACHED if int(effect.key) >= 5 else Outcome.DONE, "as wired")

    board = Failing(("here",), can_tell=True)
    assert drained(database, board, clock, together=Together(most=8)) == {"done": 4, "planned": 8}
    assert board.taken == list("1234567")  # 5 with 4, 6 and 7; then 6 and 7 alone, and the circuit is open
    assert [row["attempts"] for row in rows(database)] == [1] * 7 + [0] * 5
    with database.begin() as connection:
        said = {"at": clock(), "actor": "ada", "words": "ada has it"}
        gone = store.supersede(connection, KIND, {"number": 12}, **said)
    assert len(gone) == 1
    clock.passes(minutes=1)
    again = Switchboard(("here",), can_tell=True)
    assert drained(database, again, clock, together=Together(most=8)) == {"done": 7}
    assert again.taken == ["5", "6", "7", "8", "9", "10", "11"]


def test_what_takes_long_is_cut_so_that_the_lease_holds(database, clock):
    planned(database, clock, "here", bare(range(1, 8)))

    class Slow(Switchboard):
        def send(self, effect):
            clock.passes(minutes=3)
            return super().send(effect)

    board, settled = Slow(("here",), can_tell=True), []
    hook = lambda _, numbers, __, ___: settled.append(len(numbers))  # noqa: E731
    assert drained(database, board, clock, together=Together(most=4), on_settled=hook) == {"done": 7}
    assert settled == [1, 2, 2, 1, 1]
    assert board.taken == [str(number) for number in range(1, 8)]
