"""Received values become values of the contract's types, strictly: what cannot be read becomes null, with a reason.

Here: instants, dates, numbers, truth values, lists and text, one column at a time. Not here: which column a value comes
from (`origin`), and the contract's rules (`opsguard_assets.tables`).

A naive instant is read in the zone that its mapping names. An hour that exists twice (autumn) is taken as the earlier
instant; an hour that does not exist (spring) is not a valid timestamp. Thousands separators are not read: `1,234` means
different amounts in different countries, and a wrong guess would be off by a factor of 1,000.
"""

from collections.abc import Callable

import polars as pl

from opsguard_assets.config.mapping import ColumnMapping
from opsguard_assets.intake.mapping.instants import EARLIEST, LATEST, localised, moments, movable, placed, plausible
from opsguard_assets.intake.mapping.values import EXACT_FLOAT, as_text, kept, measurable, nulls

TRUTHS = {
    **dict.fromkeys(("true", "t", "yes", "y", "1", "on"), True),
    **dict.fromkeys(("false", "f", "no", "n", "0", "off"), False),
}
_TEXT_LIST = r'^\[\s*("([^"\\]|\\.)*"(\s*,\s*"([^"\\]|\\.)*")*\s*)?\]$'


def parse(
    received: pl.Series, dtype: pl.DataType, mapping: ColumnMapping, zone: str, *, is_end: bool = False
) -> pl.Series:
    """A received column in a type of the contract.

    Args:
        received: Values as the source gave them, any type; null where unknown.
        dtype: The contract's type.
        mapping: Formats, unit, decimal mark, separator and scale.
        zone: IANA zone of naive instants; `mapping.timezone` wins over it.
        is_end: The column says until when: a day without a time means its end.

    Returns:
        A series of `dtype`, null where the value is null or cannot be read. `complaint` says why.
    """
    if received.dtype == pl.Null or not len(received):
        return nulls(received.name, dtype, len(received))
    if isinstance(dtype, pl.Datetime):
        return _instants(received, mapping, mapping.timezone or zone, is_end=is_end).alias(received.name)
    return _reader(dtype)(received, dtype, mapping, mapping.timezone or zone).alias(received.name)


def complaint(unread: pl.Series, dtype: pl.DataType, mapping: ColumnMapping, zone: str) -> pl.Series:
    """Why values that `parse` left null are not values of `dtype`: one sentence per value."""
    zone = mapping.timezone or zone
    if isinstance(dtype, pl.Datetime | pl.Date):
        return _instant_complaint(unread, dtype, mapping, zone)
    return pl.Series([_EXPECTED.get(type(dtype)) or _expected_number(dtype, mapping)]).new_from_index(0, len(unread))


_Reader = Callable[[pl.Series, pl.DataType, ColumnMapping, str], pl.Series]


def _reader(dtype: pl.DataType) -> _Reader:
    if dtype.is_integer():
        return _whole_numbers
    if dtype.is_float() or dtype.is_decimal():
        return _numbers
    return _READERS.get(type(dtype), _same)


def _same(received: pl.Series, dtype: pl.DataType, _mapping: ColumnMapping, _zone: str) -> pl.Series:
    return received.cast(dtype, strict=False)


def _text(received: pl.Series, _dtype: pl.DataType, _mapping: ColumnMapping, _zone: str) -> pl.Series:
    return as_text(received)


def _truth(received: pl.Series, dtype: pl.DataType, _mapping: ColumnMapping, _zone: str) -> pl.Series:
    words = as_text(received).str.to_lowercase()
    return words.replace_strict(list(TRUTHS), list(TRUTHS.values()), default=None, return_dtype=dtype)


def _numbers(received: pl.Series, dtype: pl.DataType, mapping: ColumnMapping, _zone: str) -> pl.Series:
    numbers = measurable(received, mapping)
    return _measured(numbers, mapping).cast(dtype, strict=False)


