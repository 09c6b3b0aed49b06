"""Which rows keep the contract, and which rule each other row breaks, with the value that broke it.

Here: applying a table's schema to a frame. Not here: the schemas, and where broken rows go.
"""

from dataclasses import dataclass
from functools import cache

import dataframely as dy
import polars as pl

from opsguard_assets.tables.table import Table

_ROW = "contract_row_"
_VALUE_CHARACTERS = 200
BROKEN = pl.Schema({"row": pl.UInt32(), "rule": pl.String(), "column": pl.String(), "value": pl.String()})


@dataclass(frozen=True)
class Validated:
    """The outcome for a frame: every row is either accepted or broken.

    Attributes:
        accepted: The rows that keep every rule, in their order, in the contract's columns.
        broken: One row per (row, broken rule): `row` is the position in the frame, `column` is null for rules over
            several columns, `value` is the offending value as text.
    """

    accepted: pl.DataFrame
    broken: pl.DataFrame


def validate(frame: pl.DataFrame, table: Table) -> Validated:
    """Applies the contract of `table` to rows that have its columns and types.

    Several versions of one key are legal: which of them counts is decided where they are stored.
    """
    numbered = frame.select(table.columns).with_row_index(_ROW)
    outcome = _numbered(table.schema).filter(numbered)
    accepted = outcome.result.sort(_ROW).select(table.columns)
    if len(accepted) == len(frame):
        return Validated(accepted, pl.DataFrame(schema=BROKEN))
    details = outcome.failure.details()
    rules = [rule for rule, times in outcome.failure.counts().items() if times]
    broken = [_broken(details.filter(pl.col(rule) == "invalid"), rule) for rule in rules]
    return Validated(accepted, pl.concat(broken).sort("row", "rule"))


@cache
def _numbered(schema: type[dy.Schema]) -> type[dy.Schema]:
    """The schema with a column for the position of a row."""
    return type(f"Numbered{schema.__name__}", (schema,), {_ROW: dy.UInt32()})


def _broken(rows: pl.DataFrame, rule: str) -> pl.DataFrame:
    """Rows that break one rule, named `column: rule` or by the rule over several columns alone."""
    column, _, kind = rule.rpartition("|")
    return rows.select(
        pl.col(_ROW).alias("row"),
        pl.lit(f"{column}: {_words(kind)}" if column else rule).alias("rule"),
        pl.lit(column or None, pl.String).alias("column"),
        _text(rows, column).alias("value"),
    )


def _text(rows: pl.DataFrame, column: str) -> pl.Expr:
    if not column:
        return pl.lit(None, pl.String)
    text = pl.col(column).cast(pl.String) if not rows.schema[column].is_nested() else pl.format("{}", pl.col(column))
    return text.str.slice(0, _VALUE_CHARACTERS)


def _words(kind: str) -> str:
    """The rule of one column in words a person understands."""
    words = {
        "nullability": "required",
        "min": "too small",
        "max": "too large",
        "max_exclusive": "too large",
        "max_length": "too long",
        "min_length": "too short",
        "regex": "malformed",
        "inf": "infinite",
        "nan": "not a number",
    }
    return words.get(kind, kind.removeprefix("check__").replace("_", " ")) if kind in words else _denied(kind)


def _denied(kind: str) -> str:
    """Named checks say what is right; a quarantine says what is wrong."""
    name = kind.removeprefix("check__").replace("_", " ")
    return name.removeprefix("not ") if name.startswith("not ") else f"not {name}"
