"""The prediction task of SLA breaches: entities, features and segments.

Here: the declaration that training reads. Not here: features (`features`), moments and labels, which need the lake.
"""

import polars as pl

from ml.dataset.task import Task
from ml.problems.sla_breach.features import FEATURES

_UNASSIGNED = pl.when(pl.col("has_assignee") == 0).then(pl.lit("unassigned")).otherwise(pl.lit("assigned"))

TASK = Task(
    problem="sla_breach",
    key="ticket_id",
    features=FEATURES,
    question="the probability that an open ticket misses its resolution deadline, by what is known at the moment",
    event="missed deadline",
    horizon="slack_minutes",
    segments={
        "priority": pl.col("priority").cast(pl.String),
        "client": pl.col("client_id"),
        "site": pl.col("site_id"),
        "unassigned": _UNASSIGNED,
    },
)
