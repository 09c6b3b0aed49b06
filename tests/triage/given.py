"""Unresolved alerts in few words, as triage reads them from the database."""

from datetime import UTC, datetime

import polars as pl

from opsguard_assets.triage.priority.inputs import UNRESOLVED

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def unresolved(*given):
    """A frame of `UNRESOLVED`: what is not given is usual."""
    usual = {
        "opening": 1,
        "alert_type": "device_silent",
        "severity": "medium",
        "site_id": "S1",
        "last_seen_at": NOON,
        "entity_week": 0,
    }
    rows = [{"alert_id": number, **usual, **each} for number, each in enumerate(given, start=1)]
    return pl.DataFrame(rows, schema=UNRESOLVED)
