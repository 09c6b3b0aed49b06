"""The prediction task of work orders: entities, features and segments.

Here: the declaration that training reads. Not here: features, labels, and reading them from the lake.
"""

import polars as pl

from ml.dataset.task import Task
from ml.problems.work_order_late.features import FEATURES

PROBLEM, KEY, BATCH = "work_order_late", "work_order_id", "batch_id"
_FEW = 10
TASK = Task(
    problem=PROBLEM,
    key=KEY,
    unit=BATCH,
    features=FEATURES,
    question="the probability that an open work order is not done by the due time that was first promised",
    event="late completion",
    segments={
        "vendor": pl.when(pl.col("vendor_batches") < _FEW).then(pl.lit("new")).otherwise(pl.lit("known")),
        "client": pl.col("client_id"),
        "category": pl.col("category"),
        "priority": pl.col("priority").cast(pl.String),
    },
)
