"""What clients pay for a month by the plan that is in force on a day: lines with quantity, price and amount.

Here: prices of plans and add-ons, discounts. Not here: who has which plan when (`finance.revenue`), invoices.

Money is decimal. Each line is rounded once, half away from zero; a total is the sum of its lines.
"""

from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from typing import Final

import dataframely as dy
import polars as pl

from opsguard_assets.config.plans import PLAN_NAMES, Plans, Price
from opsguard_assets.entitlements.schemas import PlanStates, PriceLines
from opsguard_assets.tables.table import dtypes_of, rows_of

AMOUNT: Final = pl.Decimal(18, 2)
UNIT: Final = pl.Decimal(38, 10)
STATE: Final = dtypes_of(PlanStates)
LINE: Final = dtypes_of(PriceLines)
DISCOUNT: Final = "discount"
_MONTHS: Final = {"month": 1, "year": 12}
_FOR_EVER: Final = date.max


def lines(states: dy.DataFrame[PlanStates], plans: Plans) -> dy.DataFrame[PriceLines]:
    """What clients pay for a whole month by their state on a day.

    Nothing is paid in a trial, after the end of service, or by a plan that is not known. An earlier day is priced by
    the list of that day.

    Args:
        states: The states of clients on days.
        plans: Price lists, exceptions and discounts.

    Returns:
        Lines by client, day and item; discounts are negative.
    """
    paying = states.filter(~pl.col("is_trial"), ~pl.col("is_ended")).sort("on")
    charged = pl.concat([_of_plans(paying, plans), _of_add_ons(paying, plans)]).filter(pl.col("quantity") > 0)
    priced = charged.with_columns(amount=_rounded(pl.col("unit_price") * pl.col("quantity").cast(pl.Decimal(12, 0))))
    found = priced.select(pl.col(name).cast(dtype) for name, dtype in LINE.items())
    return rows_of(PriceLines, pl.concat([found, _discounts(found, plans)]).sort("client_id", "on", "item"))


def _rounded(money: pl.Expr) -> pl.Expr:
    return money.cast(UNIT).round(2, mode="half_away_from_zero").cast(AMOUNT)


def _of_plans(states: pl.DataFrame, plans: Plans) -> pl.DataFrame:
    lists = [(name, *_entry(each)) for name in PLAN_NAMES for each in _from_the_beginning(getattr(plans, name).price)]
    own = [(name, *_entry(each)) for name, terms in plans.clients.items() for each in terms.price]
    usual = _dated(states, "plan", lists, "_usual")
    rows = _dated(usual, "client_id", own, "_own").filter(pl.col("plan").is_not_null())
    return rows.select(
        "client_id", "on", item="plan", per=pl.lit("site"), quantity="sites",
        unit_price=pl.coalesce("_own", "_usual").fill_null(Decimal(0)),
    )  # fmt: skip


def _of_add_ons(states: pl.DataFrame, plans: Plans) -> pl.DataFrame:
    """Features that are added beside a plan that does not hold them, where they have a price."""
    held = [(plan, feature) for plan, features in plans.features_by_plan().items() for feature in features]
    by_plan = pl.DataFrame(held, schema={"plan": pl.String, "feature": pl.String}, orient="row")
    lists = [(n, *_entry(each)) for n, on in plans.add_ons.items() for each in _from_the_beginning(on.price)]
    pers = pl.DataFrame(
        [(name, each.per) for name, each in plans.add_ons.items()],
        schema={"feature": pl.String, "per": pl.String}, orient="row",
    )  # fmt: skip
    rows = (
        _within(states, [(c, f.feature, f.starts_on, f.ends_on) for c, t in plans.clients.items() for f in t.add])
        .join(by_plan, on=["plan", "feature"], how="anti", maintain_order="left")
        .join(_removed(states, plans), on=["client_id", "on", "feature"], how="anti", maintain_order="left")
        .unique(["client_id", "on", "feature"], keep="first", maintain_order=True)
        .join(pers, on="feature", maintain_order="left")
        .sort("on")
    )
    counted = pl.col("per").replace_strict({"client": 1}, default=None, return_dtype=pl.Int64)
    quantity = pl.when(pl.col("per") == "site").then("sites").when(pl.col("per") == "device").then("devices")
    priced = _dated(rows, "feature", lists, "unit_price").filter(pl.col("unit_price").is_not_null())
    return priced.select(
        "client_id", "on", "per", "unit_price", item="feature", quantity=pl.coalesce(quantity, counted)
    ).select("client_id", "on", "item", "per", "quantity", "unit_price")


