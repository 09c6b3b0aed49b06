"""Alerts with context for people: priority, place, deadline, holder, next step, reasons. Pure but for what is given.

Here: composing and ordering. Not here: reading alerts (`alerts.queries`) and names (`names`), showing them.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from opsguard_assets.alerts.finding import COSTS
from opsguard_assets.domains import alert_type
from opsguard_assets.tables.values import SEVERITIES
from opsguard_assets.views.clocks import instant_in
from opsguard_assets.views.names import Names
from opsguard_assets.views.texts import named

Row = dict[str, Any]
AHEAD, TIMELESS, LOST = "can still be saved", "no deadline", "deadline has passed"
# States of alerts that somebody can still do something about.
LIVE = ("open", "acknowledged")
SHOWN_REASONS = 2
_FIRST = 101  # above every priority


def described(alerts: Sequence[Mapping[str, Any]], names: Names, now: datetime, *, inside: bool = True) -> list[Row]:
    """Adds context to alerts and orders them; nothing that is over stands above what can still be saved.

    Args:
        alerts: Rows of `alerts`; where they were triaged, with `priority` and `priority_reasons` (a list of texts).
        names: The names that they need (`names_of`).
        now: The time from which the time left is counted.
        inside: Whether the reader works for the provider; others do not learn who could come, and what it costs the
            provider if nobody acts.

    Returns:
        The rows, in `title` the site by its name (`stored_title` keeps it as it is stored), with `client_name`,
        `site_name`, `site_zone`, `subject`, `due_at`, `minutes_left` (negative once it has
        passed), `standing` (`AHEAD`, `TIMELESS`, `LOST`), `holder`, `next` and `why` (at most two reasons); in the
        order of `order_of`.
    """
    shown = alerts if inside else [_outside(row) for row in alerts]
    return sorted((_with_words(row, names, now) for row in shown), key=order_of)


def _outside(row: Mapping[str, Any]) -> Row:
    """An alert without the provider's own: people whom it could send, with their hours, and what an alert costs it."""
    evidence = dict(row["evidence"] or {})
    proposed = evidence.pop("proposals", None) or []
    reason = row["reason"]
    if proposed and reason:
        # So `shifts.alerts.findings` puts it behind the reason.
        reason = reason.partition(f"; {proposed[0].get('name')} could come: ")[0]
    said = row.get("priority_reasons") or ()
    return {**row, "evidence": evidence, "reason": reason, "priority_reasons": [one for one in said if not _costs(one)]}


def _costs(reason: str) -> bool:
    before, _, after = COSTS.partition("{}")
    return reason.startswith(before) and reason.endswith(after)


def site_of(row: Mapping[str, Any]) -> str | None:
    """The site of a described alert by name, else by number; None where it is at none."""
    return row["site_name"] or (f"site {row['site_id']}" if row["site_id"] else None)


def place_of(row: Mapping[str, Any]) -> str | None:
    """Client and site of a described alert, by name or number; None where it has neither."""
    client = row["client_name"] or (f"client {row['client_id']}" if row["client_id"] else None)
    return ", ".join(part for part in (client, site_of(row)) if part) or None


def order_of(row: Mapping[str, Any]) -> tuple[Any, ...]:
    """The place of a described alert among others.

    What can be saved comes before what is over (deadline passed, then muted, then resolved). Within each the greatest
    priority comes first, a critical alert that is not triaged yet before all, another one after all; then the nearest
    deadline, alerts without one by severity, and of passed deadlines the latest.
    """
    grave = SEVERITIES[::-1].index(row["severity"])
    standing = row["standing"]
    over = 0 if standing != LOST else 1
    if row["state"] not in LIVE:
        over = 2 if row["state"] == "suppressed" else 3
    due = row["due_at"].timestamp() if row["due_at"] else 0.0
    priority = row.get("priority")
    is_waiting = priority is None and over == 0 and row["severity"] == "critical"
    urgency = _FIRST if is_waiting else -1 if priority is None else priority
    place = (AHEAD, TIMELESS, LOST).index(standing)
    return over, -urgency, place, (-due if standing == LOST else due), grave, row["first_seen_at"], row["alert_id"]


def reasons_of(row: Mapping[str, Any]) -> list[str]:
    """The reasons of an alert in words: why its condition holds, then why it has its priority; none twice."""
    said = [row["reason"], *(row.get("priority_reasons") or ())]
    return list(dict.fromkeys(one for one in said if one))[:SHOWN_REASONS]


def rounded(value: Any) -> Any:
    """A JSON value with numbers rounded to four decimals."""
    if isinstance(value, float):
        return round(value, 4)
    if isinstance(value, dict):
        return {name: rounded(one) for name, one in value.items()}
    return [rounded(one) for one in value] if isinstance(value, list) else value


def as_json(row: Row) -> Row:
    """A row for JSON output: numbers rounded, evidence as an object, the title as it is stored."""
    evidence, kept = row.get("evidence"), {name: value for name, value in row.items() if name != "stored_title"}
    whole = {**kept, "title": row["stored_title"]} if "stored_title" in row else kept
    return rounded({**whole, "evidence": json.loads(evidence) if isinstance(evidence, str) else evidence})  # type: ignore[no-any-return]


def _with_words(row: Mapping[str, Any], names: Names, now: datetime) -> Row:
    evidence = row["evidence"] or {}
    due = _due_at(row, evidence)
    standing = TIMELESS if due is None else AHEAD if due > now else LOST
    assignee = names.tickets.get(row["entity_id"], {}).get("assignee_id") if row["entity_type"] == "ticket" else None
    site = names.site(row["site_id"])
    return {
        **row,
        "title": named(row["title"], {row["site_id"]: site} if site else {}),
        "stored_title": row["title"],
        "client_name": names.client(row["client_id"]),
        "site_name": site,
        "site_zone": names.zone(row["site_id"]),
        "subject": _subject(row, evidence, names),
        "due_at": due,
        "minutes_left": None if due is None else round((due - now).total_seconds() / 60),
        "standing": standing,
        "holder": _holder(row, assignee, names),
        "next": _next(row, evidence, assignee),
        "why": reasons_of(row),
    }


def _due_at(row: Mapping[str, Any], evidence: Row) -> datetime | None:
    if row["alert_type"] == "low_battery_predicted" and evidence.get("days_to_empty") is not None:
        return row["last_seen_at"] + timedelta(days=evidence["days_to_empty"])  # type: ignore[no-any-return]
    known = alert_type(row["alert_type"])
    return instant_in(evidence.get(known.due)) if known.due else None


def _subject(row: Mapping[str, Any], evidence: Row, names: Names) -> str | None:
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


def _holder(row: Mapping[str, Any], assignee: str | None, names: Names) -> str:
    if row["state"] == "acknowledged" and row["acknowledged_by"]:
        return f"{row['acknowledged_by']} (acknowledged)"
    if assignee:
        return f"{names.people.get(assignee) or assignee} (assignee)"
    return owner_in_words(row.get("owner_id"), names) or "nobody"


def owner_in_words(owner_id: str | None, names: Names) -> str | None:
    """Who has an incident: given to them by routing, a playbook or a person; None where nobody has it."""
    return f"{names.person(owner_id)} (owner of the incident)" if owner_id else None


def _next(row: Mapping[str, Any], evidence: Row, assignee: str | None) -> str:
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
    return alert_type(kind).next_step
