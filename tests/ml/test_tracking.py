"""A training in a real MLflow: the comparison view alone tells the better model, and where everything came from."""

import dataclasses
import json
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import jinja2
import numpy as np
import polars as pl
import pytest

from ml.dataset.task import Task
from ml.evaluation.importance import importance
from ml.evaluation.money import Costs
from ml.models.model_files import load
from ml.tracking.tracking import HEADLINE, METRICS_TABLE, Circumstances, Place, log_training
from ml.training.candidates.hazard import hazard
from ml.training.candidates.labels import logistic_regression
from ml.training.train import rule_as_trained, train
from ml.training.tuning import Budget
from resources.database import MLFLOW

START = datetime(2026, 1, 5, tzinfo=UTC)
TASK = Task("sla_breach", "id", ("kind", "noise", "left"), horizon="left", segments={"kind": pl.col("kind")})
COSTS = Costs(miss=1_000, alert=6.25, prevented_share=0.3, lead_minutes=60)


@pytest.fixture(scope="module")
def rows():
    luck = np.random.default_rng(1)
    count = 2_400
    kind, left = luck.integers(2, size=count), luck.uniform(30, 400, count)
    lasts = luck.exponential(np.where(kind == 1, 300, 80))
    opened = [START + timedelta(minutes=30 * i) for i in range(count)]
    unknown = np.arange(count) >= count - 200
    late = lasts > left
    return pl.DataFrame(
        {
            "id": [str(i) for i in range(count)],
            "as_of": opened,
            "begins_at": opened,
            "kind": kind.astype(float),
            "noise": luck.normal(size=count),
            "left": left,
            "is_event": pl.Series([None if u else bool(x) for u, x in zip(unknown, late, strict=True)]),
            "lead_minutes": pl.Series([float(x) if y else None for x, y in zip(left, late, strict=True)]),
            "watched_minutes": np.minimum(lasts, 600),
            "is_ended": lasts <= 600,
            "watchable_minutes": 600.0,
        }
    )


@pytest.fixture(scope="module")
def trained(rows):
    steps = []
    budget = Budget(seconds=0, trials=1, clock=time.monotonic)
    competing = [logistic_regression(), hazard()]
    found = train(
        rows, TASK, competing, until=START + timedelta(days=60), budget=budget, done=lambda *step: steps.append(step)
    )
    assert len(steps) == 3 * len(competing)
    return [*found, rule_as_trained("rule", lambda part: pl.Series([0.5] * len(part)), rows, TASK)]


@pytest.fixture
def place(database_with_mlflow, tmp_path):
    return Place(database_with_mlflow.url_for(MLFLOW), tmp_path)


@pytest.fixture(scope="module")
def written(databases, trained, tmp_path_factory):
    """A training that MLflow holds: its place, and what was logged."""
    place = Place(databases.with_mlflow().url_for(MLFLOW), tmp_path_factory.mktemp("written"))
    return place, log_training(place, TASK, trained, made_of())


def made_of(**more):
    facts = {"moments": 2_200, "entities": 2_200, "late_share": 0.4}
    return Circumstances(
        START + timedelta(days=60),
        facts,
        COSTS,
        "{{ candidate }} {{ rank }}",
        data={"tables/tickets": 12, "tables/sites": None},
        lake="s3://lake",
        revision="abc",
        dagster_run="run-1",
        **more,
    )


def table_of(client, run):
    """The names in the table of all metrics, which the run names as one."""
    assert json.loads(run.data.tags["mlflow.loggedArtifacts"]) == [{"path": METRICS_TABLE, "type": "table"}]
    return [
        name
        for name, _ in json.loads(Path(client.download_artifacts(run.info.run_id, METRICS_TABLE)).read_text())["data"]
    ]


