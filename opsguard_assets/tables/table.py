"""What the rest of the house needs to know of a canonical table beside its columns.

Here: the `Table` description, and frames typed by a schema. Not here: the columns themselves (one module per room) and
how rows are stored.
"""

import inspect
from dataclasses import dataclass, field
from functools import cache, cached_property
from typing import Generic, cast

import dataframely as dy
import polars as pl
from typing_extensions import TypeVar

from opsguard_assets.tables.columns import is_end

# Plain `Table` means a table of any schema.
S_co = TypeVar("S_co", bound=dy.Schema, default=dy.Schema, covariant=True)
_S = TypeVar("_S", bound=dy.Schema)


class WrongShapeError(TypeError):
    """Rows that are to be a table's have other columns or types: a fault of the program, not of a record."""


@dataclass(frozen=True, kw_only=True)
class Table(Generic[S_co]):
    """A canonical table: its schema, and which of its columns play which part.

    Attributes:
        name: The table's name, also its folder in the lake.
        room: The business domain that owns it; the Dagster group and key prefix.
        schema: The dataframely schema; the source of columns, units, rules and documentation.
        key: Columns that identify a row; the newest known version of a key is the row.
        happened_at: The column that says when the fact happened; None for reference tables.
        version: The column whose greater value wins between versions of one key (`updated_at`);
            None where the one known later wins.
        past: Columns with instants that cannot lie in the future: what they tell of has happened. A due date may.
        is_live: Rows that frequent ticks read (open tickets); stored apart so that history costs a tick nothing.
        is_daily: Kept by day and only appended to: reports in great number that hardly ever change. `happened_at`
            belongs to the key, and the version known last wins.
    """

    name: str
    room: str
    schema: type[S_co]
    key: tuple[str, ...]
    happened_at: str | None = None
    version: str | None = None
    past: tuple[str, ...] = ()
    is_live: pl.Expr | None = field(default=None, compare=False, hash=False)
    is_daily: bool = False

    def __post_init__(self) -> None:
        """Refuses a daily table whose rows have no day, or that needs more than the day as a partition key.

        Raises:
            ValueError: When it is one.
        """
        if self.is_daily and (self.happened_at not in self.key or self.version or self.is_live is not None):
            raise ValueError(f"{self.name}: a daily table has `happened_at` in its key, no `version` and no `is_live`")

    @property
    def grain(self) -> str:
        """What one row is, in one sentence."""
        return inspect.cleandoc(self.schema.__doc__ or self.name).split("\n", maxsplit=1)[0]

    @property
    def derived_name(self) -> str:
        """Where a derived table lies in the lake; canonical ones lie under `tables/`."""
        return f"{self.room}/{self.name}"

    @cached_property
    def columns(self) -> tuple[str, ...]:
        """The contract's columns in order, `known_at` last."""
        return tuple(self.schema.column_names())

    @property
    def dtypes(self) -> pl.Schema:
        """The contract's columns with their Polars types."""
        return dtypes_of(self.schema)

    def asks_until(self, column: str) -> bool:
        """Whether a column says until when something holds, so that a day without a time means its end."""
        return is_end(self.schema.columns()[column])

    def empty(self) -> dy.DataFrame[S_co]:
        """A frame of the table's columns and types without rows."""
        return empty_of(self.schema)

    def rows(self, frame: pl.DataFrame) -> dy.DataFrame[S_co]:
        """The table's columns of a frame in their order, typed by its schema. No value is looked at.

        Raises:
            WrongShapeError: When a column is missing, or of another type.
        """
        return rows_of(self.schema, frame)

    def typed(self, frame: pl.LazyFrame) -> dy.LazyFrame[S_co]:
        """A lazy read of the table, typed by its schema. Nothing is checked: that would read it."""
        return typed_as(self.schema, frame)


@cache
def dtypes_of(schema: type[dy.Schema]) -> pl.Schema:
    """The columns of a schema with their Polars types."""
    return pl.Schema({name: column.dtype for name, column in schema.columns().items()})


def empty_of(schema: type[_S]) -> dy.DataFrame[_S]:
    """A frame of a schema's columns and types without rows."""
    return cast("dy.DataFrame[_S]", pl.DataFrame(schema=dtypes_of(schema)))


def rows_of(schema: type[_S], frame: pl.DataFrame) -> dy.DataFrame[_S]:
    """The columns of a schema, in their order. Columns and types are checked, and no value is looked at.

    Raises:
        WrongShapeError: When a column is missing, or of another type.
    """
    wanted, found = dtypes_of(schema), frame.schema
    wrong = [
        f"{name}: {found.get(name, 'missing')}, not {dtype}"
        for name, dtype in wanted.items()
        if found.get(name) != dtype
    ]
    if wrong:
        raise WrongShapeError(f"these are not rows of {schema.__name__}: {'; '.join(wrong)}")
    return cast("dy.DataFrame[_S]", frame.select(wanted.names()))


def typed_as(_schema: type[_S], frame: pl.LazyFrame) -> dy.LazyFrame[_S]:
    """A lazy frame, typed by a schema. Nothing is checked: that would read it."""
    return cast("dy.LazyFrame[_S]", frame)
