"""A training from the lake to MLflow, the same for every problem, for the command line, schedules and the UI.

Here: reading, training, storing. Not here: training itself (`ml`), moments and labels (a problem's dataset), promotion.
"""

import importlib.resources
import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import polars as pl

from ml.dataset.task import Task
from ml.evaluation.money import Costs
from ml.models.learned import LearnedModel
from ml.tracking.tracking import Circumstances, Logged, log_training
from ml.training.candidates.every import candidates
from ml.training.train import SEED, STEPS, Trained, rule_as_trained, train
from ml.training.tuning import Budget
from opsguard_assets.models.problem import Problem
from opsguard_assets.models.promotion import ModelCatalog
from opsguard_assets.models.trainings import keep
from resources.lake import Lake

Tell = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Order:
    """The parameters of a training.

    Attributes:
        until: The end of the training data.
        budget: The budget of tuning.
        costs: The costs of misses and alerts.
        candidates: The candidates to compare; empty means all.
        revision: Revision of the code; null if unknown.
        dagster_run: The Dagster run that trains; null on the command line.
        tags: Further tags of the MLflow run.
        most_moments: Maximum number of moments, drawn by a seed; null means all.
    """

    until: datetime
    budget: Budget
    costs: Costs
    candidates: tuple[str, ...] = ()
    revision: str | None = None
    dagster_run: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    most_moments: int | None = None


@dataclass(frozen=True)
class Training:
    """The result of a training: the candidates, including the rule, and their MLflow run."""

    task: Task
    trained: Sequence[Trained]
    logged: Logged

    @property
    def ranked(self) -> list[LearnedModel]:
        """The learned models, best first."""
        return [model for name in self.logged.candidates if (model := self._by_name()[name].model)]

    @property
    def words(self) -> str:
        """The best model in one sentence: a learned candidate, or the rule if none beats it."""
        first, best = next(iter(self.logged.candidates)), self.best
        scores = {name: each.figures["brier"] for name, each in self._by_name().items()}
        if first == best.candidate:
            rule = next(each.candidate for each in self.trained if each.model is None)
            return f"Best: {first} (Brier {scores[first]:.4f}; the rule {rule} {scores[rule]:.4f})."
        return (
            f"No learned model ranks above the rule ({first}, Brier {scores[first]:.4f}); the best learned one is "
            f"{best.candidate} (Brier {scores[best.candidate]:.4f})."
        )

    @property
    def best(self) -> Trained:
        """The best learned candidate; the rule may rank above it (`words`)."""
        name = next(name for name in self.logged.candidates if self._by_name()[name].model)
        return self._by_name()[name]

    def _by_name(self) -> dict[str, Trained]:
        return {each.candidate: each for each in self.trained}


def train_problem(
    problem: Problem,
    lake: Lake,
    catalog: ModelCatalog,
    order: Order,
    *,
    tell: Tell = lambda _what, _number, _of: None,
) -> Training:
    """Trains every candidate on what was known at a time, logs it to MLflow and stores the models.

    Args:
        problem: The problem.
        lake: The lake.
        catalog: The MLflow stores, the folder of trained models, and the database of file digests.
        order: The parameters.
        tell: Called at the start of each step: its name, its number, the number of steps.

    Raises:
        TooLittleDataError: When there is too little to learn from.
    """
    versions = {
        f"tables/{table.name}": lake.version(f"tables/{table.name}") for table in (*problem.inputs, *problem.further)
    }
    competing = [each for each in candidates() if not order.candidates or each.name in order.candidates]
    step = _counted(tell, 3 + len(STEPS) * len(competing))
    step("reading the history")
    problem.refresh(lake)
    dataset = problem.dataset(lake, order.until)
    rows, task = dataset.watched(), dataset.task
    if order.most_moments is not None:
        rows = _fewer(rows, order.most_moments)
    learned = train(
        rows,
        task,
        competing,
        until=order.until,
        budget=order.budget,
        done=lambda candidate, what: step(f"{what} {candidate.replace('_', ' ')}"),
    )
    step("judging the rule")
    rule = rule_as_trained(problem.rule.name, lambda part: problem.risk(problem.rule, part), rows, task)
    trained = [*learned, rule]
    made_of = Circumstances(
        until=order.until,
        facts=_facts(rows, task, order.budget),
        costs=order.costs,
        card=(importlib.resources.files("templates") / "model_card.md.j2").read_text(encoding="utf-8"),
        data=versions,
        lake=lake.uri,
        revision=order.revision,
        dagster_run=order.dagster_run,
        tags=order.tags,
    )
    step("logging metrics, plots and models to MLflow")
    made = Training(task, trained, log_training(catalog.registry.place, task, trained, made_of))
    keep(catalog, problem.name, order.until, made.ranked)
    return made


def _counted(tell: Tell, total: int) -> Callable[[str], None]:
    """Counts the steps."""
    numbers = itertools.count(1)
    return lambda what: tell(what, min(next(numbers), total), total)


def _fewer(rows: pl.DataFrame, most: int) -> pl.DataFrame:
    """A maximum number of rows, drawn by a seed, in their order."""
    if len(rows) <= most:
        return rows
    return rows.filter(pl.int_range(pl.len()).is_in(pl.int_range(pl.len()).sample(most, seed=SEED).implode()))


def _facts(rows: pl.DataFrame, task: Task, budget: Budget) -> dict[str, object]:
    labelled = rows.drop_nulls("is_event")
    return {
        "moments": len(labelled),
        "entities": labelled[task.key].n_unique(),
        "late_share": float(labelled["is_event"].cast(pl.Int64).sum()) / max(len(labelled), 1),
        "censored_moments": len(rows) - len(labelled),
        "features": len(task.features),
        "tuning_seconds": budget.seconds,
        "tuning_trials": budget.trials,
    }
