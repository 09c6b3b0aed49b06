"""Which repetitions wait for `make test-full`: the mark `long`, and parameters that carry it.

A test is long that repeats a promise at another place, for another kind or once more at random. The shortest one that
can fail for each promise stays in `make test`.
"""

from collections.abc import Iterable
from typing import Any

import pytest

long = pytest.mark.long


def crossed(rows: Iterable[Any], columns: Iterable[Any]) -> list[Any]:
    """All pairs; those outside the first row and the first column are long."""
    rows, columns = list(rows), list(columns)
    return [
        pytest.param(row, column, marks=[long] if row is not rows[0] and column is not columns[0] else [])
        for row in rows
        for column in columns
    ]


def chosen(rows: Iterable[Any], *, number: int = 1) -> list[Any]:
    """All rows; those after the first so many are long."""
    return [
        pytest.param(*(row if isinstance(row, tuple) else (row,)), marks=[] if place < number else [long])
        for place, row in enumerate(rows)
    ]


def around_writes(number: int) -> list[Any]:
    """`(write, before)`: a process is killed before or after each of so many writes.

    Killed in the middle it has done a part, before the last write all but one, after it all without saying so. Other
    places are long.
    """
    short = {(number // 2, True), (number, True), (number, False)}
    return [
        pytest.param(
            write,
            before,
            id=f"{write}-{'before' if before else 'after'}",
            marks=[] if (write, before) in short else [long],
        )
        for write in range(1, number + 1)
        for before in (True, False)
    ]
