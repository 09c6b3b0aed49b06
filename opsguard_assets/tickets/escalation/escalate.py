"""Escalations carried out: planned, handed over to the ticket system, and settled, each of them once.

Here: the order of steps, locks, what an answer leads to. Not here: the plan (`escalation.plan`), statements
(`escalation.io`), kinds of ticket systems (`resources.ticket_system`).

One run at a time holds a lock. A plan is written before anything is handed over, and every hand-over is written down
before and after, each in a transaction of its own; so whatever dies leaves a record from which the next run goes on.
Should the lock be lost with its connection, the database still refuses a second row of a ticket and step, and the
ticket system a second use of its key.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import polars as pl

from opsguard_assets.tickets.escalation import io as store
from opsguard_assets.tickets.escalation.plan import Desk, EscalationRules, plan_escalations
from resources.database import Database
from resources.ticket_system.change import Answer, Change, Outcome, TicketSystem

LOCK, ACTOR = "opsguard escalations", "escalation"
# So many hand-overs in a row without a clear answer: the helpdesk is down, and the rest waits for the next run.
PATIENCE = 3
_STATE = {
    Outcome.DONE: "done",
    Outcome.SUPERSEDED: "superseded",
    Outcome.FAILED: "failed",
    Outcome.UNKNOWN: "unknown",
    Outcome.NOT_REACHED: "planned",
}


class EscalationError(RuntimeError):
    """It cannot be escalated; the message says why and what can be done."""


@dataclass(frozen=True)
class Given:
    """What a plan is made from.

    Attributes:
        risk: Rows of `sla_risk` of one tick, with `withheld`.
        risk_as_of: That tick.
        tickets: The open tickets as known at the moment.
        desk: Who works where.
    """

    risk: pl.DataFrame
    risk_as_of: datetime
    tickets: pl.DataFrame
    desk: Desk


@dataclass(frozen=True)
class Waits:
    """How long what may wait.

    Attributes:
        give_up: What could not be handed over for so long has failed.
        latest: Moments older than this change nothing outside: the world has moved on.
    """

    give_up: timedelta = timedelta(minutes=90)
    latest: timedelta = timedelta(minutes=60)


@dataclass(frozen=True)
class Escalated:
    """What a run did.

    Attributes:
        plan: Rows of `escalation.plan.PLAN`.
        risk_as_of: The tick of risk that it was made from.
        settled: How many escalations, also of earlier runs, came to which state in this run; `planned` ones could not
            be handed over yet.
        is_stopped: The helpdesk did not answer; the rest waits for the next run.
    """

    plan: pl.DataFrame
    risk_as_of: datetime
    settled: Mapping[str, int]
    is_stopped: bool = False


def escalate(
    database: Database,
    system: TicketSystem,
    given: Given,
    as_of: datetime,
    rules: EscalationRules,
    waits: Waits,
) -> Escalated:
    """Plans the escalations of a moment and carries them out, together with what earlier runs left.

    Args:
        database: Where escalations are recorded.
        system: Where they are written to.
        given: What the plan is made from.
        as_of: The moment, UTC.
        rules: What escalates and how often.
        waits: How long what may wait.

    Raises:
        EscalationError: When something outside would be changed for a moment long past.
    """
    if system.acts_outside and _now() - as_of > waits.latest:
        raise EscalationError(
            f"{as_of:%Y-%m-%d %H:%M} UTC is more than {waits.latest} ago; tickets in the helpdesk are not changed by "
            "what was likely then. Leave --as-of out, or set `ticket_system: {kind: record}`."
        )
    with database.lock(LOCK):
        settled = Counter[str]()
        with database.begin() as connection:
            done = store.done(connection, given.tickets["ticket_id"])
            plan = plan_escalations(given.risk, given.tickets, given.desk, done, as_of, rules)
            at = _now()
            tick = {"as_of": as_of, "risk_as_of": given.risk_as_of, "at": at}
            numbers = store.record_plan(connection, plan, tick, system.kind)
            if not system.acts_outside:
                store.settle(connection, numbers, "done", at=at, actor=ACTOR, detail="recorded in OpsGuard")
                settled["done"] += len(numbers)
        is_stopped = _deliver(database, system, waits, settled)
    return Escalated(plan, given.risk_as_of, settled, is_stopped)


def _deliver(database: Database, system: TicketSystem, waits: Waits, settled: Counter[str]) -> bool:
    """Hands over what has not ended; True where the helpdesk did not answer and the rest waits."""
    in_vain = 0
    for row in store.to_deliver(database, also_unknown_of=system.kind if system.can_tell else None):
        known = _foregone(row, system, waits)
        if known is None and in_vain >= PATIENCE:
            settled[row["state"]] += 1
            continue
        if known is None:
            if not store.claim(database, row, at=_now(), kind=system.kind):
                continue
            known = system.apply(_change(row))
            in_vain = in_vain + 1 if known.outcome in {Outcome.NOT_REACHED, Outcome.UNKNOWN} else 0
        state = _STATE[known.outcome]
        with database.begin() as connection:
            store.settle(connection, [row["escalation_id"]], state, at=_now(), actor=ACTOR, detail=known.words)
        settled[state] += 1
    return in_vain >= PATIENCE


def _foregone(row: store.Row, system: TicketSystem, waits: Waits) -> Answer | None:
    """What is known without handing an escalation over."""
    if row["state"] != "planned":
        if row["ticket_system"] == system.kind:
            return None
        words = f"it was being handed to a ticket system of kind {row['ticket_system']}, which is not in use any more"
        return Answer(Outcome.UNKNOWN, words)
    if _now() - row["planned_at"] > waits.give_up:
        last = f"; last answer: {row['answer']}" if row["answer"] else ""
        return Answer(Outcome.FAILED, f"it could not be handed over for {waits.give_up}{last}")
    return None


def _change(row: store.Row) -> Change:
    return Change(
        key=row["idempotency_key"],
        ticket_id=row["ticket_id"],
        step=row["step"],
        priority=row["to_priority"],
        assignee_id=row["to_assignee_id"],
        reason=row["reason"],
        as_of=row["as_of"],
        expected_priority=row["from_priority"],
        expected_assignee_id=row["from_assignee_id"],
        expected_status=row["expected_status"],
        expected_updated_at=row["expected_updated_at"],
        was_sent=row["state"] != "planned",
    )


def resolve_unknown(database: Database, number: int, *, happened: bool, actor: str, words: str) -> None:
    """A person says whether an escalation happened of which OpsGuard does not know.

    Raises:
        EscalationError: When there is no such escalation in doubt.
    """
    with database.lock(LOCK), database.begin() as connection:
        if number not in store.numbers_in(connection, "unknown"):
            raise EscalationError(
                f"There is no escalation {number} in doubt; "
                "`opsguard escalations list --state unknown` shows those that are."
            )
        store.settle(connection, [number], "done" if happened else "failed", at=_now(), actor=actor, detail=words)


def _now() -> datetime:
    return datetime.now(UTC)
