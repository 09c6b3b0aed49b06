"""The stored SLA clocks: what of a ticket's clocks changes only when a record arrives.

Here: their table, kept with two clocks like a canonical one. Not here: computing (`clocks`) and reading them (`tick`).
"""

import dataframely as dy
import polars as pl

from opsguard_assets.tables.table import Table


class SlaClock(dy.Schema):
    """What a ticket was promised, when it is due, and the bases from which its clocks are read at any later moment."""

    ticket_id = dy.String()
    client_id = dy.String(nullable=True)
    site_id = dy.String(nullable=True)
    priority = dy.String(nullable=True)
    status = dy.String(nullable=True)
    policy_id = dy.String(nullable=True)
    calendar_id = dy.String(nullable=True)
    timezone = dy.String(nullable=True)
    calendar_key = dy.Int64(nullable=True)
    pauses_on = dy.List(dy.String(nullable=True), nullable=True)
    stops_at = dy.String(nullable=True)
    opened_at = dy.Datetime(time_zone="UTC")
    response_target_minutes = dy.Int64(nullable=True)
    resolution_target_minutes = dy.Int64(nullable=True)
    response_due_at = dy.Datetime(time_zone="UTC", nullable=True)
    resolution_due_at = dy.Datetime(time_zone="UTC", nullable=True)
    no_deadline_reason = dy.String(nullable=True)
    response_at = dy.Datetime(time_zone="UTC", nullable=True)
    ended_at = dy.Datetime(time_zone="UTC", nullable=True)
    paused_since_at = dy.Datetime(time_zone="UTC", nullable=True)
    paused_by = dy.String(nullable=True)
    elapsed_base_us = dy.Int64(nullable=True)
    elapsed_counts = dy.Bool(nullable=True)
    remaining_base_us = dy.Int64(nullable=True)
    remaining_counts = dy.Bool(nullable=True)
    response_remaining_base_us = dy.Int64(nullable=True)
    response_counts = dy.Bool(nullable=True)
    paused_base_us = dy.Int64(nullable=True)
    changes_at = dy.Datetime(time_zone="UTC", nullable=True)
    known_at = dy.Datetime(time_zone="UTC")


SLA_CLOCKS = Table(
    name="sla_clocks",
    room="tickets",
    schema=SlaClock,
    key=("ticket_id",),
    happened_at="opened_at",
    is_live=pl.col("ended_at").is_null(),
)
