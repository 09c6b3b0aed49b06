"""What is alike for all problems: their words, their places in Dagster, and trainings on too little."""

import importlib.resources
from datetime import UTC, datetime, timedelta

import dagster as dg
import numpy as np
import polars as pl
import pytest

from ml.evaluation import pictures
from ml.evaluation.gate import judge
from ml.problems.alert_action.problem import TASK as ALERT_ACTION
from ml.problems.device_failure.problem import task_of
from ml.problems.no_show.problem import TASK as NO_SHOW
from ml.problems.sla_breach.problem import TASK as SLA_BREACH
from ml.problems.work_order_late.problem import TASK as WORK_ORDER_LATE
from ml.tracking.card import Subject, model_card
from ml.tracking.registry import Registry
from ml.tracking.report import Report
from ml.tracking.tracking import Place
from opsguard_assets.build import build_defs
from opsguard_assets.config.load import parse_settings
from opsguard_assets.config.settings import Settings
from opsguard_assets.domains import problems_of
from opsguard_assets.model_jobs import cadences_of, model_keys, train_config
from opsguard_assets.models.champions import Champions
from opsguard_assets.models.model_assets import GATE_CHECK, NOT_YET_TAG, learned_keys
from opsguard_assets.models.promotion import ModelCatalog
from resources.database import MLFLOW
from resources.lake import Lake
from resources.progress import Silent
from tests.long import chosen

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
PROBLEMS = problems_of(Settings())
TASKS = {
    task.problem: task
    for task in (SLA_BREACH, task_of((), judged_within="24h", visits_per_day=5), NO_SHOW, WORK_ORDER_LATE, ALERT_ACTION)
}
# Words of one problem that mislead on a plot, a card or a verdict of another.
OWN = {
    "sla_breach": ("deadline", "ticket"),
    "device_failure": ("failure", "device"),
    "no_show": ("no-show", "shift"),
    "work_order_late": ("late completion", "order"),
    "alert_action": ("needed action",),
}
every = pytest.mark.parametrize("problem", OWN)
TEMPLATE = (importlib.resources.files("templates") / "opsguard.yaml").read_text()
pytestmark = pytest.mark.timeout(300)


def strange(problem, text):
    """Words of other problems in a text; a plot of no-shows must not speak of deadlines."""
    if problem == "sla_breach":
        return []
    words = {word for other, own in OWN.items() if other != problem for word in own} | {"missed", "misses"}
    return sorted(word for word in words if word in text.lower())


def scored(task):
    luck = np.random.default_rng(1)
    count = 400
    late = luck.random(count) < 0.4
    return pl.DataFrame(
        {
            task.key: [f"E{n}" for n in range(count)],
            "as_of": [NOW + timedelta(minutes=n) for n in range(count)],
            "risk": np.clip(late * 0.6 + luck.random(count) * 0.4, 0, 1),
            "risk_of_rule": luck.random(count),
            "is_event": late,
            "lead_minutes": luck.random(count) * 600,
        }
    )


@pytest.mark.parametrize("problem", chosen(OWN))
def test_plots_say_the_event_of_their_own_problem(problem, monkeypatch):
    task, said = TASKS[problem], []
    drawn = pictures.axes_of
    monkeypatch.setattr(pictures, "axes_of", lambda *labels, **more: (said.extend(labels), drawn(*labels, **more))[1])
    rows = scored(task)
    pictures.precision_recall(rows, "a model", events=task.events)
    pictures.reliability_diagram(rows, "a model", events=task.events)
    pictures.lead_times(rows, "a model", task=task)
    text = "; ".join(said)
    assert task.event in text
    assert strange(problem, text) == []


