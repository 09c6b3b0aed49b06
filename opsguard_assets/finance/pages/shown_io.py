"""What the finance page and its workbook show, put together. Not here: the page, the workbook's cells."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

import polars as pl

from opsguard_assets.config.features import FEATURES
from opsguard_assets.config.plans import Plans
from opsguard_assets.config.settings import Settings
from opsguard_assets.entitlements.prices import DISCOUNT
from opsguard_assets.finance.invoices.files import Sheet, as_workbook
from opsguard_assets.finance.invoices.month import Invoices, invoices_of, newest_month
from opsguard_assets.finance.pages.page import Shown
from opsguard_assets.finance.projection.returns import from_inputs, from_measured
from opsguard_assets.finance.projection.scenarios import PLANNED, Scenario, rows_of
from opsguard_assets.finance.revenue.figures_io import Revenue
from opsguard_assets.finance.revenue.movements import by_plan, cohorts
from opsguard_assets.finance.revenue.schemas import ADOPTION, ARR, CHURN_RISK, MRR, SUBSCRIPTIONS, UPGRADES, USAGE
from opsguard_assets.tables.months import month_after
from opsguard_assets.tables.registry import CLIENTS
from resources.lake import Lake

# Written by `scorecards.value`.
_VALUE: Final = "scorecards/value_delivered"


def shown_of(lake: Lake, settings: Settings, found: Revenue, scenarios: Sequence[Scenario] = PLANNED) -> Shown:
    """What the page shows of a moment.

    Args:
        lake: Names of clients, and value delivered.
        settings: Plans and billing.
        found: Revenue at the moment.
        scenarios: Scenarios of ARR.
    """
    last = month_after(found.month, -1)
    invoices = newest_invoices(settings, found)
    names = lake.known(CLIENTS, found.as_of).select("client_id", "name").collect()
    moved = found.rows(MRR).filter(pl.col("month") == last, pl.col("movement").is_not_null())
    return Shown(
        as_of=found.as_of,
        zone=settings.operations.timezone,
        currency=settings.plans.currency,
        month=found.month,
        months=found.rows(ARR),
        cohorts=cohorts(MRR.rows(found.rows(MRR).filter(~pl.col("is_provisional")))),
        plans=by_plan(found.rows(MRR), last),
        moved=MRR.rows(moved.sort("amount", descending=True)),
        adoption=found.rows(ADOPTION),
        risks=found.rows(CHURN_RISK),
        upgrades=found.rows(UPGRADES),
        coming=found.coming,
        unplanned=found.unplanned,
        invoices=(invoices.month, invoices.reconciliation),
        add_ons=add_on_prices(settings.plans, found.as_of),
        scenarios=scenarios,
        examples=from_inputs(),
        measured=measured_returns(lake, found),
        names=dict(names.iter_rows()),
    )


def newest_invoices(settings: Settings, found: Revenue) -> Invoices:
    """The newest invoices that are whole."""
    return invoices_of(found.known, settings, newest_month(settings, found.as_of))


def measured_returns(lake: Lake, found: Revenue) -> list[dict[str, object]]:
    """Returns by value delivered of the newest run, beside what add-ons cost all clients together."""
    delivered = lake.scan(_VALUE).collect() if lake.exists(_VALUE) else None
    if delivered is not None:
        delivered = delivered.filter(pl.col("month") == pl.col("month").max())
    beside = found.lines.filter(~pl.col("item").is_in(["bronze", "silver", "gold", DISCOUNT]))
    return from_measured(delivered, beside.group_by(feature="item").agg(cost=pl.col("amount").sum()))


def add_on_prices(plans: Plans, as_of: datetime) -> list[dict[str, Any]]:
    """What features cost beside plans, by the lists of a day."""
    found = []
    for name, each in plans.add_ons.items():
        valid = [price for price in each.price if price.valid_from <= as_of.date()] or list(each.price[:1])
        amount = valid[-1].amount / (12 if valid[-1].per == "year" else 1) if valid else Decimal(0)
        found.append({"feature": name, "price": amount, "per": each.per, "plan": FEATURES[name].plan})
    return found


def workbook_of(settings: Settings, found: Revenue, scenarios: Sequence[Scenario] = PLANNED) -> bytes:
    """The same figures as sheets of an XLSX."""
    invoices = newest_invoices(settings, found)
    tables = {"Revenue": ARR, "MRR": MRR, "Subscriptions": SUBSCRIPTIONS, "Adoption": ADOPTION, "Usage": USAGE}
    tables |= {"Churn risk": CHURN_RISK, "Upgrade candidates": UPGRADES}
    projected = pl.DataFrame(rows_of(scenarios)).with_columns(
        pl.col("price", "arr").cast(pl.Decimal(18, 2)), pl.col("adoption", "sites", "paying_sites").cast(pl.Float64)
    )
    # What clients pay now can be added up; balances of months, and plans of which a client takes one, cannot.
    added_up = (SUBSCRIPTIONS, CHURN_RISK)
    sheets = {name: Sheet(found.rows(each), ("mrr",) if each in added_up else ()) for name, each in tables.items()}
    every = {**sheets, **invoices.sheets, "Projection": Sheet(projected)}
    return as_workbook(every, created=found.as_of, currency=settings.plans.currency)
