"""The derived tables of tickets: their columns and meanings, as asset pages show them.

Here: shapes. Not here: computing them (`clocks`, `intervals`, `risk`). Only the stored clocks are kept with two clocks,
like a canonical table: the others are replaced where they change.
"""

import dataframely as dy
import polars as pl

from opsguard_assets.tables.table import Table


def _instant(meaning: str, *, nullable: bool = True) -> dy.Datetime:
    return dy.Datetime(nullable=nullable, time_zone="UTC", description=f"{meaning} (UTC)")


def _text(meaning: str, *, nullable: bool = True) -> dy.String:
    return dy.String(nullable=nullable, description=meaning)


def _count(meaning: str) -> dy.Int64:
    return dy.Int64(nullable=True, description=meaning)


def _minutes(meaning: str) -> dy.Float64:
    return dy.Float64(nullable=True, description=f"{meaning}, minutes")


class SlaClock(dy.Schema):
    """What a ticket was promised, when it is due, and the bases from which its clocks are read at any later moment."""

    ticket_id = _text("the ticket", nullable=False)
    client_id = _text("who asked")
    site_id = _text("which site it is about")
    priority = _text("urgency")
    status = _text("state of work")
    policy_id = _text("the promise that applies; null: the default of its priority")
    calendar_id = _text("the working hours that count; null: round the clock")
    timezone = _text("zone of these hours")
    calendar_key = _count("digest of the hours; changes when they change")
    pauses_on = dy.List(dy.String(nullable=True), nullable=True, description="statuses in which the clock pauses")
    stops_at = _text("the status at which the resolution clock stops")
    opened_at = _instant("when it was opened", nullable=False)
    response_target_minutes = _count("promised time to the first answer, working minutes")
    resolution_target_minutes = _count("promised time to the solution, working minutes")
    response_due_at = _instant("deadline of the first answer; null while paused")
    resolution_due_at = _instant("deadline of the solution; null while paused")
    no_deadline_reason = _text("why there is no deadline of the solution")
    response_at = _instant("when it was answered first")
    ended_at = _instant("when its resolution clock stopped")
    paused_since_at = _instant("since when it is paused")
    paused_by = _text("the status that pauses it")
    elapsed_base_us = _count("working time used, at zero working time of the calendar, microseconds")
    elapsed_counts = dy.Bool(nullable=True, description="whether the time used still grows")
    remaining_base_us = _count("working time left, at zero working time of the calendar, microseconds")
    remaining_counts = dy.Bool(nullable=True, description="whether the time left still shrinks")
    response_remaining_base_us = _count("the same for the first answer, microseconds")
    response_counts = dy.Bool(nullable=True, description="whether the time left for the first answer still shrinks")
    paused_base_us = _count("wall time in pauses, at the epoch while paused, microseconds")
    changes_at = _instant("the first change that was announced for the future")
    known_at = _instant("when this was known", nullable=False)


class SlaInterval(dy.Schema):
    """A stretch of a ticket's life in which its resolution clock runs, pauses or stands still."""

    ticket_id = _text("the ticket", nullable=False)
    starts_at = _instant("first instant", nullable=False)
    ends_at = _instant("the instant after the last; of an open ticket when it was looked at last", nullable=False)
    state = _text("running, paused or closed_by_calendar", nullable=False)
    reason = _text("the pausing status, weekend, outside hours, or the holiday; null while running")
    running_minutes = _minutes("its length while running, else 0")


class TicketOutcome(dy.Schema):
    """How a ticket ended, as far as its records tell, and from when on time alone would tell more."""

    ticket_id = _text("the ticket", nullable=False)
    at = _instant("when the outcome became known: a missed deadline when it passed, a kept one when the end was known")
    is_late = dy.Bool(nullable=True, description="whether the deadline was missed; null while there is no outcome")
    minutes = _minutes("wall time from opening to the end, null where it was still open")
    passes_at = _instant("the deadline of a ticket without outcome: once it has passed, it was missed")
    changes_at = _instant("the first change that was announced for the future: after it the row must be made again")


class RecentTicket(dy.Schema):
    """A version of a ticket on which features of open tickets depend, with the ticket's outcome."""

    ticket_id = _text("the ticket", nullable=False)
    known_at = _instant("when this version was known", nullable=False)
    superseded_at = _instant("from when on another one was the row; null while it is current")
    client_id = _text("who asked")
    site_id = _text("which site it is about")
    category = _text("kind of request")
    priority = _text("urgency")
    status = _text("state of work")
    assignee_id = _text("person who works on it")
    group_id = _text("team that is responsible")
    title = _text("one line by the requester")
    source = _text("channel")
    sentiment = dy.Float64(nullable=True, description="tone of the requester, -1 angry to 1 pleased")
    opened_at = _instant("when it was opened")
    updated_at = _instant("when this state came about")
    outcome_at = _instant("when the outcome became known")
    is_late = dy.Bool(nullable=True, description="whether the deadline was missed; null while there is no outcome")
    minutes = _minutes("wall time from opening to the end, null where it was still open")
    passes_at = _instant("the deadline of a ticket without outcome: once it has passed, it was missed")
    changes_at = _instant("the first change that was announced for the future")
    is_active = dy.Bool(nullable=False, description="whether the ticket is open, or changed lately")


class SlaRisk(dy.Schema):
    """The probability that an open ticket misses its resolution deadline, by what was known at `as_of`."""

    ticket_id = _text("the ticket", nullable=False)
    as_of = _instant("the moment of the prediction", nullable=False)
    client_id = _text("who asked")
    site_id = _text("which site it is about")
    priority = _text("urgency")
    state = _text("running, paused or breached", nullable=False)
    risk = dy.Float64(
        nullable=True,
        description="probability of missing the deadline, 0..1; null where it is missed, or there is none",
    )
    reason = _text("what the model looked at, in words; null below a risk of 0.60")
    resolution_due_at = _instant("deadline of the solution; null while paused")
    remaining_minutes = _minutes("working time left, negative after the deadline")
    elapsed_minutes = _minutes("working time used")
    age_minutes = _minutes("wall time since it was opened")
    fraction_used = dy.Float64(nullable=True, description="share of the promised time that is used")
    response_state = _text("running, paused, met or breached")
    response_due_at = _instant("deadline of the first answer; null while paused")
    response_remaining_minutes = _minutes("working time left for the first answer")
    model_name = _text("which model", nullable=False)
    model_version = _text("which version of it", nullable=False)
    model_run_id = _text("the MLflow run that made it: leads to its data and figures; null for the rule")
    date = dy.Date(description="day of `as_of`; the partition")


SLA_CLOCKS = Table(
    name="sla_clocks",
    room="tickets",
    schema=SlaClock,
    key=("ticket_id",),
    happened_at="opened_at",
    is_live=pl.col("ended_at").is_null(),
)
SLA_INTERVALS = Table(name="sla_intervals", room="tickets", schema=SlaInterval, key=("ticket_id", "starts_at"))
TICKET_OUTCOMES = Table(name="ticket_outcomes", room="tickets", schema=TicketOutcome, key=("ticket_id",))
RECENT_TICKETS = Table(name="recent_tickets", room="tickets", schema=RecentTicket, key=("ticket_id", "known_at"))
SLA_RISK = Table(name="sla_risk", room="tickets", schema=SlaRisk, key=("ticket_id", "as_of"), happened_at="as_of")
