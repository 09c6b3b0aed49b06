"""What a page says of a vendor beside its score: late jobs, and jobs that had to be done again.

Here: jobs in, lists out. Not here: scores, pages.
"""

from datetime import datetime

import polars as pl

from opsguard_assets.tables.versions import INSTANT

# A repair of a repair of a repair: nobody reads on.
_LONGEST_CHAIN = 10


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
    """Jobs that repair an earlier one, each with the first job of its chain.

    Args:
        jobs: Rows of `jobs.jobs`.

    Returns:
        `first_id`, `first_vendor_id`, `chain` (identifiers in their order, joined), `repairs` (how many), `last_at`
        (when the last of them was ordered), one row per chain, the newest first. A repair of a job that is not known
        keeps that job's identifier; a ring of repairs has no first job and is left out.
    """
    named = jobs.select("work_order_id", "vendor_id", "is_rework_of", "created_at")
    parents = named.select(_parent="work_order_id", _next="is_rework_of")
    repairs = named.filter(pl.col("is_rework_of").is_not_null()).with_columns(first_id="is_rework_of")
    for _ in range(_LONGEST_CHAIN):
        up = repairs.join(parents, left_on="first_id", right_on="_parent", how="left", maintain_order="left")
        repairs = up.with_columns(first_id=pl.coalesce("_next", "first_id")).select(repairs.columns)
    known = named.select(first_id="work_order_id", first_vendor_id="vendor_id", _repairs="is_rework_of")
    chains = (
        repairs.sort("created_at", "work_order_id")
        .group_by("first_id", maintain_order=True)
        .agg(_ids=pl.col("work_order_id"), repairs=pl.len().cast(pl.Int64), last_at=pl.col("created_at").max())
        .join(known, on="first_id", how="left", maintain_order="left")
        .filter(pl.col("_repairs").is_null())
    )
    return chains.select(
        "first_id",
        "first_vendor_id",
        chain=pl.concat_str("first_id", pl.lit(" → "), pl.col("_ids").list.join(" → ")),
        repairs="repairs",
        last_at="last_at",
    ).sort("last_at", "first_id", descending=[True, False])
