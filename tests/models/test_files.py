"""A model scores only as it was recorded: exchanged or changed files are seen before they score."""

import json
import shutil
from dataclasses import replace
from datetime import timedelta

import lightgbm
import numpy as np
import polars as pl
import pytest

from ml.models.calibration import IDENTITY, Calibration
from ml.models.learned import Booster, LearnedModel
from ml.models.model_files import ModelFileError, digests_of, load, save
from opsguard_assets.models.files import check_files, record_files, recorded_files, version_key
from opsguard_assets.models.findings import model_findings
from opsguard_assets.models.promotion import GATE_LABEL, PASSED, PROMOTED, REASONS_LABEL, REJECTED, GateError
from opsguard_assets.models.trainings import keep, trained_by
from tests.models.test_promotion import (
    NOW,
    PROBLEM,
    RULE,
    catalog,  # noqa: F401 - a fixture
    made,  # noqa: F401 - a fixture
    place,  # noqa: F401 - a fixture
    served,
)


def boosted(seed):
    """A model whose shape is equal for every seed, and what it says is not."""
    luck = np.random.default_rng(seed)
    rows = luck.random((200, 2))
    data = lightgbm.Dataset(rows, rows[:, seed % 2] > 0.5, free_raw_data=False)
    settings = {"objective": "binary", "num_leaves": 4, "verbose": -1, "num_threads": 1}
    booster = lightgbm.train(settings, data, num_boost_round=5)
    return LearnedModel("lightgbm", "x", ("a", "b"), Booster(booster), IDENTITY)


@pytest.fixture
def champion(made, catalog, tmp_path):  # noqa: F811
    """A version that was recorded at its training and became champion."""
    save(boosted(0), tmp_path / "trained")
    version = made(tmp_path / "trained")
    record_files(catalog.champions.database, PROBLEM, version_key(version), digests_of(tmp_path / "trained"))
    return catalog.promote(version, at=NOW, actor="gate", cause="gate", reasons=[])


def exchanged(folder, tmp_path):
    save(boosted(1), tmp_path / "other")
    shutil.copy(tmp_path / "other/booster.txt", folder / "booster.txt")


def recalibrated(folder, _tmp_path):
    meta = json.loads((folder / "model.json").read_text())
    meta["calibration"] = {"scores": [0.0, 1.0], "probabilities": [0.0, 0.1]}
    (folder / "model.json").write_text(json.dumps(meta))


def another_beside(folder, _tmp_path):
    (folder / "estimator.skops").write_bytes(b"anything")


def without_its_signature(folder, _tmp_path):
    (folder / "model.json").write_text((folder / "model.json").read_text() + " ")


CHANGES = [exchanged, recalibrated, another_beside, without_its_signature]


@pytest.mark.parametrize("change", CHANGES)
def test_a_champion_whose_files_were_changed_does_not_score_and_operators_are_told(catalog, champion, tmp_path, change):  # noqa: F811
    assert served(catalog).model.name == "lightgbm"
    change(champion.folder, tmp_path)
    found = served(catalog)
    assert found.model is RULE
    assert "not those that were recorded" in found.trouble
    (finding,) = model_findings(found, PROBLEM, alert_type="sla_model_unavailable").to_dicts()
    assert finding["severity"] == "high"
    is_sound, words = check_files(catalog.champions.database, champion)
    assert not is_sound
    assert "not those that were recorded" in words


def test_an_exchanged_booster_of_equal_shape_would_have_scored_without_digests(champion, tmp_path):
    rows = pl.DataFrame({"a": [0.1, 0.9], "b": [0.9, 0.1]})
    before = load(champion.folder).predict(rows)
    exchanged(champion.folder, tmp_path)
    assert not load(champion.folder).predict(rows).equals(before)
    with pytest.raises(ModelFileError, match=r"changed: booster.txt"):
        load(champion.folder, noted_digests := digests_of(tmp_path / "trained"))
    assert noted_digests


def test_a_version_from_before_the_record_is_recorded_at_its_first_use(catalog, made, tmp_path):  # noqa: F811
    save(boosted(0), tmp_path / "trained")
    version = made(tmp_path / "trained")
    assert recorded_files(catalog.champions.database, PROBLEM, version_key(version)) is None
    catalog.promote(version, at=NOW, actor="gate", cause="gate", reasons=[])
    assert served(catalog).model.name == "lightgbm"
    assert "first use" in check_files(catalog.champions.database, version)[1]
    exchanged(version.folder, tmp_path)
    assert served(catalog).model is RULE


def test_models_of_trainings_are_compared_too(catalog, tmp_path):  # noqa: F811
    model = replace(boosted(0), calibration=Calibration((0.0, 1.0), (0.0, 1.0)))
    keep(catalog, PROBLEM, NOW, [model])
    assert trained_by(catalog, PROBLEM, NOW)[0].name == "lightgbm"
    (folder,) = (catalog.registry.place.trainings / PROBLEM).glob("*Z/lightgbm")
    recalibrated(folder, tmp_path)
    with pytest.raises(ModelFileError, match=r"changed: model.json"):
        trained_by(catalog, PROBLEM, NOW)


def test_what_the_gate_kept_out_becomes_champion_only_by_force_and_the_history_keeps_it(catalog, made):  # noqa: F811
    version = made()
    catalog.registry.label(version, {GATE_LABEL: REJECTED, REASONS_LABEL: "NOT: Brier score below that of the rule"})
    by_hand = {"actor": "ada", "cause": PROMOTED, "reasons": ["I know better"]}
    with pytest.raises(GateError, match="NOT: Brier score below that of the rule"):
        catalog.promote(version, at=NOW, **by_hand)
    assert catalog.champions.current(PROBLEM) is None
    catalog.promote(version, at=NOW, **by_hand, overrules=True)
    assert [(line.version, line.gate) for line in catalog.champions.history(PROBLEM)] == [("1", REJECTED)]


def test_what_the_gate_never_judged_is_said_so_and_what_it_let_in_needs_no_force(catalog, made):  # noqa: F811
    first, second = made(), made()
    with pytest.raises(GateError, match="has not evaluated"):
        catalog.promote(first, at=NOW, actor="ada", cause=PROMOTED, reasons=[])
    catalog.registry.label(second, {GATE_LABEL: PASSED})
    catalog.promote(second, at=NOW + timedelta(hours=1), actor="ada", cause=PROMOTED, reasons=[])
    assert [line.gate for line in catalog.champions.history(PROBLEM)] == [PASSED]
