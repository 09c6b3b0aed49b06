"""Why there is or is not an alert: decisions in words, and the time zone of a user's input.

Here: reading for `opsguard alerts`. Not here: its options and its output.
"""

from datetime import datetime
from difflib import get_close_matches
from typing import Any

import polars as pl

from opsguard_assets.alerts import finding, queries
from opsguard_assets.alerts.people import Muted
from opsguard_assets.commands.session import Session
from opsguard_assets.routing.io import decisions_about
from opsguard_assets.tables.registry import TABLES
from opsguard_assets.tables.values import INSTANT
from opsguard_assets.tickets.job_names import SCORE_JOB
from opsguard_assets.tickets.risk.schemas import SLA_RISK
from opsguard_assets.views.clocks import clock
from opsguard_assets.views.names import with_readers
from resources.ticks import last_ticks

MEANINGS = {
    finding.RAISED: "found, and raised",
    finding.REFRESHED: "found again; the alert was refreshed",
    finding.REOPENED: "found again soon after it had cleared; the same alert was reopened",
    finding.CLEARED: "no longer found; the alert was cleared",
    finding.HELD: "below the threshold that raises, above the one that clears; the alert stays",
    finding.BELOW: "below the threshold that raises an alert",
    finding.MUTED: "found, but muted",
    finding.UNMUTED: "still true when the mute ended; open again",
    finding.RESOLVED_BY_PERSON: "a person resolved the alert, and it has neither cleared nor got worse since",
    finding.RESOLVED_BY_PLAYBOOK: "a playbook resolved the alert, and it has neither cleared nor got worse since",
    finding.LATE_TICK: "this moment was computed after a later one; nothing was changed",
    finding.NOT_IN_PLAN: "the client's plan does not include alerts of this type",
    finding.HELD_BACK: "in the hold-out: scored, but not acted on, to measure the effect (sla.holdout_share)",
    finding.EXPIRED: "over and no longer evaluated: the alert expired, it did not clear",
    finding.OVER_BUDGET: "over the daily budget of alerts; others had a higher risk",
    finding.AT_SOURCE: "the system that raised it says that it is over",
    finding.COVERED: "another alert covers the same problem",
    finding.GROUPED: "its whole site fell silent; the alert of the site covers it",
    finding.IN_MAINTENANCE: "the device was maintained a short while ago (device_alerts.maintenance_minutes)",
}


def explained(session: Session, what: str, *, limit: int) -> dict[str, Any]:
    """The recent decisions on whatever a person named.

    Args:
        session: The stores.
        what: The number or key of an alert, an entity of any kind, or the beginning of one; in any case.
        limit: Maximum number of decisions.

    Returns:
        `what`, `answer` (one paragraph), `alerts` (those that are not resolved: `alert_id`, `alert_type`, `severity`,
        `state`, `title`), `decisions` (the newest first: `key`, `from`, `to`, `ticks`, `decision`, `meaning`,
        `monitor`, `alert_id`), `recipients` (who was told of these alerts' incidents, or was not, and why; the newest
        first).
    """
    database, zone = session.installation.database, session.settings.operations.timezone
    keys, begins = queries.keys_of(database, what), False
    if not keys:
        keys, begins = queries.keys_beginning(database, what), True
    rows = [_worded(row) for row in queries.decisions(database, keys, limit=limit)]
    alive = [row for row in queries.alerts_of(database, keys) if row["state"] != "resolved"]
    about = decisions_about(database, [row["alert_id"] for row in alive])[:limit]
    sentences = [*_alive(alive, zone), *_headlines(rows, zone)] or [_nothing(session, what)]
    lead = [f"Nothing has the name {what}. These begin with it:"] if keys and begins else []
    return {
        "what": what,
        "answer": " ".join([*lead, *sentences, *_risk_now(session, what)]),
        "alerts": [{name: row[name] for name in _ALIVE} for row in alive],
        "decisions": rows,
        "recipients": [_recipient(row) for row in with_readers(session.installation.lake, about)],
    }


def _recipient(row: dict[str, Any]) -> dict[str, Any]:
    """Somebody who was told, or was not, and why."""
    message = row["state"] or "none"
    return {**row, "message": f"{message}: {row['answer']}" if row["answer"] else message}


_ALIVE = ("alert_id", "alert_type", "severity", "state", "title")
_MOST = 5


def _alive(rows: list[dict[str, Any]], zone: str) -> list[str]:
    """The unresolved alerts, in words."""
    said = [
        f"Alert {row['alert_id']} ({row['alert_type']}, {row['severity']}, {row['state']} since "
        f"{clock(row['first_seen_at'], zone)}): {row['title']}."
        for row in rows[:_MOST]
    ]
    more = len(rows) - _MOST
    return [*said, f"{more} more: `opsguard alerts list`."] if more > 0 else said


