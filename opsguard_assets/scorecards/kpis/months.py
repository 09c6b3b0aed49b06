"""The months of clients, and which rows lie in them.

Here: bounds in the client's zone and joins with them. Not here: what puts a row into a month (the module of each
figure).
"""

from datetime import datetime

import dataframely as dy
import polars as pl

from opsguard_assets.scorecards.kpis.kpi import WATERMARKS, Feeds
from opsguard_assets.scorecards.kpis.schemas import ClientMonths
from opsguard_assets.tables.local_time import to_utc
from opsguard_assets.tables.months import month_after
from opsguard_assets.tables.reference import Clients
from opsguard_assets.tables.table import empty_of, rows_of

# A year before and the months between, beside the month that runs.
WHOLE_MONTHS = 13


def client_months(
    clients: dy.DataFrame[Clients], as_of: datetime, whole: int = WHOLE_MONTHS
) -> dy.DataFrame[ClientMonths]:
    """The month of every client that runs at a moment, and the whole ones before it.

    A month begins at the first instant of its first day in the client's zone, whatever zone its sites are in, so that
    sites add up to the client.

    Args:
        clients: Rows of `clients`, one per client.
        as_of: The moment, UTC.
        whole: How many whole months.
    """
    zones = clients["timezone"].unique().sort().to_list()
    if not zones:
        return empty_of(ClientMonths)
    running = {zone: pl.select(pl.lit(as_of).dt.convert_time_zone(zone).dt.date()).item() for zone in zones}
    # One month more than asked for: its beginning is the end of the month that runs.
    firsts = [(zone, month_after(day, -back)) for zone, day in running.items() for back in range(whole, -2, -1)]
    bounds = pl.DataFrame(firsts, schema={"timezone": pl.String, "month": pl.Date}, orient="row")
    starts = to_utc(bounds.with_columns(starts_at=pl.col("month").cast(pl.Datetime("us"))), ["starts_at"])
    months = starts.sort("timezone", "month").with_columns(ends_at=pl.col("starts_at").shift(-1).over("timezone"))
    rows = clients.select("client_id", "timezone").join(months.drop_nulls("ends_at"), on="timezone")
    return rows_of(ClientMonths, rows.sort("client_id", "month"))


def in_month(rows: pl.LazyFrame, months: pl.LazyFrame, at: str) -> pl.LazyFrame:
    """The rows that lie in a month of their client: with `month`, `at` and `ends_at` of the month.

    Args:
        rows: Rows with `client_id`; those without a client, an instant or a month are left out.
        months: Rows of `ClientMonths`.
        at: The column with the instant that puts a row into a month.
    """
    dated = rows.drop_nulls(["client_id", at]).with_columns(at=pl.col(at)).sort("at")
    found = dated.join_asof(
        months.sort("starts_at"), left_on="at", right_on="starts_at", by="client_id", check_sortedness=False
    )
    return found.filter(pl.col("at") < pl.col("ends_at")).drop("starts_at")


def with_through(rows: pl.LazyFrame, feeds: Feeds, *names: str) -> pl.LazyFrame:
    """Rows with `through_at`: through when all of some feeds are complete; null where one never delivered."""
    known = feeds[WATERMARKS].filter(pl.col("feed").is_in(names))
    complete = pl.col("through_at").count() == len(names)
    return rows.join(known.select(through_at=pl.when(complete).then(pl.col("through_at").min())), how="cross")


def with_client(rows: pl.LazyFrame, feeds: Feeds) -> pl.LazyFrame:
    """Rows with the client of their site, where they name none; the feed `sites` says whose site it is."""
    owners = feeds["sites"].select("site_id", _owner="client_id")
    own = pl.col("client_id") if "client_id" in rows.collect_schema() else pl.lit(None, pl.String)
    found = rows.join(owners, on="site_id", how="left")
    return found.with_columns(client_id=pl.coalesce(own, "_owner")).drop("_owner")


def spans(months: dy.DataFrame[ClientMonths]) -> tuple[datetime, datetime]:
    """The first instant of all months, and the first one after them."""
    first, last = months["starts_at"].min(), months["ends_at"].max()
    if not isinstance(first, datetime) or not isinstance(last, datetime):
        raise TypeError("there are no months")
    return first, last
