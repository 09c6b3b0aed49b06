"""What is known of an open ticket at a moment that bears on missing its deadline.

Here: one function for scoring, training and replay. Not here: clocks (given) and models (`rule` and its peers).
"""

from datetime import datetime

import polars as pl

FEATURES = (
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


def features(open_tickets: pl.DataFrame, readings: pl.DataFrame, as_of: datetime) -> pl.DataFrame:
    """Features of every open ticket at `as_of`.

    Args:
        open_tickets: All tickets open at `as_of` (`ticket_id`, `assignee_id`); the load of an assignee is counted here,
            so none may be left out.
        readings: Their clocks read at `as_of` (`ticket_id`, `priority`, `remaining_minutes`, `elapsed_minutes`,
            `age_minutes`, `fraction_used`); one row per ticket.
        as_of: The moment.

    Returns:
        One row per row of `readings`, in order: `ticket_id`, `as_of`, `remaining_minutes` and `elapsed_minutes` in
        working
        time, `age_minutes` in wall time, `fraction_used` of the window, `priority`, `has_assignee`,
        `assignee_open_tickets` (0 if unassigned).
    """
    assignee = pl.col("assignee_id")
    if open_tickets["ticket_id"].equals(readings["ticket_id"]):
        assigned = readings.with_columns(open_tickets["assignee_id"])  # the usual case, and no join of long strings
    else:
        owners = open_tickets.select("ticket_id", "assignee_id")
        assigned = readings.drop("assignee_id", strict=False).join(
            owners, on="ticket_id", how="left", maintain_order="left"
        )
    load = open_tickets.drop_nulls("assignee_id").group_by("assignee_id").agg(assignee_open_tickets=pl.len())
    return (
        assigned.join(load, on="assignee_id", how="left", maintain_order="left")
        .with_columns(
            as_of=pl.lit(as_of, pl.Datetime("us", "UTC")),
            has_assignee=assignee.is_not_null(),
            assignee_open_tickets=pl.col("assignee_open_tickets").fill_null(0).cast(pl.Int64),
        )
        .select(FEATURES)
    )
