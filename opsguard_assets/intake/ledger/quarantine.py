"""Rejected rows with everything a person needs to repair them: rule, column, value, source, position, record.

Here: the shape of `quarantine/<table>`, one row per (received row, broken rule). Not here: deciding what is rejected
(`conform`) and writing it (`accept`). Texts are kept as received: formulas and HTML are escaped where they are shown.
"""

from dataclasses import dataclass

import polars as pl

from opsguard_assets.tables.values import INSTANT

MAX_RECORD_CHARACTERS = 4_000
MAX_VALUE_CHARACTERS = 1_000
SCHEMA = pl.Schema(
    {
        "table": pl.String(),
        "source": pl.String(),
        "origin": pl.String(),
        "position": pl.Int64(),
        "rule": pl.String(),
        "column": pl.String(),
        "value": pl.String(),
        "record": pl.String(),
        "load_id": pl.String(),
        "loaded_at": INSTANT,
    }
)
FINDING = pl.Schema({"row": pl.UInt32(), "rule": pl.String(), "column": pl.String(), "value": pl.String()})


@dataclass(frozen=True)
class Place:
    """Where rejected rows were headed and where they came from."""

    table: str
    source: str


def rejected_rows(raw: pl.DataFrame, findings: pl.DataFrame, place: Place) -> pl.DataFrame:
    """Broken rules joined with the raw rows that broke them.

    Args:
        raw: Raw rows with `_origin`, `_position`, `_load_id`, `_loaded_at`.
        findings: (row, rule, column, value); `row` is a row number of `raw`.
        place: Table and source.

    Returns:
        One row per finding in the columns of `SCHEMA`, ordered by origin, position and rule.
    """
    if not len(findings):
        return pl.DataFrame(schema=SCHEMA)
    rows = findings["row"].unique().sort()
    broken = raw[rows]
    described = broken.select(
        pl.Series("row", rows),
        pl.lit(place.table).alias("table"),
        pl.lit(place.source).alias("source"),
        pl.col("_origin").alias("origin"),
        pl.col("_position").cast(pl.Int64).alias("position"),
        _record(broken),
        pl.col("_load_id").alias("load_id"),
        pl.col("_loaded_at").cast(SCHEMA["loaded_at"]).alias("loaded_at"),
    )
    return (
        findings.with_columns(pl.col("value").str.slice(0, MAX_VALUE_CHARACTERS))
        .join(described, on="row", how="inner")
        .sort("origin", "position", "rule", "column", nulls_last=True)
        .select(SCHEMA.names())
        .cast(SCHEMA)
    )


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
