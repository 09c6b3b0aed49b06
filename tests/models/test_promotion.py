"""Who is champion: by the gate, by a person, by going back; nothing that cannot be trusted ever is."""

import pickle
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from ml.models.calibration import IDENTITY
from ml.models.learned import Estimator, LearnedModel
from ml.models.model_files import ModelFileError, save
from ml.problems.sla_breach.rule import RuleBaseline
from ml.tracking.registry import CHAMPION, Registry, RegistryError
from ml.tracking.tracking import Place
from opsguard_assets.models.champions import Champions
from opsguard_assets.models.findings import model_findings
from opsguard_assets.models.monitoring_records import MonitoringRecord, store
from opsguard_assets.models.promotion import IN_MLFLOW, ModelCatalog, PromotionError, reconcile
from opsguard_assets.models.serving import scored_by, serving
from resources.database import MLFLOW

NOW = datetime(2026, 3, 2, tzinfo=UTC)
LATER = NOW + timedelta(days=1)
RULE, FEATURES = RuleBaseline(), frozenset({"a", "b"})
PROBLEM = "sla_breach"


@pytest.fixture
def place(database_with_mlflow, tmp_path):
    return Place(database_with_mlflow.url_for(MLFLOW), tmp_path / "mlflow")


@pytest.fixture
def catalog(place, database_with_mlflow):
    return ModelCatalog(Registry(place), Champions(database_with_mlflow))


@pytest.fixture
def made(catalog, place):
    """Registers a version whose model lies in a real run of MLflow."""
    from mlflow import MlflowClient

    client = MlflowClient(tracking_uri=place.backend)
    experiment = client.create_experiment("tests", artifact_location=place.artifacts.as_uri())

    def make(folder=None):
        run = client.create_run(experiment).info
        if folder is None:
            folder = place.artifacts.parent / run.run_id / "model"
            save(model(), folder)
        client.log_artifacts(run.run_id, str(folder), "model")
        client.set_terminated(run.run_id)
        return catalog.registry.register(PROBLEM, run.run_id, description="a test")

    return make


def model():
    from sklearn.linear_model import LogisticRegression

    luck = np.random.default_rng(1)
    rows = luck.random((50, 2))
    return LearnedModel(
        "logistic", "x", ("a", "b"), Estimator(LogisticRegression().fit(rows, rows[:, 0] > 0.5)), IDENTITY
    )


def broken():
    """A model that loads and fails when it scores."""
    whole = model()
    whole.scorer.estimator.coef_ = np.ones((1, 5))
    return whole


def promote(catalog, version, *, after=0, cause="gate"):
    return catalog.promote(version, at=NOW + timedelta(hours=after), actor="gate", cause=cause, reasons=["better"])


def served(catalog):
    return serving(catalog.champions, PROBLEM, RULE, LATER, makes=FEATURES.__contains__)


def test_before_the_first_training_the_rule_scores_and_the_remedy_is_said(catalog):
    found = served(catalog)
    assert found.model is RULE
    assert not found.is_trained
    assert "opsguard train sla_breach" in found.trouble


def test_a_promoted_version_scores_under_its_number_and_leads_to_its_run(catalog, made):
    version = promote(catalog, made())
    found = served(catalog)
    assert (found.model.name, found.model.version, found.run_id) == ("logistic", "1", version.run_id)
    assert found.trouble is None
    assert catalog.champions.current(PROBLEM) == version


def test_any_instant_has_its_champion(catalog, made):
    first, second = made(), made()
    promote(catalog, first)
    promote(catalog, second, after=5)
    at = {hours: catalog.champions.at(PROBLEM, NOW + timedelta(hours=hours)) for hours in (-1, 1, 6)}
    assert at[-1] is None
    assert (at[1].version, at[6].version, at[6].replaced) == ("1", "2", "1")
    assert at[6].reasons == ("better",)


def test_a_past_moment_is_scored_by_its_own_champion_and_before_the_first_by_the_rule(catalog, made):
    promote(catalog, made())
    promote(catalog, made(), after=5)
    models = [
        serving(catalog.champions, PROBLEM, RULE, NOW + timedelta(hours=hours), makes=FEATURES.__contains__).model
        for hours in (-1, 1, 6)
    ]
    assert models[0] is RULE
    assert [model.version for model in models[1:]] == ["1", "2"]


