"""Reading alerts, their history, mutes and decisions. Not here: changing them (`lifecycle`, `people`)."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, TextClause, text

from opsguard_assets.alerts.lifecycle import Monitor, types_of
from opsguard_assets.tables.values import SEVERITIES
from resources.database import Database
from resources.sql import statement

UNRESOLVED = ("open", "acknowledged", "suppressed")
Row = dict[str, Any]


def alerts(
    database: Database,
    *,
    states: Sequence[str] = UNRESOLVED,
    alert_type: str | None = None,
    severities: Sequence[str] = SEVERITIES,
    clients: Sequence[str] | None = None,
    sites: Sequence[str] | None = None,
    limit: int | None = 100,
) -> list[Row]:
    """Alerts in some states, of some clients and sites if given; the most severe first, then the oldest.

    Those that were triaged with `priority`, `action_probability`, `priority_reasons` and `priority_basis`; those whose
    incident somebody has with `owner_id`.
    """
    with database.begin() as connection:
        return _alerts(
            connection,
            states=list(states),
            alert_type=alert_type,
            asked=list(severities),
            clients=None if clients is None else list(clients),
            sites=None if sites is None else list(sites),
            limit=limit,
        )


def numbered(connection: Connection, alert_ids: Sequence[int]) -> list[Row]:
    """Alerts by number, in any state, with the columns and in the order of `alerts`."""
    return _alerts(connection, alert_ids=list(alert_ids))


def unresolved_keys(database: Database, alert_types: Sequence[str]) -> list[str]:
    """The keys of unresolved alerts of some types."""
    with database.begin() as connection:
        return unresolved_in(connection, alert_types)


def unresolved_in(connection: Connection, alert_types: Sequence[str]) -> list[str]:
    """The same, for the alerts that a connection shows."""
    asked = "SELECT dedup_key FROM alerts WHERE state <> 'resolved' AND alert_type = ANY (:types) ORDER BY dedup_key"
    return list(connection.execute(text(asked), {"types": list(alert_types)}).scalars())


def unresolved_of(database: Database, monitor: Monitor) -> list[str]:
    """The keys of the unresolved alerts of a monitor."""
    with database.begin() as connection:
        return unresolved_in(connection, types_of(connection, monitor))


def count_by_state(database: Database) -> list[Row]:
    """The number of unresolved alerts per type, severity and state."""
    return _rows(
        database,
        "SELECT alert_type, severity, state, count(*) AS alerts FROM alerts WHERE state <> 'resolved' "
        "GROUP BY 1, 2, 3 ORDER BY 1, 2, 3",
    )


def alert(database: Database, alert_id: int) -> Row | None:
    """One alert, with the columns of `alerts`."""
    with database.begin() as connection:
        found = numbered(connection, [alert_id])
    return found[0] if found else None


def feedback(database: Database, alert_id: int) -> list[Row]:
    """The newest word of each person about each opening of an alert."""
    return _rows(database, statement(__name__, "reading/feedback"), alert_id=alert_id)


def priority_changes(database: Database, alert_id: int) -> list[Row]:
    """How the priority of an alert changed, the first one first."""
    return _rows(database, statement(__name__, "reading/priority_changes"), alert_id=alert_id)


def has_type(database: Database, alert_type: str) -> bool:
    """Whether there is an alert of a type, in any state."""
    asked = "SELECT EXISTS (SELECT FROM alerts WHERE alert_type = :alert_type) AS found"
    return bool(_rows(database, asked, alert_type=alert_type)[0]["found"])


def history(database: Database, alert_id: int) -> list[Row]:
    """The transitions of an alert, the first one first."""
    return _rows(
        database,
        "SELECT at, actor, from_state, to_state, detail FROM alert_transitions WHERE alert_id = :alert_id "
        "ORDER BY transition_id",
        alert_id=alert_id,
    )


def decisions(database: Database, keys: Sequence[str], *, limit: int = 50) -> list[Row]:
    """The recent decisions on some keys (`type:entity`), newest first."""
    return _rows(
        database,
        "SELECT monitor, dedup_key, decision, detail, first_as_of, last_as_of, ticks, alert_id FROM decisions "
        "WHERE dedup_key = ANY (:keys) ORDER BY last_as_of DESC, dedup_key LIMIT :limit",
        keys=list(keys),
        limit=limit,
    )


def keys_of(database: Database, what: str) -> list[str]:
    """The keys that match an alert's number or key, an entity, site or client, or a part of a key.

    Case does not matter.
    """
    return [
        row["dedup_key"] for row in _rows(database, statement(__name__, "reading/keys_of"), what=what.strip().lower())
    ]


def keys_beginning(database: Database, what: str) -> list[str]:
    """The keys that begin with some letters, with or without their type; in any case."""
    letters = what.strip().lower()
    if not letters:
        return []
    return [row["dedup_key"] for row in _rows(database, statement(__name__, "reading/keys_beginning"), what=letters)]


def plain_keys(database: Database, *, limit: int = 50_000) -> list[str]:
    """Keys without their types, newest first."""
    return [row["plain"] for row in _rows(database, statement(__name__, "reading/plain_keys"), limit=limit)]


def alerts_of(database: Database, keys: Sequence[str]) -> list[Row]:
    """The alerts of some keys, the newest first."""
    asked = "SELECT * FROM alerts WHERE dedup_key = ANY (:keys) ORDER BY alert_id DESC"
    return _rows(database, asked, keys=list(keys))


def looked_at(database: Database) -> Row:
    """The number of keys with decisions (`keys`), and the newest tick of each monitor (`monitors`)."""
    ticks = "SELECT monitor, max(as_of) AS newest FROM monitor_ticks GROUP BY monitor ORDER BY monitor"
    keys = "SELECT count(*) AS keys FROM (SELECT dedup_key FROM decisions UNION SELECT dedup_key FROM alerts) AS every"
    (count,) = _rows(database, keys)
    return {"keys": count["keys"], "monitors": _rows(database, ticks)}


def acted_on(database: Database, alert_type: str, since: datetime) -> list[Row]:
    """Entities that were alerted, and entities in the hold-out that would have been: (`entity_id`, `is_held_back`)."""
    return _rows(
        database,
        statement(__name__, "reading/acted_on"),
        alert_type=alert_type,
        since=since,
    )


def newest_tick(database: Database, monitor: str) -> datetime | None:
    """The newest settled moment of a monitor."""
    found = _rows(database, "SELECT max(as_of) AS newest FROM monitor_ticks WHERE monitor = :monitor", monitor=monitor)
    newest = found[0]["newest"]
    return newest if isinstance(newest, datetime) else None


def digest_at(database: Database, monitor: str, as_of: datetime) -> str | None:
    """The digest of the findings of a tick; None if it was not settled."""
    asked = "SELECT digest FROM monitor_ticks WHERE monitor = :monitor AND as_of = :as_of"
    found = _rows(database, asked, monitor=monitor, as_of=as_of)
    return str(found[0]["digest"]) if found else None


def mutes(database: Database, at: datetime) -> list[Row]:
    """Mutes that have not ended."""
    return _rows(database, "SELECT * FROM mutes WHERE ends_at > :at ORDER BY begins_at, mute_id", at=at)


def _alerts(connection: Connection, **filters: object) -> list[Row]:
    """Rows of `reading/alerts`; a filter that is left out asks for everything."""
    nothing = dict.fromkeys(("alert_ids", "states", "alert_type", "asked", "clients", "sites", "limit"))
    values = {**nothing, "severities": list(SEVERITIES), **filters}
    return [dict(row) for row in connection.execute(statement(__name__, "reading/alerts"), values).mappings()]


def _rows(database: Database, query: str | TextClause, **values: object) -> list[Row]:
    with database.begin() as connection:
        clause = text(query) if isinstance(query, str) else query
        return [dict(row) for row in connection.execute(clause, values).mappings()]
