"""What is known of other systems' alerts at a moment. Not here: findings (`findings`), settling (`alerts.lifecycle`).

What a tick reads does not grow with history: the unresolved rows lie apart in the lake, and resolved ones are read only
where an alert of ours has none left, of the last days only.
"""

from collections.abc import Set as AbstractSet
from datetime import datetime, timedelta

import polars as pl

from opsguard_assets.alerts.lifecycle import Monitor
from opsguard_assets.alerts.queries import unresolved_of
from opsguard_assets.external.findings import external_findings, keyed
from opsguard_assets.tables.registry import TABLES
from opsguard_assets.tables.values import INSTANT
from resources.database import Database
from resources.lake import Lake

EXTERNAL_ALERTS, _SITES = TABLES["external_alerts"], TABLES["sites"]
# A row that is resolved so long after it was raised is looked for no longer; it expired.
_SPARE = timedelta(days=1)


def findings_at(lake: Lake, database: Database, monitor: Monitor, as_of: datetime, *, days: float) -> pl.DataFrame:
    """The findings of a moment (`external_findings`).

    Args:
        lake: The records.
        database: The alerts.
        monitor: Whose alerts.
        as_of: The moment.
        days: After so many days a row that nobody resolved expires.
    """
    declared = monitor.others or ()
    moment = pl.lit(as_of, INSTANT)
    sites = lake.known(_SITES, as_of).select("site_id", "client_id", "name").collect()
    known = lake.known(EXTERNAL_ALERTS, as_of, live_only=True)
    rows = keyed(known.filter(pl.col("at") <= moment).collect(), sites, declared)
    living = unresolved_of(database, monitor)
    silent = set(living) - set(rows["dedup_key"].unique())
    ended = keyed(_ended(lake, as_of, silent, since=as_of - timedelta(days=days) - _SPARE), sites, declared)
    return external_findings(rows, ended, living, as_of, days=days)


def _ended(lake: Lake, as_of: datetime, silent: AbstractSet[str], *, since: datetime) -> pl.DataFrame:
    """The resolved rows of the last days, where there are keys without an unresolved row."""
    if not silent:
        return pl.DataFrame(schema=EXTERNAL_ALERTS.dtypes)
    is_recent = pl.col("at") > pl.lit(since, INSTANT)
    return lake.known(EXTERNAL_ALERTS, as_of).filter(pl.col("resolved_at").is_not_null(), is_recent).collect()
