"""Random records of two clients around month ends and nights on which clocks change; figures and the oracle's of them.

Sites lie in other zones than their clients. Nothing is stored: definitions are functions of frames.
"""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import polars as pl

from opsguard_assets.config.settings import Settings
from opsguard_assets.scorecards.kpis.figures import figures
from opsguard_assets.scorecards.kpis.kpi import WATERMARKS
from opsguard_assets.scorecards.kpis.months import client_months
from opsguard_assets.scorecards.kpis.registry import KPIS
from opsguard_assets.scorecards.kpis.rows import all_rows
from opsguard_assets.shifts.verdicts.schemas import SHIFT_COMPLIANCE
from opsguard_assets.shifts.verdicts.verdicts import VERDICTS
from opsguard_assets.tables.registry import (
    ATTENDANCE,
    CALENDARS,
    CLIENTS,
    PUNCH_FEEDS,
    SITES,
    SLA_POLICIES,
    TICKET_EVENTS,
    TICKETS,
    TOURS,
    WORK_ORDERS,
)  # fmt: skip
from opsguard_assets.tables.table import Table
from opsguard_assets.tables.values import INSTANT
from opsguard_assets.tickets.sla.clocks import sla_clocks

ORACLE = Path(__file__).parents[1] / "oracle"
_WRITTEN = ("attendance", "orders", "tickets")
NAMES = tuple(sorted(name for name, kpi in KPIS.items() if kpi.rows.__module__.rpartition(".")[2] in _WRITTEN))
SETTINGS = Settings(kpis={"planned_categories": ["Service"]})
NOW = datetime(2026, 12, 2, 10, tzinfo=UTC)
ZONES = {"a": "Europe/Berlin", "b": "America/New_York"}
PLACES = {"a1": "a", "a2": "a", "b1": "b", "b2": "b"}
# First instants of months in both zones, and nights on which their clocks change.
_TURNS = (
    *(datetime(2026, month, 1, tzinfo=ZoneInfo(zone)) for month in (4, 10, 11, 12) for zone in ZONES.values()),
    datetime(2026, 10, 25, 1, tzinfo=UTC), datetime(2026, 11, 1, 6, tzinfo=UTC), datetime(2026, 3, 29, 1, tzinfo=UTC),
)  # fmt: skip
_STEPS = (timedelta(0), timedelta(microseconds=1), timedelta(minutes=59), timedelta(hours=5), timedelta(days=9))
_PRIORITIES = {"high": (60, 480), "low": (480, 4_320)}


def frame(table: Table, rows: list[dict[str, Any]]) -> pl.DataFrame:
    """Rows of a table; what is not said is null."""
    known = [{"known_at": NOW, **row} for row in rows]
    return pl.DataFrame(known, schema=table.dtypes) if known else table.empty()


def records(seed: int, clients: tuple[str, ...] = ("a", "b"), number: int = 40) -> dict[str, pl.DataFrame]:
    """Random records; those of a client depend on the seed and on the client alone."""
    rows: dict[str, list[dict[str, Any]]] = {name: [] for name in ("tickets", "events", "orders", "tours", "punches",
                                                                   "verdicts", "beats")}  # fmt: skip
    for client in clients:
        _fill(rows, client, Random(f"{seed} {client}"), number)  # noqa: S311
    return {
        "tickets": frame(TICKETS, rows["tickets"]),
        "ticket_events": frame(TICKET_EVENTS, rows["events"]),
        "work_orders": frame(WORK_ORDERS, rows["orders"]),
        "tours": frame(TOURS, rows["tours"]),
        "attendance": frame(ATTENDANCE, rows["punches"]),
        "punch_feeds": frame(PUNCH_FEEDS, rows["beats"]),
        "shifts/shift_compliance": frame(SHIFT_COMPLIANCE, rows["verdicts"]),
    }


