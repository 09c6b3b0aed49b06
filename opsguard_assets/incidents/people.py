"""What people do to incidents: acknowledge, resolve, give, split, merge; each with who and why.

Here: their actions, one transaction each. Not here: grouping (`grouping`, `io`), who is told (`routing`).

Command line, Slack and web call the same functions. An action that was done before changes nothing and says so: a
second click is no error.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import polars as pl
from sqlalchemy import Connection

from opsguard_assets.alerts.lifecycle import lock_alerts
from opsguard_assets.alerts.people import ActionError, acknowledge_all, resolve_all
from opsguard_assets.incidents.messages_io import record, supersede
from opsguard_assets.incidents.notices import CHAIN, DECIDED_TOLD, NOTICE, RAISED, UPDATE, message_key
from resources.database import Database
from resources.sql import statement

Row = dict[str, Any]


@dataclass(frozen=True)
class Acted:
    """The result of an action.

    Attributes:
        incident_id: The incident; after a split, the new one.
        state: Its state now.
        is_new: Whether this action changed it; False where it was so before.
        words: What happened, for people.
    """

    incident_id: int
    state: str
    is_new: bool
    words: str


def acknowledge(
    database: Database, incident_id: int, *, at: datetime, actor: str, surface: str, note: str = ""
) -> Acted:
    """Acknowledges an incident and its alerts: somebody is working on it, and nobody else is told.

    Everything planned about it is taken back, and those who have a message see who has it, in the same transaction.

    Args:
        database: Where incidents are.
        incident_id: Which.
        at: The time of the clock (UTC).
        actor: Who.
        surface: By what: cli, slack, web.
        note: Why, for the history.

    Raises:
        ActionError: When there is no such incident.
    """
    with database.begin() as connection:
        return acknowledge_in(connection, incident_id, at=at, actor=actor, surface=surface, note=note)


def acknowledge_in(
    connection: Connection, incident_id: int, *, at: datetime, actor: str, surface: str, note: str = ""
) -> Acted:
    """The same in the caller's transaction.

    Raises:
        ActionError: Like `acknowledge`.
    """
    row = _locked(connection, incident_id)
    if row["state"] == "resolved":
        return Acted(incident_id, "resolved", is_new=False, words=f"Incident {incident_id} is already resolved.")
    if row["state"] == "acknowledged":
        words = f"Incident {incident_id} was acknowledged by {row['acknowledged_by']} at {_clock(row)} UTC."
        return Acted(incident_id, "acknowledged", is_new=False, words=words)
    values = {"incident_id": incident_id, "at": at, "actor": actor}
    members = [each["alert_id"] for each in _members(connection, incident_id) if each["state"] == "open"]
    detail = note or f"acknowledged ({surface})"
    acknowledge_all(connection, members, at=at, actor=actor, note=f"with incident {incident_id}: {detail}")
    version = connection.execute(statement(__name__, "acting/acknowledge"), values).scalar_one()
    _note(connection, values, (row["state"], "acknowledged"), detail)
    words = f"acknowledged by {actor}"
    supersede(connection, [incident_id], [RAISED, CHAIN, UPDATE], at=at, actor=actor, words=words)
    _update_threads(connection, {**row, "version": version}, at=at, actor=actor, words=words)
    return Acted(incident_id, "acknowledged", is_new=True, words=f"Incident {incident_id} is acknowledged.")


def acknowledged_alert(
    connection: Connection, alert_id: int, *, at: datetime, actor: str, surface: str
) -> Acted | None:
    """Acknowledges the incident of an alert that was acknowledged, if no alert of it is open any more.

    Returns:
        None where some are open, or it is in no open incident.
    """
    lock_alerts(connection)
    found = connection.execute(statement(__name__, "acting/incident_of"), {"alert_id": alert_id}).scalar()
    if found is None:
        return None
    return acknowledge_in(connection, int(found), at=at, actor=actor, surface=surface)


def resolve(database: Database, incident_id: int, *, at: datetime, actor: str, surface: str, note: str) -> Acted:
    """Resolves an incident with its alerts. None of them is raised again while it holds, unless it gets graver.

    Raises:
        ActionError: When there is no such incident.
    """
    with database.begin() as connection:
        row = _locked(connection, incident_id)
        if row["state"] == "resolved":
            return Acted(incident_id, "resolved", is_new=False, words=f"Incident {incident_id} is already resolved.")
        members = [each["alert_id"] for each in _members(connection, incident_id)]
        resolve_all(connection, members, at=at, actor=actor, note=f"with incident {incident_id}: {note}")
        _end(connection, row, at=at, actor=actor, detail=f"{note} ({surface})", into=None)
    count = len(members)
    words = f"Incident {incident_id} and its {count} alert{'' if count == 1 else 's'} are resolved."
    return Acted(incident_id, "resolved", is_new=True, words=words)


def give_in(
    connection: Connection, incident_id: int, person_id: str | None, *, before: str | None, at: datetime, actor: str
) -> bool:
    """Gives an incident to somebody, in the caller's transaction; messages about it show who has it.

    Args:
        connection: An open transaction.
        incident_id: Which.
        person_id: Who has it from now on; None: nobody.
        before: Who has it where nobody changed that.
        at: The time of the clock (UTC).
        actor: Who, for the history.

    Returns:
        False where somebody else has it meanwhile, or it is resolved.

    Raises:
        ActionError: When there is no such incident.
    """
    row = _locked(connection, incident_id)
    if row["state"] == "resolved" or row["owner_id"] != before:
        return False
    values = {"incident_id": incident_id, "at": at, "actor": actor, "person_id": person_id}
    connection.execute(statement(__name__, "acting/give"), values)
    _note(connection, values, (row["state"],) * 2, f"given to {person_id or 'nobody'}")
    return True


def split(
    database: Database, incident_id: int, alert_ids: Sequence[int], *, at: datetime, actor: str, note: str
) -> Acted:
    """Takes alerts out of an incident into one of their own. Later alerts of the group join the old one.

    Raises:
        ActionError: When there is no such incident, an alert is not in it, or all of its alerts would leave.
    """
    with database.begin() as connection:
        row = _locked(connection, incident_id)
        members = _members(connection, incident_id)
        wanted = [each for each in members if each["alert_id"] in set(alert_ids)]
        strange = sorted(set(alert_ids) - {each["alert_id"] for each in members})
        if row["state"] == "resolved" or strange or not wanted:
            what = (
                f"alert {strange[0]} is not among its unresolved alerts" if strange else "nothing of it is unresolved"
            )
            raise ActionError(f"Incident {incident_id} cannot be split: {what}; see `opsguard incidents show`.")
        if len(wanted) == len(members):
            raise ActionError(f"These are all unresolved alerts of incident {incident_id}; nothing would stay in it.")
        worst = max(wanted, key=lambda each: each["priority"])
        values = {
            "incident_id": incident_id, "at": at, "title": worst["title"], "severity": worst["severity"],
            "priority": worst["priority"], "count": len(wanted),
        }  # fmt: skip
        new = int(connection.execute(statement(__name__, "acting/split"), values).scalar_one())
        _move(connection, wanted, new, at=at, why=f"split from incident {incident_id} by {actor}: {note}")
        _recount(connection, incident_id, at=at, joined=0, keeps=0)
        moved = {"at": at, "actor": actor}
        _note(connection, {"incident_id": new, **moved}, (None, row["state"]), f"split from {incident_id}: {note}")
        _note(connection, {"incident_id": incident_id, **moved}, (row["state"],) * 2, f"split into {new}: {note}")
    words = f"{len(wanted)} of its alerts are incident {new} now."
    return Acted(new, row["state"], is_new=True, words=words)


def merge(database: Database, incident_id: int, into: int, *, at: datetime, actor: str, note: str) -> Acted:
    """Moves the alerts of an incident into another one, and ends it.

    Raises:
        ActionError: When one of them is unknown or resolved, protects lives, or they are not of the same client.
    """
    if incident_id == into:
        raise ActionError("An incident cannot be merged into itself.")
    with database.begin() as connection:
        lock_alerts(connection)
        # Always in the same order, so that two people who merge crosswise do not wait for each other.
        rows = {number: _locked(connection, number) for number in sorted((incident_id, into))}
        for number, row in rows.items():
            if row["state"] == "resolved":
                raise ActionError(f"Incident {number} is resolved.")
            if row["is_life_safety"]:
                raise ActionError(f"Incident {number} is about life safety: it stays an incident of its own.")
        one, other = rows[incident_id], rows[into]
        if one["client_id"] != other["client_id"] or one["is_in_plan"] != other["is_in_plan"]:
            raise ActionError("Only incidents of one client can be merged: no message tells a client of another one.")
        members = _members(connection, incident_id)
        _move(connection, members, into, at=at, why=f"merged from incident {incident_id} by {actor}: {note}")
        _recount(connection, into, at=at, joined=len(members), keeps=1)
        _note(
            connection, {"incident_id": into, "at": at, "actor": actor}, (other["state"],) * 2,
            f"incident {incident_id} merged into it: {note}",
        )  # fmt: skip
        _end(connection, one, at=at, actor=actor, detail=f"merged into {into}: {note}", into=into)
    return Acted(into, other["state"], is_new=True, words=f"Incident {incident_id} is part of incident {into} now.")


def _locked(connection: Connection, incident_id: int) -> Row:
    """An incident, under the lock of alerts and its own: routing waits meanwhile."""
    lock_alerts(connection)
    row = connection.execute(statement(__name__, "acting/one"), {"incident_id": incident_id}).mappings().first()
    if row is None:
        raise ActionError(f"There is no incident {incident_id}; `opsguard incidents list` shows those that are open.")
    return dict(row)


def _members(connection: Connection, incident_id: int) -> list[Row]:
    rows = connection.execute(statement(__name__, "acting/members"), {"incident_id": incident_id})
    return [dict(row) for row in rows.mappings()]


def _move(connection: Connection, members: Sequence[Row], into: int, *, at: datetime, why: str) -> None:
    numbers = [each["alert_id"] for each in members]
    connection.execute(statement(__name__, "grouping/leave"), {"alert_ids": numbers, "at": at})
    rows = pl.DataFrame({"alert_id": numbers}, schema={"alert_id": pl.Int64}).with_columns(
        incident_id=pl.lit(into), why=pl.lit(why)
    )
    connection.execute(statement(__name__, "grouping/join"), {"rows": rows.write_json(), "at": at})


def _recount(connection: Connection, incident_id: int, *, at: datetime, joined: int, keeps: int) -> None:
    values = {"incident_id": incident_id, "at": at, "joined": joined, "keeps": keeps}
    connection.execute(statement(__name__, "acting/recount"), values)


def _end(connection: Connection, row: Row, *, at: datetime, actor: str, detail: str, into: int | None) -> None:
    """Ends an incident. Those who have a message hear of it from routing, as always."""
    values = {"incident_id": row["incident_id"], "at": at, "actor": actor, "into": into}
    connection.execute(statement(__name__, "acting/resolve"), values)
    _note(connection, values, (row["state"], "resolved"), detail)
    kinds = [RAISED, CHAIN, UPDATE]
    supersede(connection, [row["incident_id"]], kinds, at=at, actor=actor, words=f"{actor}: {detail}")


def _note(connection: Connection, values: Row, states: tuple[str | None, str], detail: str) -> None:
    connection.execute(
        statement(__name__, "acting/note"), {**values, "before": states[0], "after": states[1], "detail": detail}
    )


def _update_threads(connection: Connection, row: Row, *, at: datetime, actor: str, words: str) -> None:
    """Plans that everybody who has a message sees the new state."""
    threads = connection.execute(statement(__name__, "telling/threads"), {"incident_id": row["incident_id"]}).all()
    readers = pl.DataFrame(
        [tuple(thread) for thread in threads],
        schema={"channel": pl.String, "address": pl.String, "audience": pl.String, "person_id": pl.String},
        orient="row",
    ).unique(["channel", "address"], maintain_order=True)
    version = pl.lit(row["version"], pl.Int64)
    notices = readers.with_columns(
        incident_id=pl.lit(row["incident_id"], pl.Int64), incident_version=version, kind=pl.lit(UPDATE),
        step=pl.lit(0, pl.Int64), decision=pl.lit(DECIDED_TOLD), reason=pl.lit(words), rule=pl.lit("acknowledged"),
        urgency=pl.lit("now"), due_at=pl.lit(at), priority=pl.lit(row["priority"], pl.Int64),
        is_critical=pl.lit(row["severity"] == "critical"),
    ).with_columns(message_key=message_key(pl.lit(UPDATE), pl.col("incident_version").cast(pl.String)))  # fmt: skip
    record(connection, notices.select(NOTICE.names()).cast(NOTICE), at=at, actor=actor)


def _clock(row: Row) -> str:
    return f"{row['acknowledged_at']:%Y-%m-%d %H:%M}"
