"""Values of a database become frames of raw types: what a column holds beside its own kind arrives as text.

Here: the values of one batch of rows. Not here: asking for them (`sql_cursor`), reading (`sql_records`).

`infinity` in a column of timestamps, or a word in an integer column of SQLite, is a value of its source: it arrives as
text beside the others, and the mapping says what it means. Only text that is not UTF-8 can be held by no table.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

import polars as pl

from opsguard_assets.intake.raw.received import LONGEST_TEXT
from opsguard_assets.tables.values import INSTANT

_LAST, _FIRST = 2**63 - 1, -(2**63)
# A double holds every whole number up to here; greater ones would become their neighbours.
_EXACT = 2**53
_INSTANTS = "%Y-%m-%d %H:%M:%S%.f%#z"
_DTYPES: dict[str, pl.DataType] = {
    "bigint": pl.Int64(),
    "double": pl.Float64(),
    "bool": pl.Boolean(),
    "date": pl.Date(),
    "timestamp": INSTANT,
    "text": pl.String(),
}


@dataclass(frozen=True)
class Values:
    """One batch of rows in two frames of the same columns.

    Attributes:
        frame: Every column in its own kind; null where `odd` holds the value as text.
        odd: The values of another kind, as text; null elsewhere.
        damage: Why no table can hold a row; null where one can.
    """

    frame: pl.DataFrame
    odd: pl.DataFrame
    damage: pl.Series

    @property
    def as_text(self) -> pl.DataFrame:
        """Every value as text, whatever its kind: the same row always gives the same."""
        texts = [self.frame[name].cast(pl.String) for name in self.frame.columns]
        return pl.DataFrame([text.zip_with(text.is_not_null(), self.odd[text.name]) for text in texts])

    @property
    def is_odd(self) -> pl.Series:
        """The rows with a value of another kind."""
        return self.odd.select(pl.any_horizontal(pl.all().is_not_null(), pl.lit(value=False)).alias("odd")).to_series()


def values_of(rows: Sequence[Sequence[Any]], names: Sequence[str], kinds: Sequence[str]) -> Values:
    """One batch of rows by columns.

    Args:
        rows: What the driver gave.
        names: The columns.
        kinds: Their kinds, of `raw.types.KINDS`.
    """
    frame, odd = [], []
    damage: list[str | None] = [None] * len(rows)
    for name, kind, given in zip(names, kinds, zip(*rows, strict=True) if rows else [()] * len(names), strict=True):
        values = _without_damage(name, given, damage)
        own, other = _split(values, kind)
        frame.append(own.alias(name))
        odd.append(pl.Series(name, other, pl.String))
    return Values(pl.DataFrame(frame), pl.DataFrame(odd), pl.Series("damage", damage, pl.String))


def _without_damage(name: str, values: Sequence[Any], damage: list[str | None]) -> Sequence[Any]:
    """The values, with text that is not UTF-8 in words; its rows are noted."""
    try:
        # Half characters stand for bytes that were no text. Most batches have none, which one look at all of it shows.
        "".join(value for value in values if isinstance(value, str)).encode()
    except UnicodeEncodeError:
        pass
    else:
        return values
    readable = list(values)
    for row, value in enumerate(values):
        if isinstance(value, str):
            readable[row] = value.encode("utf-8", errors="surrogateescape").decode(errors="backslashreplace")
            if readable[row] != value:
                damage[row] = f"{name}: wrong encoding: the text is not UTF-8 ({readable[row]})"[:LONGEST_TEXT]
    return readable


def _split(values: Sequence[Any], kind: str) -> tuple[pl.Series, list[str | None]]:
    """The values of the kind, and the others as text."""
    nothing: list[str | None] = [None] * len(values)
    if kind == "text":
        return pl.Series([_text(value) for value in values], dtype=pl.String), nothing
    if kind in ("date", "timestamp"):
        own = _days_or_instants(values, kind)
    else:
        fits = _FITS[kind]
        own = pl.Series([value if fits(value) else None for value in values], dtype=_DTYPES[kind], strict=False)
    if own.null_count() > sum(value is None for value in values):
        is_odd = own.is_null()
        nothing = [_text(value) if odd else None for value, odd in zip(values, is_odd, strict=True)]
    return own, nothing


def _days_or_instants(values: Sequence[Any], kind: str) -> pl.Series:
    if kind == "date":
        texts = pl.Series([_text(v) if isinstance(v, str | date) else None for v in values], dtype=pl.String)
        return texts.str.to_date("%Y-%m-%d", strict=False)
    texts = pl.Series([_text(v) if isinstance(v, str | datetime) else None for v in values], dtype=pl.String)
    found = texts.str.to_datetime(_INSTANTS, time_unit="us", time_zone="UTC", strict=False)
    # Polars counts years that Python, and so everything behind it, does not have.
    years = found.dt.year()
    return found.zip_with(((years >= 1) & (years <= date.max.year)).fill_null(value=False), found.clear(len(found)))


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and _FIRST <= value <= _LAST


def _is_floating(value: Any) -> bool:
    return isinstance(value, float) or (_is_whole(value) and abs(value) <= _EXACT)


def _is_truth(value: Any) -> bool:
    return isinstance(value, bool) or (isinstance(value, int) and value in (0, 1))


_FITS = {"bigint": _is_whole, "double": _is_floating, "bool": _is_truth}


def _text(value: Any) -> str | None:
    """A value as raw text: ISO 8601 of dates and times, hex of bytes, JSON of lists and records."""
    if value is None or isinstance(value, str):
        return value
    for kinds, write in _WRITERS:
        if isinstance(value, kinds):
            return write(value)
    return str(value)


# The first that fits: a point in time is also a day, a truth value also a whole number.
_WRITERS: tuple[tuple[tuple[type, ...], Callable[[Any], str]], ...] = (
    ((datetime,), lambda value: value.isoformat(sep=" ")),
    ((date, time), lambda value: value.isoformat()),
    ((bytes, bytearray, memoryview), lambda value: bytes(value).hex()),
    ((dict, list, tuple), lambda value: json.dumps(value, ensure_ascii=False, default=str)),
    ((timedelta,), lambda value: f"PT{value.total_seconds():g}S"),
    ((bool,), lambda value: str(value).lower()),
)
