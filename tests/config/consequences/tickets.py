"""What settings of tickets do: findings, reasons, escalations, late ticks."""

from datetime import timedelta
from functools import cache
from typing import Any
from unittest.mock import patch

import dagster as dg
import polars as pl

from ml.problems.sla_breach.rule import RuleBaseline
from opsguard_assets.cadences import documented_cadences
from opsguard_assets.config.settings import Settings
from opsguard_assets.entitlements.entitled import entitlements
from opsguard_assets.models.scoring import scored_rows
from opsguard_assets.models.serving import Serving
from opsguard_assets.tables.registry import TABLES
from opsguard_assets.tables.values import INSTANT
from opsguard_assets.tickets.escalation import assets as escalation
from opsguard_assets.tickets.escalation import inputs
from opsguard_assets.tickets.risk.alert_assets import marked_findings
from opsguard_assets.tickets.risk.score_io import sla_scorer
from resources.lake import Lake
from sensors.cadences import schedule_for
from tests.config.consequences.given import NOW, Seen, asked_by, lake_of, plain, stop
from tests.tickets.desks import frame
from tests.tickets.test_findings import tick


@cache
def _clients() -> Lake:
    lake = lake_of("plans")
    table = TABLES["clients"]
    plans = [{"client_id": name, "name": name, "plan": name, "known_at": NOW} for name in ("bronze", "silver", "gold")]
    lake.record(
        table, pl.DataFrame([dict.fromkeys(table.columns) | row for row in plans], schema=table.dtypes), loaded_at=NOW
    )
    return lake


class _NoAlerts:
    """A database in which nothing was alerted yet."""

    def execute(self, *_: object) -> "_NoAlerts":
        return self

    def all(self) -> list[Any]:
        return []


def sla_findings(settings: Settings) -> Seen:
    """The findings of a tick of tickets, those marked that must not raise an alert."""
    risks = (0.5, 0.62, 0.66, 0.72, 0.8, 0.86, 0.99)
    tickets = [
        {"ticket_id": f"{client}{risk}", "client_id": client, "risk": risk, **late}
        for client in ("bronze", "silver", "gold")
        for risk in risks
        for late in ({}, {"ticket_id": f"late{client}{risk}", "state": "breached", "risk": None})
    ]
    return plain(marked_findings(_clients(), _NoAlerts(), settings, tick(*tickets), NOW))


def reasons(settings: Settings) -> Seen:
    """From which risk the tick of tickets is asked to tell reasons."""
    with patch("opsguard_assets.tickets.risk.score_io.risk_at", stop):
        return asked_by(lambda: scored_rows(sla_scorer(settings), _clients(), Serving(RuleBaseline()), NOW))


def escalation_asked(settings: Settings) -> Seen:
    """What a run of escalation is asked to do, and which risks it looks at."""
    risk = frame(
        [{"ticket_id": f"T{n}", "client_id": "gold", "risk": n / 20, "as_of": NOW} for n in range(20)],
        {"ticket_id": pl.String, "client_id": pl.String, "risk": pl.Float64, "as_of": INSTANT},
    )
    looked = inputs.with_withheld(
        risk, entitlements(frame([], {"client_id": pl.String, "plan": pl.String}), settings.plans, NOW.date()), settings
    )
    with patch.object(escalation, "given_at", lambda *_: None), patch.object(escalation, "escalate", stop):
        asked = asked_by(lambda: escalation.escalate_at(_clients(), None, None, settings, NOW))
    with patch.object(inputs, "newest_tick", stop):
        within = asked_by(lambda: inputs.given_at(_clients(), None, settings, NOW))
    with patch.object(escalation.store, "unknown_since", stop):
        doubt = asked_by(lambda: escalation._certain(None, settings, NOW))
    return plain(looked), asked, within, doubt


def late_ticks(settings: Settings) -> Seen:
    """Whether a tick that is half an hour overdue still runs."""
    cadence = documented_cadences(settings)[0]
    schedule = schedule_for(cadence, timezone="UTC", now=lambda: NOW + timedelta(minutes=30))
    with dg.instance_for_test() as instance:
        context = dg.build_schedule_context(instance=instance, scheduled_execution_time=NOW)
        return len(schedule.evaluate_tick(context).run_requests or ())
