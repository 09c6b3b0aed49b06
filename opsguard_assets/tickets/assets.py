"""Assets of tickets: events where no source keeps them, SLA clocks and intervals, and the risk of every tick.

Here: reading the stores, calling one function, showing its figures. Not here: anything that can be computed without
Dagster.
"""

import os
from collections.abc import Callable, Sequence
from datetime import datetime

import dagster as dg
import dataframely as dy
import polars as pl

from opsguard_assets.config.settings import Settings
from opsguard_assets.metadata import (
    Materialized,
    column_schema,
    figures,
    first_of,
    key_of,
    owners_of,
    picture,
    preview,
)
from opsguard_assets.models.scoring import ScoredTick
from opsguard_assets.models.scoring_assets import Completeness, RiskAsset, risk_asset
from opsguard_assets.tables.registry import TICKET_EVENTS, TICKETS
from opsguard_assets.tables.table import Table
from opsguard_assets.tickets.escalation.assets import escalations_asset
from opsguard_assets.tickets.escalation.helpdesk import ticket_system_of
from opsguard_assets.tickets.learning.outcomes_io import update_outcomes, update_recent
from opsguard_assets.tickets.learning.schemas import RECENT_TICKETS, TICKET_OUTCOMES
from opsguard_assets.tickets.risk.alert_assets import sla_alerts_asset
from opsguard_assets.tickets.risk.plots import sla_risk_distribution
from opsguard_assets.tickets.risk.risk import Marks, RiskSummary, summary
from opsguard_assets.tickets.risk.schemas import SLA_RISK, SlaRisk
from opsguard_assets.tickets.risk.score_io import sla_scorer
from opsguard_assets.tickets.sla.derive_io import update_clocks, update_events, update_intervals
from opsguard_assets.tickets.sla.figures import without_deadline
from opsguard_assets.tickets.sla.schemas import SLA_CLOCKS, SLA_INTERVALS
from opsguard_assets.tickets.sla.snapshot_io import INPUTS
from resources.database import Database
from resources.lake import TABLES_LOCK, Lake
from resources.progress import Progress

_KINDS = {"polars", "deltalake"}
_COMPLETE = "sla_risk_complete"


def ticket_assets(settings: Settings, fed: Sequence[str]) -> list[dg.AssetsDefinition]:
    """The assets of tickets.

    Args:
        settings: From which risk what happens, and where escalations are written.
        fed: Names of the canonical tables that sources fill.
    """
    ready = [key_of(table) for table in INPUTS if table.name in fed or table is TICKET_EVENTS]
    clocks = _derived(
        SLA_CLOCKS,
        f"tables/{SLA_CLOCKS.name}",
        ready,
        update_clocks,
        "What every ticket was promised and when it is due, in business time with pauses; any later moment is read "
        "from it without the history.",
    )
    intervals = _derived(
        SLA_INTERVALS,
        SLA_INTERVALS.derived_name,
        ready,
        update_intervals,
        "The life of every ticket cut into running, paused and closed by the calendar, with the reason: why a deadline "
        "is when it is.",
    )
    outcomes = _derived(
        TICKET_OUTCOMES,
        TICKET_OUTCOMES.derived_name,
        ready,
        update_outcomes,
        "Whether each ticket met its deadline, and when that became known.",
    )
    recent = _derived(
        RECENT_TICKETS,
        RECENT_TICKETS.derived_name,
        [*ready, key_of(TICKET_OUTCOMES)],
        update_recent,
        "The tickets on which features of open tickets depend: open ones, recent ones, the last outcomes of every "
        "group, site and the like. A tick reads these, however long the history is.",
    )
    events = _derived(
        TICKET_EVENTS,
        f"tables/{TICKET_EVENTS.name}",
        [key_of(TICKETS)],
        update_events,
        f"{TICKET_EVENTS.grain} Derived from the successive states of tickets, because no source keeps them.",
    )
    return [
        *([] if TICKET_EVENTS.name in fed else [events]),
        clocks,
        intervals,
        outcomes,
        recent,
        _risk_asset(settings, derives_events=TICKET_EVENTS.name not in fed),
        sla_alerts_asset(settings),
        # Secrets of the helpdesk are read when a run needs it, and not before.
        escalations_asset(settings, lambda: ticket_system_of(settings.ticket_system, os.environ)),
    ]


