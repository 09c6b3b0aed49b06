"""What is to be said of a work order that may be late, topic by topic, to whoever waits for it.

Here: features to phrases. Not here: which topics matter for a row (`ml.explain`).
"""

from collections.abc import Mapping

import polars as pl

from ml.explain import Topics
from ml.work_order_late.features import FEATURES

_MEMBERS: dict[str, tuple[str, ...]] = {
    "vendor": ("vendor_rate", "vendor_recent_rate", "vendor_batches"),
    "pair": ("pair_rate", "pair_batches"),
    "site": ("site_rate", "client_rate", "site_open"),
    "category": ("category_rate", "vendor_category_rate"),
    "load": ("vendor_open", "vendor_overdue"),
    "time": ("hours_to_due", "lead_hours", "elapsed_share", "estimated_hours"),
    "acceptance": ("is_accepted",),
    "priority": ("priority_rank",),
    "season": ("month", "all_rate"),
    "batch": ("batch_size",),
}


def topics(rows: pl.DataFrame) -> Topics:
    """What may be said of some rows of `ml.work_order_late.features`; `always` is how long it still is."""
    known = rows.select(pl.col(name).cast(pl.Float64) for name in FEATURES)
    phrases = {name: known.select(phrase).to_series() for name, phrase in _phrases().items()}
    left = known.select(pl.format("due in {} h", pl.col("hours_to_due").round(1))).to_series()
    return Topics(_MEMBERS, phrases, left)


def _whole(number: pl.Expr) -> pl.Expr:
    return number.round(0).cast(pl.Int64)


def _percent(name: str) -> pl.Expr:
    return _whole(pl.col(name) * 100)


def _phrases() -> Mapping[str, pl.Expr]:
    open_orders, overdue = _whole(pl.col("vendor_open")), _whole(pl.col("vendor_overdue"))
    return {
        "vendor": pl.format("the vendor is late with {} % of its orders", _percent("vendor_rate")),
        "pair": pl.when(pl.col("pair_batches") > 0).then(
            pl.format("late with {} % of {} orders at this site", _percent("pair_rate"), _whole(pl.col("pair_batches")))
        ),
        "site": pl.format("{} % of orders at this site are late", _percent("site_rate")),
        "category": pl.format("{} % of orders of this kind are late", _percent("category_rate")),
        "load": pl.format("the vendor has {} open orders, {} of them overdue", open_orders, overdue),
        "time": pl.format("{} days were given", _whole(pl.col("lead_hours") / 24)),
        "acceptance": pl.when(pl.col("is_accepted") == 0).then(pl.lit("not accepted yet")),
        "priority": pl.when(pl.col("priority_rank").is_not_null()).then(
            pl.col("priority_rank").replace_strict(
                [1.0, 2.0, 3.0, 4.0],
                ["of low priority", "of medium priority", "of high priority", "critical"],
                default=None,
                return_dtype=pl.String,
            )
        ),
        "season": pl.format("{} % of all orders are late", _percent("all_rate")),
        "batch": pl.when(pl.col("batch_size") > 1).then(
            pl.format("{} orders are due at once", _whole(pl.col("batch_size")))
        ),
    }
