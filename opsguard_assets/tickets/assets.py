"""Assets of tickets: events where no source keeps them, SLA clocks and intervals, and the risk of every tick.

Here: reading the stores, calling one function, showing its figures. Not here: anything that can be computed without
Dagster.
"""

from collections.abc import Sequence
from datetime import UTC, datetime

import dagster as dg
import polars as pl

from ml.sla_breach.rule import RuleBaseline
from opsguard_assets.intake.assets import TABLES_LOCK
from opsguard_assets.metadata import (
    OWNERS,
    Materialized,
    column_schema,
    figures,
    key_of,
    picture,
    preview,
)
from opsguard_assets.tables.table import Table
from opsguard_assets.tickets.derive import update_clocks, update_events, update_intervals
from opsguard_assets.tickets.knowledge import EVENTS, INPUTS, TICKETS
from opsguard_assets.tickets.plots import risk_distribution
from opsguard_assets.tickets.risk import RiskSummary, summary
from opsguard_assets.tickets.score import risk_at
from opsguard_assets.tickets.stored import SLA_CLOCKS, SLA_INTERVALS, SLA_RISK
from resources.database import Database
from resources.lake import Lake
from resources.progress import Progress
from resources.ticks import Tick, digest_of, record_tick

SLA_RISK_KEY = key_of(SLA_RISK)
SCORE_JOB = "score_sla_job"
_KINDS = {"polars", "deltalake"}


class Moment(dg.Config):
    """The moment of a tick: `as_of` in ISO 8601 with its offset; now where it is left out."""

    as_of: str | None = None

    def instant(self) -> datetime:
        """The moment in UTC.

        Raises:
            ValueError: When it is no instant, or has no offset.
        """
        if self.as_of is None:
            return datetime.now(UTC).replace(microsecond=0)
        moment = datetime.fromisoformat(self.as_of)
        if moment.tzinfo is None:
            raise ValueError(f"as_of {self.as_of!r} has no offset; write it like 2026-01-31T12:00:00+00:00")
        return moment.astimezone(UTC)


def ticket_assets(fed: Sequence[str]) -> list[dg.AssetsDefinition]:
    """The assets of tickets.

    Args:
        fed: Names of the canonical tables that sources fill.
    """
    events = [] if EVENTS.name in fed else [_events_asset()]
    ready = [key_of(table) for table in INPUTS if table.name in fed or table is EVENTS]
    return [*events, _clocks_asset(ready), _intervals_asset(ready), _risk_asset()]


def _described(table: Table, name: str) -> dict[str, object]:
    """What the page of a table shows before its first run."""
    return {"dagster/column_schema": column_schema(table), "dagster/table_name": name}


def _events_asset() -> dg.AssetsDefinition:
    @dg.asset(
        key=key_of(EVENTS),
        deps=[key_of(TICKETS)],
        group_name="tickets",
        kinds=_KINDS,
        owners=OWNERS,
        metadata=_described(EVENTS, f"tables/{EVENTS.name}"),
        description=f"{EVENTS.grain} Derived from the successive states of tickets, because no source keeps them.",
    )
    def ticket_events(
        lake: dg.ResourceParam[Lake], database: dg.ResourceParam[Database], progress: dg.ResourceParam[Progress]
    ) -> Materialized:
        with database.lock(TABLES_LOCK):
            looked_at = update_events(lake, progress=progress)
        return dg.MaterializeResult(metadata=figures({"tickets_looked_at": looked_at}))

    return ticket_events


def _clocks_asset(ready: Sequence[dg.AssetKey]) -> dg.AssetsDefinition:
    @dg.asset(
        key=key_of(SLA_CLOCKS),
        deps=ready,
        group_name="tickets",
        kinds=_KINDS,
        owners=OWNERS,
        metadata=_described(SLA_CLOCKS, f"tables/{SLA_CLOCKS.name}"),
        description="What every ticket was promised and when it is due, in business time with pauses; "
        "any later moment is read from it without the history.",
    )
    def sla_clocks(
        lake: dg.ResourceParam[Lake], database: dg.ResourceParam[Database], progress: dg.ResourceParam[Progress]
    ) -> Materialized:
        with database.lock(TABLES_LOCK):
            computed = update_clocks(lake, progress=progress)
        still_running = lake.known(SLA_CLOCKS, live_only=True)
        without = still_running.filter(pl.col("no_deadline_reason").is_not_null())
        reasons = without.group_by("no_deadline_reason").len("tickets").sort("tickets", descending=True).collect()
        return dg.MaterializeResult(
            metadata={
                **figures({"tickets_computed": computed, "running": still_running.select(pl.len()).collect().item()}),
                "without_deadline": preview(reasons),
            }
        )

    return sla_clocks


