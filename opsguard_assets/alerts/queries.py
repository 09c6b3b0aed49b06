"""Reading alerts, their history, mutes and decisions. Not here: changing them (`life`, `people`)."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, text

from opsguard_assets.alerts.finding import SEVERITIES
from opsguard_assets.alerts.kinds import KINDS
from resources.database import Database

UNRESOLVED = ("open", "acknowledged", "suppressed")
Row = dict[str, Any]


def alerts(
    database: Database, *, states: Sequence[str] = UNRESOLVED, alert_type: str | None = None, limit: int = 100
) -> list[Row]:
    """Alerts in some states, the most severe first, then those seen first."""
    return _rows(
        database,
        "SELECT * FROM alerts WHERE state = ANY (:states) AND (CAST(:alert_type AS text) IS NULL "
        "OR alert_type = :alert_type) ORDER BY array_position(CAST(:severities AS text[]), severity) DESC, "
        "score DESC NULLS FIRST, first_seen_at, alert_id LIMIT :limit",
        states=list(states),
        alert_type=alert_type,
        severities=list(SEVERITIES),
        limit=limit,
    )


def unresolved_keys(database: Database, alert_types: Sequence[str]) -> list[str]:
    """The keys of the alerts of some types that are not resolved."""
    with database.begin() as connection:
        return unresolved_in(connection, alert_types)


def unresolved_in(connection: Connection, alert_types: Sequence[str]) -> list[str]:
    """The same, by the alerts that a connection shows."""
    statement = (
        "SELECT dedup_key FROM alerts WHERE state <> 'resolved' AND alert_type = ANY (:types) ORDER BY dedup_key"
    )
    return list(connection.execute(text(statement), {"types": list(alert_types)}).scalars())


def count_by_state(database: Database) -> list[Row]:
    """How many alerts there are per type, severity and state, the resolved ones left out."""
    return _rows(
        database,
        "SELECT alert_type, severity, state, count(*) AS alerts FROM alerts WHERE state <> 'resolved' "
        "GROUP BY 1, 2, 3 ORDER BY 1, 2, 3",
    )


def alert(database: Database, alert_id: int) -> Row | None:
    """One alert."""
    found = _rows(database, "SELECT * FROM alerts WHERE alert_id = :alert_id", alert_id=alert_id)
    return found[0] if found else None


def history(database: Database, alert_id: int) -> list[Row]:
    """The transitions of an alert, the first one first."""
    return _rows(
        database,
        "SELECT at, actor, from_state, to_state, detail FROM alert_transitions WHERE alert_id = :alert_id "
        "ORDER BY transition_id",
        alert_id=alert_id,
    )


def decisions(database: Database, key: str, *, limit: int = 50) -> list[Row]:
    """What was decided lately on a key (`type:entity`), or on an entity under any type, the newest first."""
    return _rows(
        database,
        "SELECT monitor, dedup_key, decision, detail, first_as_of, last_as_of, ticks, alert_id FROM decisions "
        "WHERE dedup_key = ANY (:keys) ORDER BY last_as_of DESC, dedup_key LIMIT :limit",
        keys=[key, *(f"{alert_type}:{key}" for alert_type in KINDS)],
        limit=limit,
    )


def acted_on(database: Database, alert_type: str, since: datetime) -> list[Row]:
    """Which entities were alerted, and which held back although they would have been: (`entity_id`, `is_held_back`)."""
    return _rows(
        database,
        "SELECT substr(dedup_key, length(CAST(:alert_type AS text)) + 2) AS entity_id, "
        "bool_or(decision = 'held back') AS is_held_back FROM decisions WHERE last_as_of >= :since "
        "AND decision IN ('held back', 'raised', 'refreshed', 'reopened') "
        "AND starts_with(dedup_key, CAST(:alert_type AS text) || ':') GROUP BY dedup_key",
        alert_type=alert_type,
        since=since,
    )


def newest_tick(database: Database, monitor: str) -> datetime | None:
    """The newest settled moment of a monitor."""
    found = _rows(database, "SELECT max(as_of) AS newest FROM monitor_ticks WHERE monitor = :monitor", monitor=monitor)
    newest = found[0]["newest"]
    return newest if isinstance(newest, datetime) else None


def digest_at(database: Database, monitor: str, as_of: datetime) -> str | None:
    """The digest of what a tick found; None where it was not settled."""
    statement = "SELECT digest FROM monitor_ticks WHERE monitor = :monitor AND as_of = :as_of"
    found = _rows(database, statement, monitor=monitor, as_of=as_of)
    return str(found[0]["digest"]) if found else None


def mutes(database: Database, at: datetime) -> list[Row]:
    """Mutes that have not ended."""
    return _rows(database, "SELECT * FROM mutes WHERE ends_at > :at ORDER BY begins_at, mute_id", at=at)


def _rows(database: Database, statement: str, **values: object) -> list[Row]:
    with database.begin() as connection:
        return [dict(row) for row in connection.execute(text(statement), values).mappings()]
