"""Received values become values of the contract's types, strictly: what cannot be read becomes null, with a reason.

Here: instants, dates, numbers, truth values, lists and text, one column at a time. Not here: which column a value comes
from (`origin`), and the contract's rules (`opsguard_assets.tables`).

A naive instant is read in the zone that its mapping names. An hour that exists twice (autumn) is taken as the earlier
instant; an hour that does not exist (spring) is no instant. Thousands separators are no numbers: `1,234` means two
different amounts on the two sides of the Atlantic, and a guess would be wrong by a factor of 1,000.
"""

from collections.abc import Callable

import polars as pl

from opsguard_assets.config.mapping import ColumnMapping
from opsguard_assets.tables.columns import FIRST, LAST

INSTANT = pl.Datetime("us", "UTC")
# The contract's bounds as wall-clock times: naive and UTC times are compared alike, before and after conversion.
EARLIEST, LATEST = FIRST.replace(tzinfo=None), LAST.replace(tzinfo=None)
ISO_INSTANTS = (
    "%Y-%m-%dT%H:%M:%S%.f%#z",
    "%Y-%m-%dT%H:%M:%S%.f",
    "%Y-%m-%d %H:%M:%S%.f%#z",
    "%Y-%m-%d %H:%M:%S%.f",
    "%Y-%m-%d",
    "%Y-%m-%dT%H:%M%#z",
    "%Y-%m-%dT%H:%M",
    "%Y-%m-%d %H:%M%#z",
    "%Y-%m-%d %H:%M",
)
TRUTHS = {
    **dict.fromkeys(("true", "t", "yes", "y", "1", "on"), True),
    **dict.fromkeys(("false", "f", "no", "n", "0", "off"), False),
}
_MICROSECONDS = {"s": 1_000_000, "ms": 1_000, "us": 1}
_EXACT_FLOAT = 2**53
_TEXT_LIST = r'^\[\s*("([^"\\]|\\.)*"(\s*,\s*"([^"\\]|\\.)*")*\s*)?\]$'


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
        whole = received.is_finite() & (received.round() == received) & (received.abs() < _EXACT_FLOAT)
        return received.cast(pl.Int64, strict=False).cast(pl.String).zip_with(whole, received.cast(pl.String))
    if isinstance(dtype, pl.Datetime | pl.Date | pl.Time):
        return received.dt.to_string("iso")
    if isinstance(dtype, pl.Struct):
        return received.struct.json_encode()
    if dtype.is_nested():
        wrapped = received.to_frame("v").select(pl.struct("v").struct.json_encode()).to_series()
        return kept(wrapped.str.slice(5).str.head(-1), received.is_not_null())
    return received.cast(pl.String, strict=False)


def without_nulls(received: pl.Series, null_values: tuple[str, ...]) -> pl.Series:
    """The column with blank text and the source's words for unknown turned into null; text is trimmed."""
    if received.dtype == pl.String:
        text = as_text(received)
        return kept(text, ~text.is_in(null_values)) if null_values else text
    return kept(received, ~as_text(received).is_in(null_values)) if null_values else received


def parse(received: pl.Series, dtype: pl.DataType, mapping: ColumnMapping, zone: str) -> pl.Series:
    """A received column in a type of the contract.

    Args:
        received: Values as the source gave them, any type; null where unknown.
        dtype: The contract's type.
        mapping: Formats, unit, decimal mark, separator and scale.
        zone: IANA zone of naive instants; `mapping.timezone` wins over it.

    Returns:
        A series of `dtype`, null where the value is null or cannot be read. `complaint` says why.
    """
    reader = _reader(dtype)
    if received.dtype == pl.Null or not len(received):
        return nulls(received.name, dtype, len(received))
    return reader(received, dtype, mapping, mapping.timezone or zone).alias(received.name)


def complaint(unread: pl.Series, dtype: pl.DataType, mapping: ColumnMapping, zone: str) -> pl.Series:
    """Why values that `parse` left null are no values of `dtype`: one sentence per value."""
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


def _floats(received: pl.Series, mapping: ColumnMapping) -> pl.Series:
    if received.dtype == pl.String and mapping.decimal == ",":
        # A point beside a decimal comma is a thousands separator or a mistake: neither is guessed.
        received = kept(received, ~received.str.contains(".", literal=True)).str.replace(",", ".", literal=True)
    numbers = received.cast(pl.Float64, strict=False)
    return kept(numbers, numbers.is_finite())


def _numbers(received: pl.Series, dtype: pl.DataType, mapping: ColumnMapping, _zone: str) -> pl.Series:
    numbers = _floats(received, mapping)
    return _measured(numbers, mapping).cast(dtype, strict=False)


