"""The candidates that compete for a problem: how each is fitted, with its parameters in sight.

Here: rows of numbers and labels in, scorers out. Not here: calibration, and the rule, which needs no fitting.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ml.calibration import Numbers
from ml.learned import Booster, Estimator, Scorer

Labels = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Candidate:
    """A way to learn.

    Attributes:
        name: What it is called in comparisons.
        parameters: What it is set to, as MLflow shows it.
        fit: Rows, labels and a seed in, scorer out.
    """

    name: str
    parameters: Mapping[str, Any]
    fit: Callable[[Numbers, Labels, int], Scorer]


_ROUNDS = 400
_LIGHTGBM: dict[str, Any] = {
    "objective": "binary",
    "learning_rate": 0.03,
    "num_leaves": 15,
    "min_data_in_leaf": 100,
    "bagging_fraction": 0.8,
    "bagging_freq": 1,
    "feature_fraction": 0.5,
    "lambda_l2": 5.0,
}
_HIST: dict[str, Any] = {
    "learning_rate": 0.05,
    "max_leaf_nodes": 15,
    "min_samples_leaf": 100,
    "l2_regularization": 5.0,
    "max_iter": 200,
}
_LOGISTIC: dict[str, Any] = {"C": 0.1, "max_iter": 2_000}


def candidates() -> tuple[Candidate, ...]:
    """All learned candidates, the simplest first."""
    return (
        Candidate("logistic_regression", _LOGISTIC, _logistic),
        Candidate("hist_gradient_boosting", _HIST, _hist),
        Candidate("lightgbm", {**_LIGHTGBM, "num_boost_round": _ROUNDS}, _lightgbm),
    )


def _logistic(rows: Numbers, labels: Labels, seed: int) -> Scorer:
    from sklearn.impute import SimpleImputer  # noqa: PLC0415 - two seconds, and only training needs it
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415
    from sklearn.pipeline import make_pipeline  # noqa: PLC0415
    from sklearn.preprocessing import QuantileTransformer  # noqa: PLC0415

    spread = QuantileTransformer(output_distribution="normal", n_quantiles=200, random_state=seed)
    model = make_pipeline(
        SimpleImputer(strategy="median", add_indicator=True, keep_empty_features=True),
        spread,
        LogisticRegression(random_state=seed, **_LOGISTIC),
    )
    return Estimator(model.fit(rows, labels))


def _hist(rows: Numbers, labels: Labels, seed: int) -> Scorer:
    from sklearn.ensemble import HistGradientBoostingClassifier  # noqa: PLC0415

    return Estimator(HistGradientBoostingClassifier(random_state=seed, **_HIST).fit(rows, labels))


def _lightgbm(rows: Numbers, labels: Labels, seed: int) -> Scorer:
    import lightgbm  # noqa: PLC0415

    settings = {**_LIGHTGBM, "seed": seed, "verbose": -1, "deterministic": True, "force_row_wise": True}
    return Booster(lightgbm.train(settings, lightgbm.Dataset(rows, labels), num_boost_round=_ROUNDS))
