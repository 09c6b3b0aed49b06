"""LightGBM with early stopping, as the boosted candidates share it. Not here: what they boost."""

from collections.abc import Mapping
from typing import Any

from ml.models.calibration import Numbers

PATIENCE = 30
DEFAULTS: dict[str, Any] = {
    "learning_rate": 0.05,
    "num_leaves": 15,
    "min_data_in_leaf": 100,
    "bagging_fraction": 0.8,
    "bagging_freq": 1,
    "feature_fraction": 0.5,
    "lambda_l2": 5.0,
    "num_boost_round": 250,
}
SPACE: dict[str, tuple[Any, ...]] = {
    "learning_rate": (0.03, 0.05, 0.08),
    "num_leaves": (7, 15, 31, 63),
    "min_data_in_leaf": (50, 100, 200, 400),
    "feature_fraction": (0.3, 0.5, 0.8),
    "lambda_l2": (1.0, 5.0, 20.0),
}
# Otherwise LightGBM measures which way of building histograms is faster, and their sums differ in the last digits.
_FIXED = {"objective": "binary", "verbose": -1, "deterministic": True, "force_row_wise": True}
# Where the world moves, a model gets worse on later rows from the first round on; it still needs some.
FEWEST_ROUNDS, _MOST_ROUNDS = 100, 600


def boosted(
    rows: Numbers,
    labels: Any,
    parameters: Mapping[str, Any],
    seed: int,
    later: tuple[Numbers, Any, Any] | None,
    weights: Any = None,
) -> tuple[Any, dict[str, Any]]:
    """A booster of the log odds of labels.

    Args:
        rows: Numbers; unknown is NaN.
        labels: 0 or 1.
        parameters: As of `DEFAULTS`.
        seed: Chooses bags.
        later: Rows, labels and weights that decide when to stop; without them `num_boost_round` does.
        weights: How many rows each one stands for; one each where left out.

    Returns:
        The booster, and the parameters with the rounds that were found.
    """
    import lightgbm  # noqa: PLC0415 - a second, and only training needs it

    settings = {**_FIXED, **parameters, "seed": seed}
    rounds = settings.pop("num_boost_round")
    data = lightgbm.Dataset(rows, labels, weight=weights)
    if later is None:
        return lightgbm.train(settings, data, num_boost_round=rounds), dict(parameters)
    booster = lightgbm.train(
        settings,
        data,
        num_boost_round=_MOST_ROUNDS,
        valid_sets=[lightgbm.Dataset(later[0], later[1], weight=later[2], reference=data)],
        callbacks=[lightgbm.early_stopping(PATIENCE, verbose=False)],
    )
    return booster, {**parameters, "num_boost_round": max(int(booster.best_iteration), FEWEST_ROUNDS)}
