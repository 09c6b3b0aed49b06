"""The prediction task of devices: horizons, features and segments.

Here: the declaration that training reads. Not here: features, lives, and reading them from the lake.

One model serves all horizons: the minutes of the horizon are a feature. Each moment gives two rows: one with the
horizon of the figures, and one with another horizon that is drawn.
"""

from collections.abc import Sequence

import polars as pl

from ml.dataset.split import is_unseen
from ml.dataset.task import Task
from ml.problems.device_failure.features import HORIZON, features_of

PROBLEM, KEY, UNIT = "device_failure", "life_id", "device_id"
HORIZONS = {"1h": 60.0, "24h": 1_440.0, "7d": 10_080.0, "30d": 43_200.0}
_DRAW_SEED = 3


def task_of(channels: Sequence[str], *, judged_within: str, visits_per_day: int) -> Task:
    """The problem where devices have these channels.

    Args:
        channels: Names of channels of `metrics`.
        judged_within: The horizon that figures are of, a key of `HORIZONS`.
        visits_per_day: How many devices people can visit in a day.
    """
    named = pl.col(HORIZON).replace_strict(list(HORIZONS.values()), list(HORIZONS), return_dtype=pl.String)
    return Task(
        problem=PROBLEM,
        key=KEY,
        features=features_of(channels),
        question=f"the probability that a device fails or goes offline within a time (figures: within {judged_within})",
        event="failure",
        horizon=HORIZON,
        segments={
            "kind": pl.col("kind"),
            "model": pl.col("model"),
            "site": pl.col("site_id"),
            "device": pl.when(is_unseen(UNIT)).then(pl.lit("never seen")).otherwise(pl.lit("seen before")),
        },
        split="moments",
        unit=UNIT,
        headline=pl.col(HORIZON) == HORIZONS[judged_within],
        parts={"within": named},
        judged_within=HORIZONS[judged_within],
        event_is_end=True,
        visits_per_day=visits_per_day,
    )


def asked(moments: pl.DataFrame, *, judged_within: str) -> pl.DataFrame:
    """Two rows for each moment: the judged horizon, and one of the others drawn by a stable hash.

    Args:
        moments: `life_id`, `as_of`, anything else.
        judged_within: A key of `HORIZONS`.

    Returns:
        Two rows per moment with `horizon_minutes`, together, in the order of the moments.
    """
    judged = HORIZONS[judged_within]
    others = [minutes for minutes in HORIZONS.values() if minutes != judged]
    place = pl.struct(KEY, "as_of").hash(_DRAW_SEED) % len(others)
    drawn = place.replace_strict(list(range(len(others))), others, return_dtype=pl.Float64)
    both = moments.with_columns(pl.concat_list(pl.lit(judged), drawn).alias(HORIZON))
    return both.explode(HORIZON, empty_as_null=False)
