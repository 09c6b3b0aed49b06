"""The features of an open work order.

Here: features by as-of joins, for one moment or millions. Not here: labels, and where orders come from.

Only what was known counts: a completed order counts from when that was known, another one from when its label is
mature. Orders of one vendor for one site that are due at the same instant are one batch. They share their outcome, so a
batch counts once in a rate.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from ml.features.asof import latest, minutes, running_count, trailing
from ml.features.rates import drawn

KEYS = ("work_order_id", "as_of")
FEATURES = (
    "hours_to_due", "lead_hours", "elapsed_share", "is_accepted", "estimated_hours", "priority_rank", "month",
    "batch_size", "vendor_batches", "vendor_rate", "vendor_recent_rate", "pair_batches", "pair_rate", "site_rate",
    "client_rate", "category_rate", "vendor_category_rate", "all_rate", "vendor_open", "vendor_overdue", "site_open",
)  # fmt: skip
# So many batches that were settled last make a rate.
LAST, LAST_OF_ALL, RECENT = 100, 500, 10
# As if so many batches at the rate one step wider had been seen: of a vendor at the rate of all, of a vendor at a site
# at the rate of the vendor. The best of 2 to 32 and of 4 to 16 on public deliveries of 2011 to June 2013 (see
# examples/deliveries), and not on those that models are judged by.
PRIOR_VENDOR, PRIOR_PAIR, PRIOR_ALL, RATE_UNKNOWN = 8.0, 32.0, 20.0, 0.1
_RANKS = {"critical": 4.0, "high": 3.0, "medium": 2.0, "low": 1.0}
_HOUR = 60.0
_GROUPS = {
    "vendor": ("vendor_id",),
    "pair": ("vendor_id", "site_id"),
    "site": ("site_id",),
    "client": ("client_id",),
    "category": ("category",),
    "vendor_category": ("vendor_id", "category"),
    "all": (),
}


@dataclass(frozen=True)
class Streams:
    """Running figures, each valid from `at`.

    Attributes:
        rates: Group of `_GROUPS` to its columns, `total` and `number` of the batches that were settled last.
        recent: The same of the last few of a vendor.
        vendor_open: `vendor_id`, `count`.
        vendor_overdue: `vendor_id`, `count`.
        site_open: `site_id`, `count`.
    """

    rates: dict[str, pl.DataFrame]
    recent: pl.DataFrame
    vendor_open: pl.DataFrame
    vendor_overdue: pl.DataFrame
    site_open: pl.DataFrame


def streams(outcomes: pl.DataFrame, spans: pl.DataFrame) -> Streams:
    """The streams of features.

    Args:
        outcomes: Outcomes of past orders: `work_order_id`, `batch_id`, `vendor_id`, `site_id`, `client_id`,
            `category`, `at` (when it became known), `is_late`.
        spans: When orders were open: `vendor_id`, `site_id`, `opened_at`, `overdue_at` (null where never), `gone_at`
            (null where still open).
    """
    by_batch = outcomes.sort("at", "work_order_id").with_columns(pl.col("is_late").cast(pl.Float64))
    rates = {
        name: trailing(_batches(by_batch, group), "is_late", by=group, last=LAST if group else LAST_OF_ALL)
        for name, group in _GROUPS.items()
    }
    recent = trailing(_batches(by_batch, ("vendor_id",)), "is_late", by=["vendor_id"], last=RECENT)
    return Streams(
        rates,
        recent,
        _count(spans, "vendor_id", "opened_at"),
        _count(spans.drop_nulls("overdue_at"), "vendor_id", "overdue_at"),
        _count(spans, "site_id", "opened_at"),
    )


def _batches(outcomes: pl.DataFrame, group: Sequence[str]) -> pl.DataFrame:
    """One outcome per batch, known as its first order's was."""
    # Orders of one batch may be of several categories; for each of these it is one outcome.
    return outcomes.unique(
        ["batch_id", *(name for name in group if name == "category")], keep="first", maintain_order=True
    )


