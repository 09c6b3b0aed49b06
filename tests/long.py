"""Which repetitions wait for `make test-full`: the mark `long`, and parameters that carry it.

A test is long that repeats a promise: at another place, for another kind, once more at random, or as a long story of
which another test tells the decisive part (trainings of a second problem, a second `opsguard up`, hundreds of thousands
of rows, many kills). The shortest one that can fail for each promise stays in `make test`.
"""

import os
import random
from collections.abc import Iterable
from typing import Any

import pytest

# By this number a run draws; all of its workers have it. Set it to draw the same again.
DRAW = "OPSGUARD_TESTS_DRAW"

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


def drawn(rows: Iterable[Any], *, share: int = 8) -> list[Any]:
    """All rows; a run draws one of so many, another run others, and the rest are long."""
    rows = list(rows)
    luck = random.Random(f"{os.environ.get(DRAW)} {rows[0]}")  # noqa: S311 - nobody has to be unable to guess it
    short = set(luck.sample(range(len(rows)), -(-len(rows) // share)))
    return [pytest.param(row, marks=[] if place in short else [long]) for place, row in enumerate(rows)]


def around_writes(number: int) -> list[Any]:
    """`(write, before)`: a process is killed before or after each of so many writes.

    Killed in the middle it has done a part, before the last write all but one. Other places are long.
    """
    short = {(number // 2, True), (number, True)}
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
