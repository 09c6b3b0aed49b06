"""A simulated provider's records in a lake, as tests of several modules want them."""

from datetime import datetime

import polars as pl

from opsguard_assets.tables.registry import TABLES
from opsguard_assets.tables.versions import SEQUENCE
from resources.lake import Lake

FED = ("clients", "sites", "calendars", "sla_policies", "tickets", "ticket_events")


def record(lake: Lake, name: str, rows: pl.DataFrame, loaded_at: datetime) -> None:
    """Records rows of one table, columns that they lack as unknown."""
    table = TABLES[name]
    sequence = [pl.col("sequence").alias(SEQUENCE)] if name == "tickets" else []
    missing = [pl.lit(None, dtype).alias(c) for c, dtype in table.dtypes.items() if c not in rows.columns]
    lake.record(table, rows.with_columns(missing).select(*table.columns, *sequence), loaded_at=loaded_at)
