"""The inputs of the rule: the clock of an open ticket, its owner and the owner's load.

Here: these few facts of one moment, cheaply for a million tickets. Not here: the features of learned models
(`features`), clocks (given) and the rule (`rule`).
"""

from datetime import datetime

import polars as pl

from ml.values import INSTANT

RULE_INPUTS = (
    "ticket_id",
    "as_of",
    "remaining_minutes",
    "elapsed_minutes",
    "age_minutes",
    "fraction_used",
    "priority",
    "has_assignee",
    "assignee_open_tickets",
)


def rule_inputs(open_tickets: pl.DataFrame, readings: pl.DataFrame, as_of: datetime) -> pl.DataFrame:
    """What the rule needs of every open ticket at `as_of`.

    Args:
        open_tickets: All tickets open at `as_of` (`ticket_id`, `assignee_id`); the load of an assignee is counted here,
            so none may be left out.
        readings: Their clocks read at `as_of` (`ticket_id`, `priority`, `remaining_minutes`, `elapsed_minutes`,
            `age_minutes`, `fraction_used`); one row per ticket.
        as_of: The moment.

    Returns:
        One row per row of `readings`, in order: `ticket_id`, `as_of`, `remaining_minutes` and `elapsed_minutes` in
        working time, `age_minutes` in wall time, `fraction_used` of the window, `priority`, `has_assignee`,
        `assignee_open_tickets` (0 if unassigned).
    """
    assignee = pl.col("assignee_id")
    owners = open_tickets.select(
        "ticket_id",
        has_assignee=assignee.is_not_null(),
        assignee_open_tickets=pl.when(assignee.is_not_null()).then(pl.len().over(assignee)).otherwise(0).cast(pl.Int64),
    )
    known = readings.select(
        "ticket_id",
        "remaining_minutes",
        "elapsed_minutes",
        "age_minutes",
        "fraction_used",
        "priority",
        as_of=pl.lit(as_of, INSTANT),
    )
    if owners["ticket_id"].equals(known["ticket_id"]):
        return known.hstack(owners.drop("ticket_id")).select(
            RULE_INPUTS
        )  # the usual case, without a join of long texts
    return (
        known.join(owners, on="ticket_id", how="left", maintain_order="left")
        .with_columns(pl.col("has_assignee").fill_null(value=False), pl.col("assignee_open_tickets").fill_null(0))
        .select(RULE_INPUTS)
    )


def inputs_of_features(features: pl.DataFrame) -> pl.DataFrame:
    """The same facts out of the features of learned models, so that both can be judged on the same moments."""
    return features.with_columns(
        pl.col("has_assignee").cast(pl.Boolean), assignee_open_tickets=pl.col("open_of_assignee").fill_null(0)
    )
