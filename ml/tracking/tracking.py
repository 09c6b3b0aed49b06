"""Trainings in MLflow: one run per training, one child per candidate, so that the comparison view tells the better one.

Here: writing runs. Not here: training, reports (`report`), and which version is used (`registry`). The client is
explicit: no global tracking address, no active run.
"""

import json
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from ml.dataset.task import Task
from ml.evaluation.money import Costs
from ml.evaluation.pictures import (
    cost_over_thresholds,
    feature_importance,
    frontier,
    lead_times,
    precision_recall,
    reliability_diagram,
)
from ml.models.mlflow_model import describe
from ml.models.model_files import digests_of, save
from ml.tracking.card import Subject, model_card
from ml.tracking.mlflow_names import metrics_of, parameters_of
from ml.tracking.report import Report, ranked, report_of
from ml.training.train import Trained

# What a person compares candidates by. MLflow shows a column for every metric, so everything else is in a table
# (`METRICS_TABLE`) beside the run.
HEADLINE = (
    "precision_recall_auc",
    "roc_auc",
    "brier_score_loss",
    "log_loss",
    "ece",
    "base_rate",
    "precision_at_70",
    "recall_at_70",
    "precision_at_alert",
    "recall_at_alert",
    "lead_time_p50_min",
    "net_cost",
)
METRICS_TABLE = "all_metrics.json"


@dataclass(frozen=True)
class Place:
    """Where MLflow keeps things: the address of its backend (holds a password), and a folder for artefacts."""

    backend: str
    artifacts: Path

    def __repr__(self) -> str:
        """Without the address."""
        return f"Place({self.artifacts})"

    @property
    def trainings(self) -> Path:
        """Where models of trainings lie, beside the artefacts: a folder per problem and training."""
        return self.artifacts.parent / "models"


@dataclass(frozen=True)
class Circumstances:
    """What a training was made of.

    Attributes:
        until: The instant of knowledge of the training data.
        facts: Counts and shares, as parameters of the parent; `moments`, `entities` and `late_share` at least.
        costs: What is at stake.
        card: Text of the template of model cards.
        data: Lake tables that were read, with the version of each; null where a table does not exist yet.
        lake: Address of the lake, without secrets.
        revision: Revision of the code; null where it is not known.
        dagster_run: Run of Dagster that trains; null where a person does.
        tags: Further tags of the parent run.
    """

    until: datetime
    facts: Mapping[str, Any]
    costs: Costs
    card: str
    data: Mapping[str, int | None] = field(default_factory=dict)
    lake: str = ""
    revision: str | None = None
    dagster_run: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Logged:
    """A training in MLflow.

    Attributes:
        run: The id of its run.
        candidates: Candidate to the id of its run, the best first.
        reports: What was told of each.
        files: Learned candidate to the SHA-256 of each of its files, as they were before they left this process.
    """

    run: str
    candidates: dict[str, str]
    reports: dict[str, Report]
    files: dict[str, dict[str, str]]


def log_training(place: Place, task: Task, trained: Sequence[Trained], made_of: Circumstances) -> Logged:
    """Writes a training and its candidates.

    Args:
        place: Where.
        task: What was learned; names the experiment.
        trained: The candidates, the rule among them.
        made_of: What it was made of.
    """
    from mlflow import MlflowClient  # noqa: PLC0415 - two seconds, and only training needs it

    client = MlflowClient(tracking_uri=place.backend)
    experiment = _experiment(client, place, task.problem)
    reports = {each.candidate: report_of(each, task, made_of.costs) for each in trained}
    order = ranked(reports)
    parent = client.create_run(
        experiment, run_name=f"{task.problem} until {made_of.until:%Y-%m-%d %H:%M}", tags=_tags(made_of)
    ).info.run_id
    with _ending(client, parent):
        _log(client, parent, params={"until": made_of.until.isoformat(), **made_of.facts})
        client.log_inputs(parent, datasets=list(_datasets(made_of)))
        made = {
            name: _log_candidate(client, experiment, parent, task, each, (reports, order), made_of)
            for name in order
            for each in trained
            if each.candidate == name
        }
        _log(client, parent, metrics=_headline(reports[order[0]].metrics), tags={"best_candidate": order[0]})
    runs = {name: run for name, (run, _) in made.items()}
    return Logged(str(parent), runs, reports, {name: files for name, (_, files) in made.items() if files})


@contextmanager
def _ending(client: Any, run: str) -> Iterator[None]:
    """Ends a run as finished or failed; otherwise MLflow shows it as RUNNING indefinitely."""
    try:
        yield
    except BaseException:
        client.set_terminated(run, "FAILED")
        raise
    client.set_terminated(run)


def _experiment(client: Any, place: Place, problem: str) -> str:
    found = client.get_experiment_by_name(problem)
    if found is not None:
        return str(found.experiment_id)
    place.artifacts.mkdir(parents=True, exist_ok=True)
    return str(client.create_experiment(problem, artifact_location=(place.artifacts / problem).as_uri()))


