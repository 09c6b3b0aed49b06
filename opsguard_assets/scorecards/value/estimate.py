"""What acting prevented where nothing is held back: an estimate by the model, only while its odds hold untreated.

Here: from announced entities with their outcomes to estimates with intervals. Not here: reading them (`io`), measuring
against a hold-out (`holdout`), which is better wherever there is one.

What the model had expected without alerts is the sum of its odds at the first announcement. That is worth something
only where the odds are those of what nobody acts on: a model that learned from entities that were acted on expects the
outcome of acting, and finds nothing prevented. So its odds are compared with announced entities that nobody was told of
(`is_told` false: the plan of their client holds no such alerts). Below 30 of them, or where their outcomes do not agree
with the odds (95 %), there is no estimate. Agreement is never exact, and odds that are a tenth too small pass for a
while: the mean deviation that was found is added to the odds, and its standard error is part of the interval, beside
the luck of the outcomes themselves. Nothing is cut at zero.
"""

from typing import Final

import polars as pl

from ml.evaluation.intervals import CONFIDENCE, z_of
from ml.evaluation.prevention import LEAST

ANNOUNCED: Final = pl.Schema(
    {
        "client_id": pl.String(),
        "entity_id": pl.String(),
        "risk": pl.Float64(),  # the first one at or above the alert's threshold
        "is_told": pl.Boolean(),  # whether an alert was raised; false: none left the house
        "is_event": pl.Boolean(),
    }
)
ESTIMATE: Final = pl.Schema(
    {
        "client_id": pl.String(),
        "announced": pl.Int64(),
        "happened": pl.Int64(),
        "expected": pl.Float64(),  # of the announced, had nobody acted
        "low": pl.Float64(),  # of what was prevented: expected less happened
        "high": pl.Float64(),
        "checked_on": pl.Int64(),  # entities that nobody was told of
    }
)


def estimates(announced: pl.DataFrame) -> pl.DataFrame:
    """What acting prevented by the model's odds, by client.

    Args:
        announced: Rows of `ANNOUNCED` of one window, of all clients: like the model, the check is one for all.

    Returns:
        Rows of `ESTIMATE` by `client_id`; no rows while the odds are not known to hold, and none for a client with
        fewer than 30 announced.
    """
    untold = announced.filter(pl.col("is_told").not_())
    number, z = len(untold), z_of(CONFIDENCE)
    if number < LEAST:
        return ESTIMATE.to_frame()
    missed = untold["is_event"].cast(pl.Float64) - untold["risk"]
    by_odds = float((untold["risk"] * (1 - untold["risk"])).sum()) ** 0.5 / number
    deviation, spread = missed.mean(), missed.std()
    assert isinstance(deviation, float) and isinstance(spread, float)  # noqa: S101, PT018 - there are 30 at least
    if abs(deviation) > z * by_odds:
        return ESTIMATE.to_frame()
    error = max(spread / number**0.5, by_odds)
    odds = (pl.col("risk") + deviation).clip(0, 1)
    half = z * (pl.col("luck") + (pl.col("announced") * error) ** 2).sqrt()
    prevented = pl.col("expected") - pl.col("happened")
    return (
        announced.filter("is_told")
        .group_by("client_id")
        .agg(
            announced=pl.len().cast(pl.Int64),
            happened=pl.col("is_event").sum().cast(pl.Int64),
            expected=odds.sum(),
            luck=(odds * (1 - odds)).sum(),
        )
        .filter(pl.col("announced") >= LEAST)
        .with_columns(low=prevented - half, high=prevented + half, checked_on=pl.lit(number, pl.Int64))
        .select(pl.col(name).cast(kind) for name, kind in ESTIMATE.items())
        .sort("client_id")
    )
