"""Training rows in the form that candidates need. Not here: where rows come from, and candidates.

A row is a moment of an entity: features, a label (`is_event`; null where it is not known yet), and for survival models
how long the entity was watched from then on (`watched_minutes`), whether the end was seen (`is_ended`), and how long it
would have been watched without an end (`watchable_minutes`).
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import polars as pl

from ml.dataset.task import Task
from ml.models.calibration import Labels, Numbers
from ml.models.learned import numbers

WATCHED, ENDED, WATCHABLE = "watched_minutes", "is_ended", "watchable_minutes"
DURATIONS = (WATCHED, ENDED, WATCHABLE)
WEIGHT = "weight"
FEWEST_ENDS = 100
# Events rarer than this are not thinned out with the others: all of them are kept, and so many others for each.
RARE, OTHERS_PER_EVENT = 0.05, 20


@dataclass(frozen=True)
class Examples:
    """Rows with the features that are read of them.

    Attributes:
        rows: The rows.
        features: The columns to learn from, in order.
        horizon: The feature that says how many minutes are left; null where the problem has none.
        once: One row per moment, if a moment has several horizons; all rows where absent.
        event_is_end: As of the task.
    """

    rows: pl.DataFrame
    features: tuple[str, ...]
    horizon: str | None = None
    once: pl.Expr | None = None
    event_is_end: bool = False

    @classmethod
    def of(cls, rows: pl.DataFrame, task: Task) -> "Examples":
        """Rows with the features that vary; a constant feature is dropped."""
        distinct = rows.select(pl.col(name).drop_nulls().n_unique() for name in task.features).row(0, named=True)
        # The horizon says how many periods a survival model counts, also where it is the same for all.
        kept = tuple(name for name in task.features if distinct[name] > 1 or name == task.horizon)
        return cls(rows, kept, task.horizon, task.headline, task.event_is_end)

    @property
    def labelled(self) -> "Examples":
        """The rows of which the outcome is known."""
        return replace(self, rows=self.rows.drop_nulls("is_event"))

    @property
    def moments(self) -> "Examples":
        """One row per moment."""
        return self if self.once is None else replace(self, rows=self.rows.filter(self.once))

    def some(self, most: int, seed: int) -> "Examples":
        """A maximum number of rows, drawn by a seed. Rare events are kept if they fit; other rows weigh more."""
        if len(self.rows) <= most:
            return self
        events = int(self.rows["is_event"].cast(pl.Int64).sum())
        if events == 0 or events / len(self.rows) >= RARE:
            return replace(self, rows=self.rows.sample(most, seed=seed))
        return self.thinned(seed, most)

    def thinned(self, seed: int, most: int | None = None) -> "Examples":
        """All events, and a limited number of other rows per event, with weights that make up for the rest."""
        rows = self.labelled.rows
        late = pl.col("is_event").cast(pl.Boolean)
        events, others = rows.filter(late), rows.filter(~late)
        wanted = max(len(events) * OTHERS_PER_EVENT, 10_000)
        wanted = wanted if most is None else min(wanted, max(most - len(events), len(events)))
        if len(events) / max(len(rows), 1) >= RARE or wanted >= len(others):
            return replace(self, rows=rows)
        drawn = others.sample(wanted, seed=seed)
        before = pl.col(WEIGHT) if WEIGHT in rows.columns else pl.lit(1.0)
        shares = [(events, 1.0), (drawn, len(others) / wanted)]
        return replace(
            self, rows=pl.concat(part.with_columns((before * share).alias(WEIGHT)) for part, share in shares)
        )

    @property
    def durations_known(self) -> bool:
        """Whether a survival model can learn from these rows: there is a horizon, and enough ends were observed."""
        if self.horizon is None or not set(DURATIONS) <= set(self.rows.columns):
            return False
        return int(self.rows[ENDED].sum()) >= FEWEST_ENDS

    @property
    def rising(self) -> list[int]:
        """Monotone constraints: 1 for the horizon of an event that is the end, else 0."""
        # What ends within an hour has also ended within two: without the constraint a tree may say otherwise by chance.
        return [int(self.event_is_end and name == self.horizon) for name in self.features]

    def numbers(self) -> Numbers:
        """Features (rows, features); unknown is NaN."""
        return numbers(self.rows, self.features)

    def labels(self) -> Labels:
        """1 where the entity was late."""
        return np.asarray(self.rows["is_event"].cast(pl.Int64).to_numpy())

    def weights(self) -> Numbers:
        """How many rows each one stands for."""
        if WEIGHT not in self.rows.columns:
            return np.ones(len(self.rows))
        return np.asarray(self.rows[WEIGHT].to_numpy())

    def column(self, name: str) -> Any:
        """One column as numbers."""
        return self.rows[name].cast(pl.Float64).to_numpy()
