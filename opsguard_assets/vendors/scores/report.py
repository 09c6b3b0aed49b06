"""The lists on a vendor's page: late jobs, and jobs that had to be done again.

Here: jobs in, lists out. Not here: scores, pages.
"""

from datetime import datetime

import polars as pl

from opsguard_assets.tables.values import INSTANT


def late_jobs(jobs: pl.DataFrame, as_of: datetime) -> pl.DataFrame:
    """Counted jobs that were not done in time, the latest first.

    Returns:
        `work_order_id`, `vendor_id`, `site_id`, `category`, `due_at`, `completed_at` (null: still open),
        `hours_late` (until now where still open).
    """
    end = pl.coalesce("completed_at", pl.lit(as_of, INSTANT))
    late = jobs.filter("is_counted", pl.col("sla") == 0)
    return late.select(
        "work_order_id",
        "vendor_id",
        "site_id",
        "category",
        "due_at",
        "completed_at",
        hours_late=((end - pl.col("due_at")).dt.total_microseconds() / 3.6e9).round(1),
    ).sort("hours_late", "work_order_id", descending=[True, False])


def rework_chains(jobs: pl.DataFrame) -> pl.DataFrame:
    """Jobs that repair an earlier one, by the first job that all of it began with.

    Args:
        jobs: Rows of `jobs.jobs`.

    Returns:
        `first_id`, `first_vendor_id`, `chain` (who repairs whom: `a → b → c; a → d` where c repairs b, and b and d
        repair a), `repairs` (how many), `last_at` (when the last of them was ordered), one row per first job, the
        newest first. A repair of a job that is not known keeps that job's identifier; a ring of repairs has no first
        job and is left out.
    """
    named = jobs.select("work_order_id", "vendor_id", "is_rework_of", "created_at")
    repairs = named.filter(pl.col("is_rework_of").is_not_null())
    rooted = _rooted(repairs)
    is_last = ~pl.col("work_order_id").is_in(repairs["is_rework_of"].implode())
    chains = rooted.group_by("first_id").agg(
        chain=pl.col("path").filter(is_last).sort().str.join("; "),
        repairs=pl.len().cast(pl.Int64),
        last_at=pl.col("created_at").max(),
    )
    first = named.select(first_id="work_order_id", first_vendor_id="vendor_id")
    return (
        chains.join(first, on="first_id", how="left")
        .select("first_id", "first_vendor_id", "chain", "repairs", "last_at")
        .sort("last_at", "first_id", descending=[True, False])
    )


def _rooted(repairs: pl.DataFrame) -> pl.DataFrame:
    """Each repair with `first_id` and its `path` from there; one step up for all at once, until nothing moves."""
    parents = repairs.select(first_id="work_order_id", _next="is_rework_of")
    moving = repairs.with_columns(
        first_id="is_rework_of", path=pl.concat_str("is_rework_of", pl.lit(" → "), "work_order_id")
    )
    arrived = [moving.clear()]
    # No path is longer than there are repairs: what still moves then goes round in a ring.
    for _ in range(len(repairs)):
        if moving.is_empty():
            break
        up = moving.join(parents, on="first_id", how="left", maintain_order="left")
        arrived.append(up.filter(pl.col("_next").is_null()).select(moving.columns))
        moving = up.filter(pl.col("_next").is_not_null()).select(
            *repairs.columns, first_id="_next", path=pl.concat_str("_next", pl.lit(" → "), "path")
        )
    return pl.concat(arrived)
