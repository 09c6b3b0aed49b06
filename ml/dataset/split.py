"""Splits by time: what is learned from lies before what it is judged by.

Here: which rows are for what. Not here: what is done with them (`training.train`).
"""

from dataclasses import dataclass

import polars as pl

from ml.dataset.task import Task

SHARES = (0.6, 0.2, 0.2)


class TooLittleDataError(ValueError):
    """There is not enough to learn from; the message says what is there and what is needed."""


@dataclass(frozen=True)
class Split:
    """Rows to fit on, later rows to calibrate on, still later ones to judge by; no entity is in two of them."""

    fit: pl.DataFrame
    calibrate: pl.DataFrame
    test: pl.DataFrame


UNSEEN_SEED, UNSEEN_EVERY = 11, 5


def is_unseen(unit: str) -> pl.Expr:
    """Whether a unit is one of the fifth that nothing is fitted on while candidates are compared."""
    return pl.col(unit).hash(UNSEEN_SEED) % UNSEEN_EVERY == 0


def split_of(rows: pl.DataFrame, task: Task, *, shares: tuple[float, float, float] = SHARES, least: int = 200) -> Split:
    """Splits labelled moments as a task wants it.

    Raises:
        TooLittleDataError: When a part would have too few.
    """
    if task.split == "moments":
        return by_moment(rows, unit=task.group, shares=shares, least=least)
    return by_time(rows, key=task.group, shares=shares, least=least)


def by_moment(rows: pl.DataFrame, *, unit: str, shares: tuple[float, float, float] = SHARES, least: int = 200) -> Split:
    """Splits labelled moments by when they were; what had no outcome yet at a boundary is in no part before it.

    Args:
        rows: `as_of`, `settled_at` (when the outcome had to be known), `unit`, `is_event`.
        unit: The column that names units; a fifth of them is only in the test part.
        shares: Shares of the moments before each boundary; a share of 0 leaves its part empty.
        least: Fewest rows of every part that has a share; a tenth of it of each label.

    Raises:
        TooLittleDataError: When a part would have too few.
    """
    first, second = (rows["as_of"].quantile(share, "nearest") for share in (shares[0], min(shares[0] + shares[1], 1.0)))
    at, settled, seen = pl.col("as_of"), pl.col("settled_at"), ~is_unseen(unit)
    parts = [
        rows.filter(settled <= pl.lit(first), seen),
        rows.filter(at >= pl.lit(first), settled <= pl.lit(second), seen),
        rows.filter(at >= pl.lit(second)),
    ]
    for name, part, share in zip(("fit", "calibrate", "test"), parts, shares, strict=True):
        if share > 0:
            _check(name, part, least)
    return Split(*parts)


def by_time(rows: pl.DataFrame, *, key: str, shares: tuple[float, float, float] = SHARES, least: int = 200) -> Split:
    """Splits labelled moments by when their entities began.

    Args:
        rows: `key`, `begins_at` of the entity, `is_event` (the label), anything else.
        key: The column that names the entity.
        shares: Shares of the entities to fit, calibrate and test; a share of 0 leaves its part empty.
        least: Fewest rows of every part that has a share; a tenth of it of each label.

    Raises:
        TooLittleDataError: When a part would have too few.
    """
    entities = rows.group_by(key).agg(pl.col("begins_at").min()).sort("begins_at", key)
    place = (pl.int_range(pl.len()) + 0.5) / pl.len()
    parted = entities.select(
        key, _part=pl.when(place < shares[0]).then(0).when(place < shares[0] + shares[1]).then(1).otherwise(2)
    )
    numbered = rows.join(parted, on=key, how="left", maintain_order="left")
    parts = [numbered.filter(pl.col("_part") == number).drop("_part") for number in range(3)]
    for name, part, share in zip(("fit", "calibrate", "test"), parts, shares, strict=True):
        if share > 0:
            _check(name, part, least)
    return Split(*parts)


def _check(name: str, part: pl.DataFrame, least: int) -> None:
    late = int(part["is_event"].sum())
    if len(part) < least or min(late, len(part) - late) < least // 10:
        raise TooLittleDataError(
            f"There are {len(part)} rows to {name} on, {late} of them with the event; {least} rows and {least // 10} "
            "of each outcome are needed. Load more history, or choose a later --until."
        )
