"""Decisions on side effects: which step, which state, how long to wait; each for every answer there is."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsguard_assets.effects.machine import (
    Circuit,
    Effect,
    Policy,
    State,
    Step,
    circuit_after,
    settlement_of,
    step_of,
)
from resources.answers import Answer, Outcome

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
EFFECT = Effect(
    effect_id=1, kind="trial", key="1", idempotency_key="k", target="desk", payload={}, found_in=State.PLANNED,
    attempts=1, planned_at=NOW, answer=None, lease="l",
)  # fmt: skip
WAITS = st.none() | st.timedeltas(timedelta(0), timedelta.max)
SILENT = Answer(Outcome.NOT_REACHED, "no answer")


@pytest.mark.parametrize(
    ("is_reached", "may_repeat", "can_tell", "step"),
    [
        (True, True, True, Step.SEND),
        (True, True, False, Step.SEND),
        (True, False, True, Step.ASK),
        (True, False, False, Step.LEAVE),
        (False, True, True, Step.LEAVE),
    ],
)
@pytest.mark.parametrize("found_in", [State.SENDING, State.UNKNOWN])
def test_what_is_in_doubt_is_repeated_only_where_that_is_safe(found_in, is_reached, may_repeat, can_tell, step):
    doubtful = replace(EFFECT, found_in=found_in)
    promises = {"is_reached": is_reached, "may_repeat": may_repeat, "can_tell": can_tell}
    assert step_of(doubtful, **promises) is step
    assert step_of(EFFECT, **promises) is Step.SEND


@pytest.mark.parametrize(
    ("outcome", "state"),
    [
        (Outcome.DONE, State.DONE),
        (Outcome.SUPERSEDED, State.SUPERSEDED),
        (Outcome.FAILED, State.FAILED),
        (Outcome.NOT_REACHED, State.PLANNED),
        (Outcome.UNKNOWN, State.UNKNOWN),
    ],
)
def test_every_outcome_leads_to_its_state(outcome, state):
    assert settlement_of(EFFECT, Answer(outcome, "said"), Policy(), NOW).state is state


def test_only_what_certainly_did_not_happen_is_given_up_after_the_most_attempts():
    policy, last = Policy(max_attempts=3), replace(EFFECT, attempts=3)
    assert settlement_of(replace(EFFECT, attempts=2), SILENT, policy, NOW).state is State.PLANNED
    assert settlement_of(last, SILENT, policy, NOW).state is State.FAILED
    assert settlement_of(last, Answer(Outcome.UNKNOWN, "?"), policy, NOW).state is State.UNKNOWN


@given(st.integers(1, 10**6), WAITS, st.timedeltas(timedelta(0), timedelta(days=1)))
def test_waits_are_at_least_what_is_asked_for_and_at_most_the_longest(attempts, asked, backoff):
    policy = Policy(backoff=backoff, longest_wait=timedelta(hours=6))
    effect, answer = replace(EFFECT, attempts=attempts), replace(SILENT, retry_after=asked)
    wait = settlement_of(effect, answer, policy, NOW).due_at - NOW
    assert min(max(asked or timedelta(0), backoff), policy.longest_wait) <= wait <= policy.longest_wait


def test_a_circuit_opens_for_longer_with_every_failure_and_any_clear_answer_closes_it():
    policy, circuit, waits = Policy(), Circuit("desk"), []
    for _ in range(10):
        circuit = circuit_after(circuit, SILENT, policy, NOW)
        waits.append((circuit.open_until - NOW).total_seconds() / 60 if circuit.open_until else 0)
    assert waits == [0, 0, 1, 2, 4, 8, 16, 20, 20, 20]
    assert circuit.is_open(NOW + timedelta(minutes=19))
    assert not circuit.is_open(NOW + timedelta(minutes=20))
    for outcome in (Outcome.DONE, Outcome.SUPERSEDED, Outcome.FAILED):
        assert circuit_after(circuit, Answer(outcome, "said"), policy, NOW) == Circuit("desk")


@given(WAITS)
def test_a_target_that_asks_to_be_left_alone_is_left_alone(asked):
    circuit = circuit_after(Circuit("desk"), replace(SILENT, retry_after=asked), Policy(), NOW)
    expected = NOW + min(asked, Policy().longest_wait) if asked else None
    assert circuit == Circuit("desk", 1, expected)
