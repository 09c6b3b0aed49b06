"""Escalations in the database: plans, results, and the people to notify.

Here: statements, one transaction each or part of the caller's. Not here: their order (`escalate`), the plan
(`escalation.plan`).
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import polars as pl
from sqlalchemy import Connection, bindparam, text
from sqlalchemy.dialects.postgresql import JSONB

from opsguard_assets.tickets.escalation.plan import DONE, ESCALATE
from resources.database import Database
from resources.ticks import this_program

STATES: Final = ("planned", "sent", "done", "superseded", "failed", "unknown")
OPEN_STATES: Final = ("planned", "sent")
Row = dict[str, Any]
_COLUMNS = (
    "ticket_id", "step", "as_of", "risk_as_of", "risk", "client_id", "site_id", "group_id", "from_priority",
    "to_priority", "from_assignee_id", "to_assignee_id", "expected_status", "expected_updated_at", "reason", "tell",
    "model_name", "model_version", "model_run_id",
)  # fmt: skip
_TYPES: Final = {
    "step": "integer",
    "risk": "double precision",
    "tell": "jsonb",
    **dict.fromkeys(("as_of", "risk_as_of", "expected_updated_at"), "timestamptz"),
}
_RECORD = ", ".join(f"{name} {_TYPES.get(name, 'text')}" for name in _COLUMNS)
_INSERT = f"""
INSERT INTO escalations ({", ".join(_COLUMNS)}, state, ticket_system, planned_at)
SELECT {", ".join(_COLUMNS)}, 'planned', :kind, :at
FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r({_RECORD})
ON CONFLICT (ticket_id, step) DO NOTHING RETURNING escalation_id
"""  # noqa: S608 - our own column names
_NOTE = """
INSERT INTO escalation_transitions (escalation_id, at, actor, from_state, to_state, detail)
SELECT escalation_id, :at, :actor, {before}, :state, :detail FROM escalations WHERE escalation_id = ANY (:ids)
"""
_TICK = """
INSERT INTO escalation_ticks (as_of, risk_as_of, candidates, decisions, recorded_at, settled_by)
VALUES (:as_of, :risk_as_of, :candidates, :decisions, :at, :settled_by) ON CONFLICT (as_of) DO NOTHING
"""
_SETTLE = """
UPDATE escalations SET state = :state, answer = :detail,
    settled_at = CASE WHEN :state = 'planned' THEN NULL ELSE CAST(:at AS timestamptz) END,
    settled_by = CASE WHEN :state = 'planned' THEN NULL ELSE :actor END
