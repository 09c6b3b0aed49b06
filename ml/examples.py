"""Rows to learn from, as candidates want them. Not here: where rows come from, and candidates.

A row is a moment of an entity: features, a label (`is_late`; null where it is not known yet), and for survival models
how long the entity was watched from then on (`watched_minutes`), whether the end was seen (`is_ended`), and how long it
would have been watched without an end (`watchable_minutes`).
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from ml.calibration import Labels, Numbers
from ml.learned import numbers
from ml.problem import Task

WATCHED, ENDED, WATCHABLE = "watched_minutes", "is_ended", "watchable_minutes"
DURATIONS = (WATCHED, ENDED, WATCHABLE)
FEWEST_ENDS = 100


@dataclass(frozen=True)
class Examples:
    """Rows with the features that are read of them.

    Attributes:
        rows: The rows.
        features: The columns to learn from, in order.
        horizon: The feature that says how many minutes are left; null where the problem has none.
    """

    rows: pl.DataFrame
    features: tuple[str, ...]
    horizon: str | None = None

    @classmethod
    def of(cls, rows: pl.DataFrame, task: Task) -> "Examples":
        """Rows with the features that differ between them; one that is equal on all tells nothing."""
        distinct = rows.select(pl.col(name).drop_nulls().n_unique() for name in task.features).row(0, named=True)
        kept = tuple(name for name in task.features if distinct[name] > 1 or name == task.horizon)
        return cls(rows, kept, task.horizon)

    @property
    def labelled(self) -> "Examples":
        """The rows of which the outcome is known."""
        return Examples(self.rows.drop_nulls("is_late"), self.features, self.horizon)

    @property
    def durations_known(self) -> bool:
        """True where a survival model can learn from these rows: enough ends were seen, and there is a horizon."""
        if self.horizon is None or not set(DURATIONS) <= set(self.rows.columns):
            return False
        return int(self.rows[ENDED].sum()) >= FEWEST_ENDS

    def numbers(self) -> Numbers:
        """Features (rows, features); unknown is NaN."""
        return numbers(self.rows, self.features)

    def labels(self) -> Labels:
        """1 where the entity was late."""
        return np.asarray(self.rows["is_late"].cast(pl.Int64).to_numpy())

    def column(self, name: str) -> Any:
        """One column as numbers."""
        return self.rows[name].cast(pl.Float64).to_numpy()
