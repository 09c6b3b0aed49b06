"""Which rows of a relation arrived before, as far as a cursor cannot tell: so that none of them arrives every time.

Here: fingerprints of rows in a small state that moves with the load. Not here: reading (`sql_records`).

Rows at the newest value of a cursor or after it are read again, because more rows of the same instant may have
followed, and so are rows without a value. Their fingerprints are remembered, up to a limit; beyond it they arrive again
and accepting finds them unchanged. Of a relation without a cursor the fingerprint of the whole is remembered.
"""

from collections.abc import MutableMapping
from dataclasses import dataclass, field
from typing import Any

import polars as pl

MOST_REMEMBERED = 50_000
_STATE = "row_memory"


@dataclass
class RowMemory:
    """What is remembered of one relation.

    Attributes:
        has_cursor: Whether rows are remembered one by one; otherwise the whole.
        before: Fingerprints of the last time.
    """

    has_cursor: bool
    before: frozenset[str]
    _seen: list[str] = field(default_factory=list)
    _whole: tuple[int, int] = (0, 0)

    @classmethod
    def of(cls, state: MutableMapping[str, Any], *, has_cursor: bool) -> "RowMemory":
        """What the last load left in the state of the source."""
        return cls(has_cursor, frozenset(state.get(_STATE, ())))

    def unseen(self, rows: pl.DataFrame, again: pl.Series) -> pl.Series:
        """Which rows did not arrive before, and notes all of them.

        Args:
            rows: All values as text.
            again: The rows that will be read again the next time.
        """
        if not self.has_cursor:
            self._add(rows)
            return pl.Series([True]).new_from_index(0, len(rows))
        content = pl.struct(rows.columns)
        # Two hashes, because a row with the mark of another one would never arrive. Another version of Polars may hash
        # otherwise: then all arrive again, and accepting finds them unchanged.
        marks = rows.select(pl.format("{}{}", content.hash(1), content.hash(2))).to_series()
        self._seen += marks.filter(again).to_list()
        return ~marks.is_in(list(self.before))

    def is_as_before(self) -> bool:
        """Whether a relation without a cursor holds what it held the last time."""
        return not self.has_cursor and self.before == frozenset(self._now())

    def keep(self, state: MutableMapping[str, Any]) -> None:
        """Leaves what was seen to the next load."""
        seen = self._now()
        state[_STATE] = sorted(seen) if len(seen) <= MOST_REMEMBERED else []

    def _now(self) -> list[str]:
        return self._seen if self.has_cursor else [f"{self._whole[0]}:{self._whole[1]:016x}"]

    def _add(self, rows: pl.DataFrame) -> None:
        """Counts rows and adds up their fingerprints, whatever their order."""
        total = int(rows.select(pl.struct(pl.all()).hash(1)).to_series().cast(pl.Int128).sum()) if len(rows) else 0
        self._whole = (self._whole[0] + len(rows), (self._whole[1] + total) % 2**64)
