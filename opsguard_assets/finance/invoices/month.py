"""The invoices of a month, and whether they close. Not here: lines (`invoices.lines`), files (`invoices.files`)."""

from dataclasses import dataclass
from datetime import date, datetime

import dataframely as dy
import polars as pl

from opsguard_assets.config.settings import Settings
from opsguard_assets.entitlements.prices import AMOUNT, lines
from opsguard_assets.entitlements.schemas import PlanStates
from opsguard_assets.finance.invoices.files import Sheet
from opsguard_assets.finance.invoices.lines import billed, by_day, by_next_month, reconciled
from opsguard_assets.finance.revenue.schemas import INVOICES, InvoiceLines, Reconciliation
from opsguard_assets.finance.revenue.states import Known, days_of, month_start, states
from opsguard_assets.tables.months import month_after, month_of
from opsguard_assets.tables.table import rows_of


@dataclass(frozen=True)
class Invoices:
    """The invoices of a month.

    Attributes:
        month: Its first day.
        lines: Lines of all clients.
        reconciliation: By client (`lines.reconciled`).
    """

    month: date
    lines: dy.DataFrame[InvoiceLines]
    reconciliation: dy.DataFrame[Reconciliation]

    @property
    def sheets(self) -> dict[str, Sheet]:
        """Both as sheets of a workbook."""
        money = ("mrr", "proration", "credits", "invoiced", "open")
        return {"Invoice lines": Sheet(self.lines, ("amount",)), "Reconciliation": Sheet(self.reconciliation, money)}

    @property
    def open(self) -> dy.DataFrame[Reconciliation]:
        """Clients whose month does not close; none, or there is a fault."""
        return rows_of(Reconciliation, self.reconciliation.filter(pl.col("open") != 0))


def newest_month(settings: Settings, as_of: datetime) -> date:
    """The newest month that can be invoiced: this one where changes count from the next one on, else the last one."""
    this = month_of(as_of, settings.operations.timezone)
    return this if settings.billing.changes == "next_month" else month_after(this, -1)


def invoices_of(known: Known, settings: Settings, month: date) -> Invoices:
    """The invoices of a month by `billing.changes`.

    Args:
        known: What was ever known of clients and sites.
        settings: Plans and billing.
        month: Its first day; `newest_month` at the latest.
    """
    zone, plans = settings.operations.timezone, settings.plans
    days = days_of(month, zone)
    began = lines(rows_of(PlanStates, states(known, plans, month_start(month, zone))), plans)
    mrr = began.group_by("client_id").agg(mrr=pl.col("amount").sum().cast(AMOUNT))
    if settings.billing.changes == "next_month":
        found = by_next_month(began, month, len(days), plans)
        return Invoices(month, INVOICES.rows(found), reconciled(found, mrr, mrr.rename({"mrr": "billed"})))
    daily = lines(rows_of(PlanStates, states(known, plans, days)), plans)
    by_days = daily.group_by("client_id", "on").agg(mrr=pl.col("amount").sum().cast(AMOUNT))
    found = by_day(daily, month, len(days), plans)
    return Invoices(month, INVOICES.rows(found), reconciled(found, mrr, billed(by_days, len(days))))
