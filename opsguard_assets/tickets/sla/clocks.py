"""The SLA clocks of tickets: response and resolution, each with its deadline, in business time with pauses.

Here: the part of a clock that changes only when a record arrives, for any set of tickets at any moment. Not here:
reading stored clocks at a later moment (`tick`), and the life of a ticket interval by interval (`intervals`).

* The response clock stops at `first_response_at`, or when the ticket is resolved or closed without one: a solution is
  an answer. It pauses in the same statuses as the resolution clock.
* `due_at` of the source is the deadline where it is given, and does not move: pauses push computed deadlines only.
* A deadline is breached after it, not at it. A paused ticket has no deadline; its remaining time is frozen.
* A cancelled ticket is neither met nor breached. A reopened ticket resumes its clock.
* Changes after `as_of` are ignored; the first one is `changes_at`, until which the stored clock is valid.

Tickets are independent, so a long history can be computed in slices.
"""

from datetime import datetime, timedelta

import dataframely as dy
import polars as pl

from opsguard_assets.tables.reference import Calendars
from opsguard_assets.tickets.sla.history import PAUSED
from opsguard_assets.tickets.sla.lives import Lives, lives
from opsguard_assets.tickets.sla.run_clock import MINUTE_US, run_clock
from opsguard_assets.tickets.sla.tick import READ, clocks_at
from opsguard_assets.tickets.sla.working_time import LATEST, ROUND_THE_CLOCK, WorkingTime, microseconds

# Long enough for every usual target; a deadline beyond it makes a second pass up to LATEST.
_HORIZON = timedelta(days=730)
_ANSWERED = ("resolved", "closed")
# What is kept: what readings need, and the promise behind it.
STORED = (
    *READ,
    "policy_id",
    "pauses_on",
    "stops_at",
    "response_target_minutes",
    "resolution_target_minutes",
)


def sla_clocks(
    tickets: pl.DataFrame,
    ticket_events: pl.DataFrame,
    sla_policies: pl.DataFrame,
    calendars: dy.DataFrame[Calendars],
    sites: pl.DataFrame,
    clients: pl.DataFrame,
    as_of: datetime,
) -> pl.DataFrame:
    """The clocks of tickets as they stand at `as_of`.

    Args:
        tickets: The `tickets` table, open and ended ones alike; those opened after `as_of` do not exist yet.
        ticket_events: The `ticket_events` table of these tickets.
        sla_policies: The `sla_policies` table.
        calendars: The `calendars` table.
        sites: The `sites` table.
        clients: The `clients` table.
        as_of: The instant (UTC) whose knowledge the tables hold.

    Returns:
        One row per ticket: what was promised (`policy_id`, targets in minutes, `calendar_id` and `timezone`,
        `pauses_on`, `stops_at`), `response_due_at` and `resolution_due_at` (null while paused; `no_deadline_reason`
        says why), `response_at`, `ended_at`, `paused_since_at` and `paused_by`, the bases from which `clocks_at` reads
        any later moment (microseconds), `changes_at`, and the readings at `as_of` (see `clocks_at`).

    Raises:
        ValueError: A calendar that cannot be understood (see `calendars.working_time`).
    """
    alive = lives(tickets, ticket_events, sla_policies, calendars, sites, clients, as_of=as_of)
    work = alive.work(calendars, as_of + _HORIZON)
    stored = _stored(alive, work)
    if work.until < LATEST and stored.filter(_is_beyond(work)).height:
        work = alive.work(calendars, LATEST)
        stored = _stored(alive, work)
    return clocks_at(stored, work, as_of)


def _is_beyond(work: WorkingTime) -> pl.Expr:
    """A deadline exists, but after the end of `work`."""
    opening = work.segments.filter("is_open")["calendar_key"].unique().implode()
    due = pl.any_horizontal(
        pl.col("response_due_at").is_null() & pl.col("response_target_minutes").is_not_null(),
        pl.col("resolution_due_at").is_null() & pl.col("resolution_target_minutes").is_not_null(),
    )
    return due & pl.col("paused_since_at").is_null() & pl.col("calendar_key").is_in(opening)


def _stored(alive: Lives, work: WorkingTime) -> pl.DataFrame:
    """The stored columns of every ticket's clocks."""
    facts = _facts(alive)
    resolution = run_clock(
        alive.stretches,
        facts.select("row", "calendar_key", target_minutes="resolution_target_minutes", stopped_at="ended_at"),
        work,
    )
    response = run_clock(
        alive.stretches,
        facts.select(
            "row",
            "calendar_key",
            target_minutes="response_target_minutes",
            stopped_at=pl.min_horizontal("response_at", "ended_at"),
        ),
        work,
    ).select(
        "row",
        response_elapsed_us="elapsed_us",
        response_counts="is_counting",
        response_worked_us="worked_us",
        response_due_at="due_at",
    )
    both = facts.join(resolution, on="row", how="left", maintain_order="left").join(
        response, on="row", how="left", maintain_order="left"
    )
    given_us = work.worked_us(both["calendar_key"], both["due_at_given"]).alias("given_us")
    based = both.with_columns(given_us).with_columns(resolution_due_at=pl.coalesce("due_at_given", "due_at"))
    return based.with_columns(*_bases(alive.as_of), no_deadline_reason=_no_deadline(work)).select(STORED)


