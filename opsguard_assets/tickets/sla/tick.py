"""The readings of many SLA clocks at an instant, from stored clocks that change only when a record arrives.

Here: the arithmetic of a frequent tick: one look-up of the calendar's working time and a few additions per ticket,
without the history. Not here: computing the stored clocks (`clocks`).

Every quantity is `base + worked time of the calendar at as_of` while it counts, and `base` while it is frozen.
"""

from datetime import datetime

import polars as pl

from opsguard_assets.tables.values import INSTANT
from opsguard_assets.tickets.sla.run_clock import MINUTE_US
from opsguard_assets.tickets.sla.working_time import WorkingTime

RUNNING, PAUSED, MET, BREACHED, CANCELLED = "running", "paused", "met", "breached", "cancelled"
# What reading stored clocks needs of them.
READ = (
    "ticket_id",
    "client_id",
    "site_id",
    "priority",
    "status",
    "calendar_id",
    "timezone",
    "calendar_key",
    "opened_at",
    "response_due_at",
    "resolution_due_at",
    "no_deadline_reason",
    "response_at",
    "ended_at",
    "paused_since_at",
    "paused_by",
    "elapsed_base_us",
    "elapsed_counts",
    "remaining_base_us",
    "remaining_counts",
    "response_remaining_base_us",
    "response_counts",
    "paused_base_us",
    "changes_at",
)
# What `clocks_at` adds, in minutes unless the name says otherwise.
READINGS = (
    "as_of",
    "age_minutes",
    "elapsed_minutes",
    "remaining_minutes",
    "fraction_used",
    "paused_minutes",
    "resolution_state",
    "is_breached",
    "response_remaining_minutes",
    "response_state",
)


def is_outdated(work: WorkingTime, as_of: datetime) -> pl.Expr:
    """True for stored clocks that must be computed again before they can be read at `as_of`.

    Either a change that was announced for the future has come, or the calendar was changed.
    """
    known = pl.concat([pl.Series([0], dtype=pl.Int64), work.keys.cast(pl.Int64)])
    return (pl.col("changes_at") <= as_of).fill_null(value=False) | ~pl.col("calendar_key").is_in(known.implode())


def clocks_at(clocks: pl.DataFrame, work: WorkingTime, as_of: datetime) -> pl.DataFrame:
    """Reads stored clocks at a later instant.

    Args:
        clocks: Rows of `sla_clocks`, computed at or before `as_of`; the columns of an earlier reading are replaced.
        work: The working time of their calendars, covering `as_of`.
        as_of: The instant.

    Returns:
        `clocks` with `as_of`, `age_minutes` (wall time from opening to `as_of` or the end), `elapsed_minutes` (working
        time counted), `remaining_minutes` (working time to the deadline, negative after it, frozen while paused),
        `fraction_used` (elapsed of the whole window; null without one), `paused_minutes` (wall time in pauses),
        `resolution_state` and `response_state` (running, paused, met, breached, cancelled), `is_breached`,
        `response_remaining_minutes`. Equal to `sla_clocks(..., as_of)` as long as no record arrived in between.

    Raises:
        ValueError: A clock was computed after `as_of`, is outdated (`is_outdated`), or `work` does not cover `as_of`.
    """
    _refuse(clocks, work, as_of)
    table = work.at(as_of)
    worked = (
        pl.lit(table["worked_us"][0], pl.Int64)
        if len(table) == 1
        else pl.col("calendar_key").replace_strict(table["calendar_key"], table["worked_us"], return_dtype=pl.Int64)
    )
    return _read(clocks.drop(READINGS, strict=False), pl.lit(as_of, INSTANT), worked)


def clocks_at_moments(clocks: pl.DataFrame, work: WorkingTime) -> pl.DataFrame:
    """Reads each stored clock at its own instant.

    Args:
        clocks: Rows of `sla_clocks`, each the one that was known at its `as_of`.
        work: The working time of their calendars, covering every `as_of`.

    Returns:
        Like `clocks_at`, row by row.
    """
    worked = work.worked_us(clocks["calendar_key"], clocks["as_of"])
    moments = clocks.select(pl.exclude(READINGS), "as_of")
    return _read(moments.with_columns(worked.alias("_worked_us")), pl.col("as_of"), pl.col("_worked_us")).drop(
        "_worked_us"
    )


def _read(clocks: pl.DataFrame, now: pl.Expr, worked: pl.Expr) -> pl.DataFrame:
    """The arithmetic of a reading: `base + worked` while a quantity counts."""
    end = pl.min_horizontal(now, "ended_at")
    paused = pl.when(_is_paused()).then(now.to_physical()).otherwise(0)
    read = clocks.with_columns(
        as_of=now,
        age_minutes=(end - pl.col("opened_at")).dt.total_microseconds() / MINUTE_US,
        elapsed_us=pl.col("elapsed_base_us") + pl.when("elapsed_counts").then(worked).otherwise(0),
        remaining_us=pl.col("remaining_base_us") - pl.when("remaining_counts").then(worked).otherwise(0),
        response_remaining_us=pl.col("response_remaining_base_us")
        - pl.when("response_counts").then(worked).otherwise(0),
        paused_minutes=(pl.col("paused_base_us") + paused) / MINUTE_US,
        resolution_state=_state("resolution_due_at", "ended_at", now),
        response_state=_state("response_due_at", "response_at", now),
    )
    window = pl.col("elapsed_us") + pl.col("remaining_us")
    return read.with_columns(
        elapsed_minutes=pl.col("elapsed_us") / MINUTE_US,
        remaining_minutes=pl.col("remaining_us") / MINUTE_US,
        fraction_used=pl.when(window > 0).then(pl.col("elapsed_us") / window),
        is_breached=pl.col("resolution_state") == BREACHED,
        response_remaining_minutes=pl.col("response_remaining_us") / MINUTE_US,
    ).drop("elapsed_us", "remaining_us", "response_remaining_us")


def _is_paused() -> pl.Expr:
    return pl.col("paused_since_at").is_not_null()


def _state(due: str, stop: str, now: pl.Expr) -> pl.Expr:
    """A deadline is missed after it, not at it. A cancelled ticket is judged only if its clock had stopped before."""
    stopped = pl.col(stop).is_not_null()
    cancelled = (pl.col("status") == CANCELLED) & pl.col("ended_at").is_not_null()
    judged = cancelled if stop == "ended_at" else cancelled & ~stopped
    missed = pl.coalesce(pl.col(stop), now) > pl.col(due)
    return (
        pl.when(judged)
        .then(pl.lit(CANCELLED))
        .when(missed)
        .then(pl.lit(BREACHED))
        .when(stopped)
        .then(pl.lit(MET))
        .when(_is_paused() & pl.col(due).is_null())
        .then(pl.lit(PAUSED))
        .otherwise(pl.lit(RUNNING))
    )


def _refuse(clocks: pl.DataFrame, work: WorkingTime, as_of: datetime) -> None:
    if "as_of" in clocks.columns and (later := clocks.filter(pl.col("as_of") > as_of).height):
        raise ValueError(
            f"{later} of {len(clocks)} clocks were computed after {as_of}: they know of changes that had not happened. "
            "Compute the clocks of that instant with sla_clocks."
        )
    outdated = clocks.filter(is_outdated(work, as_of))
    if len(outdated):
        raise ValueError(
            f"{len(outdated)} of {len(clocks)} clocks are outdated at {as_of} (first: ticket "
            f"{outdated['ticket_id'][0]!r}): an announced change has come or their calendar was changed. "
            "Compute them again with sla_clocks."
        )