def _whole_numbers(received: pl.Series, dtype: pl.DataType, mapping: ColumnMapping, _zone: str) -> pl.Series:
    if mapping.scale is not None or mapping.offset is not None:
        return _measured(measurable(received, mapping), mapping).round().cast(dtype, strict=False)
    if received.dtype == pl.String or received.dtype.is_integer():
        # Digits at once: as doubles, whole numbers beyond 2**53 would become their neighbours.
        exact = received.cast(pl.Int64, strict=False)
        if exact.null_count() == received.null_count():
            return exact.cast(dtype, strict=False)
    numbers = measurable(received, mapping)
    whole = (numbers.round() == numbers) & (numbers.abs() < EXACT_FLOAT)
    rounded = kept(numbers, whole).cast(pl.Int64, strict=False)
    if received.dtype == pl.String:
        rounded = exact.zip_with(exact.is_not_null(), rounded)
    return rounded.cast(dtype, strict=False)


def _list(received: pl.Series, dtype: pl.DataType, mapping: ColumnMapping, _zone: str) -> pl.Series:
    if received.dtype != pl.String:
        return received.cast(dtype, strict=False)
    if mapping.separator is not None:
        items = received.str.split(mapping.separator).list.eval(pl.element().str.strip_chars())
        return items.list.eval(pl.element().filter(pl.element() != "")).cast(dtype, strict=False)
    bracketed = received.str.starts_with("[").fill_null(value=False)
    decoded = kept(received, received.str.contains(_TEXT_LIST)).str.json_decode(pl.List(pl.String))
    single = kept(received.to_frame("v").select(pl.concat_list("v")).to_series(), received.is_not_null())
    return decoded.zip_with(bracketed, single).cast(dtype, strict=False)


def _instants(received: pl.Series, mapping: ColumnMapping, zone: str, *, is_end: bool) -> pl.Series:
    # Who adds days has said from where: from the first instant of a day.
    found = placed(moments(received, mapping, zone), zone, is_end=is_end and mapping.add_days is None)
    return kept(found, plausible(found.dt.replace_time_zone(None)))


def _dates(received: pl.Series, _dtype: pl.DataType, mapping: ColumnMapping, zone: str) -> pl.Series:
    found = moments(received, mapping, zone)
    local = found.local.zip_with(
        found.local.is_not_null(), movable(found.at).dt.convert_time_zone(zone).dt.replace_time_zone(None)
    )
    # A day with the name of a zone is that day, wherever the column's zone lies.
    local = local.zip_with(~found.is_day | found.at.is_null(), found.at.dt.replace_time_zone(None))
    return kept(local, plausible(local)).dt.date()


def _instant_complaint(unread: pl.Series, dtype: pl.DataType, mapping: ColumnMapping, zone: str) -> pl.Series:
    found = moments(unread, mapping, zone)
    kind = "date" if dtype == pl.Date else "timestamp"
    if mapping.unit == "excel":
        unreadable = "not a day number of a spreadsheet"
    elif mapping.unit is not None:
        unreadable = f"not a number of {mapping.unit} since 1970"
    else:
        formats = f"in any of the formats {', '.join(mapping.format)}" if mapping.format else "in ISO 8601"
        unreadable = f"not a valid {kind} {formats}"
    read = found.local.zip_with(found.local.is_not_null(), found.at.dt.replace_time_zone(None))
    gap = found.local.is_not_null() & ~found.is_day & localised(found.local, zone).is_null()
    return pl.select(
        pl.when(found.reason.is_not_null())
        .then(found.reason)
        .when(~plausible(read))
        .then(pl.lit(f"{kind} outside the years {EARLIEST.year} to {LATEST.year - 1}"))
        .when(gap)
        .then(pl.lit(f"local time does not exist in {zone} (spring gap)"))
        .otherwise(pl.lit(unreadable))
    ).to_series()


def _expected_number(dtype: pl.DataType, mapping: ColumnMapping) -> str:
    kind = f"whole number ({dtype})" if dtype.is_integer() else "finite number"
    return f"not a {kind} with the decimal mark {mapping.decimal!r}"


_READERS: dict[type[pl.DataType], _Reader] = {
    pl.String: _text,
    pl.Boolean: _truth,
    pl.Date: _dates,
    pl.List: _list,
}
_EXPECTED: dict[type[pl.DataType], str] = {
    pl.Boolean: f"not true or false ({', '.join(TRUTHS)})",
    pl.List: "not a list of texts: give `separator`, or JSON text",
}


def _measured(numbers: pl.Series, mapping: ColumnMapping) -> pl.Series:
    """Numbers in the unit of the contract."""
    scaled = numbers if mapping.scale is None else numbers * mapping.scale
    return scaled if mapping.offset is None else scaled + mapping.offset
