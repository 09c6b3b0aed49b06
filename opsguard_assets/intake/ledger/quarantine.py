"""Rejected rows with everything a person needs to repair them: rule, column, value, source, position, record.

Here: the shape of `quarantine/<table>`, one row per (received row, broken rule). Not here: deciding what is rejected
(`conform`) and writing it (`accept`). Texts are kept as received: formulas and HTML are escaped where they are shown.
"""

from dataclasses import dataclass

import dataframely as dy
import polars as pl

from opsguard_assets.tables.derived import count, instant, text
from opsguard_assets.tables.table import dtypes_of, empty_of, rows_of

MAX_RECORD_CHARACTERS = 4_000
MAX_VALUE_CHARACTERS = 1_000


class RejectedRow(dy.Schema):
    """A received row and one rule that it broke."""

    table = text("the canonical table that it was headed for", nullable=False)
    source = text("where it came from", nullable=False)
    origin = text("the file, table or address")
    position = count("the place in it")
    rule = text("the broken rule, in words", nullable=False)
    column = text("the column that broke it; null where the whole row did")
    value = text("the value as received, shortened")
    record = text("the received columns as JSON, or the text of a row that could not be split")
    load_id = text("the load")
    loaded_at = instant("when it was loaded")


class BrokenRule(dy.Schema):
    """A rule that a raw row broke."""

    row = dy.UInt32(nullable=False, description="row number of the raw rows")
    rule = text("the rule, in words", nullable=False)
    column = text("the column; null where the whole row broke it")
    value = text("the value as received")


SCHEMA, FINDING = dtypes_of(RejectedRow), dtypes_of(BrokenRule)


@dataclass(frozen=True)
class Place:
    """Where rejected rows were headed and where they came from."""

    table: str
    source: str


def rejected_rows(raw: pl.DataFrame, findings: dy.DataFrame[BrokenRule], place: Place) -> dy.DataFrame[RejectedRow]:
    """Broken rules joined with the raw rows that broke them.

    Args:
        raw: Raw rows with `_origin`, `_position`, `_load_id`, `_loaded_at`.
        findings: (row, rule, column, value); `row` is a row number of `raw`.
        place: Table and source.

    Returns:
        One row per finding in the columns of `SCHEMA`, ordered by origin, position and rule.
    """
    if not len(findings):
        return empty_of(RejectedRow)
    numbers = findings["row"].unique().sort()
    broken = raw[numbers]
    described = broken.select(
        pl.Series("row", numbers),
        pl.lit(place.table).alias("table"),
        pl.lit(place.source).alias("source"),
        pl.col("_origin").alias("origin"),
        pl.col("_position").cast(pl.Int64).alias("position"),
        _record(broken),
        pl.col("_load_id").alias("load_id"),
        pl.col("_loaded_at").cast(SCHEMA["loaded_at"]).alias("loaded_at"),
    )
    rows = (
        findings.with_columns(pl.col("value").str.slice(0, MAX_VALUE_CHARACTERS))
        .join(described, on="row", how="inner")
        .sort("origin", "position", "rule", "column", nulls_last=True)
        .select(SCHEMA.names())
        .cast(SCHEMA)
    )
    return rows_of(RejectedRow, rows)


def _record(broken: pl.DataFrame) -> pl.Series:
    """The received columns as JSON text; the raw text where the row could not be split into columns."""
    received = [c for c in broken.columns if not c.startswith("_")]
    texts = [pl.col(c).cast(pl.String, strict=False) if broken.schema[c] == pl.Binary else pl.col(c) for c in received]
    shortened = [
        text.str.slice(0, MAX_RECORD_CHARACTERS) if broken.schema[c] in {pl.String, pl.Binary} else text
        for c, text in zip(received, texts, strict=True)
    ]
    record = pl.struct(shortened).struct.json_encode() if shortened else pl.lit("{}")
    if "_text" in broken.columns:
        record = pl.when(pl.col("_damage").is_not_null()).then(pl.col("_text")).otherwise(record)
    return broken.select(record.str.slice(0, MAX_RECORD_CHARACTERS).alias("record")).to_series()
