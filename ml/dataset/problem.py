"""What a problem tells the learning house: its entities, features, horizon and the parts it is judged in.

Here: the declaration, the same for all problems. Not here: any problem.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import polars as pl


@dataclass(frozen=True)
class Task:
    """What is learned.

    Attributes:
        problem: Its name; also that of the experiment.
        question: What a probability is of, as a model's card says it.
        event: What may come, in one or two words, as plots and cards say it: "no-show".
        key: The column that names its entities.
        features: The columns that models read.
        horizon: The feature that says how many minutes are left: the event is late when it comes later. Survival models
            need it; null where a problem has none.
        segments: Name to expression over rows; figures are told for every value of each.
        split: What lies on one side of a boundary in time: whole entities, by when they began; or moments, where
            entities outlive any boundary (a device). Moments need `settled_at`: when their outcome had to be known.
        unit: The column that names what entities are of (a device has several lives); the key where there is none. Of
            problems that are split by moments, a fifth of the units is kept from fitting, to be judged as never seen.
        headline: Which rows figures are of, where a moment is asked several questions; all where absent.
        parts: Like `segments`, of all rows: the questions one by one.
        judged_within: How many minutes after a moment the event counts; null where an entity has a deadline of its own.
        event_is_end: A survival model's event is that the end comes within the horizon, and not that it does not.
        visits_per_day: How many entities people can see to in a day; null where nobody counts so.
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

    @property
    def events(self) -> str:
        """More than one of them."""
        return f"{self.event}s"

    @property
    def group(self) -> str:
        """The column that names what must not be learned from and judged by at once."""
        return self.unit or self.key

    def headlined(self, rows: pl.DataFrame) -> pl.DataFrame:
        """The rows that figures are of."""
        return rows if self.headline is None else rows.filter(self.headline)
