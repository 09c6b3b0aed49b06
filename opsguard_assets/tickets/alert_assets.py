"""The alerts of a tick of SLA risk as an asset: findings, who is withheld one, what became of each.

Here: reading the tick, the marks in their order, the life of alerts, its figures. Not here: any of these steps.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta

import dagster as dg
import polars as pl
from sqlalchemy import text

from opsguard_assets.alerts.life import Monitor, Settled, settle
from opsguard_assets.alerts.queries import alerts, count_by_state
from opsguard_assets.alerts.withholding import hold_back, keep_to_budget, keep_to_plans
from opsguard_assets.config.settings import Settings
from opsguard_assets.metadata import OWNERS, Materialized, figures, preview_rows
from opsguard_assets.moment import Moment
from opsguard_assets.tables.registry import TABLES
from opsguard_assets.tickets.findings import ALERT_TYPES, BREACH_RISK, MONITOR, RiskLevels, sla_findings
from opsguard_assets.tickets.moment import SLA_RISK_KEY
from opsguard_assets.tickets.score import recorded_risk
from resources.database import Database
from resources.lake import Lake

SLA_ALERTS_KEY = dg.AssetKey(["alerts", "sla_alerts"])
SLA_MONITOR = Monitor(MONITOR, ALERT_TYPES)
_CHECK = "findings_equal_decisions"
_SHOWN = ("title", "severity", "state", "score", "client_id", "first_seen_at", "occurrences", "reason")


def sla_alerts_asset(settings: Settings) -> dg.AssetsDefinition:
    """The asset of the alerts of SLA risk."""

    @dg.asset(
        key=SLA_ALERTS_KEY,
        deps=[SLA_RISK_KEY],
        group_name="alerts",
        kinds={"postgres"},
        owners=OWNERS,
        description="Alerts of tickets that will probably miss their deadline or have missed it: raised once, met "
        "again, cleared; every finding of a tick ends in one recorded decision.",
        check_specs=[dg.AssetCheckSpec(_CHECK, asset=SLA_ALERTS_KEY, blocking=True)],
    )
    def sla_alerts(config: Moment, lake: dg.ResourceParam[Lake], database: dg.ResourceParam[Database]) -> Materialized:
        as_of = config.instant()
        findings = findings_at(lake, database, settings, as_of)
        settled = settle(
            database,
            findings,
            SLA_MONITOR,
            as_of,
            reopen_within=timedelta(minutes=settings.alerts.reopen_within_minutes),
        )
        return dg.MaterializeResult(metadata=dict(_shown(database, settled, as_of)), check_results=[_complete(settled)])

    return sla_alerts


def findings_at(lake: Lake, database: Database, settings: Settings, as_of: datetime) -> pl.DataFrame:
    """The findings of a computed tick, those marked that must not raise an alert."""
    risk = recorded_risk(lake, as_of)
    sla = settings.sla
    plans = lake.known(TABLES["clients"], as_of).select("client_id", pl.col("plan").cast(pl.String)).collect()
    marked = keep_to_plans(sla_findings(risk, levels_of(settings)), plans, settings.plans.alerts_by_plan())
    marked = hold_back(marked, sla.holdout_share, alert_types=[BREACH_RISK])
    if sla.alerts_per_day is None:
        return marked
    living, raised = _budget_used(database, as_of)
    return keep_to_budget(marked, sla.alerts_per_day, alert_type=BREACH_RISK, living=living, raised_today=raised)


def levels_of(settings: Settings) -> RiskLevels:
    """From which risk what is found."""
    sla = settings.sla
    return RiskLevels(sla.alert_from, sla.high_from, sla.clear_below)


def _budget_used(database: Database, as_of: datetime) -> tuple[pl.Series, int]:
    """The keys of unresolved alerts, and how many were raised since the day of `as_of` began (UTC)."""
    statement = text(
        "SELECT dedup_key, state <> 'resolved' AS lives, first_seen_at >= :midnight AS is_of_today FROM alerts "
        "WHERE alert_type = :alert_type AND (state <> 'resolved' OR first_seen_at >= :midnight)"
    )
    midnight = as_of.replace(hour=0, minute=0, second=0, microsecond=0)
    with database.begin() as connection:
        rows = connection.execute(statement, {"alert_type": BREACH_RISK, "midnight": midnight}).all()
    living = pl.Series("dedup_key", [row.dedup_key for row in rows if row.lives], pl.String)
    return living, sum(row.is_of_today for row in rows)


def _complete(settled: Settled) -> dg.AssetCheckResult:
    decided = {decision: count for decision, count in settled.decisions.items() if decision != "cleared"}
    words = ", ".join(f"{count:,} {decision}" for decision, count in sorted(decided.items())) or "none"
    return dg.AssetCheckResult(
        check_name=_CHECK,
        passed=settled.is_complete,
        description=f"{settled.findings:,} findings; decided: {words}",
        metadata={"findings": settled.findings, "decisions": sum(decided.values())},
    )


def _shown(database: Database, settled: Settled, as_of: datetime) -> Iterator[tuple[str, dg.MetadataValue]]:
    note = "this moment was settled before; nothing was changed" if settled.is_repeated else None
    note = "a later moment was settled before; nothing was changed" if settled.is_late else note
    yield from figures({"as_of": as_of, "findings": settled.findings, **settled.decisions}).items()
    if note:
        yield "note", dg.MetadataValue.text(note)
    yield "unresolved", preview_rows(count_by_state(database))
    newest = alerts(database, limit=20)
    yield "most_severe", preview_rows([{name: row[name] for name in _SHOWN} for row in newest])
