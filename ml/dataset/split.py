"""Splits by time: training rows lie before test rows.

Here: the splits. Not here: what is done with them (`training.train`).
"""

from dataclasses import dataclass

import polars as pl

from ml.dataset.task import Task


class TooLittleDataError(ValueError):
    """There is not enough to learn from; the message says what is there and what is needed."""


@dataclass(frozen=True)
class Split:
    """Rows to fit on, and later ones to judge by; no entity is in both."""

    fit: pl.DataFrame
    test: pl.DataFrame


UNSEEN_SEED, UNSEEN_EVERY = 11, 5


def is_unseen(unit: str) -> pl.Expr:
    """Whether a unit belongs to the fifth that is excluded from training while candidates are compared."""
    return pl.col(unit).hash(UNSEEN_SEED) % UNSEEN_EVERY == 0


def split_of(rows: pl.DataFrame, task: Task, *, test_share: float, least: int = 200) -> Split:
    """Splits labelled moments as a task wants it.

    Raises:
        TooLittleDataError: When a part would have too few.
    """
    if task.split == "moments":
        return by_moment(rows, unit=task.group, test_share=test_share, least=least)
    return by_time(rows, key=task.group, test_share=test_share, least=least)


def by_moment(rows: pl.DataFrame, *, unit: str, test_share: float, least: int = 200) -> Split:
    """Splits labelled moments by time; a label that was not mature at the boundary is in no part before it.

    Args:
        rows: `as_of`, `settled_at` (when the outcome had to be known), `unit`, `is_event`.
        unit: The column that names units; a fifth of them is only in the test part.
        test_share: Share of the moments behind the boundary.
        least: Fewest rows of each part; a tenth of it of each label.

    Raises:
        TooLittleDataError: When a part would have too few.
    """
    boundary = pl.lit(rows["as_of"].quantile(1 - test_share, "nearest"))
    fit = rows.filter(pl.col("settled_at") <= boundary, ~is_unseen(unit))
    return _checked(fit, rows.filter(pl.col("as_of") >= boundary), least)


def by_time(rows: pl.DataFrame, *, key: str, test_share: float, least: int = 200) -> Split:
    """Splits labelled moments by when their entities began.

    Args:
        rows: `key`, `begins_at` of the entity, `is_event` (the label), anything else.
        key: The column that names the entity.
        test_share: Share of the entities, the latest ones, to judge by.
        least: Fewest rows of each part; a tenth of it of each label.

    Raises:
        TooLittleDataError: When a part would have too few.
    """
    entities = rows.group_by(key).agg(pl.col("begins_at").min()).sort("begins_at", key)
    place = (pl.int_range(pl.len()) + 0.5) / pl.len()
    placed = rows.join(entities.select(key, _is_fit=place < 1 - test_share), on=key, how="left", maintain_order="left")
    fit, test = (placed.filter(condition).drop("_is_fit") for condition in ("_is_fit", ~pl.col("_is_fit")))
    return _checked(fit, test, least)


def _checked(fit: pl.DataFrame, test: pl.DataFrame, least: int) -> Split:
    for name, part in (("fit", fit), ("test", test)):
        _check(name, part, least)
    return Split(fit, test)


def _check(name: str, part: pl.DataFrame, least: int) -> None:
    late = int(part["is_event"].sum())
    if len(part) < least or min(late, len(part) - late) < least // 10:
        raise TooLittleDataError(
            f"There are {len(part)} rows to {name} on, {late} of them with the event; {least} rows and {least // 10} "
            "of each outcome are needed. Load more history, or choose a later --until."
        )
