"""The intervals of a ticket: running, paused, or outside business hours, each with its reason.

Here: the rows that explain a deadline. Not here: deadlines (`clocks`).
"""

from datetime import datetime, timedelta

import dataframely as dy
import polars as pl

from opsguard_assets.tables.reference import Calendars
from opsguard_assets.tables.values import INSTANT
from opsguard_assets.tickets.sla.history import PAUSED, RUNNING
from opsguard_assets.tickets.sla.lives import lives
from opsguard_assets.tickets.sla.run_clock import MINUTE_US
from opsguard_assets.tickets.sla.working_time import EARLIEST, LATEST, ROUND_THE_CLOCK, WorkingTime

CLOSED = "closed_by_calendar"
OUTSIDE_YEARS = f"outside the years {EARLIEST.year} to {LATEST.year - 1}"


def sla_intervals(
    tickets: pl.DataFrame,
    ticket_events: pl.DataFrame,
    sla_policies: pl.DataFrame,
    calendars: dy.DataFrame[Calendars],
    sites: pl.DataFrame,
    clients: pl.DataFrame,
    as_of: datetime,
) -> pl.DataFrame:
    """The lives of tickets until their end or `as_of`, cut where the resolution clock starts, pauses or stands.

    Args:
        tickets: The `tickets` table.
        ticket_events: The `ticket_events` table of these tickets.
        sla_policies: The `sla_policies` table.
        calendars: The `calendars` table.
        sites: The `sites` table.
        clients: The `clients` table.
        as_of: The instant (UTC) whose knowledge the tables hold.

    Returns:
        One row per interval, sorted by ticket and time: `ticket_id`, `starts_at`, `ends_at`, `state` (running, paused,
        closed_by_calendar), `reason` (the pausing status; "weekend", "outside hours" or the holiday; null while
        running) and `running_minutes` (its length while running, else 0). The intervals of a ticket partition
        [`opened_at`, the earlier of `ended_at` and `as_of`], neighbours differ in state or reason, and their
        `running_minutes` add up to `elapsed_minutes` of `sla_clocks`.
    """
    alive = lives(tickets, ticket_events, sla_policies, calendars, sites, clients, as_of=as_of)
    work = alive.work(calendars, as_of)
    spans = alive.stretches.join(
        alive.tickets.select("row", "calendar_key"), on="row", how="left", maintain_order="left"
    ).with_columns(reason=pl.when(pl.col("kind") == PAUSED).then("status"))
    cut = (pl.col("kind") == RUNNING) & (pl.col("calendar_key") != ROUND_THE_CLOCK)
    columns = ["row", "starts_at", "ends_at", "kind", "reason"]
    pieces = pl.concat(
        [spans.filter(~cut).select(columns), _by_calendar(spans.filter(cut), work).select(columns)]
    ).filter(pl.col("starts_at") < pl.col("ends_at"))
    length = (pl.col("ends_at") - pl.col("starts_at")).dt.total_microseconds() / MINUTE_US
    return (
        pieces.sort("row", "starts_at")
        .with_columns(run=pl.struct("row", "kind", "reason").rle_id())
        .group_by("run", maintain_order=True)
        .agg(pl.col("row", "starts_at", "kind", "reason").first(), pl.col("ends_at").last())
        .join(alive.tickets.select("row", "ticket_id"), on="row", how="left", maintain_order="left")
        .select(
            "ticket_id",
            "starts_at",
            "ends_at",
            pl.col("kind").alias("state"),
            "reason",
            running_minutes=pl.when(pl.col("kind") == RUNNING).then(length).otherwise(0.0),
        )
    )


def _by_calendar(spans: pl.DataFrame, work: WorkingTime) -> pl.DataFrame:
    """Running spans cut by the segments of their calendars; what lies outside the computed years is closed."""
    first, last = pl.lit(work.since, INSTANT), pl.lit(work.until, INSTANT)
    starts, ends = pl.col("starts_at"), pl.col("ends_at")
    before = spans.filter(starts < first).with_columns(ends_at=pl.min_horizontal(ends, first))
    after = spans.filter(ends > last).with_columns(starts_at=pl.max_horizontal(starts, last))
    inside = spans.filter(starts < last, ends > first, starts < ends).with_columns(
        starts_at=pl.max_horizontal(starts, first), ends_at=pl.min_horizontal(ends, last)
    )
    keys = inside["calendar_key"]
    indexed = inside.with_columns(
        segment=pl.int_ranges(
            work.segment_of(keys, inside["starts_at"]),
            work.segment_of(keys, inside["ends_at"] - timedelta(microseconds=1)) + 1,
        )
        if len(inside)
        else pl.lit(None, pl.List(pl.Int64))
    ).explode("segment")
    segments = work.segments.select("is_open", opened="starts_at", shut="ends_at", why="reason").with_row_index(
        "segment"
    )
    worked = indexed.join(
        segments.with_columns(pl.col("segment").cast(pl.Int64)), on="segment", how="left", maintain_order="left"
    ).with_columns(
        starts_at=pl.max_horizontal("starts_at", "opened"),
        ends_at=pl.min_horizontal("ends_at", "shut"),
        kind=pl.when("is_open").then(pl.lit(RUNNING)).otherwise(pl.lit(CLOSED)),
        reason="why",
    )
    never = pl.concat([before, after]).with_columns(kind=pl.lit(CLOSED), reason=pl.lit(OUTSIDE_YEARS))
    return pl.concat([part.select(spans.columns) for part in (never, worked)])
