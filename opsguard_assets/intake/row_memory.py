"""Which rows of a relation arrived before, as far as a cursor cannot tell: so that none of them arrives every time.

Here: fingerprints of rows in a small state that moves with the load. Not here: reading (`sql_records`).

Rows at the newest value of a cursor are read again, because more rows of the same instant may have followed, and so are
rows without a value. Their fingerprints are remembered, up to a limit; beyond it they arrive again and accepting finds
them unchanged. Of a relation without a cursor the fingerprint of the whole is remembered.
"""

from collections.abc import MutableMapping
from dataclasses import dataclass, field
from typing import Any

import polars as pl

MOST_REMEMBERED = 50_000
_STATE = "row_memory"
_MARK = "_fingerprint"


@dataclass
class RowMemory:
    """What is remembered of one relation.

    Attributes:
        cursor: The cursor column as the source spells it; None where there is none.
        before: Fingerprints of the last time.
    """

    cursor: str | None
    before: frozenset[str]
    _newest: Any = None
    _seen: list[str] = field(default_factory=list)
    _whole: tuple[int, int] = (0, 0)

    @classmethod
    def of(cls, state: MutableMapping[str, Any], cursor: str | None) -> "RowMemory":
        """What the last load left in the state of the source."""
        return cls(cursor, frozenset(state.get(_STATE, ())))

    def unseen(self, rows: pl.DataFrame) -> pl.DataFrame:
        """The rows that did not arrive before, and notes all of them."""
        if self.cursor is None:
            self._add(rows)
            return rows
        marked = rows.with_columns(_fingerprint(rows))
        at = pl.col(self.cursor)
        newest = marked[self.cursor].max()
        if newest is not None and (self._newest is None or newest > self._newest):
            unvalued = [mark for mark in self._seen if mark.startswith("-")]
            self._newest, self._seen = newest, unvalued
        last = marked.filter(at.is_null() | (at == self._newest))
        self._seen += last.select(_named(self.cursor)).to_series().to_list()
        return marked.filter(~_named(self.cursor).is_in(list(self.before))).drop(_MARK)

    def is_as_before(self) -> bool:
        """Whether a relation without a cursor holds what it held the last time."""
        return self.cursor is None and self.before == frozenset(self._now())

    def keep(self, state: MutableMapping[str, Any]) -> None:
        """Leaves what was seen to the next load."""
        seen = self._now()
        # Without any row read there is nothing newer to tell.
        if seen or self.cursor is None:
            state[_STATE] = sorted(seen) if len(seen) <= MOST_REMEMBERED else []

    def _now(self) -> list[str]:
        return self._seen if self.cursor else [f"{self._whole[0]}:{self._whole[1]:016x}"]

    def _add(self, rows: pl.DataFrame) -> None:
        """Counts rows and adds up their fingerprints, whatever their order."""
        total = int(rows.select(pl.struct(pl.all()).hash(1)).to_series().cast(pl.Int128).sum()) if len(rows) else 0
        self._whole = (self._whole[0] + len(rows), (self._whole[1] + total) % 2**64)


def _fingerprint(rows: pl.DataFrame) -> pl.Expr:
    content = pl.struct(rows.columns)
    return pl.format("{}{}", content.hash(1), content.hash(2)).alias(_MARK)


def _named(cursor: str) -> pl.Expr:
    return pl.when(pl.col(cursor).is_null()).then(pl.format("-{}", _MARK)).otherwise(pl.format("+{}", _MARK))