def test_a_champion_that_is_worse_than_the_trailing_rate_is_not_listened_to_until_it_is_better_again(catalog, made):
    promote(catalog, made())
    for hours, is_useful in ((2, False), (4, True)):
        watch = MonitoringRecord(
            PROBLEM, "1", NOW + timedelta(hours=hours), is_useful, not is_useful, "skill -0.26", {}
        )
        store(catalog.champions.database, watch)
    found = [
        serving(catalog.champions, PROBLEM, RULE, NOW + timedelta(hours=hours), makes=FEATURES.__contains__)
        for hours in (1, 3, 5)
    ]
    assert [each.model.name for each in found] == ["logistic", "rule_baseline", "logistic"]
    assert "is not listened to: skill -0.26" in found[1].trouble


def test_going_back_twice_goes_back_two_steps_and_then_to_the_rule(catalog, made):
    for hours, version in enumerate([made(), made(), made()]):
        promote(catalog, version, after=hours)
    back = [
        catalog.roll_back(PROBLEM, at=NOW + timedelta(hours=9 + n), actor="ada", reasons=["worse"]) for n in range(3)
    ]
    assert [version and version.version for version in back] == ["2", "1", None]
    assert served(catalog).model is RULE
    with pytest.raises(PromotionError, match="no champion to roll back"):
        catalog.roll_back(PROBLEM, at=NOW + timedelta(hours=20), actor="ada", reasons=[])


def test_an_alias_that_somebody_moves_in_mlflow_counts_and_is_noted_once(catalog, made):
    promote(catalog, made())
    other = made()
    catalog.registry.point(CHAMPION, other)
    assert served(catalog).model.version == "2"
    assert reconcile(catalog.champions, PROBLEM, at=NOW + timedelta(hours=1))
    assert not reconcile(catalog.champions, PROBLEM, at=NOW + timedelta(hours=2))
    newest = catalog.champions.history(PROBLEM)[0]
    assert (newest.version, newest.cause) == ("2", IN_MLFLOW)


class Poison:
    """Leaves a trace when it is unpickled."""

    def __init__(self, trace):
        self.trace = trace

    def __reduce__(self):
        return (Path.touch, (Path(self.trace),))


def test_a_poisoned_pickle_never_becomes_champion_and_never_runs(catalog, made, tmp_path):
    folder, trace = tmp_path / "poison", tmp_path / "executed"
    save(model(), folder)
    (folder / "estimator.skops").write_bytes(pickle.dumps(Poison(str(trace))))
    version = made(folder)
    with pytest.raises(ModelFileError):
        promote(catalog, version)
    assert catalog.champions.current(PROBLEM) is None
    assert not trace.exists()


def test_a_champion_that_is_damaged_later_leaves_the_tick_to_the_rule_loudly(catalog, made):
    version = promote(catalog, made())
    (version.folder / "estimator.skops").write_bytes(b"PK damaged")
    found = served(catalog)
    assert found.model is RULE
    assert found.is_trained
    assert "champion 1 of sla_breach cannot be used" in found.trouble
    assert "opsguard rollback sla_breach" in found.trouble


def test_a_champion_that_fails_while_it_scores_leaves_the_tick_to_the_rule_loudly(catalog, made, tmp_path):
    save(broken(), tmp_path / "broken")
    promote(catalog, made(tmp_path / "broken"))
    rows = pl.DataFrame({"a": [0.1], "b": [0.2], "remaining_minutes": [90.0], "elapsed_minutes": [100.0]}).with_columns(
        has_assignee=True, assignee_open_tickets=1, priority=pl.lit("low")
    )
    champion = served(catalog)
    assert champion.trouble is None
    found, risks = scored_by(champion, PROBLEM, RULE, lambda by: rows.select(risk=by.model.predict(rows)))
    assert (found.model, found.run_id, risks["risk"].to_list()) == (RULE, None, [0.9])
    assert "logistic 1 cannot score: " in found.trouble
    assert "opsguard rollback sla_breach" in found.trouble
    (row,) = model_findings(found, PROBLEM, alert_type="sla_model_unavailable").to_dicts()
    assert (row["severity"], row["reason"]) == ("high", found.trouble)


def test_a_champion_that_reads_features_which_are_no_longer_made_cannot_score(catalog, made):
    promote(catalog, made())
    found = serving(catalog.champions, PROBLEM, RULE, LATER, makes=frozenset({"a"}).__contains__)
    assert found.model is RULE
    assert "no longer made: b" in found.trouble


def test_a_version_that_does_not_exist_is_an_error_that_names_those_that_do(catalog, made):
    made()
    with pytest.raises(RegistryError, match=r"no version '7'. There are: 1"):
        catalog.registry.named(PROBLEM, "7")
    with pytest.raises(RegistryError, match="no version 'champion'"):
        catalog.registry.named(PROBLEM, "champion")