def _whole_numbers(received: pl.Series, dtype: pl.DataType, mapping: ColumnMapping, _zone: str) -> pl.Series:
    if mapping.scale is not None or mapping.offset is not None:
        return _measured(_floats(received, mapping), mapping).round().cast(dtype, strict=False)
    if received.dtype == pl.String or received.dtype.is_integer():
        exact = received.cast(pl.Int64, strict=False)
        if exact.null_count() == received.null_count():
            return exact.cast(dtype, strict=False)
    numbers = _floats(received, mapping)
    whole = (numbers.round() == numbers) & (numbers.abs() < _EXACT_FLOAT)
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


def _instants(received: pl.Series, _dtype: pl.DataType, mapping: ColumnMapping, zone: str) -> pl.Series:
    naive, exact = _moments(received, mapping)
    found = exact.zip_with(exact.is_not_null(), _localised(naive, zone))
    return kept(found, _plausible(found.dt.replace_time_zone(None)))


def _dates(received: pl.Series, _dtype: pl.DataType, mapping: ColumnMapping, zone: str) -> pl.Series:
    naive, exact = _moments(received, mapping)
    local = naive.zip_with(naive.is_not_null(), exact.dt.convert_time_zone(zone).dt.replace_time_zone(None))
    return kept(local, _plausible(local)).dt.date()


def _moments(received: pl.Series, mapping: ColumnMapping) -> tuple[pl.Series, pl.Series]:
    """Wall-clock times without a zone, and exact instants; each value is in at most one of the two."""
    none = nulls(received.name, pl.Datetime("us"), len(received))
    exact = none.dt.replace_time_zone("UTC")
    if isinstance(received.dtype, pl.Datetime):
        instants = received.dt.cast_time_unit("us")
        return (none, instants.dt.convert_time_zone("UTC")) if received.dtype.time_zone else (instants, exact)
    if received.dtype == pl.Date:
        return received.cast(pl.Datetime("us")), exact
    if mapping.unit is not None:
        ticks = _floats(received, mapping) * _MICROSECONDS[mapping.unit]
        return none, ticks.round().cast(pl.Int64, strict=False).cast(INSTANT)
    text, naive = as_text(received), none
    for form in mapping.format or ISO_INSTANTS:
        unread = text.is_not_null() & naive.is_null() & exact.is_null()
        if not unread.any():
            break
        found = kept(text, unread).str.to_datetime(form, time_unit="us", strict=False)
        if found.dtype == INSTANT:
            exact = exact.zip_with(~unread, found)
        else:
            naive = naive.zip_with(~unread, found)
    return naive, exact


def _localised(naive: pl.Series, zone: str) -> pl.Series:
    """Wall-clock times of a zone as instants; null in the gap of spring, the earlier instant in autumn."""
    if zone == "UTC":
        return naive.dt.replace_time_zone("UTC")
    local = naive.dt.replace_time_zone(zone, ambiguous="earliest", non_existent="null")
    return local.dt.convert_time_zone("UTC")


def _instant_complaint(unread: pl.Series, dtype: pl.DataType, mapping: ColumnMapping, zone: str) -> pl.Series:
    naive, exact = _moments(unread, mapping)
    kind = "date" if dtype == pl.Date else "instant"
    if mapping.unit is not None:
        unreadable = f"no number of {mapping.unit} since 1970"
    else:
        formats = f"in any of the formats {', '.join(mapping.format)}" if mapping.format else "in ISO 8601"
        unreadable = f"no {kind} {formats}"
    placeholder = ~_plausible(naive.zip_with(naive.is_not_null(), exact.dt.replace_time_zone(None)))
    gap = naive.is_not_null() & _localised(naive, zone).is_null()
    return pl.select(
        pl.when(placeholder)
        .then(pl.lit(f"{kind} outside the years {EARLIEST.year} to {LATEST.year - 1}"))
        .when(gap)
        .then(pl.lit(f"local time does not exist in {zone} (spring gap)"))
        .otherwise(pl.lit(unreadable))
    ).to_series()


def _plausible(times: pl.Series) -> pl.Series:
    return (times >= EARLIEST) & (times < LATEST)


def _expected_number(dtype: pl.DataType, mapping: ColumnMapping) -> str:
    kind = f"whole number ({dtype})" if dtype.is_integer() else "finite number"
    return f"no {kind} with the decimal mark {mapping.decimal!r}"


_READERS: dict[type[pl.DataType], _Reader] = {
    pl.String: _text,
    pl.Boolean: _truth,
    pl.Datetime: _instants,
    pl.Date: _dates,
    pl.List: _list,
}
_EXPECTED: dict[type[pl.DataType], str] = {
    pl.Boolean: f"no truth value ({', '.join(TRUTHS)})",
    pl.List: "no list of texts: give `separator`, or JSON text",
}


def _measured(numbers: pl.Series, mapping: ColumnMapping) -> pl.Series:
    """Numbers in the unit of the contract."""
    scaled = numbers if mapping.scale is None else numbers * mapping.scale
    return scaled if mapping.offset is None else scaled + mapping.offset
