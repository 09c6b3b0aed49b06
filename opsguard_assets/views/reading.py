"""Reading rows of alerts and incidents for views, many at once, by their numbers.

Here: statements. Not here: composing what they say (`alerts`, `incidents`), lists by filter (`alerts.queries`).
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection

from opsguard_assets.alerts.queries import numbered
from resources.sql import statement

Row = dict[str, Any]


def alerts_of(connection: Connection, alert_ids: Sequence[int]) -> list[Row]:
    """Alerts by number, with the columns of `alerts.queries.alerts`."""
    return numbered(connection, alert_ids)


def alerts_in(connection: Connection, incident_ids: Sequence[int]) -> list[Row]:
    """The alerts that are in some incidents: the same columns, `incident_id`, `joined_at` and `joined_why`."""
    return _rows(connection, "alerts_in", incident_ids=list(incident_ids))


def incidents(connection: Connection, incident_ids: Sequence[int]) -> list[Row]:
    """Rows of `incidents` by number."""
    return _rows(connection, "incidents", incident_ids=list(incident_ids))


def incident_history(connection: Connection, incident_id: int) -> list[Row]:
    """The transitions of an incident, the first one first."""
    return _rows(connection, "incident_history", incident_id=incident_id)


def alert_history(connection: Connection, alert_id: int) -> list[Row]:
    """The transitions of an alert, the first one first."""
    return _rows(connection, "alert_history", alert_id=alert_id)


def incident_of(connection: Connection, alert_id: int) -> int | None:
    """The number of the incident that an alert is in."""
    return incidents_of(connection, [alert_id]).get(alert_id)


def incidents_of(connection: Connection, alert_ids: Sequence[int]) -> dict[int, int]:
    """The numbers of the incidents that alerts are in, by alert; one that is in none is not there."""
    rows = _rows(connection, "incidents_of_alerts", alert_ids=list(alert_ids))
    return {int(row["alert_id"]): int(row["incident_id"]) for row in rows}


def messages_of(connection: Connection, incident_id: int, *, limit: int = 200) -> list[Row]:
    """Who was told about an incident or was not and why, and how far each message got (`message_state`)."""
    return _rows(connection, "messages_of", incident_id=incident_id, limit=limit)


def _rows(connection: Connection, name: str, **values: object) -> list[Row]:
    return [dict(row) for row in connection.execute(statement(__name__, name), values).mappings()]