WHERE escalation_id = ANY (:ids)
"""
_TELL = """
INSERT INTO escalation_notices (escalation_id, person_id, role, message, created_at)
SELECT e.escalation_id, t.person_id, t.role, 'Ticket ' || e.ticket_id || ': ' || e.reason || :more, :at
FROM escalations AS e CROSS JOIN LATERAL jsonb_to_recordset(e.tell) AS t(person_id text, role text)
WHERE e.escalation_id = ANY (:ids) ON CONFLICT DO NOTHING
"""
# Those in danger of a missed deadline are told of it also where the helpdesk was not changed; a person who changed the
# ticket meanwhile need not be.
_MORE: Final = {
    "done": "",
    "failed": ". The helpdesk could not be changed; somebody has to do it there",
    "unknown": ". Whether the helpdesk was changed is not known; look there",
}


def done(connection: Connection, tickets: pl.Series) -> pl.DataFrame:
    """Rows of `DONE`: all escalations so far of some tickets."""
    statement = text(f"SELECT {', '.join(DONE)} FROM escalations WHERE ticket_id = ANY (:tickets)")  # noqa: S608 - ours
    rows = connection.execute(statement, {"tickets": tickets.to_list()}).all()
    return pl.DataFrame([tuple(row) for row in rows], schema=DONE, orient="row")


def record_plan(connection: Connection, plan: pl.DataFrame, tick: Mapping[str, Any], kind: str) -> list[int]:
    """Writes a plan and how its candidates were decided; what is there already stays. Returns the new numbers.

    Args:
        connection: An open transaction.
        plan: Rows of `escalation.plan.PLAN`.
        tick: `as_of`, `risk_as_of`, and `at`, the time of the clock.
        kind: The kind of ticket system that it is planned for.
    """
    rows = plan.filter(pl.col("decision") == ESCALATE).select(_COLUMNS)
    inserted = connection.execute(text(_INSERT), {"rows": rows.write_json(), "kind": kind, "at": tick["at"]})
    numbers = [int(row.escalation_id) for row in inserted]
    note(connection, numbers, "planned", at=tick["at"], actor="escalation", detail=None, is_new=True)
    decisions = dict(plan.group_by("decision").len().sort("decision").iter_rows())
    values = {**tick, "candidates": len(plan), "decisions": decisions, "settled_by": this_program()}
    connection.execute(text(_TICK).bindparams(bindparam("decisions", type_=JSONB)), values)
    return numbers


def note(
    connection: Connection,
    numbers: Sequence[int],
    state: str,
    *,
    at: datetime,
    actor: str,
    detail: str | None,
    is_new: bool = False,
) -> None:
    """Writes the step to a state into the history, before the step is made."""
    statement = text(_NOTE.format(before="NULL" if is_new else "state"))
    values = {"ids": list(numbers), "state": state, "at": at, "actor": actor, "detail": detail}
    connection.execute(statement, values)


def settle(
    connection: Connection, numbers: Sequence[int], state: str, *, at: datetime, actor: str, detail: str
) -> None:
    """Makes the step to a state, and writes down who is to be told of it."""
    note(connection, numbers, state, at=at, actor=actor, detail=detail)
    if state in _MORE:
        connection.execute(text(_TELL), {"ids": list(numbers), "at": at, "more": _MORE[state]})
    values = {"ids": list(numbers), "state": state, "at": at, "actor": actor, "detail": detail}
    connection.execute(text(_SETTLE), values)


def claim(database: Database, row: Row, *, at: datetime, kind: str) -> bool:
    """Says that an escalation is being handed over; False where somebody else was faster."""
    statement = text(
        "UPDATE escalations SET state = 'sent', sent_at = :at, attempts = attempts + 1, ticket_system = :kind, "
        "settled_at = NULL, settled_by = NULL "
        "WHERE escalation_id = :number AND state = :state AND attempts = :attempts"
    )
    values = {"number": row["escalation_id"], "state": row["state"], "attempts": row["attempts"]}
    with database.begin() as connection:
        note(connection, [row["escalation_id"]], "sent", at=at, actor="escalation", detail=kind)
        claimed = connection.execute(statement, {**values, "at": at, "kind": kind}).rowcount == 1
        if not claimed:
            connection.rollback()
        return claimed


def to_deliver(database: Database, *, also_unknown_of: str | None) -> list[Row]:
    """Escalations that have not ended, the greatest risk first; unknown ones of a kind that can be asked again, too."""
    statement = text(
        "SELECT * FROM escalations WHERE state IN ('planned', 'sent') OR (state = 'unknown' AND ticket_system = :kind) "
        "ORDER BY risk DESC, escalation_id"
    )
    with database.begin() as connection:
        return [dict(row) for row in connection.execute(statement, {"kind": also_unknown_of}).mappings()]


def counts(database: Database) -> dict[str, int]:
    """How many escalations there are per state."""
    with database.begin() as connection:
        found = connection.execute(
            text("SELECT state, count(*) AS number FROM escalations GROUP BY state ORDER BY state")
        )
        return {row.state: int(row.number) for row in found}


def numbers_in(connection: Connection, state: str) -> list[int]:
    """The numbers of the escalations in a state, which stay in it until the end of the transaction."""
    statement = text("SELECT escalation_id FROM escalations WHERE state = :state FOR UPDATE")
    return [int(row.escalation_id) for row in connection.execute(statement, {"state": state})]


def escalations(database: Database, *, states: Sequence[str] = STATES, limit: int = 100) -> list[Row]:
    """Escalations in some states, the newest first.

    Returns:
        Their rows with `told` (who was told) and `to_tell` (who is to be told, and was not yet).
    """
    statement = text(
        "SELECT e.*, n.told, n.to_tell FROM escalations AS e CROSS JOIN LATERAL ("
        "SELECT string_agg(who, ', ') FILTER (WHERE state = 'delivered') AS told, "
        "string_agg(who, ', ') FILTER (WHERE state <> 'delivered') AS to_tell FROM ("
        "SELECT person_id || ' (' || role || ')' AS who, state FROM escalation_notices "
        "WHERE escalation_notices.escalation_id = e.escalation_id ORDER BY role, person_id) AS ordered) AS n "
        "WHERE state = ANY (:states) ORDER BY escalation_id DESC LIMIT :limit"
    )
    with database.begin() as connection:
        return [dict(row) for row in connection.execute(statement, {"states": list(states), "limit": limit}).mappings()]


def tick_decided(database: Database, as_of: datetime) -> Row:
    """How the candidates of a moment were decided when it was looked at first, with `as_of` and `risk_as_of`.

    Raises:
        LookupError: When it was never looked at.
    """
    statement = text("SELECT * FROM escalation_ticks WHERE as_of = :as_of")
    with database.begin() as connection:
        row = connection.execute(statement, {"as_of": as_of}).mappings().first()
    if row is None:
        raise LookupError(f"nothing was escalated as of {as_of.isoformat()}")
    return dict(row)


def unknown_since(database: Database, before: datetime) -> int:
    """How many escalations have been in doubt since before an instant."""
    statement = text("SELECT count(*) FROM escalations WHERE state = 'unknown' AND settled_at < :before")
    with database.begin() as connection:
        return int(connection.execute(statement, {"before": before}).scalar_one())
