"""Whether every post has the people that it needs: now, and as planned for the next day.

Here: counting. Not here: verdicts, alerts.
"""

from datetime import datetime, timedelta

import polars as pl

from opsguard_assets.shifts.calendar import HOLIDAY, PLANNED
from opsguard_assets.shifts.verdicts import UNKNOWN, UPCOMING, is_there
from opsguard_assets.tables.versions import INSTANT

AHEAD = timedelta(hours=24)
_POST = ["site_id", "post"]
_NEEDED = pl.col("required_people").fill_null(1)


def coverage_now(shifts: pl.DataFrame, verdicts: pl.DataFrame, as_of: datetime) -> pl.DataFrame:
    """The posts of the shifts that run, and who is there.

    Args:
        shifts: Rows of `shift_calendar`.
        verdicts: Rows of `shift_compliance` of the same moment.
        as_of: Now, UTC.

    Returns:
        `site_id`, `post`, `client_id`, `is_critical`, `required`, `planned`, `present`, `unknown` (not late yet, or
        the feed is), `missing` (required, neither present nor unknown), `starts_at`, `ends_at` of the running shifts.
    """
    now = pl.lit(as_of, INSTANT)
    key = ["shift_id", "person_id"]
    said = verdicts.select(*key, "verdict", _there=is_there())
    running = (
        shifts.filter(pl.col("starts_at") <= now, pl.col("ends_at") > now, pl.col("status") != HOLIDAY)
        .join(said, on=key, how="left")
        .with_columns(
            _unclear=pl.col("verdict").is_in([UNKNOWN, UPCOMING]) & (pl.col("status") == PLANNED) & ~pl.col("_there"),
        )
    )
    return _missing(
        running.group_by(_POST).agg(
            *_of_post(),
            planned=(pl.col("status") == PLANNED).sum(),
            present=pl.col("_there").fill_null(value=False).sum(),
            unknown=pl.col("_unclear").fill_null(value=False).sum(),
        )
    )


def coverage_ahead(shifts: pl.DataFrame, as_of: datetime) -> pl.DataFrame:
    """The posts that the plan of the next 24 hours leaves short at the start of some shift: the first such start.

    Returns:
        The columns of `coverage_now`; nobody is present yet.
    """
    now = pl.lit(as_of, INSTANT)
    rows = shifts.filter(pl.col("status") != HOLIDAY)
    starts = (
        rows.filter(pl.col("starts_at") > now, pl.col("starts_at") <= now + AHEAD).select(*_POST, "starts_at").unique()
    )
    during = starts.rename({"starts_at": "_at"}).join(rows, on=_POST, nulls_equal=True)
    covers = (pl.col("starts_at") <= pl.col("_at")) & (pl.col("ends_at") > pl.col("_at"))
    works = (pl.col("status") == PLANNED) & (pl.col("expected_from_at") <= pl.col("_at"))
    counted = (
        during.filter(covers)
        .group_by(*_POST, "_at")
        .agg(*_of_post(), planned=works.sum(), present=pl.lit(0, pl.UInt32), unknown=works.sum())
    )
    short = _missing(counted).filter(pl.col("missing") > 0)
    return short.sort("_at").unique(_POST, keep="first", maintain_order=True).drop("_at")


def _of_post() -> list[pl.Expr]:
    return [
        pl.col("client_id").first(),
        pl.col("is_critical").fill_null(value=False).any(),
        _NEEDED.max().alias("required"),
        pl.col("starts_at").max(),
        pl.col("ends_at").min(),
    ]


def _missing(rows: pl.DataFrame) -> pl.DataFrame:
    short = pl.col("required") - pl.col("present").cast(pl.Int64) - pl.col("unknown").cast(pl.Int64)
    return rows.with_columns(missing=short.clip(lower_bound=0)).sort(_POST)
