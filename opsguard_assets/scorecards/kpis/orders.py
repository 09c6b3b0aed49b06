"""Key figures of work orders of the client itself: backlog, jobs in time, fixed at once, planned maintenance.

Here: definitions and their rows. Not here: scores of vendors, which hold other clients' jobs.
"""

from datetime import timedelta
from decimal import Decimal

import polars as pl

from opsguard_assets.config.settings import Settings
from opsguard_assets.scorecards.kpis.kpi import UNKNOWN, Band, Feeds, Kpi
from opsguard_assets.scorecards.kpis.months import in_month, with_client, with_through

_FEW_JOBS = 5
_REPAIRED_WITHIN = timedelta(days=30)
_CANCELLED, _NO_DUE, _NOT_DUE, _TOO_RECENT = "cancelled", "no_due", "not_due", "too_recent"
_NO_REPAIRS = f"{UNKNOWN}_repairs"


def _orders(feeds: Feeds, settings: Settings) -> pl.LazyFrame:
    """Orders with their client, `is_off`, and completions as far as data reach."""
    named = with_through(with_client(feeds["work_orders"], feeds), feeds, "work_orders")
    off = pl.col("status").str.to_lowercase().is_in(list(settings.vendors.cancelled)).fill_null(value=False)
    return named.filter(pl.col("created_at") <= pl.col("through_at")).with_columns(
        is_off=off & pl.col("completed_at").is_null(),
        completed_at=pl.when(pl.col("completed_at") <= pl.col("through_at")).then("completed_at"),
    )


def _in_time() -> pl.Expr:
    return (pl.col("completed_at") <= pl.col("due_at")).fill_null(value=False)


def _backlog_rows(feeds: Feeds, months: pl.LazyFrame, settings: Settings) -> pl.LazyFrame:
    """Orders open at the end of each month, and a row for each client that has orders at all: 0 is a figure."""
    begun = _orders(feeds, settings).join(months, on="client_id").filter(pl.col("starts_at") <= pl.col("through_at"))
    known = begun.with_columns(at=pl.min_horizontal("ends_at", "through_at")).filter(
        pl.col("created_at") < pl.col("ends_at")
    )
    is_open = pl.col("completed_at").is_null() | (pl.col("completed_at") >= pl.col("ends_at"))
    # Nobody says when an order was called off: it is shown once, in the month in which it was ordered.
    shown = ~pl.col("is_off") | (pl.col("created_at") >= pl.col("starts_at"))
    orders = known.filter(is_open, shown).with_columns(
        excluded=pl.when("is_off").then(pl.lit(_CANCELLED)).when(pl.col("due_at").is_null()).then(pl.lit(_NO_DUE))
    )
    clients = known.select("month", "client_id", "at").unique().with_columns(site_id=pl.lit(None, pl.String))
    whole = clients.select(
        "month", "client_id", "site_id", "at",
        entity_type=pl.lit("client"), entity_id="client_id", numerator=pl.lit(0.0), denominator=pl.lit(0.0),
        measure=pl.lit(None, pl.Float64), excluded=pl.lit(None, pl.String),
    )  # fmt: skip
    return pl.concat([_rows(orders, pl.col("due_at") < pl.col("at")), whole.select(_COLUMNS)])


def _in_time_rows(feeds: Feeds, months: pl.LazyFrame, settings: Settings) -> pl.LazyFrame:
    counts_at = pl.coalesce(pl.min_horizontal("due_at", "completed_at"), "created_at")
    found = in_month(_orders(feeds, settings).with_columns(counts_at=counts_at), months, "counts_at")
    is_settled = pl.col("completed_at").is_not_null() | (pl.col("due_at") <= pl.col("through_at"))
    judged = found.with_columns(
        excluded=pl.when("is_off")
        .then(pl.lit(_CANCELLED))
        .when(pl.col("due_at").is_null())
        .then(pl.lit(_NO_DUE))
        .when(~is_settled)
        .then(pl.lit(_NOT_DUE))
    )
    return _rows(judged, _in_time())


def _first_fix_rows(feeds: Feeds, months: pl.LazyFrame, settings: Settings) -> pl.LazyFrame:
    """Completed jobs. A repair is an order of the same client that names the job and was not called off."""
    orders, key = _orders(feeds, settings), ["client_id", "work_order_id"]
    naming = orders.filter(~pl.col("is_off")).drop_nulls("is_rework_of")
    repairs = naming.select("client_id", work_order_id="is_rework_of", repaired_at="created_at")
    jobs = orders.filter(pl.col("completed_at").is_not_null())
    last = pl.col("completed_at") + _REPAIRED_WITHIN
    soon = jobs.join(repairs, on=key).filter(pl.col("repaired_at").is_between("completed_at", last))
    repaired = soon.select(*key, is_repaired=pl.lit(value=True)).unique()
    named = repairs.join(orders.select(key), on=key, how="semi").select("client_id").unique()
    found = in_month(jobs.filter(pl.col("is_rework_of").is_null()), months, "completed_at")
    judged = (
        found.join(repaired, on=key, how="left")
        .join(named.with_columns(names_repairs=pl.lit(value=True)), on="client_id", how="left")
        .with_columns(
            excluded=pl.when(last > pl.col("through_at"))
            .then(pl.lit(_TOO_RECENT))
            .when(pl.col("names_repairs").is_null())
            .then(pl.lit(_NO_REPAIRS))
        )
    )
    return _rows(judged, pl.col("is_repaired").is_null())


