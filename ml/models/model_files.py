"""Models in folders, without pickle.

Here: writing, reading, digests. Not here: what a model does (`learned`, `hazard`), and where digests are kept.

A folder holds `model.json` (name, features, calibration, typical values, periods of a survival model) and either
`booster.txt` (LightGBM's own text) or `estimator.skops`. Reading trusts the types in `TRUSTED` and no list that comes
with the file.
"""

import hashlib
import json
import math
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

from ml.models.calibration import Calibration
from ml.models.hazard import PERIOD_FEATURES, Hazard, Periods
from ml.models.learned import Booster, Estimator, LearnedModel, Scorer

_META, _BOOSTER, _ESTIMATOR = "model.json", "booster.txt", "estimator.skops"
_READ = (_META, _BOOSTER, _ESTIMATOR)
# A champion of each problem, and one more.
_KEPT = 6
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


def digests_of(folder: Path) -> dict[str, str]:
    """The SHA-256 of every file of a model, by name.

    Raises:
        ModelFileError: When the folder cannot be read, or holds no file.
    """
    try:
        found = {path.name: _sha256(path.read_bytes()) for path in sorted(folder.iterdir()) if path.is_file()}
    except OSError as error:
        raise ModelFileError(f"{folder} holds no model that can be read: {error}") from error
    if not found:
        raise ModelFileError(f"{folder} holds no model: it is empty.")
    return found


def load(folder: Path, recorded: Mapping[str, str] | None = None) -> LearnedModel:
    """Reads a model.

    Args:
        folder: Where it lies.
        recorded: The digests of its files when it was made (`digests_of`); not compared where left out.

    Raises:
        ModelFileError: When something is missing, damaged, not trusted, or not what was recorded.
    """
    try:
        held = {name: (folder / name).read_bytes() for name in _READ if (folder / name).exists()}
        if recorded is not None:
            _check_digests(folder, held, recorded)
        # What was compared is what is read: nobody can exchange a file in between.
        return _read(folder, held)
    except (OSError, ValueError, KeyError, TypeError, BadZipFile) as error:
        if isinstance(error, ModelFileError):
            raise
        raise ModelFileError(f"{folder} holds no model that can be read: {error}") from error


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _check_digests(folder: Path, held: Mapping[str, bytes], recorded: Mapping[str, str]) -> None:
    """Files that are read must be those that were recorded; none may be new, missing or changed."""
    present = digests_of(folder) | {name: _sha256(content) for name, content in held.items()}
    changed = [name for name, digest in recorded.items() if name in present and present[name] != digest]
    missing = [name for name in recorded if name not in present]
    new = [name for name in held if name not in recorded]
    differences = {"changed": changed, "missing": missing, "new": new}
    if changed or missing or new:
        words = "; ".join(f"{what}: {', '.join(sorted(names))}" for what, names in differences.items() if names)
        raise ModelFileError(f"the files in {folder} are not those that were recorded when it was made ({words})")


def _read(folder: Path, held: Mapping[str, bytes]) -> LearnedModel:
    if _META not in held:
        raise ModelFileError(f"{folder} holds no model that can be read: {_META} is missing.")
    meta = json.loads(held[_META].decode("utf-8"))
    typical = tuple(math.nan if value is None else float(value) for value in meta.get("typical", ()))
    features = tuple(map(str, meta["features"]))
    if typical and len(typical) != len(features):
        raise ModelFileError(f"{folder / _META} names {len(features)} features and {len(typical)} typical values.")
    return LearnedModel(
        name=str(meta["name"]),
        version=str(meta["version"]),
        features=features,
        scorer=_scorer(folder, held, meta, len(features)),
        calibration=Calibration(*(tuple(map(float, meta["calibration"][key])) for key in ("scores", "probabilities"))),
        problem=str(meta.get("problem", "sla_breach")),
        typical=typical,
    )


def _scorer(folder: Path, held: Mapping[str, bytes], meta: Mapping[str, Any], features: int) -> Scorer:
    if _BOOSTER in held:
        booster, more_features = _booster(folder, held[_BOOSTER]), PERIOD_FEATURES if "survival" in meta else 0
        _check_count(folder, features, booster.num_feature() - more_features)
        return _survival(folder, booster, meta["survival"], features) if more_features else Booster(booster)
    if _ESTIMATOR not in held:
        raise ModelFileError(f"{folder} holds no model that can be read: {_ESTIMATOR} is missing.")
    scorer = _estimator(folder, held[_ESTIMATOR])
    _check_count(folder, features, getattr(scorer.estimator, "n_features_in_", None))
    return scorer


def _check_count(folder: Path, named: int, read: int | None) -> None:
    """A model that reads another number of features than its folder names would fail when it scores."""
    if named != read:
        raise ModelFileError(f"{folder / _META} names {named} features, and the model beside it reads {read}.")


def _booster(folder: Path, content: bytes) -> Any:
    import lightgbm  # noqa: PLC0415 - a second, and only those who score need it

    try:
        return lightgbm.Booster(model_str=content.decode("utf-8"))
    except lightgbm.basic.LightGBMError as error:
        raise ModelFileError(f"{folder / _BOOSTER} is no LightGBM model: {error}") from error


def _survival(folder: Path, booster: Any, survival: Mapping[str, Any], features: int) -> Hazard:
    """A survival model; positions outside the features and edges that do not rise are damage, not settings."""
    edges = tuple(map(float, survival["edges"]))
    places = [survival[name] for name in ("horizon", "hour", "weekday")]
    places_used = places[:1] + [place for place in places[1:] if place is not None]
    if not all(type(place) is int and 0 <= place < features for place in places_used):
        raise ModelFileError(f"{folder / _META}: a survival model reads features {places} of {features}.")
    if len(edges) < 2 or edges[0] != 0 or list(edges) != sorted(set(edges)):  # noqa: PLR2004 - one period has two edges
        raise ModelFileError(f"{folder / _META}: periods must rise from 0; found {list(edges)[:5]}.")
    return Hazard(booster, Periods(edges, *places), tells_end=survival.get("tells_end", False) is True)


def _estimator(folder: Path, content: bytes) -> Estimator:
    try:
        return _trusted(content)
    except ModelFileError as error:
        raise ModelFileError(f"{folder / _ESTIMATOR} {error}") from error


@lru_cache(maxsize=_KEPT)
def _trusted(content: bytes) -> Estimator:
    """The estimator that a file describes. Looking through it takes a second; a replay reads the same ones every tick.

    Raises:
        ModelFileError: When it contains types that are not trusted.
    """
    import skops.io  # noqa: PLC0415 - imports scikit-learn
    from skops.io.exceptions import UntrustedTypesFoundException  # noqa: PLC0415

    asked = set(skops.io.get_untrusted_types(data=content))
    if asked - set(TRUSTED):
        strange = ", ".join(sorted(asked - set(TRUSTED)))
        raise ModelFileError(f"asks for types that OpsGuard does not trust: {strange}")
    try:
        return Estimator(skops.io.loads(content, trusted=sorted(asked)))
    except UntrustedTypesFoundException as error:
        raise ModelFileError(f"cannot be trusted: {error}") from error