def _count(spans: pl.DataFrame, of: str, begins: str) -> pl.DataFrame:
    ups = spans.select(of, at=begins, change=pl.lit(1))
    # What was gone before it began to count goes with its coming, so that no count falls below zero.
    downs = spans.drop_nulls("gone_at").select(of, at=pl.max_horizontal("gone_at", begins), change=pl.lit(-1))
    return running_count(pl.concat([ups, downs]), by=[of])


def features(known: Streams, moments: pl.DataFrame) -> pl.DataFrame:
    """Features of orders at moments.

    Args:
        known: The streams.
        moments: `work_order_id`, `as_of`, `vendor_id`, `site_id`, `client_id`, `category`, `priority`, `opened_at`,
            `due_at`, `accepted_known_at`, `estimated_hours`, `batch_size`; anything else.

    Returns:
        The columns of `moments` and `FEATURES`, one row per moment in order; null where nothing is known.
    """
    named = {
        name: latest(moments, known.rates[name], by=group).select(
            pl.col("total").alias(f"_{name}_late"), pl.col("number").alias(f"_{name}_all")
        )
        for name, group in _GROUPS.items()
    }
    recent = latest(moments, known.recent, by=["vendor_id"]).select(_recent_late="total", _recent_all="number")
    counts = [
        latest(moments, stream, by=[of]).select(pl.col("count").fill_null(0).cast(pl.Float64).alias(name))
        for name, of, stream in (
            ("vendor_open", "vendor_id", known.vendor_open),
            ("vendor_overdue", "vendor_id", known.vendor_overdue),
            ("site_open", "site_id", known.site_open),
        )
    ]
    joined = pl.concat([moments, *named.values(), recent, *counts], how="horizontal")
    rows = _with_rates(joined).with_columns(
        hours_to_due=minutes(pl.col("due_at") - pl.col("as_of")) / _HOUR,
        lead_hours=minutes(pl.col("due_at") - pl.col("opened_at")) / _HOUR,
        is_accepted=(pl.col("accepted_known_at") <= pl.col("as_of")).fill_null(value=False).cast(pl.Float64),
        estimated_hours=pl.col("estimated_hours").cast(pl.Float64),
        priority_rank=pl.col("priority").cast(pl.String).replace_strict(_RANKS, default=None, return_dtype=pl.Float64),
        month=pl.col("due_at").dt.month().cast(pl.Float64),
        batch_size=pl.col("batch_size").cast(pl.Float64),
        vendor_batches=pl.col("_vendor_all").fill_null(0).cast(pl.Float64),
        pair_batches=pl.col("_pair_all").fill_null(0).cast(pl.Float64),
    )
    share = 1 - pl.col("hours_to_due") / pl.col("lead_hours")
    frame = rows.with_columns(elapsed_share=pl.when(pl.col("lead_hours") > 0).then(share))
    return frame.select(*(name for name in moments.columns if name not in FEATURES), *FEATURES)


def _with_rates(joined: pl.DataFrame) -> pl.DataFrame:
    everywhere = joined.with_columns(all_rate=_shrunk("all", pl.lit(RATE_UNKNOWN), PRIOR_ALL))
    wider = pl.col("all_rate")
    vendor = everywhere.with_columns(
        vendor_rate=_shrunk("vendor", wider, PRIOR_VENDOR),
        site_rate=_shrunk("site", wider, PRIOR_VENDOR),
        client_rate=_shrunk("client", wider, PRIOR_VENDOR),
        category_rate=_shrunk("category", wider, PRIOR_VENDOR),
    )
    own = pl.col("vendor_rate")
    return vendor.with_columns(
        vendor_recent_rate=_shrunk("recent", own, PRIOR_PAIR),
        pair_rate=_shrunk("pair", own, PRIOR_PAIR),
        vendor_category_rate=_shrunk("vendor_category", own, PRIOR_PAIR),
    )


def _shrunk(name: str, towards: pl.Expr, prior: float) -> pl.Expr:
    return drawn(pl.col(f"_{name}_late"), pl.col(f"_{name}_all"), prior=prior, towards=towards)
