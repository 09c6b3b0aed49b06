"""The backtest of a training: the same procedure on all but the latest entities, evaluated on these.

Here: which rows are for what. Not here: fitting (`training.train`), where boundaries lie (`split`).

A training is evaluated by repeating it without the latest entities. So the figures belong to the procedure that made
the delivered model.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from ml.dataset.split import split_of
from ml.dataset.task import Task

TEST_SHARE, NEWEST_SHARE = 0.2, 0.4
_SEED, _EVERY = 7, 3


@dataclass(frozen=True)
class Backtest:
    """Labelled rows: those to learn from once more, and those of the latest entities, to judge by (`Split.test`)."""

    before: pl.DataFrame
    test: pl.DataFrame


def backtest_of(rows: pl.DataFrame, task: Task) -> Backtest:
    """The backtest of rows to learn from (as `ml.training.train` wants them).

    Raises:
        TooLittleDataError: When there is too little before the boundary, or after it.
    """
    split = split_of(rows.drop_nulls("is_event"), task, test_share=TEST_SHARE)
    return Backtest(split.fit, split.test)


def held_out(rows: pl.DataFrame, task: Task) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The labelled rows of every third of the newest entities, to calibrate on, and all rows of the others.

    Raises:
        TooLittleDataError: When there is too little of either.
    """
    newest = split_of(rows.drop_nulls("is_event"), task, test_share=NEWEST_SHARE).test
    held = newest.filter(pl.col(task.group).hash(_SEED) % _EVERY == 0)
    return held, rows.join(held.select(task.group).unique(), on=task.group, how="anti", maintain_order="left")


def spans(tested: Backtest, rows: pl.DataFrame, task: Task) -> Mapping[str, str]:
    """The moments that each step used, for the backtest and for the delivered model, in words."""
    parts = {
        "judged_fit": tested.before,
        "judged_calibrate": held_out(tested.before, task)[0],
        "judged_test": tested.test,
        "used_fit": rows,
        "used_calibrate": held_out(rows, task)[0],
    }
    return {name: _span(part) for name, part in parts.items()}


def _span(part: pl.DataFrame) -> str:
    at = pl.col("as_of").dt.strftime("%Y-%m-%d %H:%M")
    first, last = part.select(first=at.min(), last=at.max()).row(0)
    return f"{first} to {last} UTC, {len(part):,} moments"
