"""The results of loads and ticks, read back from the stores. Not here: running anything."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import dataframely as dy
import polars as pl

from opsguard_assets.intake.ledger import ledger, report
from opsguard_assets.intake.ledger.quarantine import RejectedRow
from opsguard_assets.tables.registry import TICKETS
from opsguard_assets.tables.table import empty_of, typed_as
from opsguard_assets.tickets.risk.risk import Marks, RiskSummary, summary
from opsguard_assets.tickets.risk.schemas import SLA_RISK
from opsguard_assets.tickets.sla.figures import breach_rates, moments_between, open_over_time
from opsguard_assets.tickets.sla.schemas import SLA_CLOCKS
from resources.lake import Lake

_LOAD = ["source", "load_id", "table"]


@dataclass(frozen=True)
class Loads:
    """The results of some loads: ledger rows and their rows in quarantine."""

    rows: dy.DataFrame[ledger.LedgerLine]
    quarantine: dy.DataFrame[RejectedRow]

    @property
    def summary(self) -> list[dict[str, Any]]:
        """Totals per source and table."""
        return report.ledger_summary(self.rows).drop("last_loaded_at").to_dicts()

    @property
    def rejected(self) -> list[dict[str, Any]]:
        """The number of rejected rows per rule."""
        return report.rejected_per_rule(self.quarantine).to_dicts() if len(self.quarantine) else []

    @property
    def repaired(self) -> list[str]:
        """The number of rows accepted after a change of the mapping, one sentence per source and table."""
        taken = self.rows.filter(pl.col("rejected") < 0).group_by("source", "table").agg(-pl.col("rejected").sum())
        words = pl.format("{}: {} rows of {} that were rejected before are now accepted", "source", "rejected", "table")
        return taken.sort("source", "table").select(words).to_series().to_list()

    @property
    def drifted(self) -> set[str]:
        """The sources whose columns changed."""
        return set(self.rows.filter(pl.col("drift").list.len() > 0)["source"])

    @property
    def drift(self) -> list[str]:
        """The changes of columns."""
        changes = self.rows.select("source", "drift").explode("drift").drop_nulls()
        return changes.select(pl.format("{}: {}", "source", "drift").unique(maintain_order=True)).to_series().to_list()


def ledger_now(lake: Lake) -> dy.DataFrame[ledger.LedgerLine]:
    """The ledger of loads."""
    return ledger.with_every_column(lake.scan(ledger.NAME).collect()) if lake.exists(ledger.NAME) else ledger.empty()


def loads_since(lake: Lake, before: pl.DataFrame) -> Loads:
    """The loads in the ledger that are not in `before`."""
    fresh = ledger.LEDGER.rows(ledger_now(lake).join(before, on=_LOAD, how="anti"))
    tables = [name for name in fresh["table"].unique() if lake.exists(f"quarantine/{name}")]
    found = [lake.scan(f"quarantine/{n}").join(fresh.lazy(), on=_LOAD, how="semi") for n in tables]
    return Loads(fresh, typed_as(RejectedRow, pl.concat(found)).collect() if found else empty_of(RejectedRow))


def tick_at(lake: Lake, as_of: datetime, marks: Marks) -> RiskSummary:
    """The headline of a computed tick."""
    return summary(lake.rows_at(SLA_RISK, as_of), marks)


def open_tickets(lake: Lake) -> pl.DataFrame:
    """The number of open tickets over time."""
    tickets = lake.known(TICKETS).select("opened_at", "resolved_at", "closed_at", "status", "updated_at").collect()
    if tickets.is_empty():
        return open_over_time(tickets, [])
    first, last = tickets.select(pl.col("opened_at").min(), last=pl.col("updated_at").max()).row(0)
    return open_over_time(tickets, moments_between(first, min(last, datetime.now(UTC))))


def rates(lake: Lake) -> Sequence[dict[str, Any]]:
    """Breach rates of ended tickets by priority."""
    return breach_rates(lake.known(SLA_CLOCKS).collect()).to_dicts()


def newest_record(lake: Lake) -> datetime | None:
    """When the newest state of any ticket became known."""
    newest = lake.known(TICKETS).select(pl.col("known_at").max()).collect().item()
    return newest if isinstance(newest, datetime) else None
