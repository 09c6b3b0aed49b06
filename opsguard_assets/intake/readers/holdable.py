"""Separates rows with values that no table can store, each with its reason, before anything else reads them.

Here: one function over an Arrow batch, and the types that Polars lacks. Not here: reading (`parquet_reader`), values
that can be held and mean nothing (`parse`).

Arrow lets a file say a timestamp of the year 292,000 or a text that is not UTF-8. Polars takes both unseen and stops
later, in the middle of something else. So every such value is found here, at any depth of lists and records.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as pt

from opsguard_assets.intake.raw.received import LONGEST_TEXT
from opsguard_assets.intake.raw.types import END_DAY, FIRST_DAY

_Mask = np.ndarray[tuple[int], np.dtype[np.bool_]]
_DAY_SECONDS = 86_400
_LONGEST_SECONDS = 10_000 * 366 * _DAY_SECONDS
_PER_SECOND = {"s": 1, "ms": 1_000, "us": 1_000_000, "ns": 1_000_000_000}
_LAST, _FIRST = 2**63 - 1, -(2**63)
_SHOWN_ITEMS = 20


class UnknownTypeError(ValueError):
    """A column is of a type that no raw column can be made of; the message names the column and the type."""


@dataclass(frozen=True)
class Held:
    """A batch in two parts: `len(rows) + len(numbers)` is its height.

    Attributes:
        rows: The rows that can be held, in types that Polars has.
        numbers: The row numbers of the others, from 0, ascending.
        reasons: Why each of these cannot be held: column, what is wrong, and the value.
        texts: Each of these as JSON text, values that cannot be held in words.
    """

    rows: pa.Table
    numbers: list[int]
    reasons: list[str]
    texts: list[str | None]


def hold(batch: pa.RecordBatch) -> Held:
    """Splits a batch into rows that can be held and rows that cannot.

    Args:
        batch: Columns of any Arrow type.

    Raises:
        UnknownTypeError: When a column is of a type that cannot be held at all.
    """
    columns = [_known(name, _decoded(column)) for name, column in zip(batch.schema.names, batch.columns, strict=True)]
    found = [(place, mask) for place, column in enumerate(columns) if (mask := _unheld(column)) is not None]
    apart: _Mask = np.zeros(batch.num_rows, dtype=np.bool_)
    for _, mask in found:
        apart |= mask
    numbers = [int(number) for number in np.flatnonzero(apart)]
    keep = pa.array(~apart)
    sound = [column.filter(keep) if numbers else column for column in columns]
    reasons, texts = [], list[str | None]()
    for number in numbers:
        why = [
            f"{batch.schema.names[place]}: {_fault(columns[place].type)} ({_shown(columns[place][number])})"
            for place, mask in found
            if mask[number]
        ]
        reasons.append("; ".join(why)[:LONGEST_TEXT])
        record = {name: _readable(column[number]) for name, column in zip(batch.schema.names, columns, strict=True)}
        texts.append(json.dumps(record, ensure_ascii=False, default=str)[:LONGEST_TEXT])
    return Held(pa.Table.from_arrays([_plain(c) for c in sound], names=batch.schema.names), numbers, reasons, texts)


def _decoded(array: pa.Array) -> pa.Array:
    """The values themselves: without dictionaries and names of extensions."""
    if isinstance(array, pa.ExtensionArray):
        return _decoded(array.storage)
    if pt.is_dictionary(array.type):
        return _decoded(array.dictionary.take(array.indices))  # `dictionary_decode` stops at text that is not UTF-8
    if pt.is_list_view(array.type) or pt.is_large_list_view(array.type):
        return array.cast(pa.large_list(array.type.value_type))
    return array


def _known(name: str, array: pa.Array, dtype: pa.DataType | None = None) -> pa.Array:
    dtype = dtype or array.type
    if isinstance(dtype, pa.BaseExtensionType):
        dtype = dtype.storage_type
    if _is_list(dtype) or pt.is_dictionary(dtype):
        _known(name, array, dtype.value_type)
    elif pt.is_map(dtype):
        _known(name, array, dtype.key_type)
        _known(name, array, dtype.item_type)
    elif pt.is_struct(dtype):
        names = [dtype.field(i).name for i in range(dtype.num_fields)]
        if len(set(names)) < len(names):
            raise UnknownTypeError(f"the column {name!r} holds records with two fields of one name")
        for i in range(dtype.num_fields):
            _known(name, array, dtype.field(i).type)
    elif not (
        pt.is_primitive(dtype) or _is_text(dtype) or _is_bytes(dtype) or pt.is_decimal(dtype) or pt.is_null(dtype)
    ) or pt.is_interval(dtype):
        raise UnknownTypeError(f"the column {name!r} is of the type {dtype}")
    return array


def _is_list(dtype: pa.DataType) -> bool:
    kinds = (pt.is_list, pt.is_large_list, pt.is_fixed_size_list, pt.is_list_view, pt.is_large_list_view)
    return any(kind(dtype) for kind in kinds)


def _is_text(dtype: pa.DataType) -> bool:
    return bool(pt.is_string(dtype) or pt.is_large_string(dtype) or pt.is_string_view(dtype))


def _is_bytes(dtype: pa.DataType) -> bool:
    kinds = (pt.is_binary, pt.is_large_binary, pt.is_fixed_size_binary, pt.is_binary_view)
    return any(kind(dtype) for kind in kinds)


def _unheld(array: pa.Array) -> _Mask | None:
    """Which values cannot be held; None where all can."""
    array, dtype = _decoded(array), _decoded(array).type
    mask: _Mask | None
    if pt.is_temporal(dtype):
        mask = _beyond(array)
    elif _is_text(dtype):
        mask = _not_utf8(array)
    elif _is_list(dtype) or pt.is_map(dtype):
        mask = _in_lists(array)
    elif pt.is_struct(dtype):
        inside = [mask for child in array.flatten() if (mask := _unheld(child)) is not None]
        mask = np.logical_or.reduce(inside) if inside else None
    else:
        return None
    return mask if mask is not None and mask.any() else None


def _in_lists(array: pa.Array) -> _Mask | None:
    inside = _unheld(_items(array))
    if inside is None:
        return None
    parents = np.repeat(np.arange(len(array)), _lengths(array))
    mask: _Mask = np.zeros(len(array), dtype=np.bool_)
    mask[parents[inside]] = True
    return mask


def _lengths(array: pa.Array) -> Any:
    # Arrow counts and flattens lists, and has neither for maps.
    if pt.is_map(array.type):
        offsets = array.offsets.to_numpy()
        lengths = np.diff(offsets)
        return np.where(array.is_valid().to_numpy(zero_copy_only=False), lengths, 0)
    return pc.fill_null(pc.list_value_length(array), 0).to_numpy(zero_copy_only=False)


def _items(array: pa.Array) -> pa.Array:
    """The items of all lists, one after the other; those of a map are records of key and value."""
    if not pt.is_map(array.type):
        return array.flatten()
    valid = np.repeat(array.is_valid().to_numpy(zero_copy_only=False), np.diff(array.offsets.to_numpy()))
    names = [array.type.key_field.name, array.type.item_field.name]
    return pa.StructArray.from_arrays([array.keys, array.items], names=names).filter(pa.array(valid))


def _bounds(dtype: pa.DataType) -> tuple[int, int]:
    """The first value that can be held, and the first after them that cannot."""
    if pt.is_date32(dtype):
        return FIRST_DAY, END_DAY
    unit = _PER_SECOND["ms" if pt.is_date64(dtype) else dtype.unit]
    if pt.is_time(dtype):
        return 0, _DAY_SECONDS * unit
    if pt.is_duration(dtype):
        return max(_FIRST, -_LONGEST_SECONDS * unit), min(_LAST, _LONGEST_SECONDS * unit)
    return max(_FIRST, FIRST_DAY * _DAY_SECONDS * unit), min(_LAST, END_DAY * _DAY_SECONDS * unit)


def _beyond(array: pa.Array) -> _Mask:
    """Points and lengths of time outside what calendars hold."""
    first, end = _bounds(array.type)
    number = array.view(pa.int32() if array.type.bit_width == pa.int32().bit_width else pa.int64())
    outside = pc.or_(pc.less(number, first), pc.greater_equal(number, end))
    mask: _Mask = pc.fill_null(outside, fill_value=False).to_numpy(zero_copy_only=False)
    return mask


def _not_utf8(array: pa.Array) -> _Mask | None:
    try:
        array.validate(full=True)
    except pa.ArrowInvalid:
        return np.fromiter((_text(value) is None for value in array), dtype=np.bool_, count=len(array))
    return None


def _text(value: pa.Scalar) -> str | None:
    """A text; None where its bytes are not UTF-8. An unknown one is empty."""
    if not value.is_valid:
        return ""
    try:
        return str(value.as_buffer().to_pybytes(), "utf-8")
    except UnicodeDecodeError:
        return None


def _fault(dtype: pa.DataType) -> str:
    for is_kind, words in _FAULTS:
        if is_kind(dtype):
            return words
    return "holds a value that no table can hold"


_FAULTS: tuple[tuple[Callable[[pa.DataType], bool], str], ...] = (
    (pt.is_timestamp, "not a timestamp in the years 1 to 9999"),
    (pt.is_date, "not a date in the years 1 to 9999"),
    (pt.is_time, "not a time of the day"),
    (pt.is_duration, "longer than 10,000 years"),
    (_is_text, "wrong encoding: the text is not UTF-8"),
)


def _shown(value: pa.Scalar) -> str:
    readable = _readable(value)
    return readable if isinstance(readable, str) else json.dumps(readable, ensure_ascii=False, default=str)


def _readable(value: pa.Scalar) -> Any:
    """A value as a person can read it, whatever is in it."""
    dtype = value.type
    if not value.is_valid:
        return None
    if _is_text(dtype):
        return value.as_buffer().to_pybytes().decode("utf-8", errors="backslashreplace")
    if _is_bytes(dtype):
        return value.as_buffer().to_pybytes().hex()
    if pt.is_struct(dtype):
        return {name: _readable(item) for name, item in value.items()}
    if _is_list(dtype) or pt.is_map(dtype):
        return [_readable(item) for item in value.values[:_SHOWN_ITEMS]]
    return _readable_time(value) if pt.is_temporal(dtype) else value.as_py()


def _readable_time(value: pa.Scalar) -> str:
    first, end = _bounds(value.type)
    if first <= value.value < end:
        return str(value.cast(pa.string()))
    unit = {pa.date32(): "days", pa.date64(): "ms"}.get(value.type) or value.type.unit
    since = " since 1970" if pt.is_timestamp(value.type) or pt.is_date(value.type) else ""
    return f"{value.value} {unit}{since}"


def _plain(array: pa.Array) -> pa.Array:
    """The array in types that Polars has and can write as JSON."""
    array = _decoded(array)
    dtype = array.type
    if pt.is_timestamp(dtype) and dtype.tz not in (None, "UTC"):
        return array.cast(pa.timestamp(dtype.unit, "UTC"))
    if pt.is_decimal256(dtype) or (pt.is_decimal(dtype) and dtype.scale < 0):
        return array.cast(pa.string())
    if _is_bytes(dtype):
        return pl.Series(array.cast(pa.large_binary())).bin.encode("hex").to_arrow(compat_level=pl.CompatLevel.oldest())
    if pt.is_struct(dtype) and dtype.num_fields and not _is_plain(dtype):
        names = [dtype.field(i).name for i in range(dtype.num_fields)]
        return pa.StructArray.from_arrays([_plain(c) for c in array.flatten()], names=names, mask=array.is_null())
    if (_is_list(dtype) or pt.is_map(dtype)) and not _is_plain(dtype):
        offsets = np.concatenate([[0], np.cumsum(_lengths(array))]).astype(np.int64)
        return pa.LargeListArray.from_arrays(pa.array(offsets), _plain(_items(array)), mask=array.is_null())
    return array


def _is_plain(dtype: pa.DataType) -> bool:
    """Whether a type inside of lists and records needs no change."""
    if pt.is_struct(dtype):
        return all(_is_plain(dtype.field(i).type) for i in range(dtype.num_fields))
    if _is_list(dtype):
        return not (pt.is_list_view(dtype) or pt.is_large_list_view(dtype)) and _is_plain(dtype.value_type)
    if pt.is_map(dtype):
        return _is_plain(dtype.key_type) and _is_plain(dtype.item_type)
    if pt.is_timestamp(dtype):
        return dtype.tz in (None, "UTC")
    needs_change = _is_bytes(dtype) or pt.is_dictionary(dtype) or isinstance(dtype, pa.BaseExtensionType)
    return not (needs_change or pt.is_decimal256(dtype) or (pt.is_decimal(dtype) and dtype.scale < 0))
