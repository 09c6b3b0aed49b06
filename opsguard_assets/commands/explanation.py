"""Why there is, or is not, an alert: decisions in words, and the zone in which people mean their times.

Here: reading for `opsguard alerts`. Not here: its options and what it prints.
"""

from datetime import datetime
from typing import Any

import polars as pl

from opsguard_assets.alerts import finding, queries
from opsguard_assets.alerts.people import Muted
from opsguard_assets.commands.session import Session
from opsguard_assets.tables.registry import TABLES
from opsguard_assets.tickets.moment import SCORE_JOB
from opsguard_assets.tickets.stored import SLA_RISK
from resources.ticks import last_ticks

_MEANINGS = {
    finding.RAISED: "found, and raised",
    finding.REFRESHED: "found again; the alert was brought up to date",
    finding.REOPENED: "found again soon after it had cleared; the same alert was opened again",
    finding.CLEARED: "not found any more; the alert cleared itself",
    finding.HELD: "no longer bad enough to raise an alert, not yet good enough to clear the one there is",
    finding.BELOW: "not bad enough to raise an alert",
    finding.MUTED: "found, but muted",
    finding.UNMUTED: "still true when its mute ended; open again",
    finding.RESOLVED_BY_PERSON: "a person resolved the alert, and it has neither cleared nor got worse since",
    finding.LATE_TICK: "this moment was computed after a later one; nothing was changed",
    finding.NOT_IN_PLAN: "the client's plan does not hold alerts of this type",
    finding.HELD_BACK: "in the share that is scored and not acted on, to measure prevention (sla.holdout_share)",
    finding.EXPIRED: "over and no longer judged, so the alert ended; nothing cleared",
    finding.OVER_BUDGET: "others were more worth acting on that day (budget of alerts)",
}


def explained(session: Session, what: str, *, limit: int) -> dict[str, Any]:
    """What was decided on a key or an entity lately.

    Returns:
        `what`, `answer` (one paragraph), `decisions` (the newest first: `key`, `from`, `to`, `ticks`, `decision`,
        `meaning`, `monitor`, `alert_id`).
    """
    rows = [_worded(row) for row in queries.decisions(session.installation.database, what, limit=limit)]
    return {"what": what, "answer": " ".join([_headline(what, rows), *_risk_now(session, what)]), "decisions": rows}


def zone_of(session: Session, covered: Muted) -> str:
    """The zone of the site that is named or that the entity is at, else of the client, else of operations."""
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
        "meaning": _MEANINGS.get(row["decision"], row["decision"]) + detail,
        "monitor": row["monitor"],
        "alert_id": row["alert_id"],
    }


def _headline(what: str, rows: list[dict[str, Any]]) -> str:
    if not rows:
        return f"No monitor has found anything about {what} in the decisions that are kept."
    newest = rows[0]
    alert = f" (alert {newest['alert_id']})" if newest["alert_id"] else ""
    return f"{newest['key']}, as of {newest['to']:%Y-%m-%d %H:%M} UTC: {newest['meaning']}{alert}."


def _risk_now(session: Session, what: str) -> list[str]:
    """What the newest tick says of a ticket, whether or not it is worth an alert."""
    ticket = what.partition(":")[2] or what
    newest = next((t.as_of for t in last_ticks(session.installation.database) if t.job == SCORE_JOB), None)
    lake = session.installation.lake
    if newest is None or not lake.exists(SLA_RISK.derived_name):
        return []
    slice_of_tick = lake.scan(SLA_RISK.derived_name).filter(
        pl.col("date") == newest.date(), pl.col("as_of") == pl.lit(newest, pl.Datetime("us", "UTC"))
    )
    rows = slice_of_tick.filter(pl.col("ticket_id").is_in([ticket, what])).select("state", "risk").collect().rows()
    return [_risk_in_words(session, newest, *rows[0])] if rows else []


def _risk_in_words(session: Session, newest: datetime, state: str, risk: float | None) -> str:
    moment = f"At the newest tick ({newest:%Y-%m-%d %H:%M} UTC)"
    if risk is None:
        return f"{moment} the ticket was {state}, which is no matter of risk."
    return f"{moment} its risk was {risk:.1%}; alerts are raised from {session.settings.sla.alert_from:.0%}."
