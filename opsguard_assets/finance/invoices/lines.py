"""Invoice lines of a month, and their reconciliation with recurring revenue.

Here: both ways to bill changes. Not here: states and prices, files (`invoices.files`).

`next_month`: what is in force when the month begins is billed for the whole month; a change is billed from the next
month on. `daily`: each day is billed by what was in force at its end, at a month's price times days over the days *of
that month*, never of a rest of it. A line is rounded once; a total is the sum of its lines.
"""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Final

import dataframely as dy
import polars as pl

from opsguard_assets.config.plans import Plans
from opsguard_assets.entitlements.prices import AMOUNT, DISCOUNT, UNIT
from opsguard_assets.finance.revenue.schemas import InvoiceLines, Reconciliation
from opsguard_assets.tables.table import dtypes_of, rows_of

CREDIT: Final = "credit"
_ZERO: Final = Decimal("0.00")
INVOICE_LINE: Final = dtypes_of(InvoiceLines)
_STRETCH: Final = ("client_id", "item", "per", "quantity", "unit_price")


def by_next_month(lines: pl.DataFrame, month: date, days: int, plans: Plans) -> pl.DataFrame:
    """Lines of what is in force when a month begins: rows of `INVOICE_LINE`.

    Args:
        lines: `prices.lines` of the states at the first instant of the month.
        month: Its first day.
        days: How many days it has.
        plans: Credits.
    """
    last = month.replace(day=days)
    rows = lines.with_columns(
        first_day=pl.lit(month), last_day=pl.lit(last), days=pl.lit(days, pl.Int64), of_days=pl.lit(days, pl.Int64)
    )
    return _numbered(rows, month, plans)


def by_day(lines: pl.DataFrame, month: date, days: int, plans: Plans) -> pl.DataFrame:
    """Lines of what was in force at the end of each day, days in a row of the same kind together.

    A line is its whole month's amount times days over the days of the month. Each client's amounts of one kind are
    shared out of their exact sum by the largest remainder, so that a whole month split in two still is a whole month.

    Args:
        lines: `prices.lines` of the states at the end of every day of the month.
        month: Its first day.
        days: How many days it has.
        plans: Credits.
    """
    ordered = lines.sort(*_STRETCH, "on")
    # Days in a row keep the same distance to their place among those of their kind.
    run = pl.col("on") - pl.duration(days=pl.int_range(pl.len()).over(_STRETCH))
    stretches = (
        ordered.with_columns(_run=run)
        .group_by(*_STRETCH, "amount", "_run", maintain_order=True)
        .agg(first_day=pl.col("on").min(), last_day=pl.col("on").max(), days=pl.len().cast(pl.Int64))
        .drop("_run")
        .with_columns(of_days=pl.lit(days, pl.Int64))
    )
    exact = pl.col("amount").cast(UNIT) * pl.col("days").cast(pl.Decimal(4, 0)) / pl.lit(Decimal(days))
    shared = largest_remainder(stretches.with_columns(_exact=exact), ["client_id"])
    return _numbered(shared, month, plans)


def largest_remainder(rows: pl.DataFrame, by: Sequence[str]) -> pl.DataFrame:
    """Rounds `_exact` to cents as `amount`, so that the amounts of a group sum to their rounded exact sum.

    Every amount is cut down to the cent; the cents that are left go to the largest remainders, ties by position.

    Args:
        rows: `_exact` (decimal) and the columns of `by`.
        by: What a group is.
    """
    cents = pl.col("_exact") * pl.lit(Decimal(100))
    floor = cents.floor()
    whole = (pl.col("_exact").sum().over(by)).round(2, mode="half_away_from_zero") * pl.lit(Decimal(100))
    ranked = (
        rows.with_columns(_floor=floor, _rest=cents - floor, _place=pl.int_range(pl.len()))
        .with_columns(_left=(whole - pl.col("_floor").sum().over(by)).cast(pl.Int64))
        .with_columns(_rank=pl.struct(-pl.col("_rest"), "_place").rank("ordinal").over(by).cast(pl.Int64))
    )
    extra = (pl.col("_rank") <= pl.col("_left")).cast(pl.Int64).cast(pl.Decimal(38, 0))
    amount = ((pl.col("_floor") + extra) / pl.lit(Decimal(100))).cast(AMOUNT)
    return ranked.with_columns(amount=amount).drop("_exact", "_floor", "_rest", "_place", "_left", "_rank")


