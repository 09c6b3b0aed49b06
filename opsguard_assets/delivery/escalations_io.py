"""Who is told of an escalation by which channel: notices that wait become messages.

Here: the decision and its plan, in one transaction. Not here: escalating (`tickets.escalation`), sending.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import polars as pl
from sqlalchemy import Connection

from opsguard_assets.delivery.adapter_io import KIND
from opsguard_assets.effects import io as effects_io
from opsguard_assets.tables.registry import TABLES
from resources.database import Database
from resources.lake import Lake
from resources.sql import statement

# Worth interrupting a specialist: the scale of priorities (docs/triage.md).
_RANK = {"critical": 90.0, "high": 80.0, "medium": 70.0, "low": 60.0}
Row = dict[str, Any]


def plan_escalations(
    database: Database, lake: Lake, channels: Sequence[tuple[str, str]], age_limit: timedelta, now: datetime
) -> int:
    """Decides on every escalation notice that waits, and plans its message; nobody is told twice.

    Args:
        database: Where notices wait.
        lake: Where addresses of people are.
        channels: Names of channels, the preferred first, each with the column of `people` that holds its addresses.
        age_limit: Nobody is told of what is older.
        now: The time of the clock (UTC).

    Returns:
        How many messages were planned.
    """
    with database.begin() as connection:
        waiting = [dict(row) for row in connection.execute(statement(__name__, "waiting_escalations")).mappings()]
        if not waiting:
            return 0
        people = _addresses(lake, sorted({row["person_id"] for row in waiting}))
        decided = [_decided(row, people.get(row["person_id"], {}), channels, now - age_limit) for row in waiting]
        return _planned(connection, decided, now)


def _decided(
    row: Mapping[str, Any], person: Mapping[str, Any], channels: Sequence[tuple[str, str]], too_old: datetime
) -> Row:
    """Who is told by which channel, or why not."""
    reached = next(((name, person[column]) for name, column in channels if person.get(column)), None)
    number, first = row["escalation_id"], channels[0][0] if channels else "none"
    key = f"escalation/{number}"
    if row["created_at"] < too_old:
        why = {"decision": "too old", "reason": f"it waited since {row['created_at']:%Y-%m-%d %H:%M} UTC"}
        return {**row, **why, "channel": first, "address": None, "message_key": f"{key}/too old/{row['person_id']}"}
    if reached is None:
        why = {"decision": "no address", "reason": "no channel has an address of theirs"}
        return {**row, **why, "channel": first, "address": None, "message_key": f"{key}/no address/{row['person_id']}"}
    channel, address = reached
    why = {"decision": "told", "reason": f"they are the {row['role']} of the ticket"}
    return {**row, **why, "channel": channel, "address": address, "message_key": f"{key}/{channel}/{address}"}


def _planned(connection: Connection, decided: Sequence[Row], now: datetime) -> int:
    names = ("escalation_id", "role", "person_id", "channel", "address", "decision", "reason", "message_key")
    rows = pl.DataFrame([{name: row[name] for name in names} for row in decided], infer_schema_length=None)
    values = {"rows": rows.write_json(), "at": now}
    new = {
        row.message_key: int(row.notice_id)
        for row in connection.execute(statement(__name__, "decide_escalations"), values)
    }
    addressed = [row for row in decided if row["decision"] == "told" and row["message_key"] in new]
    if not addressed:
        return 0
    frame = pl.DataFrame([_message(row, new[row["message_key"]]) for row in addressed])
    planned = effects_io.plan(connection, KIND, frame, at=now, actor="escalation")
    linked = planned.rename({"key": "message_key"})
    connection.execute(statement(__name__, "link_effects"), {"rows": linked.write_json()})
    return len(planned)


def _message(row: Mapping[str, Any], notice_id: int) -> Row:
    payload = {
        "notice_id": notice_id, "kind": "escalation", "channel": row["channel"], "address": row["address"],
        "escalation_id": row["escalation_id"], "person_id": row["person_id"], "is_critical": False,
    }  # fmt: skip
    rank = _RANK.get(row["to_priority"], _RANK["low"])
    return {"key": row["message_key"], "target": row["channel"], "rank": rank, "payload": payload}


def _addresses(lake: Lake, people: Sequence[str]) -> dict[str, Row]:
    """The addresses of some people by their identifier."""
    rows = lake.known(TABLES["people"]).filter(pl.col("person_id").is_in(people))
    return {row["person_id"]: row for row in rows.select("person_id", "email", "slack_user_id").collect().to_dicts()}
