"""The order of arrival and the instant under which accepted rows of a batch are recorded.

Here: what accepting (`accept`) and accepting again (`reaccept`) share. Not here: what is acceptable (`conform`).
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import polars as pl

from opsguard_assets.config.mapping import Feed
from opsguard_assets.intake.accepting.arrival import Arrival
from opsguard_assets.intake.accepting.conflicts import without_conflicts
from opsguard_assets.intake.ledger import ledger
from opsguard_assets.intake.mapping.conform import Conformed, conform
from opsguard_assets.tables.table import Table
from opsguard_assets.tables.versions import ARRIVAL, IS_WITHDRAWN
from resources.lake import Lake


def conformed(
    arrival: Arrival, table: Table, feeds: Sequence[Feed], raw: pl.DataFrame, recorded_at: datetime
) -> list[Conformed]:
    """What the feeds of a table make of raw rows, each row accepted or rejected."""
    parts = [conform(raw, feed, arrival.source, table, recorded_at) for feed in feeds]
    return without_conflicts(raw, parts, arrival.source.name) if table.is_daily else parts


def arrived(arrival: Arrival, parts: Sequence[Conformed]) -> pl.DataFrame:
    """The accepted rows of all feeds of a table with their place in the order of arrival.

    One microsecond per row: loads start one after the other, and no row is read faster. If several feeds take one raw
    row, the last counts.
    """
    since, feeds = microseconds(arrival.load.loaded_at), len(parts)
    placed = [
        part.accepted.with_columns((part.places * feeds + since + number).alias(ARRIVAL))
        for number, part in enumerate(parts)
    ]
    rows = pl.concat(placed, how="diagonal")
    return rows.with_columns(pl.col(IS_WITHDRAWN).fill_null(value=False)) if IS_WITHDRAWN in rows.columns else rows


def microseconds(instant: datetime) -> int:
    """Microseconds since 1970."""
    return (instant - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


def profile_before(lake: Lake, source: str) -> pl.Series | None:
    """The profile of a source's columns after the newest load in the ledger; None before the first."""
    if not lake.exists(ledger.NAME):
        return None
    mine = lake.scan(ledger.NAME).filter(pl.col("source") == source)
    newest = mine.sort("loaded_at").select("columns").tail(1).collect()
    return newest["columns"].explode(empty_as_null=False) if len(newest) else None