def _facts(alive: Lives) -> pl.DataFrame:
    """Tickets with what their lives say at `as_of`: status, answer, end, pause, next announced change."""
    as_of, row = alive.as_of, pl.col("row")
    happened, announced = pl.col("at") <= as_of, pl.col("at") > as_of
    changes = alive.changes.group_by("row", maintain_order=True).agg(
        status=pl.col("status").filter(happened).last(),
        answered_at=pl.col("at").filter(happened & pl.col("status").is_in(_ANSWERED)).first(),
        announced_at=pl.col("at").filter(announced).first(),
    )
    last = alive.stretches.filter(row.is_last_distinct()).select(
        "row",
        ended_at="stop_at",
        paused_since_at=pl.when((pl.col("kind") == PAUSED) & pl.col("stop_at").is_null()).then("starts_at"),
        paused_by=pl.when((pl.col("kind") == PAUSED) & pl.col("stop_at").is_null()).then("status"),
    )
    response = pl.col("first_response_at")
    return (
        alive.tickets.drop("status")
        .rename({"due_at": "due_at_given"})
        .join(changes, on="row", how="left", maintain_order="left")
        .join(last, on="row", how="left", maintain_order="left")
        .with_columns(
            # An answer dated before the opening counts from the opening. `max_horizontal` skips nulls, so the opening
            # must be null where there is no answer.
            response_at=pl.max_horizontal(
                pl.min_horizontal(pl.when(response <= as_of).then(response), "answered_at"),
                pl.when((response <= as_of) | pl.col("answered_at").is_not_null()).then("opened_at"),
            ),
            changes_at=pl.min_horizontal("announced_at", pl.when(response > as_of).then(response)),
        )
    )


def _bases(as_of: datetime) -> list[pl.Expr]:
    """Each quantity at zero working time of its calendar if it counts, else its frozen value."""
    target, response_target = (pl.col(c) * MINUTE_US for c in ("resolution_target_minutes", "response_target_minutes"))
    counts, given = pl.col("is_counting"), pl.col("given_us")
    # A deadline that the source gave goes on counting through pauses, until the ticket ends.
    given_counts = pl.col("ended_at").is_null()
    worked = pl.col("worked_us")
    elapsed_base = pl.col("elapsed_us") - pl.when(counts).then(worked).otherwise(0)
    response_base = pl.col("response_elapsed_us") - pl.when("response_counts").then("response_worked_us").otherwise(0)
    has_given = pl.col("due_at_given").is_not_null()
    return [
        elapsed_base.alias("elapsed_base_us"),
        counts.alias("elapsed_counts"),
        pl.when(has_given)
        .then(given - pl.when(given_counts).then(0).otherwise(worked))
        .otherwise(target - elapsed_base)
        .alias("remaining_base_us"),
        pl.when(has_given).then(given_counts).otherwise(counts).alias("remaining_counts"),
        (response_target - response_base).alias("response_remaining_base_us"),
        (
            # While paused, the instant of computing is taken off here and that of the reading is added there: their
            # difference is how much longer the pause is by then.
            pl.col("paused_us")
            - pl.when(pl.col("paused_since_at").is_not_null()).then(microseconds(as_of)).otherwise(0)
        ).alias("paused_base_us"),
    ]


def _no_deadline(work: WorkingTime) -> pl.Expr:
    """Why there is no resolution deadline; null where there is one."""
    opening = work.segments.filter("is_open")["calendar_key"].unique().implode()
    never = (pl.col("calendar_key") != ROUND_THE_CLOCK) & ~pl.col("calendar_key").is_in(opening)
    return (
        pl.when(pl.col("resolution_due_at").is_not_null())
        .then(None)
        .when(pl.col("resolution_target_minutes").is_null())
        .then(pl.format("no target for priority {}", pl.col("priority").fill_null("unknown")))
        .when(pl.col("paused_since_at").is_not_null())
        .then(pl.format("paused: {}", "paused_by"))
        .when(never)
        .then(pl.format("calendar {} never opens", "calendar_id"))
        .otherwise(pl.format("the deadline lies after {}", pl.lit(LATEST.date().isoformat())))
    )