def _fill(rows: dict[str, list[dict[str, Any]]], client: str, luck: Random, number: int) -> None:
    sites = [site for site, owner in PLACES.items() if owner == client]

    def moment() -> datetime:
        return (luck.choice(_TURNS) + luck.choice((-1, 1)) * luck.choice(_STEPS) * luck.choice((1, 1, 3))).astimezone(
            UTC
        )

    for n in range(number):
        name, site = f"{client}{n}", luck.choice(sites)
        rows["tickets"] += [_ticket(name, client, luck.choice([site, site, None]), moment(), luck, rows["events"])]
        rows["orders"] += [_order(name, luck.choice([client, None]), client, site, moment(), luck)]
        planned, due = luck.choice([None, 1, 5]), moment()
        rows["tours"] += [{
            "tour_id": name, "site_id": site, "due_at": due, "checkpoints": planned,
            "checkpoints_done": luck.choice([None, luck.randrange(6)]) if planned is None else luck.randint(0, planned),
            "completed_at": luck.choice([None, due, due + timedelta(minutes=15), due + timedelta(minutes=16)]),
        }]  # fmt: skip
        rows["punches"] += [{
            "person_id": name, "site_id": site, "punched_in_at": moment(), "accuracy_m": luck.choice([None, 5.0, 40.0]),
            "latitude": luck.choice([None, 50.0, 50.001, 50.0011]), "longitude": luck.choice([8.0, 8.0012]),
        }]  # fmt: skip
        begins = moment()
        rows["verdicts"] += [{
            "shift_id": f"{name}@{begins:%Y-%m-%d}", "person_id": name, "site_id": site, "client_id": client,
            "starts_at": begins, "expected_from_at": begins, "expected_until_at": begins + timedelta(hours=8),
            "verdict": luck.choice(VERDICTS), "rule": "", "late_minutes": luck.choice([None, 0.0, 15.0, 15.1]),
        }]  # fmt: skip
    rows["beats"] += [{"site_id": sites[0], "reported_upto_at": moment()}]


def _ticket(
    name: str, client: str, site: str | None, opened_at: datetime, luck: Random, events: list[dict[str, Any]]
) -> dict[str, Any]:
    """A ticket with a history: paused, reopened, cancelled, or ended."""
    at, status = opened_at, "open"
    path = luck.choice([(), ("resolved",), ("on_hold",), ("on_hold", "open", "resolved"), ("cancelled",),
                        ("resolved", "open"), ("resolved", "open", "closed"), ("on_hold", "cancelled")])  # fmt: skip
    resolved_at = closed_at = None
    for new in path:
        at += luck.choice([timedelta(hours=1), timedelta(hours=8), timedelta(days=3)])
        events.append({"ticket_id": name, "at": at, "field": "status", "old": status, "new": new})
        status = new
        resolved_at = at if new == "resolved" else None if new == "open" else resolved_at
        closed_at = at if new in ("closed", "cancelled") else closed_at
    answered = luck.choice([None, opened_at + timedelta(minutes=60), opened_at + timedelta(minutes=61)])
    return {
        "ticket_id": name, "client_id": client, "site_id": site, "category": luck.choice([None, "door", "lift"]),
        "priority": luck.choice(list(_PRIORITIES)), "status": status, "opened_at": opened_at, "updated_at": at,
        "first_response_at": answered, "resolved_at": resolved_at, "closed_at": closed_at,
        "sentiment": luck.choice([None, -0.5, 0.25, 1.0]),
    }  # fmt: skip


def _order(name: str, said: str | None, client: str, site: str, created_at: datetime, luck: Random) -> dict[str, Any]:
    due = luck.choice([None, created_at + timedelta(days=2), created_at + timedelta(hours=1)])
    done = luck.choice([None, created_at + timedelta(hours=1), created_at + timedelta(days=3), due])
    earlier = f"{client}{luck.randrange(40)}"
    return {
        "work_order_id": name, "vendor_id": "v", "site_id": site, "client_id": said, "created_at": created_at,
        "due_at": due, "completed_at": done, "status": luck.choice([None, "open", "Cancelled"]),
        "is_rework_of": earlier if luck.random() < 0.3 and earlier != name else None,
        "category": luck.choice(["SERVICE", "repair", None]), "is_planned": luck.choice([None, True, False]),
    }  # fmt: skip


