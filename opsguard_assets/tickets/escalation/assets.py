"""Escalation as an asset: plans from the newest risk, carries the plan out, and accounts for it.

Here: reading the tick, one run, its figures and checks. Not here: any of these steps.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import dagster as dg
import polars as pl

from opsguard_assets.config.settings import Settings
from opsguard_assets.metadata import Materialized, check_spec, figures, owners_of, preview, preview_rows
from opsguard_assets.moment import Moment
from opsguard_assets.tickets.escalation import io as store
from opsguard_assets.tickets.escalation.escalate import Escalated, Waits, escalate
from opsguard_assets.tickets.escalation.inputs import given_at
from opsguard_assets.tickets.escalation.plan import ESCALATE, EscalationRules
from opsguard_assets.tickets.risk.keys import SLA_RISK_KEY
from resources.database import Database
from resources.lake import Lake
from resources.ticket_system.change import TicketSystem

ESCALATIONS_KEY = dg.AssetKey(["alerts", "escalations"])
ACCOUNTED, ACCEPTED, CERTAIN = (
    "escalations_accounted_for",
    "helpdesk_accepted_escalations",
    "no_escalation_long_in_doubt",
)
_SHOWN = (
    "ticket_id", "decision", "step", "risk", "from_priority", "to_priority", "from_assignee_id", "to_assignee_id",
    "reason",
)  # fmt: skip
_RESULT = ("ticket_id", "step", "state", "answer", "told", "to_tell", "attempts", "settled_at")


def escalations_asset(settings: Settings, open_system: Callable[[], TicketSystem]) -> dg.AssetsDefinition:
    """The asset of escalations.

    Args:
        settings: What escalates, how often, and who is left out.
        open_system: Opens the ticket system when a run needs it: secrets are read then and not before.
    """

    @dg.asset(
        key=ESCALATIONS_KEY,
        deps=[SLA_RISK_KEY],
        group_name="alerts",
        kinds={"postgres"},
        owners=owners_of("tickets"),
        description="Tickets that will probably miss their deadline, raised in priority, given to somebody on duty, "
        "and written to the helpdesk, each once per step. Acts on the newest SLA risk, and fails where there is none.",
        check_specs=[check_spec(name, ESCALATIONS_KEY) for name in (ACCOUNTED, ACCEPTED, CERTAIN)],
    )
    def escalations(config: Moment, lake: dg.ResourceParam[Lake], database: dg.ResourceParam[Database]) -> Materialized:
        done = escalate_at(lake, database, open_system(), settings, config.instant())
        now = datetime.now(UTC)
        return dg.MaterializeResult(
            metadata=_shown(database, done),
            check_results=[
                _accounted(store.counts(database)),
                _accepted(done),
                _certain(database, settings, now),
            ],
        )

    return escalations


def escalate_at(lake: Lake, database: Database, system: TicketSystem, settings: Settings, as_of: datetime) -> Escalated:
    """Escalates at a moment by the settings.

    Raises:
        EscalationError: See `escalation.inputs.given_at` and `escalate.escalate`.
    """
    own = settings.escalation
    return escalate(
        database,
        system,
        given_at(lake, database, settings, as_of),
        as_of,
        EscalationRules(settings.sla.escalate_from, timedelta(minutes=own.cooldown_minutes), own.max_steps),
        Waits(timedelta(minutes=own.give_up_minutes), timedelta(minutes=settings.sla.missed_tick_limit_minutes)),
    )


def _shown(database: Database, done: Escalated) -> dict[str, dg.MetadataValue]:
    decisions = dict(done.plan.group_by("decision").len().sort("decision").iter_rows())
    numbers = {f"decided_{name.replace(' ', '_')}": count for name, count in decisions.items()}
    results = {f"now_{state}": count for state, count in done.settled.items()}
    newest = [{name: row[name] for name in _RESULT} for row in store.escalations(database, limit=20)]
    return {
        **figures({"risk_as_of": done.risk_as_of, "dagster/row_count": len(done.plan), **numbers, **results}),
        "escalated": preview(done.plan.filter(pl.col("decision") == ESCALATE).select(_SHOWN)),
        "not_escalated": preview(done.plan.filter(pl.col("decision") != ESCALATE).select(_SHOWN[:4])),
        "newest": preview_rows(newest),
    }


def _accounted(counts: dict[str, int]) -> dg.AssetCheckResult:
    """Everything that was planned has ended: done, superseded, failed, or unknown and waiting for a person."""
    waiting = sum(counts.get(state, 0) for state in store.OPEN_STATES)
    planned = sum(counts.values())
    words = ", ".join(f"{count:,} {state}" for state, count in sorted(counts.items())) or "none yet"
    return dg.AssetCheckResult(
        check_name=ACCOUNTED,
        passed=waiting == 0,
        description=f"{planned:,} planned: {words}" + ("; the next run tries those again" if waiting else ""),
        metadata={"planned": planned, "waiting": waiting, **counts},
    )


def _accepted(done: Escalated) -> dg.AssetCheckResult:
    failed = done.settled.get("failed", 0)
    words = "the helpdesk did not answer; the rest waits for the next run" if done.is_stopped else ""
    words = (
        f"{failed:,} escalations failed for good: `opsguard escalations list --state failed` says why"
        if failed
        else words
    )
    return dg.AssetCheckResult(
        check_name=ACCEPTED, passed=not words, description=words or "none was refused", metadata={"failed": failed}
    )


def _certain(database: Database, settings: Settings, now: datetime) -> dg.AssetCheckResult:
    count = store.unknown_since(database, now - timedelta(minutes=settings.escalation.unknown_minutes))
    remedy = "; look in the helpdesk, then `opsguard escalations resolve-unknown`" if count else ""
    return dg.AssetCheckResult(
        check_name=CERTAIN,
        passed=count == 0,
        severity=dg.AssetCheckSeverity.WARN,
        description=f"{count:,} escalations in doubt for long{remedy}",
        metadata={"in_doubt": count},
    )
