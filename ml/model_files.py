"""Models in folders, without pickle.

Here: writing and reading. Not here: what a model does (`learned`).

A folder holds `model.json` (name, features, calibration) and either `booster.txt` (LightGBM's own text) or
`estimator.skops`. Reading trusts the types in `TRUSTED` and no list that comes with the file.
"""

import json
from pathlib import Path
from zipfile import BadZipFile

from ml.calibration import Calibration
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
    """Writes a model into an empty folder."""
    folder.mkdir(parents=True, exist_ok=True)
    calibration = {"scores": model.calibration.scores, "probabilities": model.calibration.probabilities}
    meta = {"name": model.name, "version": model.version, "features": model.features, "calibration": calibration}
    (folder / _META).write_text(json.dumps(meta, indent=1), encoding="utf-8")
    if isinstance(model.scorer, Booster):
        model.scorer.booster.save_model(str(folder / _BOOSTER))
    elif isinstance(model.scorer, Estimator):
        import skops.io  # noqa: PLC0415 - imports scikit-learn

        skops.io.dump(model.scorer.estimator, folder / _ESTIMATOR)
    else:
        raise ModelFileError(f"{type(model.scorer).__name__} cannot be stored without pickle.")


def load(folder: Path) -> LearnedModel:
    """Reads a model.

    Raises:
        ModelFileError: When something is missing, damaged, or not trusted.
    """
    try:
        meta = json.loads((folder / _META).read_text(encoding="utf-8"))
        calibration = Calibration(*(tuple(meta["calibration"][key]) for key in ("scores", "probabilities")))
        return LearnedModel(meta["name"], meta["version"], tuple(meta["features"]), _scorer(folder), calibration)
    except (OSError, ValueError, KeyError, TypeError, BadZipFile) as error:
        if isinstance(error, ModelFileError):
            raise
        raise ModelFileError(f"{folder} holds no model that can be read: {error}") from error


def _scorer(folder: Path) -> Scorer:
    if (folder / _BOOSTER).exists():
        import lightgbm  # noqa: PLC0415 - a second, and only those who score need it

        try:
            return Booster(lightgbm.Booster(model_file=str(folder / _BOOSTER)))
        except lightgbm.basic.LightGBMError as error:
            raise ModelFileError(f"{folder / _BOOSTER} is no LightGBM model: {error}") from error
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
