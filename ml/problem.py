"""What a problem tells the learning house: its entities, features, horizon and the parts it is judged in.

Here: the declaration, the same for all problems. Not here: any problem.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import polars as pl


@dataclass(frozen=True)
class Task:
    """What is learned.

    Attributes:
        problem: Its name; also that of the experiment.
        question: What a probability is of, as a model's card says it.
        key: The column that names its entities.
        features: The columns that models read.
        horizon: The feature that says how many minutes are left: the event is late when it comes later. Survival models
            need it; null where a problem has none.
        segments: Name to expression over rows; figures are told for every value of each.
    """

    problem: str
    key: str
    features: tuple[str, ...]
    question: str = "the probability of the event"
    horizon: str | None = None
    segments: Mapping[str, pl.Expr] = field(default_factory=dict)
