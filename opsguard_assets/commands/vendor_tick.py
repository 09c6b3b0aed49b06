"""One tick of vendors: scores, risk of open orders, alerts. Not here: the jobs (`opsguard_assets.vendors`)."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import polars as pl
import typer

from opsguard_assets.cadences import tick_config
from opsguard_assets.commands.jobs import run_job
from opsguard_assets.commands.session import Session, print_rows
from opsguard_assets.vendors.job_names import SCORE_VENDORS_JOB, WATCH_ORDERS_JOB
from opsguard_assets.vendors.orders.schemas import WORK_ORDER_RISK
from opsguard_assets.vendors.scores.io import last_scores
from resources.progress import Silent


@dataclass(frozen=True)
class VendorTick:
    """The results of a tick of vendors, read back.

    Attributes:
        as_of: The moment.
        scores: Rows of `vendor_scores`.
        risk: Rows of `work_order_risk`, the greatest first.
    """

    as_of: datetime
    scores: pl.DataFrame
    risk: pl.DataFrame

    def as_json(self) -> dict[str, Any]:
        """The tick for JSON output."""
        return {"as_of": self.as_of, "scores": self.scores.to_dicts(), "orders": self.risk.to_dicts()}


def score_vendors(session: Session, as_of: datetime) -> VendorTick:
    """Runs both jobs of vendors for a moment and reads the results back."""
    run_job(session, SCORE_VENDORS_JOB, progress=Silent(), run_config=tick_config(SCORE_VENDORS_JOB, as_of))
    run_job(session, WATCH_ORDERS_JOB, progress=Silent(), run_config=tick_config(WATCH_ORDERS_JOB, as_of))
    lake = session.installation.lake
    risk = lake.rows_at(WORK_ORDER_RISK, as_of).sort("risk", "work_order_id", descending=[True, False])
    return VendorTick(as_of, last_scores(lake, as_of), risk)


def show_vendors(found: VendorTick, *, rows: int = 5) -> None:
    """Prints a tick of vendors."""
    ranked = found.scores.drop_nulls("rank").sort("score", "vendor_id")
    typer.echo(
        f"\nAs of {found.as_of:%Y-%m-%d %H:%M} UTC: {len(found.scores):,} vendors scored, "
        f"{len(found.risk):,} orders open, {float(found.risk['risk'].sum()):.1f} of them expected late."
    )
    worst = (
        ranked.head(rows).with_columns(in_time="sla_raw").select("name", "trade", "score", "grade", "jobs", "in_time")
    )
    print_rows("\nThe lowest scores", worst.to_dicts())
    due = found.risk.head(rows).with_columns(pl.col("due_at").dt.strftime("%Y-%m-%d %H:%M UTC"))
    print_rows(
        "\nOrders most likely late", due.select("work_order_id", "vendor_id", "due_at", "risk", "reason").to_dicts()
    )
