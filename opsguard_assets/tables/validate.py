"""Which rows keep the contract, and which rule each other row breaks, with the value that broke it.

Here: applying a table's schema to a frame. Not here: the schemas, and where broken rows go.
"""

import re
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
    numbered = frame.select(table.columns).rechunk().with_row_index(_ROW)
    outcome = _numbered(table.schema).filter(numbered)
    accepted = outcome.result.sort(_ROW).select(table.columns)
    if len(accepted) == len(frame):
        return Validated(accepted, pl.DataFrame(schema=BROKEN))
    details = outcome.failure.details()
    rules = [rule for rule, times in outcome.failure.counts().items() if times]
    broken = [_broken(details.filter(pl.col(rule) == "invalid"), rule, table) for rule in rules]
    return Validated(accepted, pl.concat(broken).sort("row", "rule"))


def broken_values(values: pl.Series, column: str, table: Table) -> dict[int, str]:
    """Which values of one column break a rule of it, by position, and what is wrong with them; null breaks none."""
    rules = table.schema.columns()[column].validation_rules(pl.col(column))
    frame = values.alias(column).to_frame()
    kept = frame.select(rule.fill_null(value=True).alias(name) for name, rule in rules.items() if name != "nullability")
    return {
        number: _words(name, column, table) for name in kept.columns for number in (~kept[name]).arg_true().to_list()
    }


@cache
def _numbered(schema: type[dy.Schema]) -> type[dy.Schema]:
    """The schema with a column for the position of a row."""
    return type(f"Numbered{schema.__name__}", (schema,), {_ROW: dy.UInt32()})


def _broken(rows: pl.DataFrame, rule: str, table: Table) -> pl.DataFrame:
    """Rows that break one rule, named `column: what is wrong`, or by the rule over several columns alone."""
    column, _, kind = rule.rpartition("|")
    involved = [column] if column else _columns_of(rule, table)
    return rows.select(
        pl.col(_ROW).alias("row"),
        pl.lit(f"{column}: {_words(kind, column, table)}" if column else rule).alias("rule"),
        pl.lit(column or None, pl.String).alias("column"),
        _text(rows, involved).alias("value"),
    )


def _columns_of(rule: str, table: Table) -> list[str]:
    """The columns that a rule over several columns compares."""
    expression = table.schema._validation_rules(with_cast=False)[rule].expr  # noqa: SLF001 - no public way
    return expression.meta.root_names()


def _text(rows: pl.DataFrame, columns: list[str]) -> pl.Expr:
    """The offending value; for several columns `name=value` of each."""
    values = [_value(c, rows.schema[c]) for c in columns]
    if len(values) == 1:
        return values[0].str.slice(0, _VALUE_CHARACTERS)
    named = [pl.format(f"{c}={{}}", value.fill_null("unknown")) for c, value in zip(columns, values, strict=True)]
    return pl.concat_str(named, separator=", ").str.slice(0, _VALUE_CHARACTERS)


def _value(column: str, dtype: pl.DataType) -> pl.Expr:
    """One value as text; a list as its entries in brackets, because Polars casts no list to text."""
    if not isinstance(dtype, pl.List):
        return pl.col(column).cast(pl.String)
    entry = pl.element().cast(pl.String) if not isinstance(dtype.inner, pl.Struct) else _fields(dtype.inner)
    known = pl.when(pl.element().is_not_null()).then(entry).otherwise(pl.lit("unknown"))
    return pl.format("[{}]", pl.col(column).list.eval(known).list.join("; "))


def _fields(dtype: pl.Struct) -> pl.Expr:
    """An entry of named parts as `name=value` of each."""
    parts = [pl.element().struct.field(field.name).cast(pl.String).fill_null("unknown") for field in dtype.fields]
    return pl.format(", ".join(f"{field.name}={{}}" for field in dtype.fields), *parts)


_WORDS = {
    "nullability": "required",
    "min": "too small",
    "max": "too large",
    "max_exclusive": "too large",
    "max_length": "too long",
    "min_length": "too short",
    "regex": "malformed",
    "inf": "infinite",
    "nan": "not a number",
    "check__not_blank": "blank",
    "check__printable": "holds control characters",
    "check__known_zone": "no IANA time zone",
    "check__within_reason": "beyond 10^18",
}
# dataframely names the rules of what a list holds `inner_<kind>`, and of a part of it `inner_inner_<field>_<kind>`.
_ENTRY = re.compile(rf"^(?:inner_)+(?:(?P<field>\w+)_)??(?P<kind>{'|'.join(_WORDS)})$")


def _words(kind: str, column: str, table: Table) -> str:
    """What is wrong with a value, in words a person understands."""
    if kind == "check__known":
        options = (table.schema.columns()[column].description or "").rpartition(": ")[2]
        return f"not one of {options}"
    entry = _ENTRY.match(kind)
    if entry:
        return " ".join(filter(None, ["entry", entry["field"], _WORDS[entry["kind"]]]))
    return _WORDS.get(kind, kind.replace("_", " "))
