"""The states of a side effect and the decisions between them.

Here: an effect, an answer and a moment in; the next state out. Not here: tables (`io`), the order of steps
(`drain_io`), any system outside.

    planned -> sending -> done | superseded | failed | unknown
                       -> planned (not reached: later again)
    unknown -> sending (where it can be found out) | done | failed (a person looked)
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from resources.answers import Answer, Outcome


class State(StrEnum):
    """Where an effect stands."""

    PLANNED = "planned"  # nothing was handed over, or certainly nothing happened
    SENDING = "sending"  # being handed over under a lease; in doubt once the lease has ended
    DONE = "done"
    SUPERSEDED = "superseded"  # a person's newer change won
    FAILED = "failed"  # it did not happen and is not tried again
    UNKNOWN = "unknown"  # nobody can tell whether it happened


class Step(StrEnum):
    """What is done with an effect that was claimed."""

    SEND = "send"
    ASK = "ask"
    LEAVE = "leave"  # only a person can find out


_STATE = {
    Outcome.DONE: State.DONE,
    Outcome.SUPERSEDED: State.SUPERSEDED,
    Outcome.FAILED: State.FAILED,
    Outcome.UNKNOWN: State.UNKNOWN,
    Outcome.NOT_REACHED: State.PLANNED,
}
# Further doublings change nothing: the longest wait is reached long before.
_MOST_DOUBLINGS = 20


@dataclass(frozen=True, kw_only=True)
class Effect:
    """A side effect as a worker has claimed it.

    Attributes:
        effect_id: Its number.
        kind: What kind of effect it is, such as "escalation".
        key: What it is within its kind. The database holds no second one: exactly once begins here.
        idempotency_key: What systems outside recognise it by; the same however often it is handed over.
        target: The system that it goes to; failures are counted per target.
        payload: What is sent, frozen when it was planned.
        found_in: The state in which it was claimed.
        attempts: Hand-overs so far, the one that begins included.
        planned_at: When it was planned (UTC).
        sent_before: When it was handed over before (UTC), which is when a doubt began; None where it never was.
        answer: What was said last; None before the first answer.
        lease: The fencing token of the claim: a worker that has lost it settles nothing.
    """

    effect_id: int
    kind: str
    key: str
    idempotency_key: str
    target: str
    payload: Mapping[str, Any]
    found_in: State
    attempts: int
    planned_at: datetime
    sent_before: datetime | None = None
    answer: str | None
    lease: str

    @property
    def is_in_doubt(self) -> bool:
        """Whether an earlier attempt may have been carried out."""
        return self.found_in is not State.PLANNED


@dataclass(frozen=True, kw_only=True)
class Policy:
    """How long and how often is tried.

    Attributes:
        give_up: An effect that was not handed over for so long after it was due has failed; nothing older is ever sent.
        max_attempts: An effect that was not reached so often has failed; None: only `give_up` counts.
        backoff: The wait after the first attempt; it doubles. Zero: the next run tries again, whenever that is.
        longest_wait: No wait is longer, neither by `backoff` nor by what a system asks for (Retry-After).
        lease: For so long nobody else takes up an effect that is being handed over. Longer than any attempt takes.
        failures_to_open: After so many attempts in a row without a clear answer a target is left alone.
        circuit_wait: For how long at first; doubles with every further failure. Then one attempt tries whether the
            target answers again.
        longest_circuit_wait: And for how long at most.
    """

    give_up: timedelta = timedelta(minutes=90)
    max_attempts: int | None = None
    backoff: timedelta = timedelta(0)
    longest_wait: timedelta = timedelta(days=1)
    lease: timedelta = timedelta(minutes=20)
    failures_to_open: int = 3
    circuit_wait: timedelta = timedelta(minutes=1)
    longest_circuit_wait: timedelta = timedelta(minutes=20)


@dataclass(frozen=True)
class Circuit:
    """What is known of a target.

    Attributes:
        target: The target.
        failures: Attempts in a row without a clear answer.
        open_until: Until then nothing is handed to it; None where it is closed.
    """

    target: str
    failures: int = 0
    open_until: datetime | None = None

    def is_open(self, now: datetime) -> bool:
        """Whether the target is left alone at a moment."""
        return self.open_until is not None and now < self.open_until


@dataclass(frozen=True)
class Settlement:
    """What an attempt leads to.

    Attributes:
        state: The next state.
        words: What was said.
        due_at: Where it is planned or unknown: not taken up before.
    """

    state: State
    words: str
    due_at: datetime


def step_of(effect: Effect, *, is_reached: bool, may_repeat: bool, can_tell: bool) -> Step:
    """What to do with an effect that was claimed.

    Args:
        effect: The effect.
        is_reached: Whether its adapter reaches the target that it was handed to.
        may_repeat: See `adapter.Adapter`.
        can_tell: See `adapter.Adapter`.
    """
    if not effect.is_in_doubt:
        return Step.SEND
    if not is_reached:
        return Step.LEAVE
    if may_repeat:
        return Step.SEND
    return Step.ASK if can_tell else Step.LEAVE


def settlement_of(effect: Effect, answer: Answer, policy: Policy, now: datetime) -> Settlement:
    """The state that an answer leads to.

    Args:
        effect: The effect as it was claimed.
        answer: What is certain.
        policy: How often is tried.
        now: When the answer came.
    """
    asked = max(answer.retry_after or timedelta(0), answer.look_after or timedelta(0))
    due_at = now + _wait(effect.attempts, asked, policy)
    state = _STATE[answer.outcome]
    if state is State.PLANNED and policy.max_attempts is not None and effect.attempts >= policy.max_attempts:
        words = f"given up after {effect.attempts} attempts; last answer: {answer.words}"
        return Settlement(State.FAILED, words, due_at)
    return Settlement(state, answer.words, due_at)


def circuit_after(circuit: Circuit, answer: Answer, policy: Policy, now: datetime) -> Circuit:
    """A target after an answer: any clear one closes its circuit, several unclear ones in a row open it.

    A target that asks to be left alone for a time (Retry-After) is, for all effects.
    """
    if answer.is_clear:
        return Circuit(circuit.target)
    failures = circuit.failures + 1
    wait = min(answer.retry_after or timedelta(0), policy.longest_wait)
    if failures >= policy.failures_to_open:
        own = policy.circuit_wait * (1 << min(failures - policy.failures_to_open, _MOST_DOUBLINGS))
        wait = max(wait, min(own, policy.longest_circuit_wait))
    return Circuit(circuit.target, failures, now + wait if wait else circuit.open_until)


def _wait(attempts: int, asked: timedelta | None, policy: Policy) -> timedelta:
    own = policy.backoff * (1 << min(max(attempts - 1, 0), _MOST_DOUBLINGS))
    return min(max(own, asked or timedelta(0)), policy.longest_wait)
