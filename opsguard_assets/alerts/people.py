"""What people do to alerts: acknowledge, resolve, mute; each with who and why.

Here: their actions, one transaction each. Not here: what monitors do (`lifecycle`), reading (`queries`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, text

from opsguard_assets.alerts.finding import BY_PERSON, LIFE_SAFETY
from opsguard_assets.alerts.lifecycle import lock_alerts
from resources.database import Database
from resources.sql import statement


class ActionError(RuntimeError):
    """The action is not possible; the message says why, and what is."""


@dataclass(frozen=True)
class Muted:
    """What a mute covers: at least one filter, and all given filters must match."""

    alert_type: str | None = None
    entity_id: str | None = None
    site_id: str | None = None
    client_id: str | None = None


def acknowledge(database: Database, alert_id: int, *, at: datetime, actor: str, note: str = "") -> None:
    """Acknowledges an alert: somebody is working on it.

    Raises:
        ActionError: When there is no such alert, or it is resolved.
    """
    with database.begin() as connection:
        acknowledge_in(connection, alert_id, at=at, actor=actor, note=note)


def acknowledge_in(connection: Connection, alert_id: int, *, at: datetime, actor: str, note: str = "") -> None:
    """The same in the caller's transaction.

    Raises:
        ActionError: Like `acknowledge`.
    """
    if _state(connection, alert_id) == "resolved":
        raise ActionError(f"Alert {alert_id} is already resolved.")
    acknowledge_all(connection, [alert_id], at=at, actor=actor, note=note or "acknowledged")


def acknowledge_all(connection: Connection, alert_ids: Sequence[int], *, at: datetime, actor: str, note: str) -> None:
    """The same for many alerts, in the caller's transaction and under its lock; resolved ones stay as they are."""
    values = {"alert_ids": list(alert_ids), "at": at, "actor": actor, "detail": note}
    connection.execute(statement(__name__, "acting/acknowledge"), values)


def resolve(database: Database, alert_id: int, *, at: datetime, actor: str, note: str) -> None:
    """Resolves an alert. While its condition holds it is not raised again, unless its severity rises.

    Raises:
        ActionError: When there is no such alert, or it is resolved.
    """
    with database.begin() as connection:
        state = _state(connection, alert_id)
        if state == "resolved":
            raise ActionError(f"Alert {alert_id} is already resolved.")
        resolve_all(connection, [alert_id], at=at, actor=actor, note=note)


def resolve_all(
    connection: Connection,
    alert_ids: Sequence[int],
    *,
    at: datetime,
    actor: str,
    note: str,
    resolution: str = BY_PERSON,
) -> None:
    """The same for many alerts, in the caller's transaction and under its lock; resolved ones stay as they are."""
    values = {"alert_ids": list(alert_ids), "at": at, "actor": actor, "detail": note, "resolution": resolution}
    connection.execute(statement(__name__, "acting/resolve"), values)


def reopen_resolved(connection: Connection, alert_id: int, *, at: datetime, actor: str, note: str) -> bool:
    """Opens an alert again that this actor resolved, in the caller's transaction and under its lock.

    Returns:
        False where it is not resolved any more, somebody else resolved it, or the same trouble has a newer alert.
    """
    values = {"alert_id": alert_id, "at": at, "actor": actor, "detail": note}
    return connection.execute(statement(__name__, "acting/reopen"), values).first() is not None


def mute(
    database: Database,
    covered: Muted,
    *,
    begins_at: datetime,
    ends_at: datetime,
    reason: str,
    actor: str,
    life_safety: Sequence[str] = LIFE_SAFETY,
) -> int:
    """Mutes alerts for a limited time, such as a maintenance window; returns the number of the mute.

    Covered findings are still recorded, as suppressed. When the mute ends, alerts that still hold are open again.

    Raises:
        ActionError: When it covers everything or life-safety alerts, or ends before it begins.
    """
    if not any(vars(covered).values()):
        raise ActionError("A mute needs at least one filter: an alert type, an entity, a site or a client.")
    if covered.alert_type in life_safety:
        raise ActionError(f"{covered.alert_type} alerts cannot be muted: they protect lives.")
    if begins_at >= ends_at:
        raise ActionError(f"The mute ends ({ends_at:%Y-%m-%d %H:%M}) before it begins ({begins_at:%Y-%m-%d %H:%M}).")
    with database.begin() as connection:
        lock_alerts(connection)
        return mute_in(connection, covered, begins_at=begins_at, ends_at=ends_at, reason=reason, actor=actor)


def mute_in(
    connection: Connection, covered: Muted, *, begins_at: datetime, ends_at: datetime, reason: str, actor: str
) -> int:
    """The same in the caller's transaction and under its lock; what it covers is checked already."""
    # created_at is read after the lock is taken: a tick that settled before must not see this mute on recomputation.
    insert = text(
        "INSERT INTO mutes (alert_type, entity_id, site_id, client_id, begins_at, ends_at, reason, created_by, "
        "created_at) VALUES (:alert_type, :entity_id, :site_id, :client_id, :begins_at, :ends_at, :reason, :actor, "
        "clock_timestamp()) RETURNING mute_id"
    )
    values = {**vars(covered), "begins_at": begins_at, "ends_at": ends_at, "reason": reason, "actor": actor}
    return int(connection.execute(insert, values).scalar_one())


def end_mute(database: Database, mute_id: int, *, at: datetime) -> None:
    """Ends a mute now.

    Raises:
        ActionError: When there is no such mute, or it has ended.
    """
    with database.begin() as connection:
        lock_alerts(connection)
        if not end_mute_in(connection, mute_id, at=at):
            raise ActionError(f"There is no active mute {mute_id}; `opsguard alerts mutes` lists them.")


def end_mute_in(connection: Connection, mute_id: int, *, at: datetime) -> bool:
    """The same in the caller's transaction and under its lock; False where it is not active."""
    # A mute that has not begun becomes empty and lies in the past, so it covers nothing and is not listed.
    shorten = text(
        "UPDATE mutes SET begins_at = least(begins_at, :at - interval '1 microsecond'), ends_at = :at "
        "WHERE mute_id = :mute_id AND ends_at > :at"
    )
    return connection.execute(shorten, {"mute_id": mute_id, "at": at}).rowcount == 1


def _state(connection: Connection, alert_id: int) -> str:
    lock_alerts(connection)
    state = connection.execute(text("SELECT state FROM alerts WHERE alert_id = :id"), {"id": alert_id}).scalar()
    if state is None:
        raise ActionError(f"There is no alert {alert_id}; `opsguard alerts list` shows those that are open.")
    return str(state)
