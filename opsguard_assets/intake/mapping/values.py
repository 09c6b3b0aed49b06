"""What all readers of values share: columns without values, columns as text, columns as numbers.

Here: steps that know nothing of types of the contract. Not here: reading a column as one of them (`parse`).
"""

import polars as pl

from opsguard_assets.config.mapping import ColumnMapping

EXACT_FLOAT = 2**53


def nulls(name: str, dtype: pl.DataType, length: int) -> pl.Series:
    """A column without values."""
    return pl.Series(name, [None], dtype).new_from_index(0, length)


def kept(values: pl.Series, keep: pl.Series) -> pl.Series:
    """The values where `keep` is true, null elsewhere."""
    keep = keep.fill_null(value=False)
    return values if keep.all() else values.zip_with(keep, nulls(values.name, values.dtype, len(values)))


def as_text(received: pl.Series) -> pl.Series:
    """Any received column as trimmed text; blank text is null, a whole float loses its `.0`."""
    dtype = received.dtype
    if dtype == pl.String:
        text = received.str.strip_chars()
        return kept(text, text != "")
    if dtype.is_float():
        whole = received.is_finite() & (received.round() == received) & (received.abs() < EXACT_FLOAT)
        return received.cast(pl.Int64, strict=False).cast(pl.String).zip_with(whole, received.cast(pl.String))
    if isinstance(dtype, pl.Datetime | pl.Date | pl.Time):
        return received.dt.to_string("iso")
    if isinstance(dtype, pl.Struct):
        return received.struct.json_encode()
    if dtype.is_nested():
        wrapped = received.to_frame("v").select(pl.struct("v").struct.json_encode()).to_series()
        # Polars writes only records as JSON: the list stands between `{"v":` and `}`.
        return kept(wrapped.str.slice(5).str.head(-1), received.is_not_null())
    return received.cast(pl.String, strict=False)


def without_nulls(received: pl.Series, null_values: tuple[str, ...]) -> pl.Series:
    """The column with blank text and the source's words for unknown turned into null; text is trimmed."""
    if received.dtype == pl.String:
        text = as_text(received)
        return kept(text, ~text.is_in(null_values)) if null_values else text
    return kept(received, ~as_text(received).is_in(null_values)) if null_values else received


def measurable(received: pl.Series, mapping: ColumnMapping) -> pl.Series:
    """Finite numbers; null where there is none."""
    if received.dtype == pl.String and mapping.decimal == ",":
        # A point beside a decimal comma is a thousands separator or a mistake: neither is guessed.
        received = kept(received, ~received.str.contains(".", literal=True)).str.replace(",", ".", literal=True)
    numbers = received.cast(pl.Float64, strict=False)
    return kept(numbers, numbers.is_finite())
