"""Tuning within a budget: parameters are drawn by a seed and evaluated on the latest training rows.

Here: the search. Not here: the search space (`candidates`) and the final fit (`training.train`).

The number of trials bounds the search reproducibly. The seconds are a ceiling for slow machines; trials that did not
run are reported.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ml.dataset.examples import Examples
from ml.dataset.split import TooLittleDataError, split_of
from ml.dataset.task import Task
from ml.training.candidates.candidate import Candidate, Parameters

_LATER = 0.25
# Trials compare settings, which needs fewer rows than the model that is used.
_MOST_ROWS = 25_000


@dataclass(frozen=True)
class Budget:
    """What tuning may cost.

    Attributes:
        seconds: For all candidates together; no trial begins afterwards.
        trials: For each candidate; the first uses its defaults. With 0 the defaults are used without a trial.
        clock: Seconds that only rise.
    """

    seconds: float
    trials: int
    clock: Callable[[], float]


@dataclass(frozen=True)
class Tuned:
    """What was chosen, how many settings were tried, and the log loss on the later rows; null where none was."""

    parameters: Parameters
    trials: int
    loss: float | None


def tune(
    candidate: Candidate, examples: Examples, budget: Budget, *, task: Task, seed: int, ends: float | None = None
) -> Tuned:
    """Chooses parameters by log loss on later entities, rounds by early stopping on the same.

    Args:
        candidate: What is tuned.
        examples: Rows to learn from.
        budget: What it may cost.
        task: What is learned; says how rows are split.
        seed: Chooses trials and rows.
        ends: When to stop by the budget's clock; from now on for `budget.seconds` where left out.

    Returns:
        The best of the trials; the first always runs. With too few rows, the defaults without a trial.
    """
    untried = Tuned(candidate.parameters, 0, None)
    if budget.trials < 1:
        return untried
    try:
        earlier, later = _slices(examples, task, seed)
    except TooLittleDataError:
        return untried
    luck = np.random.default_rng(seed)
    limit = budget.clock() + budget.seconds if ends is None else ends
    tried: list[tuple[float, Parameters]] = []
    while len(tried) < budget.trials and (not tried or budget.clock() < limit):
        parameters = _drawn(candidate, luck) if tried else candidate.parameters
        fitted = candidate.fit(earlier, parameters, seed, later)
        tried.append((log_loss(fitted.scorer.scores(later.numbers()), later), fitted.parameters))
    loss, best = min(tried, key=lambda trial: trial[0])
    return Tuned(best, len(tried), loss)


def log_loss(scores: Any, examples: Examples) -> float:
    """The log loss of scores on rows with labels; rows without a score count as even odds."""
    said = np.clip(np.nan_to_num(scores, nan=0.5), 1e-6, 1 - 1e-6)
    losses = np.where(examples.labels() == 1, np.log(said), np.log(1 - said))
    return float(-np.average(losses, weights=examples.weights()))


def _drawn(candidate: Candidate, luck: np.random.Generator) -> Mapping[str, Any]:
    chosen = {name: values[int(luck.integers(len(values)))] for name, values in candidate.space.items()}
    return {**candidate.parameters, **chosen}


def _slices(examples: Examples, task: Task, seed: int) -> tuple[Examples, Examples]:
    """Earlier and later entities with an outcome, with a maximum number of rows each."""
    parts = split_of(examples.labelled.rows, task, test_share=_LATER, least=100)
    return tuple(replace(examples, rows=part).some(_MOST_ROWS, seed) for part in (parts.fit, parts.test))  # type: ignore[return-value]