def _tags(made_of: Circumstances) -> dict[str, str]:
    values = {"data_as_of": made_of.until.isoformat(), **made_of.tags}
    if made_of.revision:
        values["git_commit"] = made_of.revision
    if made_of.dagster_run:
        values["dagster.run_id"] = made_of.dagster_run
    return values


def _datasets(made_of: Circumstances) -> Iterator[Any]:
    """The tables of the lake that were read, at their versions: MLflow shows them as inputs."""
    from mlflow.entities import Dataset, DatasetInput, InputTag  # noqa: PLC0415

    for table, version in made_of.data.items():
        if version is not None:
            source = {"path": f"{made_of.lake}/{table}", "delta_table_version": version}
            dataset = Dataset(table.rpartition("/")[2], f"version-{version}", "delta_table", json.dumps(source))
            yield DatasetInput(dataset, [InputTag("mlflow.data.context", "training")])


def _log_candidate(
    client: Any,
    experiment: str,
    parent: str,
    task: Task,
    trained: Trained,
    reports_and_order: tuple[Mapping[str, Report], Sequence[str]],
    made_of: Circumstances,
) -> tuple[str, dict[str, str]]:
    """Logs a candidate; returns its run, and the digests of its model's files."""
    reports, order = reports_and_order
    report, rank = reports[trained.candidate], order.index(trained.candidate) + 1
    tags = {
        "mlflow.parentRunId": parent,
        "mlflow.loggedArtifacts": json.dumps([{"path": METRICS_TABLE, "type": "table"}]),
        "is_best": str(rank == 1).lower(),
        "rank": str(rank),
        **_tags(made_of),
    }
    run = str(client.create_run(experiment, run_name=trained.candidate, tags=tags).info.run_id)
    metrics = {**report.metrics, **metrics_of(report.segments)}
    subject = Subject(
        trained.candidate,
        task,
        made_of.until,
        rank,
        len(order),
        trained.parameters,
        trained.spans,
        made_of.facts,
        {name: version for name, version in made_of.data.items() if version is not None},
        made_of.revision,
    )
    digests: dict[str, str] = {}
    with _ending(client, run), tempfile.TemporaryDirectory() as folder:
        _log(client, run, params={**trained.parameters, **trained.spans}, metrics=_headline(metrics))
        client.log_inputs(run, datasets=list(_datasets(made_of)))
        files = Path(folder)
        for name, picture in _pictures(trained, task, report).items():
            (files / f"{name}.png").write_bytes(picture)
        (files / "model_card.md").write_text(model_card(made_of.card, subject, report), encoding="utf-8")
        table = {"columns": ["metric", "value"], "data": [[name, value] for name, value in metrics.items()]}
        (files / METRICS_TABLE).write_text(json.dumps(table, allow_nan=False), encoding="utf-8")
        (files / "segments.json").write_text(report.segments.write_json(), encoding="utf-8")
        (files / "cost_curve.json").write_text(report.curve.write_json(), encoding="utf-8")
        (files / "money.json").write_text(json.dumps(report.money, indent=1), encoding="utf-8")
        if trained.model:
            save(trained.model, files / "model")
            describe(trained.model, files / "model", run, trained.test)
            digests = digests_of(files / "model")
        client.log_artifacts(run, str(files))
    return run, digests


def _headline(metrics: Mapping[str, float]) -> dict[str, float]:
    return {name: metrics[name] for name in HEADLINE if name in metrics}


def _pictures(trained: Trained, task: Task, report: Report) -> dict[str, bytes]:
    """Plots under the names of MLflow's own evaluator where it has one."""
    name, rows, chosen = trained.candidate, trained.test, report.money["threshold"]
    drawn = {
        "precision_recall_curve_plot": precision_recall(rows, name, events=task.events),
        "calibration_curve_plot": reliability_diagram(rows, name, events=task.events),
        "lead_time_plot": lead_times(rows, name, task=task),
        "cost_curve_plot": cost_over_thresholds(report.curve, name, chosen=chosen, acting_from=task.acting_from),
        "cost_frontier_plot": frontier(report.curve, name, chosen=chosen, acting_from=task.acting_from),
    }
    if report.importance is not None:
        drawn["feature_importance_plot"] = feature_importance(report.importance, name)
    return drawn


def _log(
    client: Any,
    run: str,
    *,
    params: Mapping[str, Any] | None = None,
    metrics: Mapping[str, float] | None = None,
    tags: Mapping[str, str] | None = None,
) -> None:
    """Everything of a run in one request."""
    from mlflow.entities import Metric, Param, RunTag  # noqa: PLC0415

    now = int(time.time() * 1000)
    client.log_batch(
        run,
        metrics=[Metric(name, float(value), now, 0) for name, value in (metrics or {}).items()],
        params=[Param(name, value) for name, value in parameters_of(params or {}).items()],
        tags=[RunTag(name, value) for name, value in (tags or {}).items()],
    )
