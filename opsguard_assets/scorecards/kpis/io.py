"""Key figures in the lake: computed of what was known at a moment, kept by month.

Here: reading, keeping, and what a signed month means. Not here: rows and figures, which are pure.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache

import dataframely as dy
import polars as pl

from opsguard_assets.config.settings import Settings
from opsguard_assets.scorecards.kpis.feeds_io import Reading, feeds
from opsguard_assets.scorecards.kpis.figures import figures
from opsguard_assets.scorecards.kpis.kpi import WATERMARKS, Kpi
from opsguard_assets.scorecards.kpis.months import client_months, spans
from opsguard_assets.scorecards.kpis.past_io import Past
from opsguard_assets.scorecards.kpis.registry import KPIS as REGISTRY
from opsguard_assets.scorecards.kpis.rows import all_rows, completeness
from opsguard_assets.scorecards.kpis.schemas import (
    KPI_ROWS,
    KPIS,
    ClientMonths,
    KpiRows,
    Kpis,
    SignedMonths,
    Watermarks,
)
from opsguard_assets.tables.registry import CLIENTS, SITES, TABLES
from opsguard_assets.tables.table import S_co, Table, dtypes_of, rows_of
from resources.database import Database
from resources.lake import Lake
from resources.sql import statement

_BY_MONTH = ("month",)


@dataclass(frozen=True)
class Computed:
    """Key figures of all clients over the trailing months.

    Attributes:
        as_of: The moment.
        months: The months of clients.
        rows: The rows behind them.
        kpis: The figures.
    """

    as_of: datetime
    months: dy.DataFrame[ClientMonths]
    rows: dy.DataFrame[KpiRows]
    kpis: dy.DataFrame[Kpis]


def compute(
    lake: Lake,
    past: Database | Past,
    settings: Settings,
    as_of: datetime,
    kpis: Mapping[str, Kpi] = REGISTRY,
) -> Computed:
    """The key figures of every client, by what was known at a moment.

    Args:
        lake: The lake; one `as_recorded` gives what was recorded by an instant.
        past: Alerts and what people did: the database, or what a snapshot keeps of it.
        settings: Bands, targets and thresholds.
        as_of: The moment, UTC.
        kpis: Which key figures.
    """
    clients = CLIENTS.typed(lake.known(CLIENTS, as_of).unique("client_id", keep="any")).collect()
    return compute_over(lake, past, settings, as_of, client_months(clients, as_of), kpis)


def compute_over(
    lake: Lake,
    past: Database | Past,
    settings: Settings,
    as_of: datetime,
    months: dy.DataFrame[ClientMonths],
    kpis: Mapping[str, Kpi] = REGISTRY,
) -> Computed:
    """The key figures of some months, or of other spans of whole days that follow each other.

    Args:
        lake: As of `compute`.
        past: As of `compute`.
        settings: Bands, targets and thresholds.
        as_of: The moment, UTC.
        months: The spans; their clients alone count.
        kpis: Which key figures.
    """
    if months.is_empty():
        return Computed(as_of, months, KPI_ROWS.empty(), KPIS.empty())
    since, until = spans(months)
    read = feeds(
        Reading(
            lake,
            cache(lambda: past if isinstance(past, Past) else Past.read(past, as_of)),
            settings,
            as_of,
            since,
            until,
        ),
        kpis.values(),
    )
    rows = all_rows(read, months, lake.known(SITES, as_of), kpis, settings)
    through = completeness(rows_of(Watermarks, read[WATERMARKS].collect()), kpis)
    upto = lake.recorded_upto or _recorded_upto(lake, kpis, as_of)
    return Computed(as_of, months, rows, figures(KPI_ROWS.typed(rows.lazy()), months, kpis, settings, through, upto))


def _recorded_upto(lake: Lake, kpis: Mapping[str, Kpi], as_of: datetime) -> datetime:
    """The instant by which everything was recorded that was read."""
    read = {name for kpi in kpis.values() for name in kpi.feeds if name in TABLES}
    return max([as_of, *(at for name in read if (at := lake.loaded_upto(TABLES[name])))])


def keep(lake: Lake, computed: Computed, frozen: dy.DataFrame[SignedMonths]) -> list[date]:
    """Replaces the months that were computed, but for those of clients that signed them; returns which months.

    Rows are written before figures, so that a process that dies in between leaves figures whose rows are newer: the
    check `figures_reproduce_from_their_rows` says so, and the next run mends it.

    Args:
        lake: The lake.
        computed: What was computed.
        frozen: `client_id`, `month` of what was signed; of it the stored rows stay.
    """
    days = computed.months["month"].unique().sort().to_list()
    for table, frame in ((KPI_ROWS, computed.rows), (KPIS, computed.kpis)):
        stored = stored_rows(lake, table)
        kept = stored.join(frozen.lazy(), on=["client_id", "month"], how="semi")
        new = frame.join(frozen, on=["client_id", "month"], how="anti")
        for day in days:
            mine = pl.col("month") == day
            before = stored.filter(mine).collect().sort(table.key)
            signed, fresh = kept.filter(mine).collect(), new.filter(mine).select(table.columns)
            # What was computed is in order.
            after = pl.concat([signed, fresh]).sort(table.key) if len(signed) else fresh
            if not after.equals(before):
                lake.replace_slice(table.derived_name, after, where={"month": day}, partition_by=_BY_MONTH)
    return days


def stored_rows(lake: Lake, table: Table[S_co]) -> dy.LazyFrame[S_co]:
    """The stored rows of one of the two tables; none before the first run."""
    if not lake.exists(table.derived_name):
        return table.typed(table.empty().lazy())
    return table.typed(lake.scan(table.derived_name).select(table.columns))


def signed_months(database: Database) -> dy.DataFrame[SignedMonths]:
    """The months of clients that are signed."""
    with database.begin() as connection:
        found = [tuple(row) for row in connection.execute(statement(__name__, "signed_months"))]
    return rows_of(SignedMonths, pl.DataFrame(found, schema=dtypes_of(SignedMonths), orient="row"))
