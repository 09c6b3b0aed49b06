"""The contract in words: for the command line, the asset pages, and docs/tables.md, which is generated from it.

Here: rendering schemas. Not here: anything that the schemas do not say themselves.
"""

import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import dataframely as dy
import polars as pl

from opsguard_assets.tables.registry import TABLES
from opsguard_assets.tables.table import Table

_HEADER = """# The canonical tables

The contract with every source, generated from the schemas in `opsguard_assets/tables` by `make docs`. Rows that break
it go to `quarantine/<table>` with the rule, the value and their position in the source. Identifiers are texts; instants
are UTC; unknown is null. No number exceeds 10^18 either way. `known_at` is the second clock of every row: when OpsGuard
knew this state.
"""


@dataclass(frozen=True)
class ColumnWords:
    """One column as people read it."""

    column: str
    type: str
    required: bool
    meaning: str
    bounds: str


def describe(table: Table) -> list[ColumnWords]:
    """The columns of a table in the contract's order."""
    return [
        ColumnWords(name, type_name(column.dtype), not column.nullable, column.description or "", _bounds(column))
        for name, column in table.schema.columns().items()
    ]


def row_rules(table: Table) -> list[str]:
    """The names of the rules over several columns."""
    return [name for name in table.schema._validation_rules(with_cast=False) if "|" not in name]  # noqa: SLF001 - no public way


def column_descriptions(table: Table) -> dict[str, tuple[str, str]]:
    """Column to (type, meaning), as an asset page shows it."""
    return {words.column: (words.type, words.meaning) for words in describe(table)}


def type_name(dtype: pl.DataType) -> str:
    """A type without the noise of its representation."""
    if isinstance(dtype, pl.Datetime):
        return "instant"
    if isinstance(dtype, pl.List):
        return f"list of {type_name(dtype.inner)}" if isinstance(dtype.inner, pl.DataType) else "list"
    if isinstance(dtype, pl.Struct):
        return f"({', '.join(field.name for field in dtype.fields)})"
    words = {"String": "text", "Float64": "number", "Int64": "whole number", "Boolean": "true/false", "Date": "date"}
    return words.get(str(dtype), str(dtype))


def to_markdown(tables: Iterable[Table]) -> str:
    """The page docs/tables.md."""
    return _HEADER + "".join(_section(table) for table in tables)


def _section(table: Table) -> str:
    clock = f" It happened at `{table.happened_at}`." if table.happened_at else ""
    version = f" The newest `{table.version}` wins." if table.version else " The state known last wins."
    lines = [
        f"\n## {table.name}\n",
        f"{table.grain} Key: {', '.join(f'`{column}`' for column in table.key)}.{clock}{version}\n",
        "| column | type | required | meaning | bounds |",
        "|---|---|---|---|---|",
        *_rows(table),
    ]
    rules = row_rules(table)
    if rules:
        lines.append(f"\nRules over several columns: {', '.join(f'`{rule}`' for rule in rules)}.")
    return "\n".join(lines) + "\n"


def _rows(table: Table) -> Iterator[str]:
    for words in describe(table):
        required = "yes" if words.required else ""
        yield f"| `{words.column}` | {words.type} | {required} | {words.meaning} | {words.bounds} |"


def _bounds(column: dy.Column) -> str:
    low, high = getattr(column, "min", None), getattr(column, "max", None)
    longest = getattr(column, "max_length", None)
    if isinstance(column, dy.Datetime | dy.Date):
        return "1970 to 2199"
    parts = [f"from {low:.15g}" if low is not None else "", f"to {high:.15g}" if high is not None else ""]
    parts.append(f"at most {longest:,} characters" if longest else "")
    return " ".join(part for part in parts if part)


if __name__ == "__main__":
    sys.stdout.write(to_markdown(TABLES.values()))
