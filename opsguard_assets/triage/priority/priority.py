"""The priority of alerts: what leaving one for an hour costs, on a fixed logarithmic scale of money.

Here: the scale with all of its constants, and the reasons in words. Not here: where probability, cost and deadline come
from (`inputs`), reading and writing (`io`).

    harm     = probability that it needs a person * cost of the type * factor of the severity * urgency
    priority = 80 + 20 * log10(harm / 100), rounded, from 0 to 100

An hour that costs 1 is 40, 10 is 60, 100 is 80, 1,000 and more is 100. The scale is the same for all clients, day and
night: neither the plan nor the clock is an input. The terms add up, so the reasons are the terms in words.
"""

from datetime import datetime
from typing import Final

import polars as pl

from opsguard_assets.alerts.finding import COSTS
from opsguard_assets.tables.values import INSTANT

# The scale: ten times the harm is 20 points; 100 an hour, four hours of the person who would be interrupted
# (`money.hourly_cost`), is worth interrupting a specialist.
ANCHOR_PRIORITY: Final = 80
ANCHOR_HARM: Final = 100.0
POINTS_PER_DECADE: Final = 20
INTERRUPTS, SUPERVISOR = 80, 90
LIFE_SAFETY_FLOOR: Final = SUPERVISOR
# At least so probable is it that an alert that protects lives needs a person (as in the rule of cold start).
LIFE_SAFETY_PROBABILITY: Final = 0.9
# Each severity costs twice the one before; the cost of a type is meant for `high`. An assumption.
SEVERITY_FACTOR: Final = {"low": 0.25, "medium": 0.5, "high": 1.0, "critical": 2.0}
# The share of the cost that an hour of waiting loses. With a deadline: one hour of those that are left, all of it from
# one hour on. Without one, or when it has passed and most is lost: an eighth, as if a working day were left.
UNKNOWN_URGENCY: Final = 1 / 8
LEAST_URGENCY: Final = 1 / 168  # A deadline further away than a week is as far as a week.
# Below this harm the logarithm says nothing: it is 0 points (80 + 20 * log10(0.0001) = 0).
_NO_HARM: Final = ANCHOR_HARM * 1e-4
_MICROSECONDS: Final = 3.6e9

INPUTS: Final = {
    "action_probability": pl.Float64(),
    "cost": pl.Float64(),
    "severity": pl.String(),
    "due_at": INSTANT,
    "is_life_safety": pl.Boolean(),
}


def priorities(alerts: pl.DataFrame, at: datetime) -> pl.DataFrame:
    """Priorities of alerts, with reasons.

    Args:
        alerts: Rows with `INPUTS`: the probability that it needs a person (0..1), what the trouble costs when nobody
            acts (money), severity, by when something can still be done (null: no deadline is known), whether it
            protects lives. Other columns are kept, and change nothing.
        at: The moment.

    Returns:
        The same rows with `action_probability` (for life safety at least `LIFE_SAFETY_PROBABILITY`), `hourly_harm` in
        money, `priority` (0..100) and `reasons`: texts, the weightiest first.
    """
    probability = pl.when("is_life_safety").then(
        pl.max_horizontal("action_probability", pl.lit(LIFE_SAFETY_PROBABILITY))
    )
    given = alerts.with_columns(
        action_probability=probability.otherwise("action_probability"),
        _factor=pl.col("severity").replace_strict(SEVERITY_FACTOR, return_dtype=pl.Float64),
        _urgency=urgency(at),
    )
    harm = pl.col("action_probability") * pl.col("cost") * pl.col("_factor") * pl.col("_urgency")
    scored = given.with_columns(hourly_harm=harm).with_columns(
        priority=pl.max_horizontal(_on_scale(pl.col("hourly_harm")), _floor()).cast(pl.Int16)
    )
    return scored.with_columns(reasons=_reasons(at)).drop("_factor", "_urgency")


def urgency(at: datetime) -> pl.Expr:
    """The share of the cost that an hour of waiting loses, in (0, 1]; life safety does not wait."""
    hours = (pl.col("due_at") - pl.lit(at, INSTANT)).dt.total_microseconds() / _MICROSECONDS
    ahead = (1 / hours.clip(lower_bound=1)).clip(lower_bound=LEAST_URGENCY)
    return pl.when("is_life_safety").then(1.0).when(hours > 0).then(ahead).otherwise(UNKNOWN_URGENCY)


def _on_scale(harm: pl.Expr) -> pl.Expr:
    points = POINTS_PER_DECADE * (harm.clip(lower_bound=_NO_HARM) / ANCHOR_HARM).log10()
    return (ANCHOR_PRIORITY + points).clip(0, 100).round(0, mode="half_away_from_zero")


def _floor() -> pl.Expr:
    return pl.when("is_life_safety").then(LIFE_SAFETY_FLOOR).otherwise(0)


def _reasons(at: datetime) -> pl.Expr:
    """The terms of the harm in words, those that raise the priority most first."""
    due = pl.col("due_at").dt.strftime("%Y-%m-%d %H:%M UTC")
    is_ahead = (pl.col("due_at") > pl.lit(at, INSTANT)).fill_null(value=False)
    percent = (pl.col("action_probability") * 100).round(0, mode="half_away_from_zero").cast(pl.Int64)
    terms = [
        (pl.col("cost") / ANCHOR_HARM, pl.format(COSTS, _money())),
        (pl.col("action_probability"), pl.format("{} % likely to need a person", percent)),
        (pl.col("_factor"), pl.format("severity is {}", "severity")),
        (
            pl.col("_urgency"),
            pl.when("is_life_safety")
            .then(pl.lit("cannot wait"))
            .when(is_ahead)
            .then(pl.format("due {}", due))
            .when(pl.col("due_at").is_null())
            .then(pl.lit("no deadline is known"))
            .otherwise(pl.format("the deadline has passed: {}", due)),
        ),
    ]
    weighed = pl.concat_list(pl.struct(weight=weight, words=words) for weight, words in terms)
    ordered = weighed.list.eval(
        pl.element().sort_by(pl.element().struct["weight"], descending=True, maintain_order=True).struct["words"]
    )
    lives = pl.when("is_life_safety").then(
        pl.concat_list(pl.lit(f"protects lives: at least {LIFE_SAFETY_FLOOR}"), ordered)
    )
    return lives.otherwise(ordered)


def _money() -> pl.Expr:
    """An amount of money as people read it: 1,000."""
    whole = pl.col("cost").round(0, mode="half_away_from_zero").cast(pl.Int64).cast(pl.String)
    return whole.str.replace_all(r"(\d)(\d{3})$", "${1},${2}").str.replace_all(r"(\d)(\d{3}),", "${1},${2},")