def _numbered(rows: pl.DataFrame, month: date, plans: Plans) -> pl.DataFrame:
    """Lines with those of credits, in order and with their words."""
    credits_given = [
        (client, -each.amount.quantize(Decimal("0.01")), each.on, each.reason)
        for client, terms in plans.clients.items()
        for each in terms.credits
        if each.on.replace(day=1) == month
    ]
    is_discount = pl.col("item") == DISCOUNT
    schema = pl.Schema({"client_id": pl.String(), "amount": AMOUNT, "first_day": pl.Date(), "text": pl.String()})
    one = {"quantity": pl.lit(1, pl.Int64), "days": pl.lit(1, pl.Int64), "of_days": pl.lit(1, pl.Int64)}
    credited = pl.DataFrame(credits_given, schema=schema, orient="row").with_columns(
        item=pl.lit(CREDIT), per=pl.lit("client"), unit_price=pl.col("amount").cast(UNIT), last_day="first_day", **one
    )
    many = pl.format(
        "{} {}{}", "quantity", "per", pl.when(pl.col("quantity") == 1).then(pl.lit("")).otherwise(pl.lit("s"))
    )
    words = pl.format(
        "{}{}, {} of {} days", pl.col("item").str.replace_all("_", " "),
        pl.when(is_discount).then(pl.lit("")).otherwise(pl.format(", {}", many)), "days", "of_days",
    )  # fmt: skip
    every = pl.concat([rows.with_columns(text=words).select(credited.columns), credited]).with_columns(
        month=pl.lit(month)
    )
    # What is given comes after what it is given for.
    ordered = every.sort(
        "client_id", pl.col("item") == CREDIT, "first_day", is_discount, "item", "quantity", maintain_order=True
    )
    return ordered.with_columns(line=pl.int_range(1, pl.len() + 1).over("client_id").cast(pl.Int64)).select(
        pl.col(name).cast(dtype) for name, dtype in INVOICE_LINE.items()
    )


def billed(daily: pl.DataFrame, days: int) -> pl.DataFrame:
    """(`client_id`, `billed`): what days of a month come to, from their recurring revenue alone, rounded once.

    Args:
        daily: `client_id`, `on`, `mrr`: of every day of the month.
        days: How many days it has.
    """
    exact = pl.col("mrr").cast(UNIT).sum() / pl.lit(Decimal(days))
    return daily.group_by("client_id").agg(billed=exact.round(2, mode="half_away_from_zero").cast(AMOUNT))


def reconciled(invoice: pl.DataFrame, mrr: pl.DataFrame, expected: pl.DataFrame) -> dy.DataFrame[Reconciliation]:
    """By client: MRR when the month began, proration, credits, what is invoiced, and what is left open.

    Args:
        invoice: Rows of `INVOICE_LINE`.
        mrr: `client_id`, `mrr`: what is in force when the month begins.
        expected: `client_id`, `billed`: what the month comes to without credits, found without the lines: `mrr` itself
            where changes are billed from the next month on, else `billed`.

    """
    sums = invoice.group_by("client_id").agg(
        credits=pl.col("amount").filter(pl.col("item") == CREDIT).sum(), invoiced=pl.col("amount").sum()
    )
    found = (
        mrr.select("client_id", "mrr")
        .join(expected, on="client_id", how="full", coalesce=True)
        .join(sums, on="client_id", how="full", coalesce=True)
        .with_columns(pl.col("mrr", "billed", "credits", "invoiced").fill_null(_ZERO).cast(AMOUNT))
        .with_columns(proration=(pl.col("billed") - pl.col("mrr")).cast(AMOUNT))
        .select(
            "client_id", "mrr", "proration", "credits", "invoiced",
            open=(pl.col("mrr") + pl.col("proration") + pl.col("credits") - pl.col("invoiced")).cast(AMOUNT),
        )
        .sort("client_id")
    )  # fmt: skip
    return rows_of(Reconciliation, found)
