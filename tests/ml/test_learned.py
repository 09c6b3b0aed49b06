"""Models are stored without pickle, read as they were written, and refused when they ask for more."""

import io
import json
import pickle
import subprocess
import zipfile

import numpy as np
import polars as pl
import pytest
import skops.io
from sklearn.linear_model import LogisticRegression

from ml.dataset.examples import Examples
from ml.models.calibration import IDENTITY, calibrate
from ml.models.learned import LearnedModel
from ml.models.model import ScoringError
from ml.models.model_files import ModelFileError, load, save
from ml.problems.device_failure.rule import DeviceRule
from ml.problems.no_show.rule import NoShowRule
from ml.problems.sla_breach.rule import RuleBaseline
from ml.problems.work_order_late.rule import WorkOrderRule
from ml.training.candidates.every import candidates

FEATURES = ("size", "age", "often_unknown", "left")
RULES = {
    RuleBaseline(): {
        "remaining_minutes": pl.Float64, "elapsed_minutes": pl.Float64, "priority": pl.String,
        "has_assignee": pl.Boolean, "assignee_open_tickets": pl.UInt32,
    },
    DeviceRule(): dict.fromkeys(
        ("offline_share_7d", "offline_share_1d", "battery_last_pct", "silence_minutes", "interval_minutes"), pl.Float64
    ),
    NoShowRule(): dict.fromkeys(("person_rate", "person_shifts", "fleet_rate"), pl.Float64),
    WorkOrderRule(): dict.fromkeys(
        ("pair_rate", "pair_batches", "vendor_rate", "vendor_batches", "all_rate"), pl.Float64
    ),
}  # fmt: skip
QUICK = {name: {"num_boost_round": 40} for name in ("lightgbm", "hazard")} | {
    "hist_gradient_boosting": {"max_iter": 40}
}


@pytest.fixture(scope="module")
def rows():
    luck = np.random.default_rng(1)
    size, age, left = luck.normal(size=3_000), luck.uniform(0, 100, 3_000), luck.uniform(20, 300, 3_000)
    lasts = luck.exponential(60 * np.exp(size + age / 50 - 1))
    watchable = luck.uniform(50, 500, 3_000)
    unknown = pl.Series([None if i % 7 else x for i, x in enumerate(age)], dtype=pl.Float64)
    return pl.DataFrame(
        {
            "size": size,
            "age": age,
            "often_unknown": unknown,
            "left": left,
            "is_event": lasts > left,
            "watched_minutes": np.minimum(lasts, watchable),
            "is_ended": lasts <= watchable,
            "watchable_minutes": watchable,
        }
    )


def trained(candidate, rows):
    examples = Examples(rows, FEATURES, "left")
    scorer = candidate.fit(examples, {**candidate.parameters, **QUICK.get(candidate.name, {})}, 1).scorer
    calibration = calibrate(scorer.scores(examples.numbers()), examples.labels())
    return LearnedModel(candidate.name, "1", FEATURES, scorer, calibration, typical=(0.0, 50.0, float("nan"), 100.0))


@pytest.mark.parametrize("candidate", candidates(), ids=lambda c: c.name)
def test_a_model_reads_back_as_it_was_written_and_is_no_pickle(candidate, rows, tmp_path):
    model = trained(candidate, rows)
    save(model, tmp_path)
    again = load(tmp_path)
    assert again.predict(rows).equals(model.predict(rows))
    assert again.predict(rows).is_between(0, 1).all()
    for file in tmp_path.iterdir():
        assert not file.read_bytes().startswith(b"\x80")


@pytest.mark.parametrize("candidate", candidates(), ids=lambda c: c.name)
def test_no_rows_have_no_scores_and_no_contributions(candidate, rows, tmp_path):
    save(trained(candidate, rows), tmp_path)
    model = load(tmp_path)
    assert model.predict(rows.head(0)).equals(pl.Series("risk", [], pl.Float64))
    assert model.contributions(rows.head(0)).shape == (0, len(FEATURES))


