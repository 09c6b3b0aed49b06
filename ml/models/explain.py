"""Reasons in words: which topics raised a probability, and what is to be said of each.

Here: from what features add to sentences, the same for every problem. Not here: the words of a problem (its own
`words`), and what features add (`learned`).

Features that say nearly the same share a topic, because a person wants three reasons and not three spellings of one. A
topic is told by the feature of it that raised the probability most: the sentence names that feature's group and number,
never those of a neighbour that raised it less.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Protocol

import numpy as np
import polars as pl

from ml.models.calibration import Labels, Numbers

MOST = 2
# Where a problem keeps its words.
_MODULES = {
    "sla_breach": "ml.problems.sla_breach.words",
    "device_failure": "ml.problems.device_failure.words",
    "no_show": "ml.problems.no_show.words",
    "work_order_late": "ml.problems.work_order_late.words",
    "alert_action": "ml.problems.alert_action.words",
}


@dataclass(frozen=True)
class Topics:
    """What may be said of rows.

    Attributes:
        members: Topic to the features that belong to it.
        phrases: Feature to what is to be said of each row because of it; null where there is nothing to say. A feature
            that is left out can be no reason.
        always: What is said of each row beside its topics; never null.
    """

    members: Mapping[str, tuple[str, ...]]
    phrases: Mapping[str, pl.Series]
    always: pl.Series


def phrased(rows: pl.DataFrame, phrases: Mapping[str, pl.Expr]) -> dict[str, pl.Series]:
    """The phrases of rows, each made of the columns of its own feature; null where one of them is unknown."""
    return {name: rows.select(phrase.cast(pl.String)).to_series() for name, phrase in phrases.items()}


class Explained(Protocol):
    """A model that can tell what each feature adds."""

    @property
    def problem(self) -> str:
        """What was learned; tells which words reasons are made of."""
        ...

    @property
    def features(self) -> tuple[str, ...]:
        """The columns it reads, in order."""
        ...

    def contributions(self, features: pl.DataFrame) -> Numbers:
        """What every feature adds to each row's score, (rows, features)."""
        ...


class Words(Protocol):
    """A module with the words of a problem."""

    def topics(self, rows: pl.DataFrame) -> Topics:
        """What may be said of some rows of features."""
        ...


def reasons(model: Explained, rows: pl.DataFrame) -> pl.Series:
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
    spoken = [name for members in said.members.values() for name in members if name in said.phrases]
    names = [name for name in spoken if name in model.features]
    if not names:
        return said.always.rename("reason")
    phrases = pl.concat([said.phrases[name] for name in names])
    silent = phrases.is_null().to_numpy().reshape(len(names), len(rows)).T
    teller, raised = _tellers(said.members, model, names, silent, model.contributions(rows))
    most = np.argsort(-raised, axis=1, kind="stable")[:, :MOST]
    first, *more = [_picked(phrases, most[:, rank], teller, raised) for rank in range(most.shape[1])]
    parts = [s.alias(str(i)) for i, s in enumerate((first, said.always, *more))]
    return pl.DataFrame(parts).select(reason=pl.concat_str(pl.all(), separator="; ", ignore_nulls=True)).to_series()


def _tellers(
    members: Mapping[str, tuple[str, ...]], model: Explained, names: list[str], silent: Labels, added: Numbers
) -> tuple[Labels, Numbers]:
    """Per row and topic: the feature that tells it (its place in `names`), and what the whole topic added.

    What a topic added is minus infinity where no feature of it both raised the probability and has something to say.
    """
    place = {name: i for i, name in enumerate(model.features)}
    said = np.where(silent, -np.inf, added[:, [place[name] for name in names]])
    said = np.where(said > 0, said, -np.inf)
    tellers, raised = [], []
    for features in members.values():
        own = [i for i, name in enumerate(names) if name in features]
        if not own:
            continue
        best = np.argmax(said[:, own], axis=1)
        speaks = said[:, own].max(axis=1) > 0
        whole = added[:, [place[name] for name in features if name in place]].sum(axis=1)
        tellers.append(np.asarray(own)[best])
        raised.append(np.where(speaks, whole, -np.inf))
    return np.stack(tellers, axis=1), np.stack(raised, axis=1)


def _picked(phrases: pl.Series, topics: Labels, teller: Labels, raised: Numbers) -> pl.Series:
    """The phrase of one topic per row; null where it raised nothing."""
    rows = np.arange(len(topics))
    found = phrases.gather(teller[rows, topics] * len(topics) + rows)
    return found.zip_with(pl.Series(raised[rows, topics] > 0), pl.Series([None], dtype=pl.String))
