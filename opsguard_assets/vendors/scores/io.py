"""Scores of vendors by what was known at a moment, and keeping them.

Here: reading orders, keeping scores. Not here: jobs (`jobs`), scores (`score`), changes (`changes`).

A run reads only the orders of the months that it scores, not the whole history.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import dataframely as dy
import polars as pl

from opsguard_assets.config.settings import Settings
from opsguard_assets.tables.months import month_after, month_of
from opsguard_assets.tables.registry import TICKETS, VENDORS, WORK_ORDERS
from opsguard_assets.tables.values import INSTANT
from opsguard_assets.tables.versions import IS_WITHDRAWN
from opsguard_assets.vendors.scores.changes import MONTHS, changes
from opsguard_assets.vendors.scores.jobs import jobs
from opsguard_assets.vendors.scores.schemas import (
    VENDOR_MONTHS,
    VENDOR_RANKING,
    VENDOR_SCORES,
    VendorMonths,
    VendorRanking,
    VendorScores,
)
from opsguard_assets.vendors.scores.score import scores
from opsguard_assets.vendors.scores.sentiment import sentiment_after
from resources.lake import Lake

_WINDOW = "window"


@dataclass(frozen=True)
class Scored:
    """The results of a run.

    Attributes:
        jobs: Rows of `jobs.jobs` that were read, with `month`; older ones only where a later one repairs them.
        stored: How many orders of these months count, by the whole table.
        scores: Rows of `vendor_scores`.
        months: Rows of `vendor_months`: six whole months and the current one.
        ranking: Rows of `vendor_ranking`.
    """

    jobs: pl.DataFrame
    stored: int
    scores: dy.DataFrame[VendorScores]
    months: dy.DataFrame[VendorMonths]
    ranking: dy.DataFrame[VendorRanking]


def scored_at(lake: Lake, as_of: datetime, settings: Settings) -> Scored:
    """The scores of the window and of every month, by what was known at a moment."""
    chosen, zone = settings.vendors, settings.operations.timezone
    first, this = _first_month(as_of, settings), month_of(as_of, zone)
    begins = datetime(first.year, first.month, first.day, tzinfo=ZoneInfo(zone)).astimezone(UTC)
    window = pl.lit(as_of - timedelta(days=chosen.window_days), INSTANT)
    read = orders_at(lake, as_of, since=min(begins, as_of - timedelta(days=chosen.window_days)))
    orders = _with_repaired(lake, as_of, read)
    vendors = lake.known(VENDORS, as_of).collect()
    scored_rows = jobs(orders, as_of, zone=zone, cancelled=chosen.cancelled)
    recent = scored_rows.filter(pl.col("counts_at") > window).with_columns(period=pl.lit(_WINDOW))
    now = scores(recent, vendors, fewest=chosen.fewest_jobs).drop("period")
    tone = sentiment_after(
        recent.filter("is_counted"), _tickets(lake, as_of, window), within=timedelta(days=chosen.sentiment_days)
    )
    moment = {"as_of": pl.lit(as_of, INSTANT), "date": pl.lit(as_of.date())}
    scored = now.join(tone, on="vendor_id", how="left", maintain_order="left").with_columns(**moment)
    monthly = scored_rows.filter(pl.col("month") >= first, pl.col("month") <= this).with_columns(period="month")
    months = changes(scores(monthly, vendors, fewest=chosen.fewest_jobs)).rename({"period": "month"})
    last = months.filter(pl.col("month") == month_after(this, -1)).select("vendor_id", "change", "drivers")
    ranking = scored.drop_nulls("rank").join(last, on="vendor_id", how="left", maintain_order="left")
    return Scored(
        scored_rows,
        _stored(lake, as_of, begins, chosen.cancelled),
        VENDOR_SCORES.rows(scored),
        VENDOR_MONTHS.rows(months.with_columns(known_at=moment["as_of"])),
        VENDOR_RANKING.rows(ranking),
    )


def orders_at(lake: Lake, as_of: datetime, *, since: datetime) -> pl.DataFrame:
    """The orders known at a moment that were done, due or (without either) created after an instant."""
    counts_at = pl.coalesce(pl.min_horizontal("due_at", "completed_at"), "created_at")
    bound, now = pl.lit(since, INSTANT), pl.lit(as_of, INSTANT)
    return lake.known(WORK_ORDERS, as_of).filter(counts_at >= bound, pl.col("created_at") <= now).collect()


def _with_repaired(lake: Lake, as_of: datetime, orders: pl.DataFrame) -> pl.DataFrame:
    """The orders, and all older ones that they repair, back to the first job of each chain."""
    known, found = lake.known(WORK_ORDERS, as_of), orders
    while True:
        # Ends: each pass asks only for orders that no pass has found, and an unknown one leads to no further.
        asked = found["is_rework_of"].drop_nulls().unique()
        missing = asked.filter(~asked.is_in(orders["work_order_id"].implode()))
        if missing.is_empty():
            return orders
        found = known.filter(pl.col("work_order_id").is_in(missing.implode())).collect()
        orders = pl.concat([orders, found])


def _stored(lake: Lake, as_of: datetime, begins: datetime, cancelled: Sequence[str]) -> int:
    """How many stored orders were done or due since an instant and not cancelled, counted apart from the scores."""
    now = pl.lit(as_of, INSTANT)
    done = pl.when(pl.col("completed_at") <= now).then("completed_at")
    settled = pl.min_horizontal("due_at", done)
    is_off = pl.col("status").str.to_lowercase().is_in(list(cancelled)).fill_null(value=False) & done.is_null()
    counting = (settled >= pl.lit(begins, INSTANT)) & (settled <= now) & (pl.col("created_at") <= now) & ~is_off
    return int(lake.known(WORK_ORDERS, as_of).select(counting.sum()).collect().item() or 0)


def keep_scores(lake: Lake, scored: Scored, as_of: datetime, settings: Settings) -> int:
    """Stores the scores of a run, and the months that changed; returns how many did."""
    where = {"date": as_of.date(), "as_of": as_of}
    for table, rows in ((VENDOR_SCORES, scored.scores), (VENDOR_RANKING, scored.ranking)):
        lake.replace_slice(table.derived_name, rows, where=where, partition_by=["date"])
    said = [name for name in VENDOR_MONTHS.columns if name != "known_at"]
    since = _first_month(as_of, settings)
    before = lake.known(VENDOR_MONTHS, as_of).filter(pl.col("month") >= since).select(said).collect()
    new = scored.months.select(said).join(before, on=said, how="anti", nulls_equal=True)
    gone = before.join(scored.months, on=list(VENDOR_MONTHS.key), how="anti")
    news = pl.concat(
        [
            rows.with_columns(pl.lit(withdrawn).alias(IS_WITHDRAWN), known_at=pl.lit(as_of, INSTANT))
            for rows, withdrawn in ((new, False), (gone, True))
        ]
    )
    if len(news):
        lake.record(VENDOR_MONTHS, news.select(*VENDOR_MONTHS.columns, IS_WITHDRAWN), loaded_at=as_of)
    return len(news)


def last_scores(lake: Lake, as_of: datetime) -> dy.DataFrame[VendorScores]:
    """The newest recorded rows of `vendor_scores` not after a moment; none before the first run."""
    if not lake.exists(VENDOR_SCORES.derived_name):
        return VENDOR_SCORES.empty()
    rows = lake.scan(VENDOR_SCORES.derived_name).filter(
        pl.col("date").is_between(as_of.date() - timedelta(days=7), as_of.date()),
        pl.col("as_of") <= pl.lit(as_of, INSTANT),
    )
    return VENDOR_SCORES.typed(rows.filter(pl.col("as_of") == pl.col("as_of").max())).collect()


def _first_month(as_of: datetime, settings: Settings) -> date:
    return month_after(month_of(as_of, settings.operations.timezone), -MONTHS)


def _tickets(lake: Lake, as_of: datetime, since: pl.Expr) -> pl.DataFrame:
    columns = ("ticket_id", "site_id", "opened_at", "sentiment")
    rows = lake.known(TICKETS, as_of).select(columns)
    return rows.filter(pl.col("opened_at") > since, pl.col("opened_at") <= pl.lit(as_of, INSTANT)).collect()
