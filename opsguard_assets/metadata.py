"""What every asset page shows in the same words: owners, column schemas, row counts, tables and pictures.

Here: the vocabulary of metadata. Not here: which asset shows what.
"""

import base64
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, TypeAlias

import dagster as dg
import polars as pl

from opsguard_assets.intake.report import as_markdown
from opsguard_assets.tables.describe import column_descriptions
from opsguard_assets.tables.table import Table

if TYPE_CHECKING:
    Materialized: TypeAlias = dg.MaterializeResult[None]
else:
    Materialized = dg.MaterializeResult  # beside checks, Dagster knows the bare class only

OWNERS = ["team:data-engineering"]


def key_of(table: Table) -> dg.AssetKey:
    """The asset key of a canonical table: its room, then its name."""
    return dg.AssetKey([table.room, table.name])


def column_schema(table: Table) -> dg.TableSchema:
    """The contract's columns with types and meanings, as the UI shows them."""
    columns = column_descriptions(table).items()
    return dg.TableSchema([dg.TableColumn(name, dtype, description) for name, (dtype, description) in columns])


def preview(frame: pl.DataFrame, *, limit: int = 20) -> dg.MarkdownMetadataValue:
    """A small table; received texts are escaped."""
    return dg.MetadataValue.md(as_markdown(frame, limit=limit))


def preview_rows(rows: Sequence[Mapping[str, object]]) -> dg.MarkdownMetadataValue:
    """A small table of records."""
    return preview(pl.DataFrame(rows), limit=100) if rows else dg.MetadataValue.md("none")


def picture(svg: bytes, title: str) -> dg.MarkdownMetadataValue:
    """A plot inside the asset page."""
    return dg.MetadataValue.md(f"![{title}](data:image/svg+xml;base64,{base64.b64encode(svg).decode()})")


def png(picture: bytes, title: str) -> dg.MarkdownMetadataValue:
    """A plot that was drawn as PNG inside the asset page."""
    return dg.MetadataValue.md(f"![{title}](data:image/png;base64,{base64.b64encode(picture).decode()})")


def figures(values: Mapping[str, float | str | datetime | None]) -> dict[str, dg.MetadataValue]:
    """Named figures under stable keys, so that the UI plots numbers over time; unknown ones are left out."""
    return {name: _value(value) for name, value in values.items() if value is not None}


def _value(value: float | str | datetime) -> dg.MetadataValue:
    if isinstance(value, datetime):
        return dg.MetadataValue.timestamp(value)
    if isinstance(value, int):
        return dg.MetadataValue.int(value)
    return dg.MetadataValue.float(value) if isinstance(value, float) else dg.MetadataValue.text(value)
