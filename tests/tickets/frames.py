"""Small tables for the tests of tickets: rows as dictionaries in, frames of the canonical columns out."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

import polars as pl

INSTANT = pl.Datetime("us", "UTC")
TICKETS = {
    "ticket_id": pl.String,
    "client_id": pl.String,
    "site_id": pl.String,
    "category": pl.String,
    "priority": pl.String,
    "status": pl.String,
    "assignee_id": pl.String,
    "group_id": pl.String,
    "opened_at": INSTANT,
    "first_response_at": INSTANT,
    "resolved_at": INSTANT,
    "closed_at": INSTANT,
    "due_at": INSTANT,
    "updated_at": INSTANT,
}
EVENTS = {
    "ticket_id": pl.String,
    "at": INSTANT,
    "field": pl.String,
    "old": pl.String,
    "new": pl.String,
    "actor_id": pl.String,
}
POLICIES = {
    "policy_id": pl.String,
    "client_id": pl.String,
    "priority": pl.String,
    "response_minutes": pl.Int64,
    "resolution_minutes": pl.Int64,
    "calendar_id": pl.String,
    "pauses_on": pl.List(pl.String),
    "stops_at": pl.String,
    "penalty_amount": pl.Float64,
}
CALENDARS = {
    "calendar_id": pl.String,
    "weekday": pl.Int8,
    "opens": pl.String,
    "closes": pl.String,
    "holidays": pl.List(pl.String),
}
SITES = {"site_id": pl.String, "client_id": pl.String, "timezone": pl.String, "calendar_id": pl.String}
CLIENTS = {"client_id": pl.String, "timezone": pl.String}


def frame(rows: Iterable[Mapping[str, Any]], schema: Mapping[str, Any]) -> pl.DataFrame:
    """Rows with missing keys as null."""
    return pl.DataFrame([{name: row.get(name) for name in schema} for row in rows], schema=dict(schema))


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)


def hours(
    calendar: str, days: Iterable[int], opens: str, closes: str, holidays: Iterable[str] = ()
) -> list[dict[str, Any]]:
    """Rows of one calendar with the same hours on several weekdays."""
    return [
        {"calendar_id": calendar, "weekday": day, "opens": opens, "closes": closes, "holidays": list(holidays)}
        for day in days
    ]


def tables(
    tickets: Iterable[Mapping[str, Any]],
    events: Iterable[Mapping[str, Any]] = (),
    policies: Iterable[Mapping[str, Any]] = (),
    calendars: Iterable[Mapping[str, Any]] = (),
    sites: Iterable[Mapping[str, Any]] = (),
    clients: Iterable[Mapping[str, Any]] = (),
) -> tuple[pl.DataFrame, ...]:
    """The arguments of `sla_clocks` and `sla_intervals` before `as_of`."""
    return (
        frame(tickets, TICKETS),
        frame(events, EVENTS),
        frame(policies, POLICIES),
        frame(calendars, CALENDARS),
        frame(sites, SITES),
        frame(clients, CLIENTS),
    )
