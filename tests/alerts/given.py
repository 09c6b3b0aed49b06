"""Findings in few words, and a monitor of tests."""

from datetime import UTC, datetime, timedelta

import polars as pl

from opsguard_assets.alerts.finding import FINDING
from opsguard_assets.alerts.lifecycle import Monitor

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
MONITOR = Monitor("tests", ("sla_breach_risk",))


def minute(number: float) -> datetime:
    return NOON + timedelta(minutes=number)


def finding(entity="T1", severity="medium", *, is_raising=True, withheld=None, **more):
    return {
        "dedup_key": f"sla_breach_risk:{entity}",
        "alert_type": "sla_breach_risk",
        "entity_type": "ticket",
        "entity_id": entity,
        "client_id": "C1",
        "site_id": "S1",
        "severity": severity,
        "score": 0.75,
        "title": f"Ticket {entity}",
        "reason": "little time left",
        "evidence": '{"risk": 0.75}',
        "is_raising": is_raising,
        "withheld": withheld,
        "model_name": "rule",
        "model_version": "1",
        "model_run_id": None,
        **more,
    }


def frame(*findings):
    return pl.DataFrame(list(findings), schema=FINDING)
