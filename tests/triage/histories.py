"""Alerts of other systems in few words, with both clocks, and random histories of them."""

import random
from datetime import UTC, datetime, timedelta

import polars as pl

from opsguard_assets.tables.registry import TABLES
from opsguard_assets.triage.learning.problem_io import CLIENTS, DUTY, EXTERNAL, SITES

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def external(number, *, raised, acknowledged=None, resolved=None, resolution=None, known_later=0, **more):
    """The versions of an alert: raised so many hours after `NOW`, taken up and over so many hours after it was raised.

    Its end was known `known_later` hours later than it was.
    """
    at = NOW + raised * HOUR
    base = {
        "alert_id": number, "site_id": "S1", "at": at, "kind": "door", "severity": "medium", "entity_type": "door",
        "entity_id": "D1", "known_at": at, **more,
    }  # fmt: skip
    versions = [base]
    taken = {"acknowledged_at": at + acknowledged * HOUR} if acknowledged is not None else {}
    if taken:
        versions.append(base | taken | {"known_at": taken["acknowledged_at"]})
    if resolved is not None:
        over = at + resolved * HOUR
        end = {"resolved_at": over, "resolution": resolution, "known_at": over + known_later * HOUR}
        versions.append(base | taken | end)
    return versions


def frame(name, rows):
    schema = TABLES[name].dtypes
    return pl.DataFrame([{column: row.get(column) for column in schema} for row in rows], schema=schema)


def record_external(lake, *alerts, upto=None):
    """Records the versions that were known by an instant."""
    rows = frame("external_alerts", [version for alert in alerts for version in alert])
    known = rows.filter(pl.col("known_at") <= (upto or NOW))
    lake.record(EXTERNAL, known, loaded_at=upto or NOW)


def history(seed=5, count=300, days=40):
    """Random alerts: taken up or not, over or not, with words that come early, late or never."""
    luck = random.Random(seed)  # noqa: S311 - no secret
    words = [None, None, "actioned", "no_action", "duplicate", "false_alarm"]
    return [
        external(
            f"A{number:04d}",
            raised=-round(luck.uniform(0, 24 * days), 2),
            acknowledged=luck.choice([None, None, 0.2, 1, 3.9, 6, 30]),
            resolved=luck.choice([None, 0.5, 3, 5, 40]),
            resolution=luck.choice(words),
            known_later=luck.choice([0, 0, 0, 7, 50]),
            kind=luck.choice(["door", "motion", "smoke"]),
            site_id=luck.choice(["S1", "S2", None]),
            entity_id=luck.choice(["D1", "D2", None]),
            severity=luck.choice(["low", "high"]),
        )
        for number in range(count)
    ]


def record_places(lake, upto=None):
    """Two sites of two clients, in two zones, and a rota."""
    at = NOW - timedelta(days=100)
    sites = [
        {"site_id": "S1", "client_id": "C1", "name": "One", "timezone": "America/New_York", "known_at": at},
        {"site_id": "S2", "client_id": "C2", "name": "Two", "timezone": "Asia/Kolkata", "known_at": at},
    ]
    clients = [
        {"client_id": "C1", "name": "One", "plan": "gold", "known_at": at},
        {"client_id": "C2", "name": "Two", "plan": "bronze", "known_at": at},
        {"client_id": "C2", "name": "Two", "plan": "silver", "known_at": NOW - timedelta(days=11)},
    ]
    duty = [
        {"person_id": f"P{n % 3}", "starts_at": NOW - n * 8 * HOUR, "ends_at": NOW - n * 8 * HOUR + 9 * HOUR,
         "known_at": NOW - n * 8 * HOUR - (n % 4 - 1) * HOUR}
        for n in range(-5, 120)
    ]  # fmt: skip
    for table, rows in ((SITES, sites), (CLIENTS, clients), (DUTY, duty)):
        given = frame(table.name, rows)
        lake.record(table, given.filter(pl.col("known_at") <= (upto or NOW)), loaded_at=upto or NOW)