def _planned_rows(feeds: Feeds, months: pl.LazyFrame, settings: Settings) -> pl.LazyFrame:
    named = [each.lower() for each in settings.kpis.planned_categories]
    by_category = pl.col("category").str.to_lowercase().is_in(named)
    is_planned = pl.coalesce("is_planned", by_category).fill_null(value=False)
    found = in_month(_orders(feeds, settings).filter(is_planned), months, "due_at").with_columns(
        excluded=pl.when("is_off")
        .then(pl.lit(_CANCELLED))
        .when(pl.col("due_at") > pl.col("through_at"))
        .then(pl.lit(_NOT_DUE))
    )
    return _rows(found, _in_time())


_COLUMNS = (
    "month", "client_id", "site_id", "entity_type", "entity_id", "at", "numerator", "denominator", "measure",
    "excluded",
)  # fmt: skip


def _rows(found: pl.LazyFrame, numerator: pl.Expr) -> pl.LazyFrame:
    counts = pl.col("excluded").is_null()
    return found.with_columns(
        entity_type=pl.lit("work_order"),
        entity_id="work_order_id",
        numerator=(numerator & counts).fill_null(value=False).cast(pl.Float64),
        denominator=counts.cast(pl.Float64),
        measure=pl.lit(None, pl.Float64),
    ).select(_COLUMNS)


BACKLOG = Kpi(
    name="work_order_backlog",
    label="Overdue work orders at month end",
    unit="count",
    aggregate="count",
    is_better="lower",
    band=Band(good=Decimal(10), warning=Decimal(25)),
    section="operations",
    formula="open orders past their due time at the end of the month; or per so many open orders, where that "
    "is agreed. In the running month: now",
    population="Orders that were open at the end of the month, as far as is known today.",
    membership="The end of the month.",
    exclusions="Orders that were called off, shown in the month of the order; orders without a due time.",
    no_data="No order of the client is known at all.",
    source="Overdue backlog of maintenance. Bands: contract of the provider, 10 and 25. The count grows with the "
    "client, unless a rate is agreed.",
    feeds=("work_orders", "sites"),
    watermarks=("work_orders",),
    least=0,
    rows=_backlog_rows,
)
JOBS_IN_TIME = Kpi(
    name="vendor_jobs_in_time",
    label="Vendor jobs done in time",
    unit="percent",
    aggregate="share",
    is_better="higher",
    band=None,
    section="vendors",
    formula="100 * orders done at or before their due time / orders that were done or due in the month",
    population="Orders of this client with a due time.",
    membership="The completion or the due time, whichever comes first.",
    exclusions="Orders that were called off; orders without a due time; those that are neither done nor due.",
    no_data="Fewer than 5 such orders.",
    source="The rate of the client's own orders; scores of vendors hold other clients' jobs.",
    feeds=("work_orders", "sites"),
    watermarks=("work_orders",),
    least=_FEW_JOBS,
    rows=_in_time_rows,
)
FIRST_FIX = Kpi(
    name="first_time_fix",
    label="Jobs fixed at the first visit",
    unit="percent",
    aggregate="share",
    is_better="higher",
    band=None,
    section="vendors",
    formula="100 * completed orders that no later order of the client repairs within 30 days / completed orders",
    population="Orders that were completed in the month and repair no other one.",
    membership="The completion; the figure is complete a month later.",
    exclusions="Orders that were completed less than 30 days ago; orders of clients whose records name no repair.",
    no_data="No such order, or the client's records never name a repair.",
    source="Callbacks within 30 days, as in facility management.",
    feeds=("work_orders", "sites"),
    watermarks=("work_orders",),
    months_late=1,
    rows=_first_fix_rows,
)
PLANNED = Kpi(
    name="planned_maintenance",
    label="Planned maintenance done in time",
    unit="percent",
    aggregate="share",
    is_better="higher",
    band=Band(good=Decimal(95), warning=Decimal(85)),
    section="operations",
    formula="100 * planned orders done at or before their due time / planned orders that were due in the month",
    population="Orders that the source marks as planned, or of a category that counts as planned where it says "
    "nothing.",
    membership="The due time.",
    exclusions="Orders that were called off; due times that data do not reach yet.",
    no_data="No planned order was due.",
    source="Compliance with planned maintenance. Bands: 95 and 85 %, our choice.",
    feeds=("work_orders", "sites"),
    watermarks=("work_orders",),
    rows=_planned_rows,
)
ORDER_KPIS = (BACKLOG, PLANNED)
VENDOR_KPIS = (JOBS_IN_TIME, FIRST_FIX)