def feeds_of(given: Mapping[str, pl.DataFrame]) -> dict[str, pl.DataFrame]:
    """Records with clients, sites, clocks of the tickets, and through when they are complete."""
    clients = frame(CLIENTS, [{"client_id": each, "name": each, "timezone": zone} for each, zone in ZONES.items()])
    sites = frame(SITES, [
        {"site_id": site, "client_id": owner, "name": site, "timezone": "Asia/Tokyo", "latitude": 50.0,
         "longitude": 8.0, "geofence_radius_m": None if site == "a2" else 100.0}
        for site, owner in PLACES.items()
    ])  # fmt: skip
    policies = frame(SLA_POLICIES, [
        {"policy_id": name, "priority": name, "response_minutes": answer, "resolution_minutes": solution,
         "pauses_on": ["on_hold"], "stops_at": "resolved"}
        for name, (answer, solution) in _PRIORITIES.items()
    ])  # fmt: skip
    clocks = sla_clocks(
        given["tickets"], given["ticket_events"], policies, CALENDARS.empty(), sites, clients, as_of=NOW
    )
    through = pl.DataFrame({"feed": [*given], "through_at": [NOW - timedelta(hours=3)] * len(given)}, schema_overrides={
        "through_at": INSTANT})  # fmt: skip
    return {**given, "clients": clients, "sites": sites, "tickets/sla_clocks": clocks, WATERMARKS: through}


def found(read: Mapping[str, pl.DataFrame]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Rows and figures as the house computes them."""
    kpis = {name: KPIS[name] for name in NAMES}
    months = client_months(CLIENTS.rows(read["clients"]), NOW)
    feeds = {name: each.lazy() for name, each in read.items()}
    rows = all_rows(feeds, months, SITES.typed(feeds["sites"]), kpis, SETTINGS)
    return rows, figures(rows.lazy(), months, kpis, SETTINGS, dict.fromkeys(kpis, NOW - timedelta(hours=3)), NOW)


def bounds(clients: Mapping[str, str], through: datetime) -> pl.DataFrame:
    """Months of clients by the standard library."""
    firsts = [date(2025 + n // 12, n % 12 + 1, 1) for n in range(10, 25)]

    def starts(day: date, zone: str) -> datetime:
        return datetime(day.year, day.month, 1, tzinfo=ZoneInfo(zone)).astimezone(UTC)

    rows = [
        (client, day, starts(day, zone), starts(after, zone), through)
        for client, zone in clients.items()
        for day, after in pairwise(firsts)
    ]
    columns = {"client_id": pl.String, "month": pl.Date, "starts_at": INSTANT, "ends_at": INSTANT, "through": INSTANT}
    return pl.DataFrame(rows, schema=columns, orient="row")


def judged(
    read: Mapping[str, pl.DataFrame], months: pl.DataFrame, names: tuple[str, ...] = NAMES
) -> dict[str, pl.DataFrame]:
    """Sums of key figures by client and month as the oracle counts them; instants without their zone."""
    named = {"clocks": "tickets/sla_clocks", "verdicts": "shifts/shift_compliance"}
    plain = {name: read[named.get(name, name)] for name in ("clocks", "verdicts", "tickets", "ticket_events",
                                                           "work_orders", "tours", "attendance", "punch_feeds",
                                                           "sites")}  # fmt: skip
    with duckdb.connect() as connection:
        for name, each in {"bounds": months, **plain}.items():
            instants = pl.col(INSTANT).dt.replace_time_zone(None)
            connection.register(name, each.with_columns(instants).to_arrow())
        connection.execute(f"create view orders as {(ORACLE / 'orders.sql').read_text()}")
        texts = {name: (ORACLE / f"{name}.sql").read_text() for name in names}
        return {name: pl.DataFrame(connection.sql(text).to_arrow_table()) for name, text in texts.items()}