def _removed(states: pl.DataFrame, plans: Plans) -> pl.DataFrame:
    dates = [(c, each.feature, each.starts_on, each.ends_on) for c, t in plans.clients.items() for each in t.remove]
    return _within(states, dates).select("client_id", "on", "feature")


def _discounts(found: pl.DataFrame, plans: Plans) -> pl.DataFrame:
    """One line per client and day; a discount takes no more than everything."""
    given = [
        (client, each.starts_on, each.ends_on, each.share, each.amount)
        for client, terms in plans.clients.items()
        for each in terms.discounts
    ]
    schema = pl.Schema(
        {"client_id": pl.String(), "_from": pl.Date(), "_to": pl.Date(), "share": pl.Decimal(8, 6), "off": UNIT}
    )
    discounts = pl.DataFrame(given, schema=schema, orient="row")
    whole = found.group_by("client_id", "on").agg(_whole=pl.col("amount").sum())
    rows = (
        whole.join(discounts, on="client_id")
        .filter(pl.col("_from").is_null() | (pl.col("_from") <= pl.col("on")))
        .filter(pl.col("_to").is_null() | (pl.col("on") <= pl.col("_to")))
        .group_by("client_id", "on", "_whole")
        .agg(pl.col("share").sum(), pl.col("off").sum())
    )
    off = _rounded(
        pl.min_horizontal(pl.col("_whole").cast(UNIT) * pl.col("share") + pl.col("off"), pl.col("_whole").cast(UNIT))
    )
    return rows.with_columns(amount=-off).filter(pl.col("amount") != 0).select(
        "client_id", "on", item=pl.lit(DISCOUNT), per=pl.lit("client"), quantity=pl.lit(1, pl.Int64),
        unit_price=pl.col("amount").cast(UNIT), amount=pl.col("amount").cast(AMOUNT),
    )  # fmt: skip


def _entry(price: Price) -> tuple[date, Decimal]:
    return price.valid_from, price.amount / _MONTHS[price.per]


def _from_the_beginning(prices: tuple[Price, ...]) -> Iterable[Price]:
    """A price list whose earliest entry is also that of before."""
    return (each.model_copy(update={"valid_from": date.min}) if not n else each for n, each in enumerate(prices))


def _dated(rows: pl.DataFrame, by: str, entries: Sequence[tuple[str, date, Decimal]], name: str) -> pl.DataFrame:
    """Rows, ordered by `on`, with the entry of their day as `name`; null where there is none."""
    schema = pl.Schema({by: pl.String(), "_valid_from": pl.Date(), name: UNIT})
    quantum = Decimal(1).scaleb(-UNIT.scale)
    found = pl.DataFrame(
        [(key, on, money.quantize(quantum)) for key, on, money in entries], schema=schema, orient="row"
    )
    return rows.join_asof(
        found.sort("_valid_from"), left_on="on", right_on="_valid_from", by=by, check_sortedness=False
    ).drop("_valid_from", strict=False)


def _within(states: pl.DataFrame, dates: Sequence[tuple[str, str, date | None, date | None]]) -> pl.DataFrame:
    """States with each feature whose dates hold on their day."""
    schema = {"client_id": pl.String, "feature": pl.String, "_from": pl.Date, "_to": pl.Date}
    rows = states.join(pl.DataFrame(dates, schema=schema, orient="row"), on="client_id", maintain_order="left")
    return rows.filter(
        pl.col("_from").fill_null(date.min) <= pl.col("on"), pl.col("on") <= pl.col("_to").fill_null(_FOR_EVER)
    ).drop("_from", "_to")
