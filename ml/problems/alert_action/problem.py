"""What is learned of alerts: whose moments, from which features, judged in which parts.

Here: the declaration that training reads. Not here: features, labels, and reading them from the lake.
"""

import polars as pl

from ml.dataset.task import Task
from ml.problems.alert_action.features import FEATURES

PROBLEM, KEY, STORM = "alert_action", "episode_id", "storm_id"
_FEW = 5
TASK = Task(
    problem=PROBLEM,
    key=KEY,
    unit=STORM,
    features=FEATURES,
    question="the probability that an alert needs a person: that somebody acts on it within the time in which alerts "
    "are expected to be acted on",
    event="needed action",
    segments={
        "type": pl.col("alert_type"),
        "client": pl.col("client_id"),
        "severity": pl.col("severity").cast(pl.String),
        "rule": pl.when(pl.col("rule_settled") < _FEW).then(pl.lit("new")).otherwise(pl.lit("known")),
    },
)
