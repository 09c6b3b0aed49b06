"""Alerts with context for people: place, deadline, owner, next step. Not here: printing (`alert_pages`).

Names and owners of all alerts are read at once, as they are known now.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl

from opsguard_assets.commands.session import Session
from opsguard_assets.domains import ALERT_TYPES
from opsguard_assets.tables.registry import TABLES
from opsguard_assets.tables.values import SEVERITIES

Row = dict[str, Any]
AHEAD, TIMELESS, LOST = "can still be saved", "no deadline", "deadline has passed"


@dataclass(frozen=True)
class Names:
    """Look-up tables: identifiers of `clients`, `sites`, `people`, `vendors` to names; `tickets`, `devices` to rows."""

    clients: Mapping[str, str]
    sites: Mapping[str, str]
    people: Mapping[str, str]
    vendors: Mapping[str, str]
    tickets: Mapping[str, Row]
    devices: Mapping[str, Row]


def described(session: Session, alerts: Sequence[Row], now: datetime) -> list[Row]:
    """Adds context to alerts and sorts them, those that can still be saved first.

    Args:
        session: The open stores.
        alerts: Rows of `alerts`.
        now: The time from which the time left is counted.

    Returns:
        The rows with `client_name`, `site_name`, `subject`, `due_at`, `minutes_left` (negative once it has passed),
        `standing` (`AHEAD`, `TIMELESS`, `LOST`), `holder` and `next`; the nearest deadline first, then alerts
        without a deadline by severity, then missed deadlines, the latest first.
    """
    names = _names(session, alerts)
    rows = [_with_words(row, names, now) for row in alerts]
    return sorted(rows, key=_rank)


def rounded(value: Any) -> Any:
    """A JSON value with numbers rounded to four decimals."""
    if isinstance(value, float):
        return round(value, 4)
    if isinstance(value, dict):
        return {name: rounded(one) for name, one in value.items()}
    return [rounded(one) for one in value] if isinstance(value, list) else value


def _rank(row: Row) -> tuple[Any, ...]:
    grave = SEVERITIES[::-1].index(row["severity"])
    due = row["due_at"].timestamp() if row["due_at"] else 0.0
    place = (AHEAD, TIMELESS, LOST).index(row["standing"])
    return place, (-due if row["standing"] == LOST else due), grave, row["first_seen_at"], row["alert_id"]


def _with_words(row: Row, names: Names, now: datetime) -> Row:
    evidence = row["evidence"] or {}
    due = _due_at(row, evidence)
    standing = TIMELESS if due is None else AHEAD if due > now else LOST
    assignee = names.tickets.get(row["entity_id"], {}).get("assignee_id") if row["entity_type"] == "ticket" else None
    return {
        **row,
        "client_name": names.clients.get(row["client_id"] or ""),
        "site_name": names.sites.get(row["site_id"] or ""),
        "subject": _subject(row, evidence, names),
        "due_at": due,
        "minutes_left": None if due is None else round((due - now).total_seconds() / 60),
        "standing": standing,
        "holder": _holder(row, assignee, names),
        "next": _next(row, evidence, assignee),
    }


def _due_at(row: Row, evidence: Row) -> datetime | None:
    if row["alert_type"] == "low_battery_predicted" and evidence.get("days_to_empty") is not None:
        return row["last_seen_at"] + timedelta(days=evidence["days_to_empty"])  # type: ignore[no-any-return]
    known = ALERT_TYPES.get(row["alert_type"])
    said = evidence.get(known.due) if known and known.due else None
    if not isinstance(said, str):
        return None
    try:
        found = datetime.fromisoformat(said.removesuffix(" UTC"))
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _subject(row: Row, evidence: Row, names: Names) -> str | None:
    kind = row["entity_type"]
    if kind == "ticket":
        found = names.tickets.get(row["entity_id"], {})
        return found.get("title") or found.get("category")
    if kind == "device":
        found = names.devices.get(row["entity_id"], {})
        return " ".join(word for word in (found.get("kind"), found.get("model")) if word) or None
    if kind == "work_order":
        vendor = names.vendors.get(evidence.get("vendor_id") or "") or evidence.get("vendor_id")
        return ", ".join(word for word in (evidence.get("category"), vendor) if word) or None
    if kind == "shift":
        person = names.people.get(evidence.get("person_id") or "") or evidence.get("person_id")
        return ", ".join(word for word in (person, evidence.get("post")) if word) or None
    return names.vendors.get(row["entity_id"]) if kind == "vendor" else None


def _holder(row: Row, assignee: str | None, names: Names) -> str:
    if row["state"] == "acknowledged" and row["acknowledged_by"]:
        return f"{row['acknowledged_by']} (acknowledged)"
    return f"{names.people.get(assignee) or assignee} (assignee)" if assignee else "nobody"


def _next(row: Row, evidence: Row, assignee: str | None) -> str:
    kind = row["alert_type"]
    if row["state"] == "resolved":
        return "nothing, it is resolved"
    if row["state"] == "suppressed":
        return "nothing, it is muted"
    proposed = evidence.get("proposals") or []
    if proposed and kind in ("late_arrival", "no_show", "wrong_site", "coverage_gap"):
        return f"ask {proposed[0].get('name') or proposed[0].get('person_id')} to come"
    if kind == "sla_breach_risk" and not assignee:
        return "give it to somebody"
    if kind == "device_failure_risk" and evidence.get("action"):
        return evidence["action"]  # type: ignore[no-any-return]
    return ALERT_TYPES[kind].next_step if kind in ALERT_TYPES else "look at it"


def _names(session: Session, alerts: Sequence[Row]) -> Names:
    evidence = [row["evidence"] or {} for row in alerts]
    of = {kind: [row["entity_id"] for row in alerts if row["entity_type"] == kind] for kind in ("ticket", "device")}
    tickets = _known(session, "tickets", "ticket_id", of["ticket"], ("title", "category", "assignee_id"))
    people = [one.get("person_id") for one in evidence] + [row["assignee_id"] for row in tickets.values()]
    vendors = [one.get("vendor_id") for one in evidence]
    vendors += [row["entity_id"] for row in alerts if row["entity_type"] == "vendor"]
    return Names(
        clients=_named(session, "clients", "client_id", (row["client_id"] for row in alerts)),
        sites=_named(session, "sites", "site_id", (row["site_id"] for row in alerts)),
        people=_named(session, "people", "person_id", people),
        vendors=_named(session, "vendors", "vendor_id", vendors),
        tickets=tickets,
        devices=_known(session, "devices", "device_id", of["device"], ("kind", "model")),
    )


def _named(session: Session, table: str, key: str, wanted: Iterable[str | None]) -> dict[str, str]:
    return {number: row["name"] for number, row in _known(session, table, key, wanted, ("name",)).items()}


def _known(
    session: Session, table: str, key: str, wanted: Iterable[str | None], columns: tuple[str, ...]
) -> dict[str, Row]:
    """The known rows of some identifiers."""
    asked = sorted({one for one in wanted if one})
    if not asked:
        return {}
    rows = session.installation.lake.known(TABLES[table]).filter(pl.col(key).is_in(asked))
    found = rows.select(key, *(pl.col(name).cast(pl.String) for name in columns)).collect()
    return {row[key]: row for row in found.to_dicts()}


def as_json(row: Row) -> Row:
    """A row for JSON output: numbers rounded, evidence as an object."""
    evidence = row.get("evidence")
    return rounded({**row, "evidence": json.loads(evidence) if isinstance(evidence, str) else evidence})  # type: ignore[no-any-return]
