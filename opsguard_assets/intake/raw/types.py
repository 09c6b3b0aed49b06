"""The few types of raw columns, and how everything that sources send becomes one of them.

Here: Arrow types to raw kinds, without loss that matters. Not here: the contract's types (`parse`).

| kind | holds |
|---|---|
| text | text; digits of decimals; JSON of lists and records; ISO 8601 of naive instants and times; hex of bytes |
| bigint, double, bool, date | whole numbers, floating numbers, truth values, days |
| timestamp | instants in UTC, microseconds |

Instants without a zone stay text, because a table of instants would silently declare them UTC: which zone they are in
is for the mapping to say.
"""

from collections.abc import Iterable

import polars as pl
import pyarrow as pa

from opsguard_assets.intake.raw.drift import NOTHING, TEXT_KIND
from opsguard_assets.tables.values import INSTANT

KINDS: dict[str, pa.DataType] = {
    TEXT_KIND: pa.string(),
    "bigint": pa.int64(),
    "double": pa.float64(),
    "bool": pa.bool_(),
    "date": pa.date32(),
    "timestamp": pa.timestamp("us", "UTC"),
}
# 0001-01-01 and 10000-01-01, which is also what Python's own dates hold.
FIRST_DAY, END_DAY = -719_162, 2_932_897
_PER_DAY: dict[type[pl.DataType], int] = {pl.Date: 1, pl.Datetime: 86_400_000_000}
_DTYPES: dict[type[pl.DataType], str] = {
    pl.String: TEXT_KIND,
    pl.Int64: "bigint",
    pl.Float64: "double",
    pl.Boolean: "bool",
    pl.Date: "date",
    pl.Datetime: "timestamp",
    pl.Null: NOTHING,
}


def kind_of(dtype: pl.DataType) -> str:
    """The kind of a raw column, by its Polars type; text for types that raw columns never have."""
    return _DTYPES.get(type(dtype), TEXT_KIND)


def as_raw(frame: pl.DataFrame) -> pl.DataFrame:
    """The frame with every column in the type of its kind; columns without any type stay null.

    Args:
        frame: Records in whatever types their source has.

    Returns:
        The same rows and columns in raw types.
    """
    return frame.select(_raw(frame[name]) for name in frame.columns)


def kinds_of(frame: pl.DataFrame) -> dict[str, str]:
    """The kind of every column of a frame that `as_raw` made."""
    return {name: kind_of(dtype) for name, dtype in frame.schema.items()}


def stored_kinds(names_and_types: Iterable[tuple[str, pa.DataType]]) -> dict[str, str]:
    """The kinds of the columns of a raw table."""
    empty = pa.schema([pa.field(name, dtype) for name, dtype in names_and_types]).empty_table()
    return {name: kind_of(dtype) for name, dtype in pl.DataFrame(empty).schema.items()}


def columns_beyond(frame: pl.DataFrame) -> list[str]:
    """The columns of raw types with a day or an instant that no calendar has: Polars reads them and stops later."""
    return [
        name
        for name, dtype in frame.schema.items()
        if isinstance(dtype, pl.Date | pl.Datetime) and not _is_within(frame[name].to_physical(), _PER_DAY[type(dtype)])
    ]


def _is_within(numbers: pl.Series, per_day: int) -> bool:
    lowest, highest = numbers.min(), numbers.max()
    if lowest is None or highest is None:
        return True
    return bool(lowest >= FIRST_DAY * per_day and highest < END_DAY * per_day)  # type: ignore[operator]


def _raw(column: pl.Series) -> pl.Series:
    dtype = column.dtype
    if dtype in (pl.String, pl.Int64, pl.Float64, pl.Boolean, pl.Date, pl.Null):
        return column
    if dtype.is_integer():
        whole = column.cast(pl.Int64, strict=False)
        return column.cast(pl.String) if whole.null_count() > column.null_count() else whole
    if dtype.is_float():
        return column.cast(pl.Float64)
    if isinstance(dtype, pl.Datetime):
        if dtype.time_zone is not None:
            return column.dt.convert_time_zone("UTC").cast(INSTANT)
        return column.dt.to_string("%Y-%m-%d %H:%M:%S%.f")
    return _text(column)


def _text(column: pl.Series) -> pl.Series:
    if column.dtype == pl.Binary:
        return column.bin.encode("hex")
    if isinstance(column.dtype, pl.Time | pl.Duration):
        return column.dt.to_string("iso")
    if column.dtype.is_nested():
        return _json(column)
    return column.cast(pl.String)


def _json(column: pl.Series) -> pl.Series:
    """Lists and records as JSON text."""
    wrapped = column.alias("v").to_frame().select(pl.struct("v").struct.json_encode()).to_series()
    text = wrapped.str.slice(5).str.head(-1)
    return text.zip_with(column.is_not_null(), pl.Series([None], dtype=pl.String).new_from_index(0, len(text))).alias(
        column.name
    )
