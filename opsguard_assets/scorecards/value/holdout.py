"""What acting on alerts prevented for each client, measured against those that were held back.

Here: from alerted entities with their outcomes to counts with intervals. Not here: reading them (`io`), what one is
worth (`worth`).

Only entities that reached the alert's threshold are compared: nothing else could be prevented. The window is a whole
year and its figure is that of the window: the rate of a year must not be booked on one month. Within it entities are
compared by stratum, a quarter of a year and a share held back, because a share that changed while the base rate changed
makes the pooled difference lie (Simpson's paradox). Strata with fewer than five held back join their neighbour.
Weights are the entities acted on. Each stratum has Wilson's interval, the arms are combined by the square roots of
summed squares (MOVER; Zou and Donner, Statistics in Medicine 2008), and their difference by Newcombe's hybrid score
(method 10, Statistics in Medicine 1998). Nothing is cut at zero: that would invent value where there is none.
"""

from collections.abc import Iterable
from typing import Final

import polars as pl

from ml.evaluation.intervals import wilson_ends
from ml.evaluation.prevention import LEAST
from opsguard_assets.tables.values import INSTANT

LEAST_OF_STRATUM: Final = 5
ALERTED: Final = pl.Schema(
    {
        "client_id": pl.String(),
        "entity_id": pl.String(),
        "decided_at": INSTANT,  # when it reached the threshold first
        "place": pl.Float64(),  # of its identifier in the hold-out's order, 0..1 (`alerts.suppression.holdout_place`)
        "is_held_back": pl.Boolean(),
        "is_event": pl.Boolean(),  # whether it happened, such as a missed deadline
    }
)
EFFECT: Final = pl.Schema(
    {
        "client_id": pl.String(),
        "held_back": pl.Int64(),
        "acted_on": pl.Int64(),
        "happened": pl.Int64(),  # among those acted on
        "expected_share": pl.Float64(),  # had nobody acted: that of the held back, with the weights of the acted on
        "prevented": pl.Float64(),  # null below 30 of either kind
        "low": pl.Float64(),
        "high": pl.Float64(),
    }
)


def with_share(alerted: pl.DataFrame) -> pl.DataFrame:
    """Numbers the stretches of time within which the same share was held back: `stretch`, from 0.

    Those that lie below the share are held back, so a stretch ends where one is acted on that lies below another that
    was held back within it, or the other way round. The settings of the past are not needed for that.

    Args:
        alerted: Rows of `ALERTED` of all clients: the share is one for all.

    Returns:
        The same rows by `decided_at`.
    """
    rows = alerted.sort("decided_at", "entity_id")
    # Places lie in 0..1: -1 and 2 never are the greatest held back or the least acted on.
    held = rows.select(pl.when("is_held_back").then("place").otherwise(-1.0)).to_series()
    acted = rows.select(pl.when(pl.col("is_held_back").not_()).then("place").otherwise(2.0)).to_series()
    starts, start = [0], 0
    while start < len(rows):
        contradicted = (held[start:].cum_max() >= acted[start:].cum_min()).arg_max()
        # The first row of a stretch contradicts nothing, so place 0 means that no row does.
        if not contradicted:
            break
        start += contradicted
        starts.append(start)
    number = pl.int_range(len(rows), eager=True)
    stretch = pl.Series("stretch", starts).search_sorted(number, side="right").cast(pl.Int64) - 1
    return rows.with_columns(stretch=stretch)


def effects(alerted: pl.DataFrame) -> pl.DataFrame:
    """What acting prevented, by client.

    Args:
        alerted: The result of `with_share`, of one window.

    Returns:
        Rows of `EFFECT` by `client_id`.
    """
    strata = (
        alerted.group_by("client_id", "stretch", quarter=pl.col("decided_at").dt.truncate("1q"))
        .agg(
            held=pl.col("is_held_back").sum().cast(pl.Int64),
            held_events=(pl.col("is_held_back") & pl.col("is_event")).sum().cast(pl.Int64),
            acted=pl.col("is_held_back").not_().sum().cast(pl.Int64),
            acted_events=(pl.col("is_held_back").not_() & pl.col("is_event")).sum().cast(pl.Int64),
        )
        .sort("client_id", "stretch", "quarter")
    )
    numbers = strata.group_by("client_id", maintain_order=True).agg("held")["held"]
    stratum = pl.Series("stratum", [place for held in numbers for place in merged(held)], pl.Int64)
    counts = ["held", "held_events", "acted", "acted_events"]
    merged_strata = strata.with_columns(stratum).group_by("client_id", "stratum").agg(pl.col(counts).sum())
    return _of_strata(merged_strata)


def merged(held: Iterable[int]) -> list[int]:
    """The number of the stratum that each one in order of time belongs to, so that each has enough held back.

    One joins those before it until they are enough; a rest that is not joins the last one.
    """
    places, place, sum_of_place = [], 0, 0
    for number in held:
        if sum_of_place >= LEAST_OF_STRATUM:
            place, sum_of_place = place + 1, 0
        places.append(place)
        sum_of_place += number
    if place and sum_of_place < LEAST_OF_STRATUM:
        places = [min(each, place - 1) for each in places]
    return places


def _of_strata(strata: pl.DataFrame) -> pl.DataFrame:
    weight = pl.col("acted") / pl.col("acted").sum().over("client_id")
    shares = strata.with_columns(
        weight=weight, held_share=pl.col("held_events") / pl.col("held"), acted_share=_share("acted_events", "acted")
    )
    ends = {}
    for arm, number in (("held", "held"), ("acted", "acted")):
        share = pl.col(f"{arm}_share")
        # An arm of a stratum may be empty. Nobody acted on: its weight is 0. Nobody held back: the client has too few.
        low, high = wilson_ends(share, pl.max_horizontal(pl.col(number), 1).cast(pl.Float64))
        ends[f"{arm}_low"] = (pl.col("weight") * (share - low)) ** 2
        ends[f"{arm}_high"] = (pl.col("weight") * (high - share)) ** 2
    by_client = (
        shares.with_columns(**ends)
        .group_by("client_id")
        .agg(
            held_back=pl.col("held").sum(),
            acted_on=pl.col("acted").sum(),
            happened=pl.col("acted_events").sum(),
            expected_share=(pl.col("weight") * pl.col("held_share")).sum(),
            acted_share=(pl.col("weight") * pl.col("acted_share")).sum(),
            **{name: pl.col(name).sum() for name in ends},
        )
    )
    difference = pl.col("expected_share") - pl.col("acted_share")
    # The difference is least where the held back have the lower end of their share and the acted on the upper end.
    below = (pl.col("held_low") + pl.col("acted_high")).sqrt()
    above = (pl.col("held_high") + pl.col("acted_low")).sqrt()
    is_enough = pl.min_horizontal("held_back", "acted_on") >= LEAST
    known = {"prevented": difference, "low": difference - below, "high": difference + above}
    return (
        by_client.with_columns(
            pl.when(is_enough).then("expected_share").alias("expected_share"),
            **{name: pl.when(is_enough).then(value * pl.col("acted_on")) for name, value in known.items()},
        )
        .select(pl.col(name).cast(kind) for name, kind in EFFECT.items())
        .sort("client_id")
    )


def _share(part: str, whole: str) -> pl.Expr:
    """A share; 0 of none, whose weight is 0."""
    return pl.when(pl.col(whole) > 0).then(pl.col(part) / pl.col(whole)).otherwise(0.0)