@every
def test_the_card_and_the_gate_say_the_event_of_their_own_problem(problem):
    task = TASKS[problem]
    names = ("precision_recall_auc", "roc_auc", "base_rate", "precision_at_70", "recall_at_70", "lead_time_p50_min")
    costs = {"miss": 1.0, "alert": 1.0, "prevented_share": 0.3, "lead_minutes": 60.0}
    segments = pl.DataFrame(
        schema={
            "segment": pl.String,
            "value": pl.String,
            "n": pl.Int64,
            "brier": pl.Float64,
            "brier_constant": pl.Float64,
        }
    )
    report = Report(dict.fromkeys(names, 0.5), segments, pl.DataFrame(), {"threshold": None, "costs": costs}, None)
    facts = {"moments": 10, "entities": 5, "late_share": 0.1}
    subject = Subject("lightgbm", task, NOW, 1, 2, {}, {}, facts, {}, None)
    template = (importlib.resources.files("templates") / "model_card.md.j2").read_text(encoding="utf-8")
    card = model_card(template, subject, report)
    assert task.event.replace("-", "\\-") in card or task.event in card
    figures = card.split("## Quality")[1]
    assert strange(problem, figures.split("## Limits")[0].replace("misses were", "").replace("of the misses", "")) == []
    reasons = "; ".join(judge(scored(task), event=task.event).reasons)
    assert task.event in reasons
    assert strange(problem, reasons) == []


@every
def test_a_task_and_its_problem_name_the_event_alike(problem):
    assert TASKS[problem].event == PROBLEMS[problem].event


@pytest.fixture(scope="module")
def simulated():
    return build_defs(settings=parse_settings(TEMPLATE, name="opsguard.yaml", variables={"OPSGUARD_HOME": "somewhere"}))


@every
def test_every_problem_has_its_assets_jobs_and_sensors(simulated, problem):
    each = PROBLEMS[problem]
    graph = simulated.resolve_asset_graph()
    assert {key for key in model_keys(each) if graph.has(key)} == set(model_keys(each))
    assert {graph.get(key).group_name for key in model_keys(each)} == {"models"}
    jobs = {job.name for job in simulated.resolve_all_job_defs()}
    assert {each.train_job, each.monitoring_job, each.replay_job} <= jobs
    sensors = " ".join(sensor.name for sensor in simulated.sensors)
    assert sensors.count(problem) >= 2


def test_only_what_is_about_people_is_not_learned_by_itself(simulated):
    scheduled = {schedule.job_name for schedule in simulated.schedules}
    trained = {name for name, each in PROBLEMS.items() if each.train_job in scheduled}
    assert trained == {"sla_breach", "device_failure", "work_order_late", "alert_action"}
    assert all(cadences_of(each, place=0) for each in PROBLEMS.values())


@pytest.mark.parametrize("problem", chosen(OWN))
def test_a_training_on_nothing_says_not_enough_yet_and_succeeds(problem, database, tmp_path):
    settings = parse_settings(TEMPLATE, name="opsguard.yaml", variables={"OPSGUARD_HOME": str(tmp_path)})
    catalog = ModelCatalog(Registry(Place(database.url_for(MLFLOW), tmp_path / "mlflow")), Champions(database))
    given = {
        "lake": Lake(str(tmp_path / "lake")),
        "database": database,
        "progress": Silent(),
        "inbox": None,
        "models": catalog,
    }
    resources = {name: dg.ResourceDefinition.hardcoded_resource(value) for name, value in given.items()}
    defs, each = build_defs(settings=settings, resources=resources), problems_of(settings)[problem]
    with dg.DagsterInstance.ephemeral() as instance:
        result = defs.resolve_job_def(each.train_job).execute_in_process(
            train_config(each, NOW), instance=instance, raise_on_error=False
        )
        run = instance.get_run_by_id(result.run_id)
    assert result.success
    model_key, champion_key = learned_keys(each)
    (event,) = result.asset_materializations_for_node(model_key.to_python_identifier())
    assert event.metadata["verdict"].value.startswith("not enough data yet: ")
    assert result.asset_materializations_for_node(champion_key.to_python_identifier()) == []
    (check,) = result.get_asset_check_evaluations()
    assert (check.check_name, check.passed, check.severity) == (GATE_CHECK, False, dg.AssetCheckSeverity.WARN)
    assert run.tags[NOT_YET_TAG] == "not enough yet"
    assert catalog.champions.history(problem) == []
