"""Permutation importance: how much worse a model predicts when one feature is shuffled.

Here: the same computation for every kind of model. Not here: reasons of single rows (`explain`).
"""

import numpy as np
import polars as pl

from ml.models.calibration import Numbers
from ml.models.learned import LearnedModel, numbers, scores_with_each

MOST_ROWS, SEED = 1_000, 7


def importance(model: LearnedModel, rows: pl.DataFrame) -> pl.DataFrame:
    """How much the log loss of scores grows when a feature is shuffled between rows.

    Args:
        model: The model.
        rows: Rows with features and `is_event` that it was not fitted on; at most `MOST_ROWS` of them are drawn.

    Returns:
        `feature`, `importance`, the greatest first. Redundant features share their importance, so each looks small.
    """
    labelled = rows.drop_nulls("is_event")
    some = labelled.sample(min(len(labelled), MOST_ROWS), seed=SEED)
    values, labels = numbers(some, model.features), some["is_event"].cast(pl.Int64).to_numpy()
    luck = np.random.default_rng(SEED)
    shuffled = np.column_stack([luck.permutation(column) for column in values.T])
    whole = _loss(model.scorer.scores(values)[:, np.newaxis], labels)
    grown = _loss(scores_with_each(model.scorer, values, shuffled), labels) - whole
    return pl.DataFrame({"feature": model.features, "importance": grown}).sort("importance", descending=True)


def _loss(scores: Numbers, labels: Numbers) -> Numbers:
    """The log loss of every column of scores."""
    said = np.clip(np.nan_to_num(scores, nan=0.5), 1e-6, 1 - 1e-6)
    return np.asarray(-np.mean(np.where(labels[:, np.newaxis] == 1, np.log(said), np.log(1 - said)), axis=0))
