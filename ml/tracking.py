"""Trainings in MLflow: one run per training, one child per candidate, so that the comparison view tells the better one.

Here: writing runs. Not here: training, and which version is used (a registry is to come). The client is explicit: no
global tracking address, no active run.
"""

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from ml.model_files import save
from ml.pictures import precision_recall, reliability_diagram
from ml.training import Trained


@dataclass(frozen=True)
class Place:
    """Where MLflow keeps things: the address of its backend (holds a password), and a folder for artefacts."""

    backend: str
    artifacts: Path

    def __repr__(self) -> str:
        """Without the address."""
        return f"Place({self.artifacts})"


def log_training(
    place: Place, problem: str, trained: Sequence[Trained], *, until: datetime, facts: Mapping[str, Any]
) -> str:
    """Writes a training and its candidates.

    Args:
        place: Where.
        problem: Name of the experiment.
        trained: The candidates.
        until: What was known up to here was learned from.
        facts: What else the training was made of, as parameters of the parent.

    Returns:
        The id of the parent run.
    """
    from mlflow import MlflowClient  # noqa: PLC0415 - two seconds, and only training needs it

    client = MlflowClient(tracking_uri=place.backend)
    experiment = _experiment(client, place, problem)
    parent = client.create_run(experiment, run_name=f"{problem} until {until:%Y-%m-%d %H:%M}")
    for name, value in {"until": until.isoformat(), **facts}.items():
        client.log_param(parent.info.run_id, name, value)
    for candidate in trained:
        _log_candidate(client, experiment, parent.info.run_id, candidate)
    client.set_terminated(parent.info.run_id)
    return str(parent.info.run_id)


def _experiment(client: Any, place: Place, problem: str) -> str:
    found = client.get_experiment_by_name(problem)
    if found is not None:
        return str(found.experiment_id)
    place.artifacts.mkdir(parents=True, exist_ok=True)
    return str(client.create_experiment(problem, artifact_location=(place.artifacts / problem).as_uri()))


def _log_candidate(client: Any, experiment: str, parent: str, trained: Trained) -> None:
    run = client.create_run(experiment, run_name=trained.candidate, tags={"mlflow.parentRunId": parent}).info.run_id
    for name, value in trained.parameters.items():
        client.log_param(run, name, value)
    for name, value in _flat(trained.figures).items():
        client.log_metric(run, name, value)
    with tempfile.TemporaryDirectory() as folder:
        files = Path(folder)
        (files / "precision_recall.png").write_bytes(precision_recall(trained.test, trained.candidate))
        (files / "reliability.png").write_bytes(reliability_diagram(trained.test, trained.candidate))
        save(trained.model, files / "model")
        client.log_artifacts(run, str(files))
    client.set_terminated(run)


def _flat(figures: Mapping[str, Any]) -> dict[str, float]:
    """Figures under one name each: `precision_at_70`, `recall_at_budget_5`."""
    plain = {name: value for name, value in figures.items() if isinstance(value, int | float)}
    for row in figures["thresholds"]:
        plain |= {f"{k}_at_{row['threshold'] * 100:.0f}": v for k, v in row.items() if k != "threshold"}
    for row in figures["budgets"]:
        plain |= {f"{k}_at_budget_{row['budget'] * 100:.0f}": v for k, v in row.items() if k != "budget"}
    return {name: float(value) for name, value in plain.items() if value is not None}
