"""The rule baseline of SLA breaches: five lines that anyone can check by hand.

Here: the baseline that every learned model must beat. Not here: features and thresholds of alerts.
"""

from dataclasses import dataclass

import polars as pl

from ml.words import durations

BEHIND, UNOWNED, OVERLOADED, CLOSE, USUAL = 0.90, 0.70, 0.60, 0.75, 0.30
MANY_TICKETS = 5
SHORT_MINUTES = 120
URGENT = ("critical", "high")


@dataclass(frozen=True)
class RuleBaseline:
    """Probability of missing the deadline by the rule that OpsGuard's predecessor scored with; the first match wins.

    1. Less working time remains than was used: 0.90. Both are measured on the ticket's own clock, because working time
       that remains and wall time that passed cannot be compared.
    2. Unassigned, and the priority high or critical: 0.70.
    3. The assignee has more than 5 open tickets: 0.60.
    4. Less than 120 minutes of working time remain: 0.75.
    5. Otherwise 0.30.

    The numbers are constants of that rule, not estimates. A ticket past its deadline has no probability (its breach is
    a fact), and neither has one without a deadline.
    """

    name: str = "rule_baseline"
    version: str = "1"

    @property
    def needs_features(self) -> bool:
        """It makes do with `rule_inputs`."""
        return False

    def predict(self, features: pl.DataFrame) -> pl.Series:
        """Probabilities by the first rule that matches; null once the deadline has passed or where there is none.

        Args:
            features: Rows of `rule_inputs`.
        """
        remaining = pl.col("remaining_minutes")
        return features.select(
            probability=pl.when(remaining.is_null() | (remaining < 0))
            .then(None)
            .when(remaining < pl.col("elapsed_minutes"))
            .then(BEHIND)
            .when(~pl.col("has_assignee") & pl.col("priority").is_in(URGENT))
            .then(UNOWNED)
            .when(pl.col("assignee_open_tickets") > MANY_TICKETS)
            .then(OVERLOADED)
            .when(remaining < SHORT_MINUTES)
            .then(CLOSE)
            .otherwise(USUAL)
        )["probability"]

    def reasons(self, features: pl.DataFrame) -> pl.Series:
        """What the rule looked at, in words: "2 h 10 min of working time left, 3 h 40 min used, unassigned".

        Args:
            features: Rows of `rule_inputs`.
        """
        minutes = features["remaining_minutes"]
        spans = pl.DataFrame(
            [
                durations(minutes.abs(), " of working time left, ").alias("left"),
                durations(features["elapsed_minutes"], " used, ").alias("used"),
            ]
        )
        past = features.select(past=pl.col("remaining_minutes") < 0).to_series()
        if past.any():
            overdue = durations(minutes.abs(), " of working time past the deadline, ")
            spans = spans.with_columns(left=overdue.zip_with(past.fill_null(value=False), spans["left"]))
        left = pl.col("left").fill_null("no deadline, ")
        used = pl.col("used").fill_null("an unknown time used, ")
        return spans.hstack([_owners(features)]).select(reason=pl.concat_str(left, used, "owner"))["reason"]


def _owners(features: pl.DataFrame) -> pl.Series:
    """Who has the ticket, in words; looked up by the load, because few loads are different."""
    load = pl.col("assignee_open_tickets")
    place = features.select(pl.when("has_assignee").then(load.clip(lower_bound=1)).otherwise(0).cast(pl.UInt32))
    most = pl.select(load=pl.int_range(1 + features.select(load.max().fill_null(0).clip(lower_bound=1)).item()))
    words = most.select(
        owner=pl.when(pl.col("load") == 0)
        .then(pl.lit("unassigned"))
        .when(pl.col("load") > MANY_TICKETS)
        .then(pl.format("assignee has many open tickets: {}", "load"))
        .otherwise(pl.lit("assigned"))
    )["owner"]
    return words.gather(place.to_series())
