"""Monthly recurring revenue: the balance of each client at the end of a month, and the one movement that led to it.

Here: balances, movements, their identity, retention, ARR. Not here: states and prices of which balances are made.

Definitions are those of ChartMogul's MRR movements (https://help.chartmogul.com/hc/en-us/articles/203299912), by
client: a plan more and two sites less are one movement, and their parts are its explanation. Start and end are
balances, movements are activity: start + new + reactivation + expansion - contraction - churn = end.
"""

from datetime import date
from decimal import Decimal
from typing import Final

import dataframely as dy
import polars as pl

from opsguard_assets.entitlements.prices import AMOUNT, UNIT
from opsguard_assets.finance.revenue.schemas import Arr, BrokenMonths, Cohorts, Mrr, PlanRevenue
from opsguard_assets.tables.table import rows_of

NEW, REACTIVATION, EXPANSION, CONTRACTION, CHURN = "new", "reactivation", "expansion", "contraction", "churn"
GAINS, LOSSES = (NEW, REACTIVATION, EXPANSION), (CONTRACTION, CHURN)
MOVEMENTS: Final = (*GAINS, *LOSSES)
ZERO: Final = Decimal("0.00")
BALANCE: Final = pl.Schema(
    {"client_id": pl.String(), "month": pl.Date(), "plan": pl.String(), "sites": pl.Int64(), "mrr": AMOUNT}
)


def balances(states: pl.DataFrame, lines: pl.DataFrame, ends: pl.DataFrame) -> pl.DataFrame:
    """What clients pay for a month by their state at its end.

    Args:
        states: Rows of `prices.STATE` at the ends of months.
        lines: What they pay (`prices.lines`).
        ends: (`month`, `on`, `at`): the end of each month.

    Returns:
        Rows of `BALANCE` of every client and month, from its first one on; 0 where nothing is paid.
    """
    paid = lines.group_by("client_id", "on").agg(mrr=pl.col("amount").sum())
    months = ends.select("month", "on")
    first = states.join(months, on="on").group_by("client_id").agg(_first=pl.col("month").min())
    grid = first.join(months, how="cross").filter(pl.col("month") >= pl.col("_first"))
    known = states.filter(~pl.col("is_ended")).select("client_id", "on", "plan", "sites", "is_trial")
    return (
        grid.join(known, on=["client_id", "on"], how="left")
        .join(paid, on=["client_id", "on"], how="left")
        .with_columns(pl.col("mrr").fill_null(ZERO).cast(AMOUNT), pl.col("sites").fill_null(0))
        .select(*BALANCE.names(), is_trial=pl.col("is_trial").fill_null(value=False))
        .sort("client_id", "month")
    )


def movements(found: pl.DataFrame) -> pl.DataFrame:
    """One row per client and month: `start`, `mrr` (its end), `movement` (null where nothing moved) and `amount`.

    Args:
        found: Rows of `BALANCE`, without gaps between the months of a client.

    Returns:
        The same rows with `start`, `movement`, `amount` (never negative), and what explains an expansion or a
        contraction: `by_sites` (the change of sites at the former price of a site) and `by_price` (the rest: plan,
        price, add-ons, discounts).
    """
    was = pl.col("mrr").shift(1).over("client_id", order_by="month").fill_null(ZERO)
    sites = pl.col("sites").shift(1).over("client_id", order_by="month").fill_null(0)
    paid_before = (pl.col("mrr") > 0).cum_max().shift(1).over("client_id", order_by="month").fill_null(value=False)
    rows = found.with_columns(start=was.cast(AMOUNT), _sites=sites, _paid=paid_before).with_columns(
        _moved=pl.col("mrr") - pl.col("start")
    )
    starts, ends = pl.col("start") > 0, pl.col("mrr") > 0
    kind = (
        pl.when(~starts & ends & ~pl.col("_paid")).then(pl.lit(NEW))
        .when(~starts & ends).then(pl.lit(REACTIVATION))
        .when(starts & ~ends).then(pl.lit(CHURN))
        .when(pl.col("_moved") > 0).then(pl.lit(EXPANSION))
        .when(pl.col("_moved") < 0).then(pl.lit(CONTRACTION))
    )  # fmt: skip
    per_site = pl.when(pl.col("_sites") > 0).then(pl.col("start").cast(UNIT) / pl.col("_sites").cast(pl.Decimal(12, 0)))
    by_sites = (per_site * (pl.col("sites") - pl.col("_sites")).cast(pl.Decimal(12, 0))).round(
        2, mode="half_away_from_zero"
    )
    explained = pl.col("movement").is_in([EXPANSION, CONTRACTION])
    return (
        rows.with_columns(movement=kind, amount=pl.col("_moved").abs().cast(AMOUNT))
        .with_columns(by_sites=pl.when(explained).then(by_sites.fill_null(ZERO)).cast(AMOUNT))
        .with_columns(by_price=(pl.col("_moved") - pl.col("by_sites")).cast(AMOUNT))
        .drop("_sites", "_paid", "_moved")
    )


