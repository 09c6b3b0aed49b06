"""The alerts of a tick of SLA risk as an asset: findings, suppression, decisions.

Here: reading the tick, and the marks in their order. Not here: any of these steps, and settling (`monitor_assets`).
"""

from datetime import datetime

import dagster as dg
import polars as pl
from sqlalchemy import Connection, text

from opsguard_assets.alerts.lifecycle import Monitor
from opsguard_assets.alerts.monitor_assets import Watched, monitor_asset
from opsguard_assets.alerts.suppression import suppress_holdout, suppress_outside_plan, suppress_over_budget
from opsguard_assets.config.settings import Settings
from opsguard_assets.entitlements.entitled import entitled_to_alerts
from opsguard_assets.entitlements.io import entitlements_at
from opsguard_assets.tickets.risk.alert_types import ALERT_TYPES, BREACH_RISK, FEATURES, MONITOR
from opsguard_assets.tickets.risk.findings import RiskLevels, sla_findings
from opsguard_assets.tickets.risk.keys import SLA_RISK_KEY
from opsguard_assets.tickets.risk.schemas import SLA_RISK
from resources.database import Database
from resources.lake import Lake

SLA_ALERTS_KEY = dg.AssetKey(["alerts", "sla_alerts"])
SLA_MONITOR = Monitor(MONITOR, ALERT_TYPES)


def sla_alerts_asset(settings: Settings) -> dg.AssetsDefinition:
    """The asset of the alerts of SLA risk."""
    watched = Watched(
        monitor=SLA_MONITOR,
        key=SLA_ALERTS_KEY,
        room="tickets",
        deps=(SLA_RISK_KEY,),
        description="Alerts of tickets that will probably miss their deadline or have missed it.",
        findings=lambda lake, database, as_of: findings_at(lake, database, settings, as_of),
    )
    return monitor_asset(watched, settings)


def findings_at(lake: Lake, database: Database, settings: Settings, as_of: datetime) -> pl.DataFrame:
    """The findings of a computed tick, those marked that must not raise an alert."""
    with database.begin() as connection:
        return marked_findings(lake, connection, settings, lake.rows_at(SLA_RISK, as_of), as_of)


def marked_findings(
    lake: Lake, connection: Connection, settings: Settings, risk: pl.DataFrame, as_of: datetime
) -> pl.DataFrame:
    """What risks find by these settings, those marked that must not raise an alert.

    Args:
        lake: Where the plans of clients are known.
        connection: Shows the alerts before the tick: what is used of the day's budget.
        settings: Thresholds, plans, hold-out and budget.
        risk: Rows of `sla_risk` of the tick.
        as_of: The tick.
    """
    sla = settings.sla
    found = sla_findings(risk, levels_of(settings))
    receives = entitled_to_alerts(found, entitlements_at(lake, settings, as_of), FEATURES)
    # In this order: what the plan or the hold-out keeps back uses nothing of the day's budget.
    marked = suppress_outside_plan(found, receives)
    marked = suppress_holdout(marked, sla.holdout_share, alert_types=[BREACH_RISK])
    if sla.alerts_per_day is None:
        return marked
    living, raised = _budget_used(connection, as_of)
    return suppress_over_budget(marked, sla.alerts_per_day, alert_type=BREACH_RISK, living=living, raised_today=raised)


def levels_of(settings: Settings) -> RiskLevels:
    """From which risk what is found."""
    sla = settings.sla
    return RiskLevels(sla.alert_from, sla.high_from, sla.clear_below)


def _budget_used(connection: Connection, as_of: datetime) -> tuple[pl.Series, int]:
    """The keys of unresolved alerts, and how many were raised since the day of `as_of` began (UTC)."""
    statement = text(
        "SELECT dedup_key, state <> 'resolved' AS lives, first_seen_at >= :midnight AS is_of_today FROM alerts "
        "WHERE alert_type = :alert_type AND (state <> 'resolved' OR first_seen_at >= :midnight)"
    )
    midnight = as_of.replace(hour=0, minute=0, second=0, microsecond=0)
    rows = connection.execute(statement, {"alert_type": BREACH_RISK, "midnight": midnight}).all()
    living = pl.Series("dedup_key", [row.dedup_key for row in rows if row.lives], pl.String)
    return living, sum(row.is_of_today for row in rows)
