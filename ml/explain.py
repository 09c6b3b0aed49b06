"""Reasons in words: which topics raised a probability, and what is to be said of each.

Here: from what features add to sentences, the same for every problem. Not here: the words of a problem (its own
`words`), and what features add (`learned`).

Features that say nearly the same share a topic, because a person wants three reasons and not three spellings of one.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Protocol

import numpy as np
import polars as pl

from ml.calibration import Labels, Numbers
from ml.learned import LearnedModel

MOST = 2
# Where a problem keeps its words.
_MODULES = {
    "sla_breach": "ml.sla_breach.words",
    "device_failure": "ml.device_failure.words",
    "no_show": "ml.no_show.words",
    "work_order_late": "ml.work_order_late.words",
}


@dataclass(frozen=True)
class Topics:
    """What may be said of rows.

    Attributes:
        members: Topic to the features that belong to it.
        phrases: Topic to what is to be said of each row; null where there is nothing to say.
        always: What is said of each row beside its topics; never null.
    """

    members: Mapping[str, tuple[str, ...]]
    phrases: Mapping[str, pl.Series]
    always: pl.Series


class Words(Protocol):
    """A module with the words of a problem."""

    def topics(self, rows: pl.DataFrame) -> Topics:
        """What may be said of some rows of features."""
        ...


def reasons(model: LearnedModel, rows: pl.DataFrame) -> pl.Series:
    """The topics that raised each row's probability most, in words, at most `MOST` of them, and what is always said.

    Args:
        model: What scored them.
        rows: Features, and whatever else the words of the problem want.

    Returns:
        One text per row in order, never null, such as "waiting 3 h 40 min unassigned; 2 h 10 min of working time left".
    """
    words: Words = import_module(_MODULES[model.problem])
    said = words.topics(rows)
    if rows.is_empty():
        return pl.Series("reason", [], pl.String)
    names = [name for name in said.members if set(said.members[name]) & set(model.features)]
    if not names:
        return said.always.rename("reason")
    phrases = pl.concat([said.phrases[name].cast(pl.String) for name in names])
    silent = phrases.is_null().to_numpy().reshape(len(names), len(rows)).T
    raised = np.where(silent, -np.inf, _per_topic(model, rows, [said.members[name] for name in names]))
    most = np.argsort(-raised, axis=1, kind="stable")[:, :MOST]
    first, *more = [_picked(phrases, most[:, rank], raised) for rank in range(most.shape[1])]
    parts = [s.alias(str(i)) for i, s in enumerate((first, said.always, *more))]
    return pl.DataFrame(parts).select(reason=pl.concat_str(pl.all(), separator="; ", ignore_nulls=True)).to_series()


def _per_topic(model: LearnedModel, rows: pl.DataFrame, members: list[tuple[str, ...]]) -> Numbers:
    added = model.contributions(rows)
    place = {name: i for i, name in enumerate(model.features)}
    belongs = np.zeros((len(model.features), len(members)))
    for topic, names in enumerate(members):
        belongs[[place[name] for name in names if name in place], topic] = 1
    return np.asarray(added @ belongs)


def _picked(phrases: pl.Series, topics: Labels, raised: Numbers) -> pl.Series:
    """The phrase of one topic per row; null where it raised nothing."""
    rows = np.arange(len(topics))
    found = phrases.gather(topics * len(topics) + rows)
    return found.zip_with(pl.Series(raised[rows, topics] > 0), pl.Series([None], dtype=pl.String))
