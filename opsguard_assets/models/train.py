"""A training from the lake to MLflow: the same for every problem, from the command line, a schedule and the UI.

Here: reading, learning, keeping. Not here: learning itself (`ml`), moments and labels (a problem's past), promotion.
"""

import importlib.resources
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import polars as pl

from ml.candidates.every import candidates
from ml.learned import LearnedModel
from ml.money import Costs
from ml.problem import Task
from ml.tracking import Circumstances, Logged, Place, log_training
from ml.training import STEPS, Trained, rule_as_trained, train
from ml.tuning import Budget
from opsguard_assets.models.problem import Problem
from opsguard_assets.models.trainings import keep
from resources.lake import Lake

Begin = Callable[[str, int], Callable[[int], None]]


@dataclass(frozen=True)
class Order:
    """What a training is asked for.

    Attributes:
        until: What was known up to here is learned from.
        budget: What tuning may cost.
        costs: What is at stake.
        candidates: Who competes; all where none is named.
        revision: Revision of the code; null where nobody knows.
        dagster_run: The run of Dagster that trains; null where a person does.
        tags: Further tags of the run in MLflow.
    """

    until: datetime
    budget: Budget
    costs: Costs
    candidates: tuple[str, ...] = ()
    revision: str | None = None
    dagster_run: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Training:
    """What a training made: the candidates, the rule among them, and where MLflow has them."""

    task: Task
    trained: Sequence[Trained]
    logged: Logged

    @property
    def ranked(self) -> list[LearnedModel]:
        """The learned models, the best first."""
        return [model for name in self.logged.candidates if (model := self._by_name()[name].model)]

    @property
    def best(self) -> Trained:
        """The best learned candidate."""
        name = next(name for name in self.logged.candidates if self._by_name()[name].model)
        return self._by_name()[name]

    def _by_name(self) -> dict[str, Trained]:
        return {each.candidate: each for each in self.trained}


def train_problem(
    problem: Problem,
    lake: Lake,
    place: Place,
    order: Order,
    *,
    begin: Begin = lambda _task, _total: lambda _steps: None,
) -> Training:
    """Trains every candidate on what was known by an instant, writes it to MLflow and keeps the models.

    Args:
        problem: What is learned.
        lake: The lake.
        place: Where MLflow keeps things, and models of trainings lie.
        order: What is asked for.
        begin: Told the name and number of steps of what begins; what it returns is told of every step.

    Raises:
        TooLittleDataError: When there is too little to learn from.
    """
    versions = {f"tables/{table.name}": lake.version(f"tables/{table.name}") for table in problem.inputs}
    past = problem.past(lake, order.until)
    rows, task = past.watched(), past.task
    competing = [each for each in candidates() if not order.candidates or each.name in order.candidates]
    done = begin("fitting", STEPS * len(competing))
    learned = train(rows, task, competing, until=order.until, budget=order.budget, done=done)
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
    made = Training(task, trained, log_training(place, task, trained, made_of))
    keep(place.trainings, problem.name, order.until, made.ranked)
    return made


def _facts(rows: pl.DataFrame, task: Task, budget: Budget) -> dict[str, object]:
    labelled = rows.drop_nulls("is_late")
    return {
        "moments": len(labelled),
        "entities": labelled[task.key].n_unique(),
        "late_share": float(labelled["is_late"].cast(pl.Int64).sum()) / max(len(labelled), 1),
        "censored_moments": len(rows) - len(labelled),
        "features": len(task.features),
        "tuning_seconds": budget.seconds,
        "tuning_trials": budget.trials,
    }
