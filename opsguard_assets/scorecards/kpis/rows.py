"""The rows behind all key figures together, and through when data of each figure are complete.

Here: asking each definition for its rows, and keeping rows to their client. Not here: definitions, summing up.
"""

from collections.abc import Mapping
from datetime import datetime

import dataframely as dy
import polars as pl

from opsguard_assets.config.settings import Settings
from opsguard_assets.scorecards.kpis.kpi import Feeds, Kpi
from opsguard_assets.scorecards.kpis.schemas import KPI_ROWS, ClientMonths, KpiRows, Watermarks
from opsguard_assets.tables.reference import Clients, Sites


def all_rows(
    feeds: Feeds,
    months: dy.DataFrame[ClientMonths],
    sites: dy.LazyFrame[Sites],
    kpis: Mapping[str, Kpi],
    settings: Settings,
) -> dy.DataFrame[KpiRows]:
    """The rows of all key figures.

    A site that is not the client's says nothing about where the row belongs: the row counts for the client alone.

    Args:
        feeds: What they read.
        months: The months of clients.
        sites: Whose site each one is.
        kpis: The key figures by name.
        settings: Thresholds.
    """
    columns = [name for name in KPI_ROWS.columns if name != "kpi"]
    found = [
        kpi.rows(feeds, months.lazy(), settings).select(columns).with_columns(kpi=pl.lit(name))
        for name, kpi in kpis.items()
    ]
    owners = sites.select("site_id", _owner="client_id").unique("site_id", keep="any")
    own = pl.when(pl.col("_owner") == pl.col("client_id")).then("site_id").alias("site_id")
    rows = pl.concat(pl.collect_all([each.join(owners, on="site_id", how="left").with_columns(own) for each in found]))
    return KPI_ROWS.rows(in_order(rows))


def in_order(rows: pl.DataFrame) -> pl.DataFrame:
    """Rows in the order of their key. Names that stand in many rows are compared as numbers: that halves the time."""
    few = [name for name in KPI_ROWS.key if name != "entity_id" and rows.schema[name] == pl.String]
    numbers = {name: pl.col(name).cast(pl.Enum(rows[name].unique().sort())).to_physical() for name in few}
    by = [numbers.get(name, pl.col(name)) for name in KPI_ROWS.key]
    return rows[rows.select(pl.arg_sort_by(by)).to_series()]


def foreign(
    rows: dy.DataFrame[KpiRows], sites: dy.DataFrame[Sites], clients: dy.DataFrame[Clients]
) -> dy.DataFrame[KpiRows]:
    """Rows whose client is not known, or whose site is another client's."""
    owners = sites.select("site_id", _owner="client_id").unique("site_id")
    named = rows.join(owners, on="site_id", how="left")
    is_elsewhere = pl.col("site_id").is_not_null() & ~pl.col("_owner").eq_missing(pl.col("client_id"))
    return KPI_ROWS.rows(named.filter(is_elsewhere | ~pl.col("client_id").is_in(clients["client_id"].implode())))


def completeness(watermarks: dy.DataFrame[Watermarks], kpis: Mapping[str, Kpi]) -> dict[str, datetime | None]:
    """Through when the data of each key figure are complete: the least of its watermarks; None where one has none."""
    at: dict[str, datetime | None] = dict(watermarks.select("feed", "through_at").iter_rows())
    found: dict[str, datetime | None] = {}
    for name, kpi in kpis.items():
        known = [each for feed in kpi.watermarks if (each := at.get(feed)) is not None]
        found[name] = min(known) if known and len(known) == len(kpi.watermarks) else None
    return found
