"""Side effects in the database: planned with whatever plans them, claimed by one worker, settled under its lease.

Here: one function per statement in `sql/`, a transaction each or part of the caller's. Not here: their order
(`drain_io`), decisions (`machine`), what an effect means.

Instants are given: nothing here reads a clock, and `now()` of the database is not mixed with that of a worker.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import polars as pl
from sqlalchemy import Connection, Integer, bindparam, text

from opsguard_assets.effects.adapter import Adapter
from opsguard_assets.effects.machine import Circuit, Effect, Policy, Settlement, State, circuit_after
from resources.answers import Answer
from resources.database import Database
from resources.sql import statement

# What a domain does in the transaction that settles effects: (connection, numbers, state, instant).
OnSettled = Callable[[Connection, Sequence[int], State, datetime], None]
# What it does in the transaction that claims effects: (connection, effects, instant).
OnClaimed = Callable[[Connection, Sequence[Effect], datetime], None]


@dataclass(frozen=True, kw_only=True)
class Worker:
    """Who carries effects out.

    Attributes:
        mark: Its process (`resources.processes`).
        lease: The token of this drain, a UUID: it takes an effect once, and settles only what it has taken.
        actor: Its name in histories.
        others: Targets of the kind that other workers see to; also what is in doubt there is theirs.
        on_claimed: What the domain does in the transaction in which it claims effects.
    """

    mark: str
    lease: str
    actor: str
    others: Sequence[str] = ()
    on_claimed: OnClaimed | None = None


def plan(connection: Connection, kind: str, effects: pl.DataFrame, *, at: datetime, actor: str) -> pl.DataFrame:
    """Plans effects in the transaction that decides on them. What is planned already under its key stays.

    Args:
        connection: An open transaction.
        kind: What kind of effects they are.
        effects: (`key`, `target`, `rank`, `payload`): what it is, where it goes, the greatest rank first (Float64),
            what is sent (a struct; instants as text); optionally `due_at` (UTC): not handed over before.
        at: The time of the clock (UTC).
        actor: Who plans, for the history.

    Returns:
        (`effect_id`, `key`) of those that are new.
    """
    values = {"kind": kind, "rows": effects.write_json(), "at": at, "actor": actor}
    rows = connection.execute(statement(__name__, "plan"), values).all()
    return pl.DataFrame(
        [tuple(row) for row in rows], schema={"effect_id": pl.Int64(), "key": pl.String()}, orient="row"
    )


def settle_planned(
    connection: Connection, effect_ids: Sequence[int], state: State, *, at: datetime, actor: str, words: str
) -> list[int]:
    """Settles planned effects that are not to be handed over any more; returns the numbers of those it settled."""
    values = {"effect_ids": list(effect_ids), "state": state.value, "at": at, "actor": actor, "words": words}
    return _numbers(connection, "settle_planned", values)


def supersede(
    connection: Connection,
    kind: str,
    holding: Mapping[str, Any],
    *,
    unless: Sequence[Mapping[str, Any]] = (),
    at: datetime,
    actor: str,
    words: str,
) -> list[int]:
    """Settles planned effects that something newer made pointless; what is being handed over already is left.

    Args:
        connection: An open transaction: that of whatever makes them pointless.
        kind: Their kind.
        holding: What their payloads hold, such as `{"incident_id": 7}`.
        unless: Those whose payload holds one of these stay planned.
        at: The time of the clock (UTC).
        actor: Who, for the history.
        words: Why.

    Returns:
        The numbers of those that were still planned.
    """
    values = {
        "kind": kind, "holding": json.dumps(holding), "unless": json.dumps(list(unless)), "at": at, "actor": actor,
        "words": words,
    }  # fmt: skip
    return _numbers(connection, "supersede", values)


def retarget(database: Database, kind: str, target: str) -> None:
    """Directs the planned effects of a kind to another target."""
    with database.begin() as connection:
        connection.execute(statement(__name__, "retarget"), {"kind": kind, "target": target})


def claim(
    database: Database,
    kind: str,
    adapter: Adapter,
    worker: Worker,
    policy: Policy,
    *,
    now: datetime,
    most: int = 1,
) -> list[Effect]:
    """The next effects that are due, which nobody else takes up while the lease lasts; none where nothing is due.

    Args:
        database: Where effects are.
        kind: Their kind.
        adapter: What carries them out.
        worker: Who takes them.
        policy: How long the lease lasts.
        now: The time of the clock (UTC).
        most: How many at most. All but the first are planned ones, and none is behind one in doubt.
    """
    while True:
        with database.begin() as connection:
            effects, may_try = _claim(connection, kind, adapter, worker, policy, now, most)
            if may_try:
                return effects
            # Somebody else tries the target; from now on its effects are passed over.
            connection.rollback()


def _claim(
    connection: Connection, kind: str, adapter: Adapter, worker: Worker, policy: Policy, now: datetime, most: int
) -> tuple[list[Effect], bool]:
    """The next effects, and whether they may be tried: of a target in trouble one worker at a time tries."""
    values = {
        "kind": kind, "now": now, "lease": worker.lease, "lease_until": now + policy.lease, "worker": worker.mark,
        "actor": worker.actor, "targets": list(adapter.targets), "others": list(worker.others),
        "can_tell": adapter.can_tell, "most": most,
    }  # fmt: skip
    # The number is written into the statement: a plan for a number that comes later sorts all that is due.
    claiming = statement(__name__, "claim").bindparams(bindparam("most", literal_execute=True, type_=Integer()))
    effects: list[Effect] = []
    in_trouble: set[str] = set()
    for row in connection.execute(claiming, values).mappings():
        found = {name: value for name, value in row.items() if name not in {"is_in_trouble", "place"}}
        effects.append(Effect(**{**found, "found_in": State(found["found_in"])}))
        if row["is_in_trouble"]:
            in_trouble.add(effects[-1].target)
    # `probe` locks the row of a circuit: in one order, or two workers could wait for each other.
    may_try = all(_may_try(connection, target, policy, now) for target in sorted(in_trouble))
    if may_try and effects and worker.on_claimed is not None:
        worker.on_claimed(connection, effects, now)
    return effects, may_try


def _may_try(connection: Connection, target: str, policy: Policy, now: datetime) -> bool:
    values = {
        "target": target, "now": now, "until": now + policy.circuit_wait, "failures_to_open": policy.failures_to_open,
    }  # fmt: skip
    return connection.execute(statement(__name__, "probe"), values).first() is not None


def renew(database: Database, effect: Effect, *, now: datetime, until: datetime) -> bool:
    """Prolongs the lease of an effect that is handed over anew; False where somebody else has taken it up."""
    with database.begin() as connection:
        values = {"effect_id": effect.effect_id, "lease": effect.lease, "now": now, "until": until}
        return bool(_numbers(connection, "renew", values))


@dataclass(frozen=True, kw_only=True)
class Ended:
    """An attempt that has ended.

    Attributes:
        settlement: What it leads to.
        answer: What the target said; None where it was not asked.
        is_sent: Whether something was handed over, so that the attempt counts.
        at: When (UTC).
    """

    settlement: Settlement
    answer: Answer | None
    is_sent: bool
    at: datetime


@dataclass(frozen=True, kw_only=True)
class Tried:
    """The results of effects that were claimed together.

    Attributes:
        ended: Those that were tried, with how each ended.
        left: Those that were not: they are given back.
        at: When (UTC).
    """

    ended: Sequence[tuple[Effect, Ended]]
    left: Sequence[Effect]
    at: datetime


def settle(
    database: Database, tried: Tried, policy: Policy, *, actor: str, on_settled: OnSettled | None
) -> frozenset[int]:
    """Settles effects and notes what their targets are worth, in one transaction.

    Returns:
        The numbers of those whose lease was held. Of others the answer is kept in the history and changes nothing.
    """
    with database.begin() as connection:
        return _settle(connection, tried, policy, actor=actor, on_settled=on_settled)


def settle_and_claim(
    database: Database,
    kind: str,
    tried: Tried,
    policy: Policy,
    *,
    adapter: Adapter,
    worker: Worker,
    most: int = 1,
    on_settled: OnSettled | None = None,
) -> tuple[frozenset[int], list[Effect]]:
    """Settles effects and claims the next ones in the same transaction: never more in doubt than were claimed together.

    Returns:
        As `settle` and as `claim`.
    """
    with database.begin() as connection:
        mine = _settle(connection, tried, policy, actor=worker.actor, on_settled=on_settled)
        following, may_try = _claim(connection, kind, adapter, worker, policy, tried.at, most)
        if may_try:
            return mine, following
        # Somebody else tries that target: the claim is undone, and with it the settlement, which is repeated alone.
        connection.rollback()
    mine = settle(database, tried, policy, actor=worker.actor, on_settled=on_settled)
    return mine, claim(database, kind, adapter, worker, policy, now=tried.at, most=most)


def _settle(
    connection: Connection, tried: Tried, policy: Policy, *, actor: str, on_settled: OnSettled | None
) -> frozenset[int]:
    if tried.left:
        values = {"effect_ids": [effect.effect_id for effect in tried.left], "lease": tried.left[0].lease}
        connection.execute(statement(__name__, "release"), {**values, "now": tried.at, "actor": actor})
    rows = json.dumps([_ended_row(effect, ended) for effect, ended in tried.ended])
    found = connection.execute(statement(__name__, "settle"), {"rows": rows, "actor": actor}) if tried.ended else ()
    in_trouble = {int(row.effect_id): bool(row.is_in_trouble) for row in found}
    by_state: dict[State, list[int]] = {}
    for effect, ended in tried.ended:
        number, to = effect.effect_id, ended.settlement
        if number in in_trouble:
            by_state.setdefault(to.state, []).append(number)
        else:
            late = f"an answer after the lease had ended: {to.state}: {to.words}"
            noted = {"effect_id": number, "at": ended.at, "actor": actor, "words": late}
            connection.execute(statement(__name__, "late_answer"), noted)
        # A target that answers and always did has no circuit to look at. Where the lease was lost that is not known.
        if ended.answer is not None and not (ended.answer.is_clear and not in_trouble.get(number, True)):
            _note_circuit(connection, effect.target, ended.answer, policy, ended.at)
    if on_settled is not None:
        for state, numbers in by_state.items():
            on_settled(connection, numbers, state, tried.at)
    return frozenset(in_trouble)


def _ended_row(effect: Effect, ended: Ended) -> dict[str, Any]:
    to = ended.settlement
    return {
        "effect_id": effect.effect_id, "lease": effect.lease, "state": to.state.value, "words": to.words,
        "due_at": to.due_at.isoformat(), "at": ended.at.isoformat(), "unsent": int(not ended.is_sent),
    }  # fmt: skip


def _note_circuit(connection: Connection, target: str, answer: Answer, policy: Policy, now: datetime) -> None:
    asked = statement(__name__, "circuit_in_trouble" if answer.is_clear else "circuit_of")
    row = connection.execute(asked, {"target": target, "at": now}).mappings().first()
    before = Circuit(**row) if row else Circuit(target)
    after = circuit_after(before, answer, policy, now)
    if after != before:
        connection.execute(statement(__name__, "set_circuit"), {**vars(after), "words": answer.words, "at": now})


def end_leases(database: Database, kind: str, is_gone: Callable[[str], bool | None], *, now: datetime) -> None:
    """Ends the leases of workers that are known to be gone.

    Args:
        database: Where effects are.
        kind: Whose effects.
        is_gone: Whether the process of a mark has ended; None where that cannot be known, and its lease runs out.
        now: The time of the clock (UTC).
    """
    asked = text("SELECT DISTINCT worker FROM effects WHERE kind = :kind AND state = 'sending' AND worker IS NOT NULL")
    with database.begin() as connection:
        workers = [str(row.worker) for row in connection.execute(asked, {"kind": kind})]
        gone = [worker for worker in workers if is_gone(worker)]
        if gone:
            connection.execute(statement(__name__, "end_leases"), {"kind": kind, "now": now, "workers": gone})


def give_up(
    database: Database, kind: str, policy: Policy, *, now: datetime, actor: str, on_settled: OnSettled | None
) -> int:
    """Ends what could not be handed over within `policy.give_up`; returns how many effects have failed."""
    words = f"it could not be handed over for {policy.give_up}"
    values = {"kind": kind, "before": now - policy.give_up, "words": words, "at": now, "actor": actor}
    with database.begin() as connection:
        failed = _numbers(connection, "give_up", values)
        if failed and on_settled is not None:
            on_settled(connection, failed, State.FAILED, now)
    return len(failed)


def waiting(database: Database, kind: str, adapter: Adapter, worker: Worker, *, now: datetime) -> dict[State, int]:
    """How many effects per state wait because their target does not answer."""
    values = {
        "kind": kind, "targets": list(adapter.targets), "lease": worker.lease, "can_tell": adapter.can_tell, "now": now,
    }  # fmt: skip
    with database.begin() as connection:
        rows = connection.execute(statement(__name__, "waiting"), values)
        return {State(row.state): int(row.number) for row in rows}


def circuits(database: Database, targets: Sequence[str]) -> list[Circuit]:
    """What is known of some targets; those that always answered are not among them."""
    asked = text("SELECT target, failures, open_until FROM effect_circuits WHERE target = ANY (:targets)")
    with database.begin() as connection:
        return [Circuit(**row) for row in connection.execute(asked, {"targets": list(targets)}).mappings()]


def resolve(
    connection: Connection, effect_id: int, *, happened: bool, at: datetime, actor: str, words: str
) -> State | None:
    """A person says whether an effect in doubt happened; None where it is not in doubt (any more)."""
    state = State.DONE if happened else State.FAILED
    values = {"effect_id": effect_id, "state": state.value, "at": at, "actor": actor, "words": words}
    return state if _numbers(connection, "resolve", values) else None


def effect_of(connection: Connection, effect_id: int) -> Effect | None:
    """An effect in whatever state; None where there is none of this number."""
    row = connection.execute(statement(__name__, "effect_of"), {"effect_id": effect_id}).mappings().first()
    return None if row is None else Effect(**{**row, "found_in": State(row["found_in"])})


def forget(connection: Connection, effect_ids: Sequence[int]) -> None:
    """Takes out effects and their history, once they are kept elsewhere; only what nothing outside has heard of."""
    values = {"effect_ids": list(effect_ids)}
    connection.execute(text("DELETE FROM effect_transitions WHERE effect_id = ANY (:effect_ids)"), values)
    connection.execute(text("DELETE FROM effects WHERE effect_id = ANY (:effect_ids)"), values)


def _numbers(connection: Connection, name: str, values: dict[str, Any]) -> list[int]:
    return [int(row.effect_id) for row in connection.execute(statement(__name__, name), values)]
