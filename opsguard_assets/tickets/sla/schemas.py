"""The clocks of tickets and the intervals that explain them: columns and meanings, as asset pages show them.

Here: shapes. Not here: computing them (`clocks`, `intervals`). Only the clocks are kept with two clocks, like a
canonical table: intervals are replaced where they change.
"""

import dataframely as dy
import polars as pl

from opsguard_assets.tables.derived import count, instant, minutes, text
from opsguard_assets.tables.table import Table


class SlaClock(dy.Schema):
    """What a ticket was promised, when it is due, and the bases from which its clocks are read at any later moment."""

    ticket_id = text("the ticket", nullable=False)
    client_id = text("who asked")
    site_id = text("which site it is about")
    priority = text("urgency")
    status = text("state of work")
    policy_id = text("the promise that applies; null: the default of its priority")
    calendar_id = text("the working hours that count; null: round the clock")
    timezone = text("zone of these hours")
    calendar_key = count("digest of the hours; changes when they change")
    pauses_on = dy.List(dy.String(nullable=True), nullable=True, description="statuses in which the clock pauses")
    stops_at = text("the status at which the resolution clock stops")
    opened_at = instant("when it was opened", nullable=False)
    response_target_minutes = count("promised time to the first answer, working minutes")
    resolution_target_minutes = count("promised time to the solution, working minutes")
    response_due_at = instant("deadline of the first answer; null while paused")
    resolution_due_at = instant("deadline of the solution; null while paused")
    no_deadline_reason = text("why there is no deadline of the solution")
    response_at = instant("when it was answered first")
    ended_at = instant("when its resolution clock stopped")
    paused_since_at = instant("since when it is paused")
    paused_by = text("the status that pauses it")
    elapsed_base_us = count("working time used, at zero working time of the calendar, microseconds")
    elapsed_counts = dy.Bool(nullable=True, description="whether the time used still grows")
    remaining_base_us = count("working time left, at zero working time of the calendar, microseconds")
    remaining_counts = dy.Bool(nullable=True, description="whether the time left still shrinks")
    response_remaining_base_us = count("the same for the first answer, microseconds")
    response_counts = dy.Bool(nullable=True, description="whether the time left for the first answer still shrinks")
    paused_base_us = count("wall time in pauses, at the epoch while paused, microseconds")
    changes_at = instant("the first change that was announced for the future")
    known_at = instant("when this was known", nullable=False)


class PastClock(dy.Schema):
    """A clock as it was known from one instant until another: what readings need of it (`tick.READ`)."""

    ticket_id = SlaClock.ticket_id
    client_id = SlaClock.client_id
    site_id = SlaClock.site_id
    priority = SlaClock.priority
    status = SlaClock.status
    calendar_id = SlaClock.calendar_id
    timezone = SlaClock.timezone
    calendar_key = SlaClock.calendar_key
    opened_at = SlaClock.opened_at
    response_due_at = SlaClock.response_due_at
    resolution_due_at = SlaClock.resolution_due_at
    no_deadline_reason = SlaClock.no_deadline_reason
    response_at = SlaClock.response_at
    ended_at = SlaClock.ended_at
    paused_since_at = SlaClock.paused_since_at
    paused_by = SlaClock.paused_by
    elapsed_base_us = SlaClock.elapsed_base_us
    elapsed_counts = SlaClock.elapsed_counts
    remaining_base_us = SlaClock.remaining_base_us
    remaining_counts = SlaClock.remaining_counts
    response_remaining_base_us = SlaClock.response_remaining_base_us
    response_counts = SlaClock.response_counts
    paused_base_us = SlaClock.paused_base_us
    changes_at = SlaClock.changes_at
    known_from = instant("from when it was known", nullable=False)
    known_until = instant("until when it was known; null: until further notice")


class SlaInterval(dy.Schema):
    """A stretch of a ticket's life in which its resolution clock runs, pauses or stands still."""

    ticket_id = text("the ticket", nullable=False)
    starts_at = instant("first instant", nullable=False)
    ends_at = instant("the instant after the last; of an open ticket when it was looked at last", nullable=False)
    state = text("running, paused or closed_by_calendar", nullable=False)
    reason = text("the pausing status, weekend, outside hours, or the holiday; null while running")
    running_minutes = minutes("its length while running, else 0")


SLA_CLOCKS = Table(
    name="sla_clocks",
    room="tickets",
    schema=SlaClock,
    key=("ticket_id",),
    happened_at="opened_at",
    is_live=pl.col("ended_at").is_null(),
)
SLA_INTERVALS = Table(name="sla_intervals", room="tickets", schema=SlaInterval, key=("ticket_id", "starts_at"))
