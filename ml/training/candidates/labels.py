"""Candidates that learn from labels: logistic regression and two kinds of boosted trees.

Here: how each is fitted, with its parameters in sight. Not here: survival models (`hazard`), calibration, and the rule,
which needs no fitting.
"""

from typing import Any

import numpy as np

from ml.dataset.examples import Examples
from ml.models.learned import Booster, Estimator
from ml.training.candidates.boosting import DEFAULTS, FEWEST_ROUNDS, SPACE, boosted
from ml.training.candidates.candidate import Candidate, Fitted, Parameters


def logistic_regression() -> Candidate:
    """Logistic regression on features that are spread evenly; unknown values are marked."""
    return Candidate(
        "logistic_regression", {"C": 0.1, "n_quantiles": 200}, {"C": (0.003, 0.01, 0.03, 0.3, 1)}, _logistic
    )


def hist_gradient_boosting() -> Candidate:
    """Boosted trees of scikit-learn."""
    parameters = {
        "learning_rate": 0.05,
        "max_leaf_nodes": 15,
        "min_samples_leaf": 100,
        "l2_regularization": 5.0,
        "max_features": 0.5,
        "max_iter": 200,
    }
    space = {
        "learning_rate": (0.03, 0.05, 0.1),
        "max_leaf_nodes": (7, 15, 31),
        "min_samples_leaf": (50, 100, 200),
        "max_features": (0.3, 0.5, 1.0),
    }
    return Candidate("hist_gradient_boosting", parameters, space, _hist)


def lightgbm() -> Candidate:
    """Boosted trees of LightGBM."""
    return Candidate("lightgbm", DEFAULTS, SPACE, _lightgbm)


def _logistic(
    examples: Examples,
    parameters: Parameters,
    seed: int,
    later: Examples | None = None,  # noqa: ARG001 - it has no rounds to stop
) -> Fitted:
    from sklearn.impute import SimpleImputer  # noqa: PLC0415 - two seconds, and only training needs it
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415
    from sklearn.pipeline import make_pipeline  # noqa: PLC0415
    from sklearn.preprocessing import QuantileTransformer  # noqa: PLC0415

    known = examples.thinned(seed)
    quantiles = min(parameters["n_quantiles"], len(known.rows))
    model = make_pipeline(
        SimpleImputer(strategy="median", add_indicator=True, keep_empty_features=True),
        QuantileTransformer(output_distribution="normal", n_quantiles=quantiles, random_state=seed),
        LogisticRegression(random_state=seed, C=parameters["C"], max_iter=2_000),
    )
    fitted = model.fit(known.numbers(), known.labels(), logisticregression__sample_weight=known.weights())
    return Fitted(Estimator(fitted), parameters)


def _hist(examples: Examples, parameters: Parameters, seed: int, later: Examples | None = None) -> Fitted:
    from sklearn.ensemble import HistGradientBoostingClassifier  # noqa: PLC0415

    known = examples.thinned(seed)
    rising = known.rising if any(known.rising) else None
    # It would stop by rows drawn at random, which are no later than those it learns from; `later` decides below.
    model = HistGradientBoostingClassifier(random_state=seed, early_stopping=False, monotonic_cst=rising, **parameters)
    model.fit(_with_two_values(known.numbers()), known.labels(), sample_weight=known.weights())
    if later is None:
        return Fitted(Estimator(model), parameters)
    judged = later.labelled
    losses = [_loss(judged, p[:, 1]) for p in model.staged_predict_proba(judged.numbers())]
    best = int(np.argmin(losses)) + 1
    return Fitted(Estimator(model), {**parameters, "max_iter": max(best, FEWEST_ROUNDS)})


def _with_two_values(rows: Any) -> Any:
    """Numbers of which every column has two values at least: with weights, the bins of scikit-learn need them."""
    known = np.where(np.isnan(rows), np.inf, rows).min(axis=0)
    flat = ~(known < np.where(np.isnan(rows), -np.inf, rows).max(axis=0))
    rows[0, flat] = 0.0
    rows[1, flat] = 1.0
    return rows


def _lightgbm(examples: Examples, parameters: Parameters, seed: int, later: Examples | None = None) -> Fitted:
    known, judged = examples.thinned(seed), later.labelled if later else None
    checked = (judged.numbers(), judged.labels(), judged.weights()) if judged else None
    shape = {"monotone_constraints": known.rising} if any(known.rising) else {}
    booster, used = boosted(known.numbers(), known.labels(), {**parameters, **shape}, seed, checked, known.weights())
    return Fitted(Booster(booster), {name: value for name, value in used.items() if name not in shape})


def _loss(examples: Examples, risks: Any) -> float:
    """Log loss."""
    said = np.clip(risks, 1e-6, 1 - 1e-6)
    losses = np.where(examples.labels() == 1, np.log(said), np.log(1 - said))
    return float(-np.average(losses, weights=examples.weights()))
