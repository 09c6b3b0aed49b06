"""Derived tables that follow loads: which keys a derivation has not seen yet, and the mark that says how far it came.

Here: the watermark kept in the lake with what it marks. Not here: any derivation. A derivation that dies before its
mark moves is simply done again; every write behind it changes nothing the second time.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import polars as pl

from opsguard_assets.tables.table import Table
from opsguard_assets.tables.values import INSTANT
from resources.lake import Lake

_MARKS = "derivations"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MARK = pl.Schema({"derivation": pl.String(), "upto": INSTANT})


@dataclass(frozen=True)
class Span:
    """The loads that a derivation has to look at: later than `after` (None: all), not later than `upto`."""

    after: datetime | None
    upto: datetime


def pending(lake: Lake, derivation: str, inputs: Sequence[Table]) -> Span | None:
    """The loads into `inputs` that `derivation` has not seen; None when it has seen all."""
    newest = max((at for table in inputs if (at := lake.loaded_upto(table))), default=None)
    after = followed_upto(lake, derivation)
    if newest is None or (after is not None and newest <= after):
        return None
    return Span(after, newest)


def mark(lake: Lake, derivation: str, span: Span) -> None:
    """Notes that everything up to the end of `span` was seen."""
    sequence = (span.upto - _EPOCH) // timedelta(microseconds=1)
    row = pl.DataFrame([{"derivation": derivation, "upto": span.upto}], schema=_MARK)
    lake.append_once(_MARKS, row, stream=derivation, sequence=sequence)


def unseen(lake: Lake, derivations: Sequence[str], at: datetime) -> datetime:
    """The instant `at`, or the first one after it that none of the derivations has passed.

    Who writes later than others, because it died before, records under this instant: those that follow would not look
    back.
    """
    passed = max((mark for name in derivations if (mark := followed_upto(lake, name))), default=None)
    return at if passed is None or passed < at else passed + timedelta(microseconds=1)


def followed_upto(lake: Lake, derivation: str) -> datetime | None:
    """How far a derivation came; None before its first mark."""
    marked = lake.appended_up_to(_MARKS, derivation)
    return None if marked is None else _EPOCH + timedelta(microseconds=marked)


def touched(lake: Lake, inputs: Sequence[Table], key: str, span: Span) -> pl.DataFrame:
    """The distinct values of `key` among the rows that the loads of `span` brought to `inputs`."""
    frames = [lake.touched(table, after=span.after, upto=span.upto).select(key) for table in inputs]
    return pl.concat(frames).unique().sort(key).collect()


def in_portions(keys: pl.DataFrame, rows: int) -> Iterator[pl.DataFrame]:
    """The keys in portions that bound the memory of a derivation."""
    yield from keys.iter_slices(rows)