@pytest.mark.parametrize("candidate", candidates(), ids=lambda c: c.name)
def test_a_folder_that_names_fewer_features_than_its_model_reads_is_refused(candidate, rows, tmp_path):
    save(trained(candidate, rows), tmp_path)
    document = json.loads((tmp_path / "model.json").read_text())
    for number in range(len(FEATURES) - 1):
        cut = document | {"features": document["features"][number + 1 :], "typical": document["typical"][number + 1 :]}
        (tmp_path / "model.json").write_text(json.dumps(cut))
        with pytest.raises(ModelFileError, match=r"names \d features, and the model beside it reads 4|survival model"):
            load(tmp_path)


def test_a_model_that_fails_over_its_rows_says_that_it_cannot_score(rows):
    model = trained(candidates()[0], rows)
    model.scorer.estimator[-1].coef_ = np.ones((1, 99))
    for result in (model.predict, model.contributions):
        with pytest.raises(ScoringError, match=r"logistic_regression 1 cannot score: .*99"):
            result(rows)
    with pytest.raises(ScoringError, match="often_unknown"):
        model.predict(rows.drop("often_unknown"))


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: type(rule).__name__)
def test_the_rules_say_nothing_of_no_rows(rule):
    nothing = pl.DataFrame(schema=RULES[rule])
    assert rule.predict(nothing).to_list() == []
    assert rule.reasons(nothing).to_list() == []


def test_probabilities_hold_on_average_in_every_band(rows):
    model = trained(candidates()[0], rows)
    scored = rows.with_columns(model.predict(rows))
    for low in (0.1, 0.3, 0.5, 0.7):
        band = scored.filter(pl.col("risk").is_between(low, low + 0.2))
        assert band["is_event"].mean() == pytest.approx(band["risk"].mean(), abs=0.05)


class Poison:
    """Runs a command when it is unpickled."""

    def __reduce__(self):
        import os

        return (os.system, ("touch executed",))


def meta(folder):
    calibration = {"scores": IDENTITY.scores, "probabilities": IDENTITY.probabilities}
    (folder / "model.json").write_text(
        json.dumps({"name": "x", "version": "1", "features": ["size"], "calibration": calibration})
    )


def test_a_pickle_in_the_place_of_an_estimator_is_refused_and_not_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    meta(tmp_path)
    (tmp_path / "estimator.skops").write_bytes(pickle.dumps(Poison()))
    with pytest.raises(ModelFileError):
        load(tmp_path)
    assert not (tmp_path / "executed").exists()


def test_a_file_that_asks_for_types_beyond_the_list_of_the_house_is_refused(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    meta(tmp_path)
    skops.io.dump({"model": LogisticRegression(), "more": subprocess.Popen}, tmp_path / "estimator.skops")
    with pytest.raises(ModelFileError, match="does not trust"):
        load(tmp_path)


def test_a_list_of_trusted_types_inside_the_file_changes_nothing(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    meta(tmp_path)
    path = tmp_path / "estimator.skops"
    skops.io.dump({"more": subprocess.Popen}, path)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("trusted.json", json.dumps(["subprocess.Popen"]))
    with pytest.raises(ModelFileError, match="does not trust"):
        load(tmp_path)


@pytest.mark.parametrize("content", [b"", b"tree\nversion=v4\n", io.BytesIO().getvalue() + b"\x80\x04K\x01."])
def test_a_damaged_booster_is_named(tmp_path, content):
    meta(tmp_path)
    (tmp_path / "booster.txt").write_bytes(content)
    with pytest.raises(ModelFileError):
        load(tmp_path)


def test_a_folder_without_a_model_is_named(tmp_path):
    with pytest.raises(ModelFileError, match="holds no model"):
        load(tmp_path)


def test_an_estimator_that_cannot_be_stored_safely_is_refused(tmp_path):
    class Own:
        def scores(self, rows):
            return rows

    with pytest.raises(ModelFileError, match="without pickle"):
        save(LearnedModel("own", "1", (), Own(), IDENTITY), tmp_path)
