"""Training: candidates tuned, fitted, calibrated and compared on one set of moments.

Here: the order of steps that all problems share. Not here: features and labels (a problem's own), figures (`report`),
where results are kept (`tracking`), which rows judge (`backtest`).

The delivered model is fitted on all rows, because the newest ones describe the present best. Its calibration comes from
a twin that is fitted on all but every third of the newest entities and scored on these. A calibration of an older model
would correct faults that the new one does not have; one from older entities would describe the past. Candidates are
compared on the latest entities, by models made in the same way without them.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import numpy as np
import polars as pl

from ml.dataset.backtest import backtest_of, held_out, spans
from ml.dataset.examples import Examples
from ml.dataset.split import TooLittleDataError
from ml.dataset.task import Task
from ml.evaluation.evaluate import evaluate
from ml.models.calibration import IDENTITY, Calibration, chosen
from ml.models.learned import LearnedModel
from ml.training.candidates.candidate import Candidate, Parameters
from ml.training.tuning import Budget, tune

SEED = 7
STEPS = ("tuning", "judging", "fitting")
_FOLDS = 4


@dataclass(frozen=True)
class Trained:
    """A candidate after training.

    Attributes:
        candidate: Its name.
        parameters: What it was fitted with.
        model: The model to use; null for the rule, which is used as it is.
        figures: Its figures on the test part.
        test: Its rows there, with `risk`; those of the headline.
        calibrate: Its rows of the newest before, with `risk`, by which thresholds may be chosen; likewise.
        every: Its rows of the test part, of all horizons.
        spans: The moments that the backtest was fitted, calibrated and evaluated on, and those of the model to use.
    """

    candidate: str
    parameters: Mapping[str, Any]
    model: LearnedModel | None
    figures: dict[str, Any]
    test: pl.DataFrame
    calibrate: pl.DataFrame
    every: pl.DataFrame
    spans: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class _Made:
    """A model, the name of its calibration, and the rows that this comes from with `risk`."""

    model: LearnedModel
    calibration: str
    held: pl.DataFrame


def train(
    rows: pl.DataFrame,
    task: Task,
    candidates: Sequence[Candidate],
    *,
    until: datetime,
    budget: Budget,
    done: Callable[[str, str], None] = lambda _candidate, _step: None,
) -> list[Trained]:
    """Tunes, fits, calibrates and evaluates every candidate that can learn from these rows.

    Args:
        rows: Moments: `task.key`, `as_of`, `begins_at`, `is_event` (null where it is not known yet),
            `lead_minutes`, the features, and for survival models those of `ml.dataset.examples.DURATIONS`;
            `settled_at` where the task asks for it.
        task: What is learned.
        candidates: What competes.
        until: The instant up to which anything was known; names the version.
        budget: What tuning may cost.
        done: Told which candidate is at which of its `STEPS`.

    Raises:
        TooLittleDataError: When there is too little to learn from.
    """
    tested = backtest_of(rows, task)
    version = until.strftime("%Y-%m-%dT%H:%M")
    looked_at = spans(tested, rows, task)
    examples = Examples.of(tested.before, task)
    able = [c for c in candidates if not c.needs_durations or examples.durations_known]
    begun = budget.clock()
    trained: list[Trained] = []
    refused: list[TooLittleDataError] = []
    for number, candidate in enumerate(able):
        # Later candidates inherit the seconds that earlier ones did not use.
        ends = begun + budget.seconds * (number + 1) / len(able)
        done(candidate.name, "tuning")
        try:
            found = tune(candidate, examples, budget, task=task, seed=SEED, ends=ends)
            done(candidate.name, "judging")
            judged = _made(tested.before, task, candidate, found.parameters, version)
            done(candidate.name, "fitting")
            used = _made(rows, task, candidate, found.parameters, version)
        except TooLittleDataError as error:
            # One candidate may need more than the others: a survival model wants to see ends.
            refused.append(error)
            continue
        parameters = {**found.parameters, "tuning_trials": found.trials}
        kinds = {"judged_calibration": judged.calibration, "used_calibration": used.calibration}
        scored = [tested.test.with_columns(judged.model.predict(tested.test)), judged.held]
        compared = _compared(candidate.name, parameters, used.model, scored, task)
        trained.append(replace(compared, spans={**looked_at, **kinds}))
    if refused and not trained:
        raise refused[0]
    return trained


def rule_as_trained(name: str, risks: Callable[[pl.DataFrame], pl.Series], rows: pl.DataFrame, task: Task) -> Trained:
    """The rule on the same parts, so that the same table compares it."""
    tested = backtest_of(rows, task)
    parts = (tested.test, held_out(tested.before, task)[0])
    scored = [part.with_columns(risks(part).alias("risk")) for part in parts]
    return _compared(name, {}, None, scored, task)


def _fitted(rows: pl.DataFrame, task: Task, candidate: Candidate, parameters: Parameters, version: str) -> LearnedModel:
    examples = Examples.of(rows, task)
    outcomes = rows["is_event"].drop_nulls()
    if outcomes.n_unique() < 2 or not examples.features:  # noqa: PLR2004 - the event came, and did not
        raise TooLittleDataError(
            f"There are {len(outcomes):,} moments with a known outcome to fit {candidate.name} on, "
            f"{int(outcomes.sum()):,} of them with the event, and {len(examples.features)} features that differ: too "
            "little to learn from."
        )
    scorer = candidate.fit(examples, parameters, SEED).scorer
    typical = rows.select(pl.col(examples.features).cast(pl.Float64).median()).row(0)
    usual = tuple(float("nan") if value is None else float(value) for value in typical)
    return LearnedModel(candidate.name, version, examples.features, scorer, IDENTITY, task.problem, usual)


def _made(rows: pl.DataFrame, task: Task, candidate: Candidate, parameters: Parameters, version: str) -> _Made:
    """The model of all rows, calibrated by a twin that has not seen every third of the newest entities."""
    held, others = held_out(rows, task)
    twin = _fitted(others, task, candidate, parameters, version)
    name, calibration = _calibration(twin, held)
    model = replace(_fitted(rows, task, candidate, parameters, version), calibration=calibration)
    return _Made(model, name, held.with_columns(replace(twin, calibration=calibration).predict(held)))


def _compared(
    name: str, parameters: Parameters, model: LearnedModel | None, scored: Sequence[pl.DataFrame], task: Task
) -> Trained:
    test, calibrate = (task.headlined(part) for part in scored)
    figures = evaluate(test, key=task.key, visits_per_day=task.visits_per_day, acting_from=task.acting_from)
    return Trained(name, parameters, model, figures, test, calibrate, scored[0])


def _calibration(model: LearnedModel, rows: pl.DataFrame) -> tuple[str, Calibration]:
    ordered = rows.sort("begins_at", maintain_order=True)
    scores = model.predict(ordered).fill_null(float("nan")).to_numpy()
    folds = np.floor(np.arange(len(ordered)) * _FOLDS / max(len(ordered), 1))
    return chosen(scores, ordered["is_event"].cast(pl.Int64).to_numpy(), folds)