def _headlines(rows: list[dict[str, Any]], zone: str) -> list[str]:
    """The newest decision of each key."""
    newest = {row["key"]: row for row in reversed(rows)}
    in_order = sorted(newest.values(), key=lambda row: row["to"], reverse=True)
    said = []
    for row in in_order[:_MOST]:
        alert = f" (alert {row['alert_id']})" if row["alert_id"] else ""
        said.append(f"{row['key']}, as of {clock(row['to'], zone)}: {row['meaning']}{alert}.")
    return said


def _nothing(session: Session, what: str) -> str:
    """Says that nothing was found, what was searched, and which names are similar."""
    database, zone = session.installation.database, session.settings.operations.timezone
    looked = queries.looked_at(database)
    monitors = ", ".join(f"{row['monitor']} (newest tick {clock(row['newest'], zone)})" for row in looked["monitors"])
    where = f"{looked['keys']:,} keys of {monitors}" if looked["monitors"] else "no tick of any monitor yet"
    kind = next((word for word in _KINDS if _is_known(session, word, what)), None)
    known = f"{what} is a known {kind}, but no" if kind else "No"
    plain = queries.plain_keys(database)
    near = get_close_matches(what.lower(), {one.lower() for one in plain}, n=3, cutoff=0.6)
    spelt = [one for one in plain if one.lower() in near][:3]
    hint = f" Similar: {', '.join(spelt)}." if spelt else ""
    return (
        f"{known} monitor has found anything about {what} in the stored decisions. Searched: {where}; and the "
        f"numbers, entities, sites and clients of all alerts.{hint}"
    )


_KINDS = {
    "ticket": ("tickets", "ticket_id"),
    "device": ("devices", "device_id"),
    "site": ("sites", "site_id"),
    "client": ("clients", "client_id"),
    "person": ("people", "person_id"),
    "vendor": ("vendors", "vendor_id"),
    "work order": ("work_orders", "work_order_id"),
}


def _is_known(session: Session, kind: str, what: str) -> bool:
    table, key = _KINDS[kind]
    return _look_up(session, table, key, what, key) is not None


def zone_of(session: Session, covered: Muted) -> str:
    """The time zone of the named site or the entity's site, else of the client, else of operations."""
    entity = covered.entity_id
    site = (
        covered.site_id
        or _look_up(session, "tickets", "ticket_id", entity, "site_id")
        or _look_up(session, "devices", "device_id", entity, "site_id")
    )
    return (
        _look_up(session, "sites", "site_id", site, "timezone")
        or _look_up(session, "clients", "client_id", covered.client_id, "timezone")
        or session.settings.operations.timezone
    )


def _look_up(session: Session, table: str, key: str, value: str | None, wanted: str) -> str | None:
    if value is None:
        return None
    known = session.installation.lake.known(TABLES[table]).filter(pl.col(key) == value)
    found = known.select(wanted).collect().to_series()
    return found[0] if len(found) else None


def _worded(row: dict[str, Any]) -> dict[str, Any]:
    detail = f" ({row['detail']})" if row["detail"] else ""
    return {
        "key": row["dedup_key"],
        "from": row["first_as_of"],
        "to": row["last_as_of"],
        "ticks": row["ticks"],
        "decision": row["decision"],
        "meaning": MEANINGS.get(row["decision"], row["decision"]) + detail,
        "monitor": row["monitor"],
        "alert_id": row["alert_id"],
    }


def _risk_now(session: Session, what: str) -> list[str]:
    """The newest score of a ticket, whether or not it raises an alert."""
    ticket = what.partition(":")[2] or what
    newest = next((t.as_of for t in last_ticks(session.installation.database) if t.job == SCORE_JOB), None)
    lake = session.installation.lake
    if newest is None or not lake.exists(SLA_RISK.derived_name):
        return []
    slice_of_tick = lake.scan(SLA_RISK.derived_name).filter(
        pl.col("date") == newest.date(), pl.col("as_of") == pl.lit(newest, INSTANT)
    )
    rows = slice_of_tick.filter(pl.col("ticket_id").is_in([ticket, what])).select("state", "risk").collect().rows()
    return [_risk_in_words(session, newest, *rows[0])] if rows else []


def _risk_in_words(session: Session, newest: datetime, state: str, risk: float | None) -> str:
    moment = f"At the newest tick ({clock(newest, session.settings.operations.timezone)})"
    if risk is None:
        said = {"breached": "past its deadline, so there is no risk to predict", "paused": "paused, without a deadline"}
        return f"{moment} the ticket was {said.get(state, state)}."
    return f"{moment} its risk was {risk:.1%}; alerts are raised from {session.settings.sla.alert_from:.0%}."
