"""What every adapter keeps with the engine, whatever dies: each effect happens once, or the row says *unknown*.

A module that tries an adapter inherits `Contract` and gives a fixture `outside` (`tests.effects.outside`).
"""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from opsguard_assets.effects import drain_io
from opsguard_assets.effects import io as store
from opsguard_assets.effects.drain_io import Together
from opsguard_assets.effects.io import Ended, Tried, Worker
from opsguard_assets.effects.machine import Policy, State, settlement_of
from resources.answers import Answer, Outcome
from resources.processes import this_mark
from tests.effects.trials import KIND, Mortals, drained, planned, points, rows, states
from tests.long import drawn

TOGETHER = Together(most=4)
# Where a process dies between the claim and the hand-over, and between the hand-over and its settlement.
CLAIMED = ("after store.claim", "before adapter.may_repeat", "after adapter.may_repeat", "before adapter.send")
SENT = ("after adapter.send", "before store.settle_and_claim", "within a settlement")
SLOW = Policy(backoff=timedelta(minutes=1), failures_to_open=99)


@pytest.fixture(scope="module")
def mortals():
    with Mortals() as opened:
        yield opened


class Contract:
    """The tests. `clock` is a fixture of the package."""

    def plan(self, database, clock, outside, *numbers):
        return planned(database, clock, outside.target, {number: outside.payload(number) for number in numbers})

    def repeats(self, outside):
        """Whether the adapter finds out by itself what an interrupted hand-over led to."""
        return outside.adapter.can_tell or outside.kind == "webhook"

    def test_it_happens_once_and_what_is_planned_again_under_its_key_does_not(self, database, outside, clock):
        assert len(self.plan(database, clock, outside, 1, 2)) == 2
        assert self.plan(database, clock, outside, 1, 2) == []
        assert drained(database, outside.adapter, clock) == {"done": 2}
        assert drained(database, outside.adapter, clock) == {}
        assert [outside.happened(number) for number in (1, 2)] == [1, 1]
        assert [row["attempts"] for row in rows(database)] == [1, 1]

    @pytest.mark.parametrize("point", drawn(points()))
    def test_a_process_that_is_killed_anywhere_leaves_nothing_undone_and_nothing_twice(
        self, database, outside, clock, mortals, point
    ):
        self.plan(database, clock, outside, 1)
        was_killed = mortals.drain(database, outside, point)
        assert was_killed == (point.partition(" ")[2] not in {"adapter.ask", "store.renew"})
        for _ in range(2):
            clock.passes(seconds=1)
            drained(database, outside.adapter, clock)
        (row,) = rows(database)
        in_doubt = point in CLAIMED + SENT
        if in_doubt and not self.repeats(outside):
            assert row["state"] == "unknown"
            assert "ended before it heard the answer" in row["answer"]
            assert outside.happened(1) == (point in SENT)
        else:
            assert (row["state"], outside.happened(1)) == ("done", 1)

    def test_a_process_that_is_killed_between_two_leaves_one_done_and_at_most_one_in_doubt(
        self, database, outside, clock, mortals
    ):
        self.plan(database, clock, outside, 1, 2, 3)
        assert mortals.drain(database, outside, "after store.settle_and_claim")
        assert states(database) == {"1": "done", "2": "sending", "3": "planned"}
        for _ in range(2):
            clock.passes(seconds=1)
            drained(database, outside.adapter, clock)
        in_doubt = "done" if self.repeats(outside) else "unknown"
        assert states(database) == {"1": "done", "2": in_doubt, "3": "done"}
        assert [outside.happened(number) for number in (1, 2, 3)] == [1, int(in_doubt == "done"), 1]

    @pytest.mark.parametrize("point", drawn(points()))
    def test_a_process_that_is_killed_with_several_on_their_way_leaves_none_undone_and_none_twice(
        self, database, outside, clock, mortals, point
    ):
        numbers = range(1, 9)  # one, two, four, and one
        self.plan(database, clock, outside, *numbers)
        for _ in range(3):  # each life gets further
            mortals.drain(database, outside, point, together=4)
            clock.passes(seconds=1)
        for _ in range(2):
            drained(database, outside.adapter, clock, together=TOGETHER)
            clock.passes(seconds=1)
        for number, state in states(database).items():
            happened = outside.happened(int(number))
            assert (state, happened) == ("done", 1) or (state == "unknown" and not self.repeats(outside))
            assert happened <= 1

    def test_several_are_on_their_way_only_where_doubt_ends_without_a_person(self, database, outside, clock, mortals):
        self.plan(database, clock, outside, *range(1, 9))
        assert mortals.drain(database, outside, "after store.settle_and_claim", together=4)
        clock.passes(seconds=1)
        assert Counter(states(database).values())["sending"] == (2 if outside.adapter.can_tell else 1)
        assert drained(database, outside.adapter, clock, together=TOGETHER).get("unknown", 0) == (
            0 if self.repeats(outside) else 1
        )

    def test_several_that_a_target_does_not_take_get_no_more_attempts_than_one_by_one(self, database, outside, clock):
        self.plan(database, clock, outside, *range(1, 9))
        with outside.down() as attempts:
            assert drained(database, outside.adapter, clock, together=TOGETHER) == {"planned": 8}
            assert attempts() == 3
        assert sorted(row["attempts"] for row in rows(database)) == [0] * 5 + [1] * 3
        clock.passes(minutes=2)
        assert drained(database, outside.adapter, clock, together=TOGETHER) == {"done": 8}
        assert [outside.happened(number) for number in range(1, 9)] == [1] * 8

    def test_two_workers_at_once_share_the_work_and_do_nothing_twice(self, database, outside, clock):
        self.plan(database, clock, outside, *range(1, 9))
        with ThreadPoolExecutor(2) as pool:
            work = [pool.submit(drained, database, outside.adapter, clock, together=TOGETHER) for _ in range(2)]
            assert sum(one.result(120).get("done", 0) for one in work) == 8
        assert [outside.happened(number) for number in range(1, 9)] == [1] * 8
        assert {row["attempts"] for row in rows(database)} == {1}

    def test_a_lease_holds_until_it_ends_and_then_whoever_had_it_settles_nothing(self, database, outside, clock):
        self.plan(database, clock, outside, 1)
        worker = Worker(mark=this_mark(), lease="00000000-0000-0000-0000-000000000001", actor="slow")
        (held,) = store.claim(database, KIND, outside.adapter, worker, Policy(), now=clock())
        clock.passes(minutes=19)
        assert drained(database, outside.adapter, clock) == {}
        clock.passes(minutes=2)
        expected = "done" if self.repeats(outside) else "unknown"
        assert drained(database, outside.adapter, clock) == {expected: 1}
        late = Answer(Outcome.FAILED, "too late")
        ended = Ended(settlement=settlement_of(held, late, Policy(), clock()), answer=late, is_sent=True, at=clock())
        tried = Tried(ended=[(held, ended)], left=(), at=clock())
        assert not store.settle(database, tried, Policy(), actor="slow", on_settled=None)
        assert states(database) == {"1": expected}
        assert outside.happened(1) == (expected == "done")
        history = rows(database, "effect_transitions", "transition_id")
        assert (history[-1]["to_state"], history[-1]["actor"]) == (expected, "slow")
        assert "after the lease had ended: failed: too late" in history[-1]["detail"]

    def test_what_is_not_reached_is_tried_again_after_waits_that_double(self, database, outside, clock):
        self.plan(database, clock, outside, 1)
        with outside.down() as attempts:
            for wait, tried in ((0, 1), (59, 1), (1, 2), (119, 2), (1, 3)):
                clock.passes(seconds=wait)
                drained(database, outside.adapter, clock, SLOW)
                assert attempts() == tried
        assert outside.happened(1) == 0
        clock.passes(minutes=4)
        assert drained(database, outside.adapter, clock, SLOW) == {"done": 1}
        assert outside.happened(1) == 1

    def test_after_the_most_attempts_it_has_failed_and_is_never_sent(self, database, outside, clock):
        policy = Policy(max_attempts=2, failures_to_open=99)
        self.plan(database, clock, outside, 1)
        with outside.down():
            assert drained(database, outside.adapter, clock, policy) == {"planned": 1}
            assert drained(database, outside.adapter, clock, policy) == {"failed": 1}
        assert rows(database)[0]["answer"].startswith("given up after 2 attempts; last answer: ")
        assert drained(database, outside.adapter, clock, policy) == {}
        assert outside.happened(1) == 0

    def test_what_is_too_old_has_failed_and_is_never_sent(self, database, outside, clock):
        told = []
        self.plan(database, clock, outside, 1)
        clock.passes(minutes=91)
        hook = lambda _, numbers, state, __: told.append((len(numbers), state))  # noqa: E731
        assert drained(database, outside.adapter, clock, on_settled=hook) == {"failed": 1}
        assert told == [(1, State.FAILED)]
        assert outside.happened(1) == 0

    def test_the_circuit_opens_lets_one_attempt_through_and_closes(self, database, outside, clock):
        self.plan(database, clock, outside, *range(1, 7))
        with outside.down() as attempts:
            done = drain_io.drain(database, KIND, outside.adapter, Policy(), now=clock)
            assert (done.settled[State.PLANNED], done.is_stopped, attempts()) == (6, True, 3)
            assert drained(database, outside.adapter, clock) == {"planned": 6}
            assert attempts() == 3
            clock.passes(seconds=60)
            assert drained(database, outside.adapter, clock) == {"planned": 6}
            assert attempts() == 4
        clock.passes(seconds=60)
        assert drained(database, outside.adapter, clock) == {"planned": 6}  # the wait has doubled
        clock.passes(seconds=60)
        done = drain_io.drain(database, KIND, outside.adapter, Policy(), now=clock)
        assert (done.settled[State.DONE], done.is_stopped) == (6, False)
        assert [outside.happened(number) for number in range(1, 7)] == [1] * 6

    def test_what_is_unknown_is_found_out_by_asking_or_said_by_a_person(self, database, outside, clock):
        (number,) = self.plan(database, clock, outside, 1)
        outside.lose_answer()
        assert drained(database, outside.adapter, clock) == {"unknown": 1}
        clock.passes(seconds=1)
        expected = {"done": 1} if outside.adapter.can_tell else {}
        assert drained(database, outside.adapter, clock) == expected
        said = {"happened": True, "actor": "ada", "words": "I looked", "on_settled": None}
        with database.begin() as connection:
            is_said = drain_io.resolve_unknown(connection, number, **said)
            assert not drain_io.resolve_unknown(connection, number, **said)
        assert is_said != outside.adapter.can_tell
        assert states(database) == {"1": "done"}
        assert outside.happened(1) == 1
