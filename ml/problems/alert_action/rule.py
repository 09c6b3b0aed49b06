"""The rule that needs no training: points out of a hundred that anyone can add up by hand.

Here: the weights, and what each of them looks at. Not here: features, and priorities (which weigh the cost of waiting).
"""

from dataclasses import dataclass

import polars as pl

from ml.words import rounded

# The weights of the cold start (they add up to 100), the most important first. They are constants of the domain, not
# estimates: a model that was learned replaces them.
WEIGHTS = {
    "severity": 30.0,
    "impact": 20.0,
    "plan": 15.0,
    "recurrence": 10.0,
    "working hours": 10.0,
    "site load": 10.0,
    "on call": 5.0,
}
# Alerts that protect lives need a person whatever else is known of them.
LIFE_SAFETY_FLOOR = 0.9
# From here on an input has all of its points: minutes to resolve, alerts of the same kind and entity within a week,
# unresolved alerts of the site.
MOST_MINUTES, MOST_RECURRENCE, MOST_LOAD = 240.0, 5.0, 10.0
SEVERITIES, PLANS = 4.0, 3.0
_UNKNOWN = 0.5
INPUTS = (
    "severity_rank", "type_minutes", "plan_rank", "entity_week", "is_working_hours", "site_open", "on_duty",
    "is_life_safety",
)  # fmt: skip


@dataclass(frozen=True)
class AlertRule:
    """Points for severity, usual time to resolve, plan, recurrence, working hours, load of the site and people on duty.

    An input that is not known has half of its points. The probability is the points as a share of a hundred; for
    alerts that protect lives at least `LIFE_SAFETY_FLOOR`.
    """

    name: str = "rule_baseline"
    version: str = "1"

    @property
    def needs_features(self) -> bool:
        """It reads some of them."""
        return True

    def predict(self, features: pl.DataFrame) -> pl.Series:
        """Probabilities that an alert needs a person, one per row.

        Args:
            features: Rows with `INPUTS`: `severity_rank` (1 low to 4 critical), `type_minutes` (mean time to resolve
                alerts of the type, null: unknown), `plan_rank` (1 bronze to 3 gold, null: unknown), `entity_week`
                (earlier alerts of the type and entity within a week), `is_working_hours` (1 or 0, null: unknown),
                `site_open` (other unresolved alerts of the site), `on_duty` (people on duty, null: unknown),
                `is_life_safety` (1 or 0).
        """
        share = pl.sum_horizontal(points().values()) / sum(WEIGHTS.values())
        floor = pl.when(pl.col("is_life_safety") == 1).then(LIFE_SAFETY_FLOOR).otherwise(0.0)
        return features.select(probability=pl.max_horizontal(share, floor).clip(0, 1)).to_series()

    def reasons(self, features: pl.DataFrame) -> pl.Series:
        """The points that the rule gave, in words: "54 of 100 points: severity 23, impact 10, …"."""
        parts = points()
        whole = pl.sum_horizontal(parts.values()).round(0).cast(pl.Int64)
        each = [pl.format(f"{name} {{}}", _whole(value)) for name, value in parts.items()]
        sums = pl.format("{} of 100 points: {}", whole, pl.concat_str(each, separator=", "))
        lives = pl.when(pl.col("is_life_safety") == 1).then(pl.lit("it protects lives; ")).otherwise(pl.lit(""))
        return features.select(reason=pl.concat_str(lives, sums)).to_series()


def points() -> dict[str, pl.Expr]:
    """The points of each input, as expressions over rows with `INPUTS`."""
    shares = {
        "severity": pl.col("severity_rank") / SEVERITIES,
        "impact": pl.col("type_minutes") / MOST_MINUTES,
        "plan": pl.col("plan_rank") / PLANS,
        "recurrence": pl.col("entity_week") / MOST_RECURRENCE,
        "working hours": pl.col("is_working_hours"),
        "site load": pl.col("site_open") / MOST_LOAD,
        "on call": pl.col("on_duty").clip(upper_bound=1),
    }
    known = {name: share.cast(pl.Float64).fill_nan(None) for name, share in shares.items()}
    return {name: share.clip(0, 1).fill_null(_UNKNOWN) * WEIGHTS[name] for name, share in known.items()}


def _whole(value: pl.Expr) -> pl.Expr:
    return rounded(value, 0).cast(pl.Int64)
