"""The ticket that an alert is about, as it is now, and changes of it for the ticket system.

Here: reading it, what is being changed already, and the change that is handed over. Not here: handing it over
(`adapters_io`), escalations by risk (`opsguard_assets.tickets.escalation`), whose changes count here as well.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import polars as pl
from sqlalchemy import Connection

from opsguard_assets.effects.machine import State
from opsguard_assets.remediation.actions.action import Situation, World
from opsguard_assets.remediation.actions.effects import CHANGE, Planned, plan_effect
from opsguard_assets.tables.registry import TABLES
from opsguard_assets.tables.values import OPEN_STATUSES
from resources.sql import statement

_COLUMNS: Final = ("ticket_id", "group_id", "priority", "assignee_id", "status", "updated_at")


@dataclass(frozen=True, kw_only=True)
class Ticket:
    """A ticket as it is now: its newest record, and what was changed since in the helpdesk.

    Attributes:
        ticket_id: Which.
        group_id: The team that is responsible.
        priority: Its priority.
        assignee_id: Who works on it.
        status: Its status.
        updated_at: When the newest record came about (UTC).
        trouble: Why it cannot be changed now; None where it can.
    """

    ticket_id: str
    group_id: str | None
    priority: str
    assignee_id: str | None
    status: str
    updated_at: datetime
    trouble: str | None = None

    @property
    def name(self) -> str:
        """For people."""
        return f"ticket {self.ticket_id}"


def ticket_of(world: World, alert: Mapping[str, Any], now: datetime) -> Ticket | None:
    """The ticket that an alert is about; None where it is about none that is known."""
    if alert["entity_type"] != "ticket":
        return None
    known = world.lake.known(TABLES["tickets"], now).filter(pl.col("ticket_id") == alert["entity_id"])
    rows = known.select(_COLUMNS).collect()
    if rows.is_empty():
        return None
    record = rows.row(0, named=True)
    with world.database.begin() as connection:
        asked = {"ticket_id": record["ticket_id"]}
        changes = connection.execute(statement(__name__, "effects/of_ticket"), asked).mappings().all()
    done = next((row for row in changes if row["state"] == State.DONE), None)
    # Made on top of this record: the helpdesk has the change, and no record of it has come yet.
    if done is not None and done["expected_updated_at"] >= record["updated_at"]:
        record |= {"priority": done["priority"], "assignee_id": done["assignee_id"]}
    return Ticket(**record, trouble=_trouble(record, changes))


def _trouble(record: Mapping[str, Any], changes: Any) -> str | None:
    name = f"ticket {record['ticket_id']}"
    if record["status"] not in OPEN_STATUSES:
        return f"{name} is {record['status']}"
    if any(row["state"] in {State.PLANNED, State.SENDING, State.UNKNOWN} for row in changes):
        return f"what an earlier change of {name} led to is not known yet"
    return None


def open_tickets(world: World, now: datetime) -> pl.DataFrame:
    """(`person_id`, `load`): open tickets per assignee."""
    rows = world.lake.known(TABLES["tickets"], now, live_only=True).filter(
        pl.col("assignee_id").is_not_null(), pl.col("status").is_in(list(OPEN_STATUSES))
    )
    return rows.group_by(person_id="assignee_id").agg(load=pl.len().cast(pl.Int64)).collect()


def change_of_ticket(
    situation: Situation, ticket: Ticket, reason: str, *, priority: str | None = None, assignee_id: str | None = None
) -> dict[str, Any]:
    """What the ticket system is handed: the same as for an escalation. What is left out stays as it is."""
    return {
        "do": CHANGE,
        "ticket_id": ticket.ticket_id,
        "step": situation.number + 1,
        "as_of": situation.now.isoformat(),
        "reason": reason,
        "priority": priority or ticket.priority,
        "assignee_id": assignee_id or ticket.assignee_id,
        "expected_priority": ticket.priority,
        "expected_assignee_id": ticket.assignee_id,
        "expected_status": ticket.status,
        "expected_updated_at": ticket.updated_at.isoformat(),
    }


def change_back(situation: Situation, done: Mapping[str, Any], reason: str) -> dict[str, Any]:
    """The opposite of a change: the ticket is again what it was, unless somebody has changed it since."""
    names = ("priority", "assignee_id")
    return {
        **done,
        "as_of": situation.now.isoformat(),
        "reason": reason,
        **{name: done[f"expected_{name}"] for name in names},
        **{f"expected_{name}": done[name] for name in names},
    }


def plan_change(connection: Connection, situation: Situation, target: str, payload: Mapping[str, Any]) -> Planned:
    """Plans that the ticket system is handed a change."""
    return plan_effect(connection, situation, target, payload, about="ticket")
