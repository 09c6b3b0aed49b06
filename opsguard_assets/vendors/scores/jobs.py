"""Work orders as jobs: what counts, in which month, and how good each part of it was, on 0 to 1.

Here: one row per order. Not here: figures of vendors (`shrinkage`, `score`), reading orders from the lake.
"""

from collections.abc import Sequence
from datetime import datetime

import polars as pl

from opsguard_assets.tables.values import INSTANT

SLA, COMPLETION, QUALITY, REWORK = "sla", "completion", "quality", "rework"
PARTS = (SLA, COMPLETION, QUALITY, REWORK)
CANCELLED = ("cancelled", "canceled", "void")
_BEST_RATING, _WORST_RATING = 5.0, 1.0


def jobs(orders: pl.DataFrame, as_of: datetime, *, zone: str, cancelled: Sequence[str] = CANCELLED) -> pl.DataFrame:
    """Orders that were known, as jobs.

    A job counts in the month in which it was done or due, whichever came first. A job that was late stays in that month
    whenever it is done.

    Args:
        orders: Rows of `work_orders` as they were known at `as_of`.
        as_of: The moment; a completion after it has not happened yet.
        zone: The zone whose months count.
        cancelled: States, in lower case, of orders that were called off: they count nowhere.

    Returns:
        `work_order_id`, `vendor_id`, `site_id`, `client_id`, `category`, `created_at`, `due_at`, `completed_at`,
        `is_rework_of`, `counts_at`, `month` (its first day), `is_counted`, and on 0 (worst) to 1 (best), null where
        nothing is known: `sla` (done by the due instant), `completion` (1 within the estimate, 0 at twice of it),
        `quality` (rating 1 to 5), `rework` (1 where no later order repairs it, those called off aside; null where no
        order at all names a known one that it repairs: the source does not tell). One row per order, sorted by its
        identifier.
    """
    now = pl.lit(as_of, INSTANT)
    done = orders.filter(pl.col("created_at") <= now).with_columns(
        completed_at=pl.when(pl.col("completed_at") <= now).then("completed_at")
    )
    counts_at = pl.coalesce(pl.min_horizontal("due_at", "completed_at"), "created_at")
    is_off = pl.col("status").str.to_lowercase().is_in(list(cancelled)).fill_null(value=False)
    called_off = is_off & pl.col("completed_at").is_null()
    # A number that belongs to no order says nothing: not even that this source tells of rework.
    repairs = done.filter(pl.col("is_rework_of").is_in(done["work_order_id"].implode()))
    repaired = repairs.filter(~called_off)["is_rework_of"].unique()
    is_settled = pl.col("completed_at").is_not_null() | (pl.col("due_at") <= now).fill_null(value=False)
    counted = done.with_columns(
        counts_at=counts_at,
        is_counted=is_settled & ~called_off,
        _over=pl.col("actual_hours") / pl.col("estimated_hours") - 1,
        _repaired=pl.col("work_order_id").is_in(repaired.implode()),
    )
    parts = {
        SLA: (pl.col("completed_at") <= pl.col("due_at")).fill_null(value=False) & pl.col("due_at").is_not_null(),
        COMPLETION: 1 - pl.col("_over").clip(0, 1),
        QUALITY: (pl.col("quality_rating") - _WORST_RATING) / (_BEST_RATING - _WORST_RATING),
        REWORK: ~pl.col("_repaired"),
    }
    known = {
        SLA: pl.col("due_at").is_not_null(),
        COMPLETION: (pl.col("estimated_hours") > 0) & pl.col("completed_at").is_not_null(),
        QUALITY: pl.col("quality_rating").is_not_null(),
        REWORK: pl.lit(value=len(repairs) > 0),
    }
    return counted.select(
        "work_order_id", "vendor_id", "site_id", "client_id", "category", "created_at", "due_at", "completed_at",
        "is_rework_of", "counts_at",
        "is_counted",
        month=pl.col("counts_at").dt.convert_time_zone(zone).dt.date().dt.month_start(),
        **{name: pl.when(pl.col("is_counted") & known[name]).then(parts[name].cast(pl.Float64)) for name in PARTS},
    ).sort("work_order_id")  # fmt: skip
