"""Who is told of an escalation by which channel: notices that wait become messages.

Here: the decision and its plan, in one transaction. Not here: escalating (`tickets.escalation`), sending.
"""

import hashlib
import json
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
# So many are messages of their own; more for one person at once are one message.
_FEW = 3
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
        return _planned(connection, _bundled(decided), now)


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
    # Two people may have one address; each is told in their own name.
    key = f"{key}/{channel}/{address}/{row['person_id']}"
    return {**row, **why, "channel": channel, "address": address, "message_key": key}


def _bundled(decided: Sequence[Row]) -> list[Row]:
    """The same with one message more for each person who would be sent more than a few, in place of those."""
    of_people: dict[tuple[str, str], list[Row]] = {}
    for row in decided:
        if row["decision"] == "told":
            of_people.setdefault((row["person_id"], row["channel"]), []).append(row)
    bundles = [_bundle(rows) for rows in of_people.values() if len(rows) > _FEW]
    held = {number: bundle for bundle in bundles for number in bundle["notices"]}
    return [*bundles, *(_held(row, held.get((row["escalation_id"], row["person_id"]))) for row in decided)]


def _bundle(rows: Sequence[Row]) -> Row:
    numbers = sorted(row["escalation_id"] for row in rows)
    gravest = max(rows, key=lambda row: _RANK.get(row["to_priority"], _RANK["low"]))
    digest = hashlib.sha256(json.dumps(numbers).encode()).hexdigest()[:16]
    place = f"{gravest['channel']}/{gravest['address']}/{gravest['person_id']}"
    key = f"escalation/{numbers[0]} to {numbers[-1]}/{digest}/{place}"
    return {
        **gravest, "escalation_id": None, "escalation_ids": numbers, "message_key": key,
        "reason": f"{len(rows)} tickets that concern them were escalated at once",
        "notices": [(number, gravest["person_id"]) for number in numbers],
    }  # fmt: skip


def _held(row: Row, bundle: Row | None) -> Row:
    """The decision, marked as part of a bundle where it is told together with others."""
    if bundle is None:
        return row
    number, person = row["escalation_id"], row["person_id"]
    why = {"decision": "digest", "reason": bundle["reason"], "bundle_key": bundle["message_key"]}
    return {**row, **why, "message_key": f"escalation/{number}/together/{person}"}


def _planned(connection: Connection, decided: Sequence[Row], now: datetime) -> int:
    names = ("escalation_id", "role", "person_id", "channel", "address", "decision", "reason", "message_key")
    rows = pl.DataFrame([{name: row[name] for name in names} for row in decided], infer_schema_length=None)
    values = {"rows": rows.write_json(), "at": now}
    new = {
        row.message_key: int(row.notice_id)
        for row in connection.execute(statement(__name__, "decide_escalations"), values)
    }
    held = [
        {"message_key": row["message_key"], "notice_id": new.get(row["bundle_key"])}
        for row in decided
        if "bundle_key" in row
    ]
    connection.execute(statement(__name__, "hold_escalations"), {"rows": json.dumps(held)})
    addressed = [row for row in decided if row["decision"] == "told" and row["message_key"] in new]
    if not addressed:
        return 0
    messages = [_message(row, new[row["message_key"]]) for row in addressed]
    frame = pl.DataFrame(messages, infer_schema_length=None)
    planned = effects_io.plan(connection, KIND, frame, at=now, actor="escalation")
    linked = planned.rename({"key": "message_key"})
    connection.execute(statement(__name__, "link_effects"), {"rows": linked.write_json()})
    return len(planned)


def _message(row: Mapping[str, Any], notice_id: int) -> Row:
    payload = {
        "notice_id": notice_id, "kind": "escalation", "channel": row["channel"], "address": row["address"],
        "escalation_id": row["escalation_id"], "escalation_ids": row.get("escalation_ids"),
        "person_id": row["person_id"], "is_critical": False,
    }  # fmt: skip
    rank = _RANK.get(row["to_priority"], _RANK["low"])
    return {"key": row["message_key"], "target": row["channel"], "rank": rank, "payload": payload}


def _addresses(lake: Lake, people: Sequence[str]) -> dict[str, Row]:
    """The addresses of some people by their identifier."""
    rows = lake.known(TABLES["people"]).filter(pl.col("person_id").is_in(people))
    return {row["person_id"]: row for row in rows.select("person_id", "email", "slack_user_id").collect().to_dicts()}
