"""Escalations carried out: planned as side effects, handed over to the ticket system, each of them once.

Here: one run, its lock, moments long past. Not here: the plan (`escalation.plan`), statements (`escalation.io`),
attempts, leases and doubt (`opsguard_assets.effects`), kinds of ticket systems (`resources.ticket_system`).

One run at a time holds a lock, because a plan depends on what was done before. Should the lock be lost with its
connection, the database still refuses a second effect of a ticket and step, and the ticket system a second use of its
key.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import polars as pl

from opsguard_assets.duty.desk import Desk
from opsguard_assets.effects import drain_io
from opsguard_assets.effects import io as effects_io
from opsguard_assets.effects.machine import Policy, State
from opsguard_assets.tickets.escalation import io as store
from opsguard_assets.tickets.escalation.adapter_io import HelpdeskAdapter
from opsguard_assets.tickets.escalation.io import EFFECT
from opsguard_assets.tickets.escalation.plan import EscalationRules, plan_escalations
from resources.database import Database
from resources.ticket_system.change import TicketSystem

LOCK = "opsguard escalations"


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
            effects = store.record_plan(connection, plan, tick, system.kind)
            if not system.acts_outside:
                words = "recorded in OpsGuard"
                effects_io.settle_planned(connection, effects, State.DONE, at=at, actor=EFFECT, words=words)
                store.note_recipients(connection, effects, State.DONE, at)
                settled["done"] += len(effects)
        drained = _drain(database, system, waits)
        settled.update({_word(state): count for state, count in drained.settled.items()})
    return Escalated(plan, given.risk_as_of, settled, drained.is_stopped)


def _drain(database: Database, system: TicketSystem, waits: Waits) -> drain_io.Drained:
    """Hands over what has not ended, also of earlier runs, to the ticket system that is configured now."""
    effects_io.retarget(database, EFFECT, system.kind)
    # No back-off: whenever the next run is, it tries again what the helpdesk did not refuse.
    policy = Policy(give_up=waits.give_up)
    return drain_io.drain(database, EFFECT, HelpdeskAdapter(system), policy, on_settled=store.note_recipients)


def _word(state: State) -> str:
    """The state of an escalation as people know it."""
    return "sent" if state is State.SENDING else state.value


def resolve_unknown(database: Database, number: int, *, happened: bool, actor: str, words: str) -> None:
    """A person says whether an escalation happened of which OpsGuard does not know.

    Raises:
        EscalationError: When there is no such escalation in doubt.
    """
    with database.lock(LOCK), database.begin() as connection:
        effect = store.effect_of(connection, number)
        if effect is None or not drain_io.resolve_unknown(
            connection, effect, happened=happened, actor=actor, words=words, on_settled=store.note_recipients
        ):
            raise EscalationError(
                f"There is no escalation {number} in doubt; "
                "`opsguard escalations list --state unknown` shows those that are."
            )


def _now() -> datetime:
    return datetime.now(UTC)
