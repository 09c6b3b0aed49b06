"""What the helpdesk records of a ticket: its successive states and their changes.

Here: instants become states. Not here: why they are as they are (`desk`). A state holds nothing that happens later.
"""

from datetime import datetime, timedelta

import polars as pl

from opsguard_assets.simulator.world import INSTANT

# The feed of the helpdesk is read with this delay: a state is known so much after it came about.
FEED_DELAY = timedelta(minutes=2)
_CLOSED_AFTER = timedelta(hours=48)
TRACKED = ("status", "priority", "assignee_id", "group_id", "category", "site_id")
_FIXED = ("ticket_id", "client_id", "site_id", "category", "priority", "title", "description", "opened_at", "source")
_HOUR_US = 3_600e6


def states(tickets: pl.DataFrame, until: datetime) -> pl.DataFrame:
    """The successive states of tickets up to `until`.

    Args:
        tickets: What `interventions.given` gives.
        until: States that become known later are left out.

    Returns:
        The columns of `tickets` of the contract, one row per change, in order per ticket; `sequence` orders changes.
    """
    changes = pl.concat(_changes(tickets), how="diagonal_relaxed").drop_nulls("updated_at")
    ordered = changes.sort("number", "updated_at", "step")
    lasting = ("status", "assignee_id", "group_id", "first_response_at", "resolved_at", "closed_at")
    filled = ordered.with_columns(pl.col(lasting).forward_fill().over("number"))
    is_open = pl.col("status").is_in(["open", "in_progress", "on_hold"])
    # Assignment and start of work may fall on one instant: the helpdesk saves one state then.
    saved = filled.unique(["number", "updated_at"], keep="last", maintain_order=True)
    known = saved.with_columns(
        resolved_at=pl.when(~is_open).then("resolved_at"),
        closed_at=pl.when(pl.col("status") == "closed").then("closed_at"),
        known_at=pl.col("updated_at") + FEED_DELAY,
        sequence=pl.int_range(pl.len()).over("number"),
    ).filter(pl.col("known_at") <= until)
    fixed = tickets.select("number", *_FIXED, "mood")
    return known.join(fixed, on="number", maintain_order="left").select(
        *_FIXED, "status", "assignee_id", "group_id", "first_response_at", "resolved_at", "closed_at",
        _sentiment(), "updated_at", "updated_by", "known_at", "sequence",
    )  # fmt: skip


def _changes(tickets: pl.DataFrame) -> list[pl.DataFrame]:
    """Each kind of change as (number, updated_at, step, what it sets)."""
    worker = pl.coalesce("given_to", "reassignee_id", "assignee_id")
    closing = pl.coalesce("resolved_again_at", "resolved_at") + _CLOSED_AFTER
    # Somebody who reopens does so before the ticket is closed; a closed ticket stays closed.
    reopened = pl.when(pl.col("reopened_at") < pl.col("resolved_at") + _CLOSED_AFTER).then("reopened_at")
    again = pl.when(reopened.is_not_null()).then("resolved_again_at")
    closed = pl.when(reopened.is_not_null()).then(closing).otherwise(pl.col("resolved_at") + _CLOSED_AFTER)
    not_cancelled = pl.col("cancelled_at").is_null()
    return [
        tickets.select("number", updated_at="opened_at", step=0, status=pl.lit("new")),
        _change(
            tickets, pl.col("assigned_at"), 1, "open", assignee_id=pl.col("assignee_id"), group_id=pl.col("group_id")
        ),
        _change(tickets, pl.col("reassigned_at"), 2, "open", assignee_id=pl.col("reassignee_id")),
        _change(tickets, pl.col("given_at"), 2, "open", assignee_id=pl.col("given_to")),
        _change(
            tickets, pl.col("started_at"), 3, "in_progress", updated_by=worker, first_response_at=pl.col("started_at")
        ),
        _change(tickets, pl.col("held_at"), 4, "on_hold", updated_by=worker),
        _change(tickets, pl.col("freed_at"), 5, "in_progress"),
        _change(tickets, pl.col("resolved_at"), 6, "resolved", updated_by=worker, resolved_at=pl.col("resolved_at")),
        _change(tickets, reopened, 7, "open"),
        _change(tickets, again, 8, "resolved", updated_by=worker, resolved_at=again),
        _change(tickets, pl.when(not_cancelled).then(closed), 9, "closed", closed_at=closed),
        _change(tickets, pl.col("cancelled_at"), 10, "cancelled"),
    ]


def _change(tickets: pl.DataFrame, at: pl.Expr, step: int, status: str, **sets: pl.Expr) -> pl.DataFrame:
    return tickets.select("number", updated_at=at, step=pl.lit(step), status=pl.lit(status), **sets)


def _sentiment() -> pl.Expr:
    """Requesters are less pleased the longer they wait."""
    waited = (pl.col("updated_at") - pl.col("opened_at")).dt.total_microseconds() / _HOUR_US
    return (pl.col("mood") - 0.015 * waited).clip(-1, 1).round(3).alias("sentiment")


def events(ticket_states: pl.DataFrame) -> pl.DataFrame:
    """The changes between successive states: the columns of `ticket_events`."""
    ticket = pl.col("ticket_id")
    is_first = ticket.ne_missing(ticket.shift(1))
    frames = [
        ticket_states.with_columns(before=pl.when(~is_first).then(pl.col(name).shift(1)), is_first=is_first)
        .filter(
            (pl.col("is_first") & (pl.lit(name) == "status"))
            | (~pl.col("is_first") & pl.col(name).ne_missing(pl.col("before")))
        )
        .select(
            "ticket_id",
            at=pl.col("updated_at"),
            field=pl.lit(name),
            old="before",
            new=name,
            actor_id="updated_by",
            known_at="known_at",
        )
        for name in TRACKED
    ]
    return pl.concat(frames).sort("ticket_id", "at", "field").cast({"at": INSTANT, "known_at": INSTANT})