def _intervals_asset(ready: Sequence[dg.AssetKey]) -> dg.AssetsDefinition:
    @dg.asset(
        key=key_of(SLA_INTERVALS),
        deps=ready,
        group_name="tickets",
        kinds=_KINDS,
        owners=OWNERS,
        metadata=_described(SLA_INTERVALS, SLA_INTERVALS.derived_name),
        description="The life of every ticket cut into running, paused and closed by the calendar, with the reason: "
        "why a deadline is when it is.",
    )
    def sla_intervals(
        lake: dg.ResourceParam[Lake], database: dg.ResourceParam[Database], progress: dg.ResourceParam[Progress]
    ) -> Materialized:
        with database.lock(TABLES_LOCK):
            cut = update_intervals(lake, progress=progress)
        name = SLA_INTERVALS.derived_name
        rows = lake.scan(name).select(pl.len()).collect().item() if lake.exists(name) else 0
        return dg.MaterializeResult(metadata=figures({"tickets_cut": cut, "dagster/row_count": rows}))

    return sla_intervals


def _risk_asset() -> dg.AssetsDefinition:
    @dg.asset(
        key=SLA_RISK_KEY,
        deps=[key_of(TICKETS), key_of(SLA_CLOCKS)],
        group_name="tickets",
        kinds=_KINDS,
        owners=OWNERS,
        metadata=_described(SLA_RISK, SLA_RISK.derived_name),
        description="The probability that an open ticket misses its resolution deadline, for every ticket open at "
        "`as_of`; grain: ticket_id, as_of.",
        check_specs=[dg.AssetCheckSpec("one_row_per_open_ticket", asset=SLA_RISK_KEY, blocking=True)],
    )
    def sla_risk(config: Moment, lake: dg.ResourceParam[Lake], database: dg.ResourceParam[Database]) -> Materialized:
        as_of, model = config.instant(), RuleBaseline()
        risk = risk_at(lake, model, as_of).with_columns(date=pl.lit(as_of.date()))
        where = {"date": as_of.date(), "as_of": as_of}
        lake.replace_slice(SLA_RISK.derived_name, risk, where=where, partition_by=["date"])
        record_tick(
            database,
            Tick(
                job=SCORE_JOB,
                as_of=as_of,
                row_count=len(risk),
                digest=digest_of(risk, key=["ticket_id"]),
                model_name=model.name,
                model_version=model.version,
            ),
        )
        open_tickets = lake.known(TICKETS, as_of, live_only=True).select(pl.len()).collect().item()
        return dg.MaterializeResult(metadata=_risk_metadata(risk, as_of), check_results=[_complete(risk, open_tickets)])

    return sla_risk


def _complete(risk: pl.DataFrame, open_tickets: int) -> dg.AssetCheckResult:
    distinct = risk["ticket_id"].n_unique()
    return dg.AssetCheckResult(
        check_name="one_row_per_open_ticket",
        passed=len(risk) == distinct == open_tickets,
        description=f"{len(risk)} rows, {distinct} tickets, {open_tickets} open",
        metadata={"rows": len(risk), "open_tickets": open_tickets},
    )


def _risk_metadata(risk: pl.DataFrame, as_of: datetime) -> dict[str, dg.MetadataValue]:
    headline = summary(risk)
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
        "risk_distribution": picture(risk_distribution(risk), "Risk distribution"),
    }


def headline_of(headline: RiskSummary) -> str:
    """The tick in one sentence."""
    if not headline.open_tickets:
        return "No ticket is open."
    breached = headline.by_state.get("breached", 0)
    return (
        f"**{headline.open_tickets:,} open tickets**: {breached:,} have missed their deadline, "
        f"{headline.share_to_alert or 0:.1%} are likely to (risk of 70 % or more)."
    )
