"""Summary figures of tickets: how many were open over time, and how many missed their deadline.

Here: pure summaries. Not here: the risk of a moment (`risk`).
"""

from collections.abc import Sequence
from datetime import datetime

import dataframely as dy
import polars as pl

from opsguard_assets.tables.values import INSTANT, PRIORITIES
from opsguard_assets.tickets.sla.schemas import SlaClock


def open_over_time(tickets: pl.DataFrame, moments: Sequence[datetime]) -> pl.DataFrame:
    """How many tickets were open at some moments, by when they were opened and ended.

    Args:
        tickets: `opened_at`, `resolved_at`, `closed_at`, `status`, `updated_at` of tickets.
        moments: Instants.

    Returns:
        (at, open_tickets). A ticket is open from `opened_at` until the first of `resolved_at` and `closed_at`, a
        cancelled one until it was cancelled.
    """
    cancelled_at = pl.when(pl.col("status") == "cancelled").then("updated_at")
    ends = tickets.select(end=pl.min_horizontal("resolved_at", "closed_at", cancelled_at))["end"].drop_nulls().sort()
    begins = tickets["opened_at"].sort()
    at = pl.Series("at", list(moments), INSTANT)
    begun = begins.search_sorted(at, side="right").cast(pl.Int64)
    ended = ends.search_sorted(at, side="right").cast(pl.Int64)
    return pl.DataFrame({"at": at, "open_tickets": begun - ended})


def moments_between(first: datetime, last: datetime, *, at_most: int = 14) -> list[datetime]:
    """Midnights (UTC), evenly spaced by days or months, so that few rows show the course of a history."""
    for every in ("1d", "2d", "1w", "1mo", "3mo", "1y"):
        found = pl.datetime_range(first, last, interval=every, eager=True, time_unit="us").dt.truncate(every).unique()
        inside = found.filter((found >= first) & (found <= last)).sort()
        if len(inside) <= at_most:
            break
    return inside.to_list()


def breach_rates(clocks: dy.DataFrame[SlaClock]) -> pl.DataFrame:
    """How many of the ended tickets missed their resolution deadline, per priority.

    Args:
        clocks: The clocks.

    Returns:
        (priority, ended, breached, breached_share), ended tickets with a deadline only, cancelled ones left out; the
        most urgent priority first.
    """
    judged = clocks.filter(
        pl.col("ended_at").is_not_null()
        & pl.col("resolution_due_at").is_not_null()
        & (pl.col("status") != "cancelled").fill_null(value=True)
    )
    order = pl.col("priority").replace_strict(PRIORITIES, range(len(PRIORITIES)), default=len(PRIORITIES))
    return (
        judged.group_by("priority")
        .agg(
            ended=pl.len().cast(pl.Int64),
            breached=(pl.col("ended_at") > pl.col("resolution_due_at")).sum().cast(pl.Int64),
        )
        .with_columns(breached_share=pl.col("breached") / pl.col("ended"))
        .sort(order, "priority")
    )


def without_deadline(clocks: dy.LazyFrame[SlaClock]) -> pl.DataFrame:
    """Why running clocks have no deadline of the solution.

    Args:
        clocks: The clocks.

    Returns:
        (no_deadline_reason, tickets), the most frequent reason first.
    """
    without = clocks.filter(pl.col("no_deadline_reason").is_not_null())
    counted = without.group_by("no_deadline_reason").agg(tickets=pl.len().cast(pl.Int64))
    return counted.sort("tickets", "no_deadline_reason", descending=[True, False]).collect()
