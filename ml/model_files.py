"""Models in folders, without pickle.

Here: writing and reading. Not here: what a model does (`learned`, `hazard`).

A folder holds `model.json` (name, features, calibration, typical values, periods of a survival model) and either
`booster.txt` (LightGBM's own text) or `estimator.skops`. Reading trusts the types in `TRUSTED` and no list that comes
with the file.
"""

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

from ml.calibration import Calibration
from ml.hazard import PERIOD_FEATURES, Hazard, Periods
from ml.learned import Booster, Estimator, LearnedModel, Scorer

_META, _BOOSTER, _ESTIMATOR = "model.json", "booster.txt", "estimator.skops"
# What estimators of ours are made of beyond numbers and texts; everything else in a file is refused.
TRUSTED = (
    "numpy.dtype",
    "sklearn._loss.link.Interval",
    "sklearn._loss.link.LogitLink",
    "sklearn._loss.loss.HalfBinomialLoss",
    "sklearn._loss._loss.CyHalfBinomialLoss",
    "sklearn.ensemble._hist_gradient_boosting.binning._BinMapper",
    "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
)


class ModelFileError(ValueError):
    """A model's folder cannot be read, or holds what OpsGuard does not trust."""


def save(model: LearnedModel, folder: Path) -> None:
    """Writes a model into an empty folder.

    Raises:
        ModelFileError: When the scorer cannot be stored without pickle.
    """
    folder.mkdir(parents=True, exist_ok=True)
    meta: dict[str, Any] = {
        "name": model.name,
        "version": model.version,
        "problem": model.problem,
        "features": model.features,
        "calibration": {"scores": model.calibration.scores, "probabilities": model.calibration.probabilities},
        "typical": [None if math.isnan(value) else value for value in model.typical],
    }
    scorer = model.scorer
    if isinstance(scorer, Hazard):
        meta["survival"] = {**vars(scorer.periods), "tells_end": scorer.tells_end}
    if isinstance(scorer, Booster | Hazard):
        scorer.booster.save_model(str(folder / _BOOSTER))
    elif isinstance(scorer, Estimator):
        import skops.io  # noqa: PLC0415 - imports scikit-learn

        skops.io.dump(scorer.estimator, folder / _ESTIMATOR)
    else:
        raise ModelFileError(f"{type(scorer).__name__} cannot be stored without pickle.")
    (folder / _META).write_text(json.dumps(meta, indent=1, allow_nan=False), encoding="utf-8")


def load(folder: Path) -> LearnedModel:
    """Reads a model.

    Raises:
        ModelFileError: When something is missing, damaged, or not trusted.
    """
    try:
        return _read(folder)
    except (OSError, ValueError, KeyError, TypeError, BadZipFile) as error:
        if isinstance(error, ModelFileError):
            raise
        raise ModelFileError(f"{folder} holds no model that can be read: {error}") from error


def _read(folder: Path) -> LearnedModel:
    meta = json.loads((folder / _META).read_text(encoding="utf-8"))
    typical = tuple(math.nan if value is None else float(value) for value in meta.get("typical", ()))
    features = tuple(map(str, meta["features"]))
    if typical and len(typical) != len(features):
        raise ModelFileError(f"{folder / _META} names {len(features)} features and {len(typical)} typical values.")
    return LearnedModel(
        name=str(meta["name"]),
        version=str(meta["version"]),
        features=features,
        scorer=_scorer(folder, meta, len(features)),
        calibration=Calibration(*(tuple(map(float, meta["calibration"][key])) for key in ("scores", "probabilities"))),
        problem=str(meta.get("problem", "sla_breach")),
        typical=typical,
    )


def _scorer(folder: Path, meta: Mapping[str, Any], features: int) -> Scorer:
    if (folder / _BOOSTER).exists():
        booster, told = _booster(folder), PERIOD_FEATURES if "survival" in meta else 0
        _check_count(folder, features, booster.num_feature() - told)
        return _survival(folder, booster, meta["survival"], features) if told else Booster(booster)
    scorer = _estimator(folder)
    _check_count(folder, features, getattr(scorer.estimator, "n_features_in_", None))
    return scorer


def _check_count(folder: Path, named: int, read: int | None) -> None:
    """A model that reads another number of features than its folder names would fail when it scores."""
    if named != read:
        raise ModelFileError(f"{folder / _META} names {named} features, and the model beside it reads {read}.")


def _booster(folder: Path) -> Any:
    import lightgbm  # noqa: PLC0415 - a second, and only those who score need it

    try:
        return lightgbm.Booster(model_file=str(folder / _BOOSTER))
    except lightgbm.basic.LightGBMError as error:
        raise ModelFileError(f"{folder / _BOOSTER} is no LightGBM model: {error}") from error


def _survival(folder: Path, booster: Any, survival: Mapping[str, Any], features: int) -> Hazard:
    """A survival model; positions outside the features and edges that do not rise are damage, not settings."""
    edges = tuple(map(float, survival["edges"]))
    places = [survival[name] for name in ("horizon", "hour", "weekday")]
    told = places[:1] + [place for place in places[1:] if place is not None]
    if not all(type(place) is int and 0 <= place < features for place in told):
        raise ModelFileError(f"{folder / _META}: a survival model reads features {places} of {features}.")
    if len(edges) < 2 or edges[0] != 0 or list(edges) != sorted(set(edges)):  # noqa: PLR2004 - one period has two edges
        raise ModelFileError(f"{folder / _META}: periods must rise from 0; found {list(edges)[:5]}.")
    return Hazard(booster, Periods(edges, *places), tells_end=survival.get("tells_end", False) is True)


def _estimator(folder: Path) -> Estimator:
    import skops.io  # noqa: PLC0415 - imports scikit-learn
    from skops.io.exceptions import UntrustedTypesFoundException  # noqa: PLC0415

    path = folder / _ESTIMATOR
    asked = set(skops.io.get_untrusted_types(file=path))
    if asked - set(TRUSTED):
        raise ModelFileError(
            f"{path} asks for types that OpsGuard does not trust: {', '.join(sorted(asked - set(TRUSTED)))}"
        )
    try:
        return Estimator(skops.io.load(path, trusted=sorted(asked)))
    except UntrustedTypesFoundException as error:
        raise ModelFileError(f"{path}: {error}") from error
