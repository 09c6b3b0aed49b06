"""The prediction task: its entities, features, horizon and segments.

Here: the declaration, the same for all problems. Not here: any problem.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import polars as pl


@dataclass(frozen=True)
class Task:
    """A prediction task.

    Attributes:
        problem: Its name; also that of the experiment.
        question: What a probability means, as a model card says it.
        event: The predicted event in one or two words, for plots and cards: "no-show".
        key: The column that names its entities.
        features: The columns that models read.
        horizon: The feature that holds the minutes left until the deadline. Survival models need it; null where a
            problem has none.
        segments: Name to expression over rows. Metrics are reported separately for every value of each.
        split: What a boundary in time separates: whole entities, by when they began; or moments, where entities outlive
            any boundary (a device). Moments need `settled_at`: when their label matured.
        unit: The column that groups entities (a device has several lives); the key where there is none. Problems that
            are split by moments keep a fifth of the units out of training, to measure performance on unseen ones.
        headline: The rows behind the headline metrics, where one moment has several horizons; all rows where absent.
        parts: Like `segments`, over all rows: one part per horizon.
        judged_within: Minutes after a moment in which the event counts; null where an entity has its own deadline.
        event_is_end: For survival models: the event is that the end comes within the horizon, not after it.
        visits_per_day: How many entities people can inspect per day; null where there is no such limit.
        acting_from: The risks from which something is done, that of alerts first. Metrics are computed at these.
    """

    problem: str
    key: str
    features: tuple[str, ...]
    question: str = "the probability of the event"
    event: str = "event"
    horizon: str | None = None
    segments: Mapping[str, pl.Expr] = field(default_factory=dict)
    split: Literal["entities", "moments"] = "entities"
    unit: str | None = None
    headline: pl.Expr | None = field(default=None, compare=False)
    parts: Mapping[str, pl.Expr] = field(default_factory=dict)
    judged_within: float | None = None
    event_is_end: bool = False
    visits_per_day: int | None = None
    acting_from: tuple[float, ...] = (0.70, 0.80)

    @property
    def alert_from(self) -> float:
        """The risk from which an alert is raised."""
        return self.acting_from[0]

    @property
    def events(self) -> str:
        """The event in the plural."""
        return f"{self.event}s"

    @property
    def group(self) -> str:
        """The column whose values must not appear in both training and test data."""
        return self.unit or self.key

    def headlined(self, rows: pl.DataFrame) -> pl.DataFrame:
        """The rows behind the headline metrics."""
        return rows if self.headline is None else rows.filter(self.headline)
