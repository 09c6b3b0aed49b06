"""The prediction task of no-shows: entities, features and segments.

Here: the declaration that training reads. Not here: features, labels, and reading them from the lake.
"""

import polars as pl

from ml.dataset.task import Task
from ml.problems.no_show.features import FEATURES

PROBLEM, KEY = "no_show", "part_id"
_FEW = 10
TASK = Task(
    problem=PROBLEM,
    key=KEY,
    features=FEATURES,
    question="the probability that nobody comes for a person's part in a shift, by what is known in the day before",
    event="no-show",
    segments={
        "site": pl.col("site_id"),
        "client": pl.col("client_id"),
        "weekend": pl.when(pl.col("is_weekend") == 1).then(pl.lit("weekend")).otherwise(pl.lit("weekday")),
        "night": pl.when(pl.col("is_night") == 1).then(pl.lit("night")).otherwise(pl.lit("day")),
        "person": pl.when(pl.col("person_shifts") < _FEW).then(pl.lit("new")).otherwise(pl.lit("known")),
    },
)
