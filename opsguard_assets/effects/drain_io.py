"""Carrying effects out: what is due is claimed, handed over and settled, one after the other.

Here: the order of steps and what holds a worker up. Not here: statements (`io`), decisions (`machine`), what is sent
(adapters).

Every hand-over is written down before and after; so whatever dies leaves a record from which the next worker goes on.
The settlement of one effect and the claim of the next are one transaction: one commit per effect, and never more than
one in doubt. Where doubt can be ended without a person, a few effects may be claimed and settled together (`Together`):
then that many can be in doubt. Several workers may drain one kind at once.
"""

import uuid
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from sqlalchemy import Connection

from opsguard_assets.effects import io as store
from opsguard_assets.effects.adapter import Adapter
from opsguard_assets.effects.io import Ended, OnClaimed, OnSettled, Tried, Worker
from opsguard_assets.effects.machine import Effect, Policy, Settlement, State, Step, settlement_of, step_of
from resources.answers import Answer, Outcome
from resources.database import Database
from resources.processes import is_gone, this_mark

Clock = Callable[[], datetime]
# Effects that were claimed together are handed over in this part of the lease; one attempt may take another part.
_SHARE_OF_LEASE = 4


@dataclass(frozen=True)
class Drained:
    """What a worker did.

    Attributes:
        settled: How many effects came to which state; planned ones could not be handed over yet.
        is_stopped: A target does not answer, and its effects wait for a later run.
    """

    settled: Mapping[State, int]
    is_stopped: bool


@dataclass(frozen=True)
class Together:
    """Effects that are claimed and settled together, while their targets answer.

    Attributes:
        most: How many at most. It begins with one, and again after every answer that is not clear.
        on_claimed: What the domain does in the transaction that claims them.
        goes_with: Whether an effect may be handed over before the results of some others are recorded.
    """

    most: int = 1
    on_claimed: OnClaimed | None = None
    goes_with: Callable[[Effect, Sequence[Effect]], bool] = lambda _effect, _others: True


_ALONE = Together()


def utc_now() -> datetime:
    """The time of the clock."""
    return datetime.now(UTC)


def drain(
    database: Database,
    kind: str,
    adapter: Adapter,
    policy: Policy,
    *,
    on_settled: OnSettled | None = None,
    others: Sequence[str] = (),
    together: Together = _ALONE,
    now: Clock = utc_now,
) -> Drained:
    """Carries out all effects of a kind that are due, each at most once per call.

    Args:
        database: Where effects are planned.
        kind: Which effects.
        adapter: How they are carried out.
        policy: How long and how often is tried.
        on_settled: What the domain does in the same transaction as a settlement.
        others: Targets of the kind that other workers see to, with adapters of their own.
        together: How many are claimed and settled together, where the adapter can look up their results.
        now: The clock (UTC).
    """
    worker = Worker(
        mark=this_mark(), lease=str(uuid.uuid4()), actor=kind, others=others, on_claimed=together.on_claimed
    )
    # First what dead workers held, so that this call can claim it; then what is too old, so that it is never sent.
    store.end_leases(database, kind, is_gone, now=now())
    settled = Counter[State]()
    failed = store.give_up(database, kind, policy, now=now(), actor=worker.actor, on_settled=on_settled)
    if failed:
        settled[State.FAILED] += failed
    most, pace = together.most if adapter.can_tell else 1, 1
    claimed = store.claim(database, kind, adapter, worker, policy, now=now(), most=pace)
    while claimed:
        tried = _tried(database, claimed, adapter, policy, together, now)
        pace = min(2 * pace, most) if not tried.left and all(_is_clear(ended) for _, ended in tried.ended) else 1
        mine, claimed = store.settle_and_claim(
            database, kind, tried, policy, adapter=adapter, worker=worker, most=pace, on_settled=on_settled
        )  # fmt: skip
        settled.update(ended.settlement.state for effect, ended in tried.ended if effect.effect_id in mine)
    settled.update(store.waiting(database, kind, adapter, worker, now=now()))
    found = store.circuits(database, list(adapter.targets))
    return Drained(settled, any(c.failures >= policy.failures_to_open and c.is_open(now()) for c in found))


def _tried(
    database: Database, claimed: Sequence[Effect], adapter: Adapter, policy: Policy, together: Together, now: Clock
) -> Tried:
    """Tries effects that were claimed together, until one is not clear, is not to go with the others, or it takes long.

    What is not tried is given back. So a target in trouble gets no more attempts than one by one, and the lease lasts.
    """
    ended: list[tuple[Effect, Ended]] = []
    until = now() + policy.lease / _SHARE_OF_LEASE
    for place, effect in enumerate(claimed):
        if place and (now() > until or not together.goes_with(effect, claimed[:place])):
            return Tried(ended=ended, left=claimed[place:], at=now())
        one = _attempt(database, effect, adapter, policy, now)
        if one is None:
            continue
        ended.append((effect, one))
        if not _is_clear(one):
            return Tried(ended=ended, left=claimed[place + 1 :], at=now())
    return Tried(ended=ended, left=(), at=now())


def _is_clear(ended: Ended) -> bool:
    return ended.answer is None or ended.answer.is_clear


def _attempt(database: Database, effect: Effect, adapter: Adapter, policy: Policy, now: Clock) -> Ended | None:
    """One attempt; None where the lease was lost before anything was sent."""
    step = step_of(
        effect,
        is_reached=effect.target in adapter.targets,
        may_repeat=adapter.may_repeat(effect),
        can_tell=adapter.can_tell,
    )
    if step is Step.LEAVE:
        words = _left(effect, is_reached=effect.target in adapter.targets)
        at = now()
        return Ended(settlement=Settlement(State.UNKNOWN, words, at), answer=None, is_sent=False, at=at)
    if step is Step.ASK:
        answer = adapter.ask(effect)
        if answer.outcome is not Outcome.NOT_REACHED:
            return _ended(effect, answer, policy, now(), is_sent=False)
        # It certainly did not happen. Asking took time, in which somebody else may have taken it up and sent it.
        at = now()
        if not store.renew(database, effect, now=at, until=at + policy.lease):
            return None
        effect = replace(effect, found_in=State.PLANNED)
    return _ended(effect, adapter.send(effect), policy, now(), is_sent=True)


def _ended(effect: Effect, answer: Answer, policy: Policy, at: datetime, *, is_sent: bool) -> Ended:
    return Ended(settlement=settlement_of(effect, answer, policy, at), answer=answer, is_sent=is_sent, at=at)


def _left(effect: Effect, *, is_reached: bool) -> str:
    if not is_reached:
        return f"it was being handed over to {effect.target}, which is not in use any more"
    return f"the process that was handing it over to {effect.target} ended before it heard the answer"


def resolve_unknown(
    connection: Connection, effect_id: int, *, happened: bool, actor: str, words: str, on_settled: OnSettled | None
) -> bool:
    """A person says whether an effect in doubt happened.

    Returns:
        False where it is not in doubt: somebody has said it before, or it was found out.
    """
    at = utc_now()
    state = store.resolve(connection, effect_id, happened=happened, at=at, actor=actor, words=words)
    if state is not None and on_settled is not None:
        on_settled(connection, [effect_id], state, at)
    return state is not None