def _derived(
    table: Table, name: str, ready: Sequence[dg.AssetKey], update: Callable[..., int], description: str
) -> dg.AssetsDefinition:
    """An asset that follows the loads of tickets: `update` brings it up to date and returns the tickets it touched."""

    @dg.asset(
        key=key_of(table),
        deps=ready,
        group_name="tickets",
        kinds=_KINDS,
        owners=owners_of("tickets"),
        description=description,
        metadata={"dagster/column_schema": column_schema(table), "dagster/table_name": name},
    )
    def derived(
        lake: dg.ResourceParam[Lake], database: dg.ResourceParam[Database], progress: dg.ResourceParam[Progress]
    ) -> Materialized:
        with database.lock(TABLES_LOCK):
            touched = update(lake, progress=progress)
        shown: dict[str, dg.MetadataValue] = {}
        if table is SLA_CLOCKS:
            shown["without_deadline"] = preview(without_deadline(lake.known(SLA_CLOCKS, live_only=True)))
        return dg.MaterializeResult(metadata={**figures({"tickets_touched": touched}), **shown})

    return derived


def _risk_asset(settings: Settings, *, derives_events: bool) -> dg.AssetsDefinition:
    marks = Marks(settings.sla.alert_from, settings.sla.escalate_from)
    return risk_asset(
        RiskAsset(
            sla_scorer(settings, derives_events=derives_events),
            deps=(key_of(TICKETS), key_of(SLA_CLOCKS)),
            description="The probability that an open ticket misses its resolution deadline, for every ticket open at "
            "`as_of`; grain: ticket_id, as_of.",
            shown=lambda rows, as_of: _risk_metadata(SLA_RISK.rows(rows), as_of, marks),
            complete=_complete,
        )
    )


def _complete(lake: Lake, tick: ScoredTick) -> Completeness:
    still_open = lake.known(TICKETS, tick.as_of, live_only=True).select("ticket_id", "opened_at").collect()
    return completeness(SLA_RISK.rows(tick.rows), still_open, tick.as_of)


def completeness(risk: dy.DataFrame[SlaRisk], still_open: pl.DataFrame, as_of: datetime) -> Completeness:
    """Whether every open ticket is scored once. An odd ticket is named and withholds no other one.

    Args:
        risk: The risks of the tick.
        still_open: The open tickets: `ticket_id`, `opened_at`.
        as_of: The tick.
    """
    ahead = still_open.filter(pl.col("opened_at") > as_of)["ticket_id"].sort()
    missing = still_open.filter(pl.col("opened_at") <= as_of).join(risk, on="ticket_id", how="anti")["ticket_id"].sort()
    twice = len(risk) - risk["ticket_id"].n_unique()
    parts = [f"{len(risk)} rows, {len(risk) - twice} tickets, {len(still_open)} open"]
    if len(ahead):
        remedy = "correct `opened_at` at the source, or `timezone` in the mapping, and deliver them again"
        parts.append(f"opened after this tick and not scored: {first_of(ahead)}; {remedy}")
    if len(missing):
        parts.append(f"open and not scored: {first_of(missing)}; run the tick of this moment again")
    return Completeness(
        ". ".join(parts),
        rows=len(still_open) - len(ahead),
        twice=twice,
        odd=len(missing),
        others=len(ahead),
        figures={"rows": len(risk), "open_tickets": len(still_open)},
    )


def _risk_metadata(risk: dy.DataFrame[SlaRisk], as_of: datetime, marks: Marks) -> dict[str, dg.MetadataValue]:
    headline = summary(risk, marks)
    counted = {f"tickets_{state}": count for state, count in headline.by_state.items()}
    return {
        "headline": dg.MetadataValue.md(headline_of(headline)),
        **figures(
            {
                "as_of": as_of,
                "dagster/row_count": len(risk),
                **counted,
                "share_to_alert": headline.share_to_alert,
                "share_to_escalate": headline.share_to_escalate,
            }
        ),
        "riskiest_tickets": preview(headline.riskiest),
        "risk_distribution": picture(sla_risk_distribution(risk, marks), "Risk distribution"),
    }


def headline_of(headline: RiskSummary) -> str:
    """The tick in one sentence."""
    if not headline.open_tickets:
        return "No ticket is open."
    breached = headline.by_state.get("breached", 0)
    return (
        f"**{headline.open_tickets:,} open tickets**: {breached:,} have missed their deadline, "
        f"{headline.share_to_alert or 0:.1%} are likely to (risk of {headline.marks.alert_from:.0%} or more)."
    )
