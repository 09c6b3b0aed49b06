"""Planned against required people of a post.

Here: gaps in the plan. Not here: who is there (`coverage.coverage`), the calendar itself.
"""

from datetime import datetime, timedelta

import dataframely as dy
import polars as pl

from opsguard_assets.shifts.calendar.calendar import HOLIDAY, PLANNED
from opsguard_assets.shifts.calendar.schemas import PlannedShift, PostStaffing
from opsguard_assets.tables.table import rows_of
from opsguard_assets.tables.values import INSTANT

AHEAD = timedelta(hours=24)
POST = ["site_id", "post"]
# Where the plan of a post changes.
CHANGES = ("starts_at", "ends_at", "expected_from_at", "expected_until_at")
NEEDED = pl.col("required_people").fill_null(1)


def coverage_ahead(shifts: dy.DataFrame[PlannedShift], as_of: datetime) -> dy.DataFrame[PostStaffing]:
    """The posts with a gap in the plan of the next 24 hours, each with its first gap.

    The plan is examined at every moment at which a shift starts or ends, or leave begins or ends.

    Returns:
        Nobody is present yet; `starts_at` is the moment from which somebody is missing.
    """
    now = pl.lit(as_of, INSTANT)
    rows = shifts.filter(pl.col("status") != HOLIDAY)
    changes = pl.concat(rows.select(*POST, _at=pl.col(name)) for name in CHANGES).unique()
    soon = changes.filter(pl.col("_at") > now, pl.col("_at") <= now + AHEAD)
    during = soon.join(rows, on=POST, nulls_equal=True)
    runs = covers("starts_at", "ends_at")
    works = (pl.col("status") == PLANNED) & covers("expected_from_at", "expected_until_at")
    counted = (
        during.filter(runs)
        .group_by(*POST, "_at")
        .agg(*of_post(), planned=works.sum(), present=pl.lit(0, pl.UInt32), unknown=works.sum())
    )
    short = with_missing(counted).filter(pl.col("missing") > 0)
    first = short.sort("_at").unique(POST, keep="first", maintain_order=True)
    return rows_of(PostStaffing, first.with_columns(starts_at="_at"))


def covers(begins: str, ends: str) -> pl.Expr:
    """Whether a span holds the moment `_at`."""
    return (pl.col(begins) <= pl.col("_at")) & (pl.col(ends) > pl.col("_at"))


def of_post() -> list[pl.Expr]:
    """The post and what it needs, aggregated over the shifts that cover a moment."""
    return [
        pl.col("client_id").first(),
        pl.col("is_critical").fill_null(value=False).any(),
        NEEDED.max().alias("required"),
        pl.col("starts_at").max(),
        pl.col("ends_at").min(),
        pl.col("requires").explode().drop_nulls().unique().sort(),
    ]


def with_missing(rows: pl.DataFrame) -> pl.DataFrame:
    """Posts (`required`, `present`, `unknown`) with `missing`: people required, neither present nor unknown."""
    short = pl.col("required") - pl.col("present").cast(pl.Int64) - pl.col("unknown").cast(pl.Int64)
    return rows.with_columns(missing=short.clip(lower_bound=0)).sort(POST)
