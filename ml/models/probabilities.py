"""What a model says of rows, checked: a tick never stores or alerts a value that is not a probability.

Here: the one check of predictions. Not here: what follows when it fails (`opsguard_assets.models.serving`).
"""

import polars as pl

from ml.models.model import RiskModel, ScoringError

# The last digits of linear algebra depend on where in a batch a row lies; a recomputed tick must be equal.
_DIGITS = 9


def probabilities(model: RiskModel, rows: pl.DataFrame) -> pl.Series:
    """The probabilities that a model gives rows, rounded to 9 digits.

    Args:
        model: The model.
        rows: Rows that it can read, one prediction each.

    Returns:
        Float64 in 0..1, one per row in order; null where the model cannot say.

    Raises:
        ScoringError: When the model fails, gives another number of predictions, or one outside 0..1.
    """
    risks = model.predict(rows).cast(pl.Float64).round(_DIGITS).alias("risk")
    if len(risks) != len(rows):
        raise ScoringError(
            f"Model {model.name} {model.version} gave {len(risks)} probabilities for {len(rows)} rows; each needs one."
        )
    wrong = risks.filter(~risks.is_between(0, 1) | risks.is_nan())
    if len(wrong):
        raise ScoringError(
            f"Model {model.name} {model.version} gave {len(wrong)} values that are no probabilities, such as "
            f"{wrong[0]}. They must lie between 0 and 1."
        )
    return risks