def by_month(moved: pl.DataFrame) -> pl.DataFrame:
    """Start, the sum of each movement, and end, by month, oldest first; with retention.

    Gross retention is (start - contraction - churn) / start, net retention adds expansion; both null where start is 0:
    no data. New clients and those who came back are in neither.
    """
    sums = [
        pl.col("amount").filter(pl.col("movement") == kind).sum().fill_null(ZERO).cast(AMOUNT).alias(kind)
        for kind in MOVEMENTS
    ]
    clients = (pl.col("mrr") > 0).sum().cast(pl.Int64)
    rows = moved.group_by("month").agg(
        pl.col("start").sum().cast(AMOUNT), *sums, end=pl.col("mrr").sum().cast(AMOUNT), clients=clients
    )
    kept = pl.col("start") - pl.col(CONTRACTION) - pl.col(CHURN)
    base = pl.when(pl.col("start") > 0).then(pl.col("start").cast(pl.Float64))
    return rows.with_columns(
        gross_retention=kept.cast(pl.Float64) / base,
        net_retention=(kept + pl.col(EXPANSION)).cast(pl.Float64) / base,
        arr=(pl.col("end") * pl.lit(Decimal(12))).cast(AMOUNT),
    ).sort("month")


def broken_identities(months: dy.DataFrame[Arr]) -> dy.DataFrame[BrokenMonths]:
    """Months that do not close: start + gains - losses = end, and each starts where the one before ended.

    Args:
        months: Of `by_month`, in any order.
    """
    rows = months.sort("month").with_columns(
        closes_at=pl.col("start") + pl.sum_horizontal(GAINS) - pl.sum_horizontal(LOSSES), before=pl.col("end").shift(1)
    )
    broken = rows.filter((pl.col("closes_at") != pl.col("end")) | (pl.col("start") != pl.col("before")))
    return rows_of(BrokenMonths, broken.with_columns(pl.col("closes_at").cast(AMOUNT)))


def by_plan(found: dy.DataFrame[Mrr], month: date) -> dy.DataFrame[PlanRevenue]:
    """Who pays by which plan at the end of a month: a run rate, not revenue."""
    paying = found.filter(pl.col("month") == month, pl.col("mrr") > 0)
    plans = (
        paying.group_by("plan")
        .agg(clients=pl.len().cast(pl.Int64), sites=pl.col("sites").sum(), mrr=pl.col("mrr").sum().cast(AMOUNT))
        .with_columns(arr=(pl.col("mrr") * pl.lit(Decimal(12))).cast(AMOUNT))
        .sort("plan")
    )
    return rows_of(PlanRevenue, plans)


def cohorts(moved: dy.DataFrame[Mrr]) -> dy.DataFrame[Cohorts]:
    """What of the MRR of a cohort's first month is paid so many months later.

    A cohort is the clients whose first paid month it is. A share may exceed 1: clients grow.
    """
    first = moved.filter(pl.col("movement") == NEW).group_by("client_id").agg(cohort=pl.col("month").min())
    rows = moved.join(first, on="client_id").filter(pl.col("month") >= pl.col("cohort"))
    sums = rows.group_by("cohort", "month").agg(pl.col("mrr").sum().cast(pl.Float64))
    base = sums.filter(pl.col("cohort") == pl.col("month")).select("cohort", _base="mrr")
    age = (pl.col("month").dt.year() - pl.col("cohort").dt.year()) * 12 + (
        pl.col("month").dt.month().cast(pl.Int32) - pl.col("cohort").dt.month().cast(pl.Int32)
    )
    aged = sums.join(base, on="cohort").with_columns(
        age=age.cast(pl.Int64), share=(pl.col("mrr") / pl.col("_base")).round(9)
    )
    return rows_of(Cohorts, aged.sort("cohort", "month"))
