"""Alerts and incidents of tests, in few words: rows as the database gives them, and rows that are put into it."""

import json
from datetime import UTC, datetime, timedelta

from sqlalchemy import text

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)


def minutes(number: float) -> datetime:
    return NOW + timedelta(minutes=number)


def alert(number=1, **more):
    """A row of an open alert about a ticket that nobody has."""
    due = more.pop("due", None)
    return {
        "alert_id": number,
        "dedup_key": f"sla_breach_risk:T{number}",
        "alert_type": "sla_breach_risk",
        "entity_type": "ticket",
        "entity_id": f"T{number}",
        "client_id": "C1",
        "site_id": "S1",
        "severity": "high",
        "state": "open",
        "score": 0.8,
        "title": f"Ticket T{number} will probably miss its deadline",
        "reason": "nobody has it; 40 min of working time left",
        "evidence": {"resolution_due_at": due.isoformat()} if due else {},
        "occurrences": 1,
        "openings": 1,
        "first_seen_at": minutes(-30),
        "last_seen_at": NOW,
        "acknowledged_at": None,
        "acknowledged_by": None,
        "resolved_at": None,
        "priority": None,
        "priority_reasons": None,
        **more,
    }


def incident(number=1, **more):
    """A row of an open incident."""
    return {
        "incident_id": number,
        "group_key": '{"cause": "tickets", "client_id": "C1", "site_id": "S1"}',
        "cause": "tickets",
        "client_id": "C1",
        "site_id": "S1",
        "title": "2 tickets at Harbour will probably miss their deadline",
        "state": "open",
        "severity": "high",
        "priority": 72,
        "is_life_safety": False,
        "alerts": 2,
        "unresolved": 2,
        "team": "helpdesk",
        "owner_id": None,
        "version": 1,
        "opened_at": minutes(-30),
        "updated_at": NOW,
        "acknowledged_at": None,
        "acknowledged_by": None,
        "acknowledged_priority": None,
        "resolved_at": None,
        **more,
    }


def put_incident(database, alert_ids, **more) -> int:
    """Puts an incident with some alerts into the database; returns its number."""
    row = incident(**more)
    del row["incident_id"]
    names = ", ".join(row)
    with database.begin() as connection:
        insert = (
            f"INSERT INTO incidents ({names}) VALUES ({', '.join(f':{name}' for name in row)}) RETURNING incident_id"
        )
        number = connection.execute(text(insert), row).scalar_one()
        join = (
            "INSERT INTO incident_alerts (incident_id, alert_id, joined_at, why) "
            "SELECT :incident, unnest(CAST(:alerts AS bigint[])), :at, 'same client, site and cause'"
        )
        connection.execute(text(join), {"incident": number, "alerts": list(alert_ids), "at": minutes(-20)})
        note = (
            "INSERT INTO incident_transitions (incident_id, at, actor, to_state, detail) "
            "VALUES (:incident, :at, 'opsguard', 'open', 'opened')"
        )
        connection.execute(text(note), {"incident": number, "at": minutes(-30)})
    return int(number)


def put_priority(database, alert_id, priority, *reasons):
    """Puts the priority of an alert into the database."""
    insert = (
        "INSERT INTO alert_priorities (alert_id, opening, as_of, action_probability, priority, hourly_harm, reasons, "
        "basis) VALUES (:alert_id, 1, :at, 0.5, :priority, 100, CAST(:reasons AS jsonb), 'rule')"
    )
    with database.begin() as connection:
        values = {"alert_id": alert_id, "at": NOW, "priority": priority, "reasons": json.dumps(reasons)}
        connection.execute(text(insert), values)