def test_the_comparison_view_tells_the_better_model_and_where_it_came_from(written):
    from mlflow import MlflowClient

    place, logged = written
    client = MlflowClient(tracking_uri=place.backend)
    runs = {name: client.get_run(run) for name, run in logged.candidates.items()}
    assert set(runs) == {"logistic_regression", "hazard", "rule"}
    assert [run.data.tags["is_best"] for run in runs.values()] == ["true", "false", "false"]
    assert [run.data.tags["rank"] for run in runs.values()] == ["1", "2", "3"]
    assert list(runs)[-1] == "rule"
    for run in runs.values():
        assert run.info.status == "FINISHED"
        assert run.data.tags["mlflow.parentRunId"] == logged.run
        assert (run.data.tags["git_commit"], run.data.tags["dagster.run_id"]) == ("abc", "run-1")
        assert {"precision_recall_auc", "brier_score_loss", "net_cost"} <= set(run.data.metrics) <= set(HEADLINE)
        rest = table_of(client, run)
        assert {"kind/1.0/ece", "alerts_per_day_at_60", *run.data.metrics} <= set(rest)
    result = runs["hazard"].data.params
    assert result["judged_fit"].split(" UTC")[0].split(" to ")[1] < result["judged_test"].split(" to ")[0]
    assert result["judged_test"].split(" UTC")[0].split(" to ")[1] < result["used_fit"].split(" to ")[1]
    parent = client.get_run(logged.run)
    assert parent.data.tags["best_candidate"] == next(iter(runs))
    (given,) = parent.inputs.dataset_inputs
    assert (given.dataset.name, given.dataset.digest) == ("tickets", "version-12")
    assert json.loads(given.dataset.source) == {"path": "s3://lake/tables/tickets", "delta_table_version": 12}


def test_a_candidate_leaves_its_card_pictures_and_a_model_that_reads_back(written, trained, rows):
    from mlflow import MlflowClient
    from mlflow.models import Model

    place, logged = written
    client = MlflowClient(tracking_uri=place.backend)
    found = {item.path for item in client.list_artifacts(logged.candidates["hazard"])}
    names = ("precision_recall_curve", "calibration_curve", "lead_time", "cost_curve", "cost_frontier")
    assert {f"{name}_plot.png" for name in (*names, "feature_importance")} <= found
    assert {"model", "model_card.md", "segments.json", "cost_curve.json", "money.json"} <= found
    (folder,) = place.artifacts.glob(f"sla_breach/{logged.candidates['hazard']}/artifacts/model")
    original = next(each.model for each in trained if each.candidate == "hazard")
    assert load(folder).predict(rows).equals(original.predict(rows))
    described = Model.load(folder)
    assert described.signature.inputs.input_names() == list(original.features)
    assert json.loads((folder / "input_example.json").read_text())["columns"] == list(original.features)
    assert "python_function" not in described.flavors
    assert "model" not in {item.path for item in client.list_artifacts(logged.candidates["rule"])}


def test_a_training_that_cannot_be_written_is_seen_to_have_failed(place, trained):
    from mlflow import MlflowClient

    broken = dataclasses.replace(made_of(), card="{{ nothing }}")
    with pytest.raises(jinja2.UndefinedError):
        log_training(place, TASK, trained, broken)
    client = MlflowClient(tracking_uri=place.backend)
    experiment = client.get_experiment_by_name("sla_breach").experiment_id
    assert {run.info.status for run in client.search_runs([experiment])} == {"FAILED"}


def test_a_candidate_whose_parameters_cannot_be_written_is_seen_to_have_failed(place, trained):
    from mlflow import MlflowClient
    from mlflow.exceptions import MlflowException

    unwritable = [dataclasses.replace(each, parameters={"a\nb": 1}) for each in trained]
    with pytest.raises(MlflowException):
        log_training(place, TASK, unwritable, made_of())
    client = MlflowClient(tracking_uri=place.backend)
    runs = client.search_runs([client.get_experiment_by_name("sla_breach").experiment_id])
    assert len(runs) == 2
    assert {run.info.status for run in runs} == {"FAILED"}


def test_unlabelled_rows_teach_the_survival_model_and_judge_nobody(trained):
    judged = {each.candidate: each.figures["n"] for each in trained}
    assert set(judged.values()) == {440}
    hazard_figures = next(each.figures for each in trained if each.candidate == "hazard")
    assert hazard_figures["roc_auc"] > 0.75


def test_the_feature_that_matters_is_missed_most(trained, rows):
    model = next(each.model for each in trained if each.candidate == "hazard")
    found = importance(model, rows)
    assert set(found["feature"][:2]) == {"left", "kind"}
    assert found["importance"][1] > 3 * abs(found["importance"][2])


def test_a_place_tells_no_password(tmp_path):
    assert "hunter2" not in repr(Place("postgresql://opsguard:hunter2@localhost/x", tmp_path))
