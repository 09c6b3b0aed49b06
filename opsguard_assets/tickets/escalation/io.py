"""Escalations in the database: plans, results, and the people to notify.

Here: statements, one transaction each or part of the caller's. Not here: their order (`escalate`), the plan
(`escalation.plan`), carrying out and its states (`opsguard_assets.effects`). `escalations` is a view that joins both.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import polars as pl
from sqlalchemy import Connection, bindparam, text
from sqlalchemy.dialects.postgresql import JSONB

from opsguard_assets.effects import io as effects_io
from opsguard_assets.effects.machine import State
from opsguard_assets.tickets.escalation.plan import DONE, ESCALATE
from resources.database import Database
from resources.sql import statement
from resources.ticks import this_program

# The kind of effect that escalations are.
EFFECT: Final = "escalation"
STATES: Final = ("planned", "sent", "done", "superseded", "failed", "unknown")
OPEN_STATES: Final = ("planned", "sent")
Row = dict[str, Any]
_COLUMNS = (
    "ticket_id", "step", "as_of", "risk_as_of", "risk", "client_id", "site_id", "group_id", "from_priority",
    "to_priority", "from_assignee_id", "to_assignee_id", "expected_status", "expected_updated_at", "reason", "tell",
    "model_name", "model_version", "model_run_id",
)  # fmt: skip
# Once per ticket and step: the number comes last, so that no two tickets share a key, whatever they are called.
_KEY = pl.format("{}/{}", "ticket_id", "step")
_ISO = "%Y-%m-%dT%H:%M:%S%.6f+00:00"
# What the helpdesk is sent, frozen with the plan: however late it is handed over again, it is the same.
PAYLOAD = pl.struct(
    "ticket_id", "step", "reason", "expected_status",
    pl.col("as_of", "expected_updated_at").dt.to_string(_ISO),
    priority="to_priority", assignee_id="to_assignee_id", expected_priority="from_priority",
    expected_assignee_id="from_assignee_id",
)  # fmt: skip
# Those in danger of a missed deadline are told of it also where the helpdesk was not changed; a person who changed the
# ticket meanwhile need not be.
_MORE: Final = {
    State.DONE: "",
    State.FAILED: ". The helpdesk could not be changed; somebody has to do it there",
    State.UNKNOWN: ". Whether the helpdesk was changed is not known; look there",
}


def done(connection: Connection, tickets: pl.Series) -> pl.DataFrame:
    """Rows of `DONE`: all escalations so far of some tickets."""
    asked = text(f"SELECT {', '.join(DONE)} FROM escalations WHERE ticket_id = ANY (:tickets)")  # noqa: S608 - ours
    rows = connection.execute(asked, {"tickets": tickets.to_list()}).all()
    return pl.DataFrame([tuple(row) for row in rows], schema=DONE, orient="row")


def record_plan(connection: Connection, plan: pl.DataFrame, tick: Mapping[str, Any], kind: str) -> list[int]:
    """Writes a plan and how its candidates were decided; what is there already stays.

    Args:
        connection: An open transaction.
        plan: Rows of `escalation.plan.PLAN`.
        tick: `as_of`, `risk_as_of`, and `at`, the time of the clock.
        kind: The kind of ticket system that it is planned for.

    Returns:
        The numbers of the new effects.
    """
    rows = plan.filter(pl.col("decision") == ESCALATE).with_columns(key=_KEY)
    effects = rows.select("key", target=pl.lit(kind), rank="risk", payload=PAYLOAD)
    planned = effects_io.plan(connection, EFFECT, effects, at=tick["at"], actor=EFFECT)
    steps = rows.join(planned, on="key").select("effect_id", *_COLUMNS)
    connection.execute(statement(__name__, "steps"), {"rows": steps.write_json()})
    decisions = dict(plan.group_by("decision").len().sort("decision").iter_rows())
    values = {**tick, "candidates": len(plan), "decisions": decisions, "settled_by": this_program()}
    connection.execute(statement(__name__, "tick").bindparams(bindparam("decisions", type_=JSONB)), values)
    return planned["effect_id"].to_list()


def note_recipients(connection: Connection, effects: Sequence[int], state: State, at: datetime) -> None:
    """Writes down whom to notify that escalations came to a state, in the transaction that settles them."""
    if state in _MORE:
        values = {"effects": list(effects), "at": at, "more": _MORE[state]}
        connection.execute(statement(__name__, "notices"), values)


def counts(database: Database) -> dict[str, int]:
    """How many escalations there are per state."""
    with database.begin() as connection:
        found = connection.execute(
            text("SELECT state, count(*) AS number FROM escalations GROUP BY state ORDER BY state")
        )
        return {row.state: int(row.number) for row in found}


def effect_of(connection: Connection, number: int) -> int | None:
    """The effect of an escalation; None where there is no such escalation."""
    asked = text("SELECT effect_id FROM escalation_steps WHERE escalation_id = :number")
    row = connection.execute(asked, {"number": number}).first()
    return int(row.effect_id) if row else None


def escalations(database: Database, *, states: Sequence[str] = STATES, limit: int = 100) -> list[Row]:
    """Escalations in some states, the newest first.

    Returns:
        Their rows with `told` (who was told) and `to_tell` (who is to be told, and was not yet).
    """
    values = {"states": list(states), "limit": limit}
    with database.begin() as connection:
        return [dict(row) for row in connection.execute(statement(__name__, "list"), values).mappings()]


def tick_decided(database: Database, as_of: datetime) -> Row:
    """How the candidates of a moment were decided when it was looked at first, with `as_of` and `risk_as_of`.

    Raises:
        LookupError: When it was never looked at.
    """
    asked = text("SELECT * FROM escalation_ticks WHERE as_of = :as_of")
    with database.begin() as connection:
        row = connection.execute(asked, {"as_of": as_of}).mappings().first()
    if row is None:
        raise LookupError(f"nothing was escalated as of {as_of.isoformat()}")
    return dict(row)


def unknown_since(database: Database, before: datetime) -> int:
    """How many escalations have been in doubt since before an instant."""
    asked = text("SELECT count(*) FROM escalations WHERE state = 'unknown' AND settled_at < :before")
    with database.begin() as connection:
        return int(connection.execute(asked, {"before": before}).scalar_one())
