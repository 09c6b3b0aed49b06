"""One clock over the stretches of many tickets: how much working time it counted, and when its target is reached.

Here: the arithmetic that response and resolution share. Not here: which instants stop a clock (`clocks`).

The deadline is the first instant at which the clock, not paused, has counted its target. A clock that is paused before
that has none: what remains is frozen. A clock that stopped in time keeps the deadline that it had then.
"""

import polars as pl

from opsguard_assets.tickets.sla.history import RUNNING
from opsguard_assets.tickets.sla.working_time import WorkingTime

MINUTE_US = 60_000_000


def run_clock(stretches: pl.DataFrame, clocks: pl.DataFrame, work: WorkingTime) -> pl.DataFrame:
    """Runs one clock per ticket.

    Args:
        stretches: The result of `history.stretches`; the last stretch of an open ticket ends at `as_of`.
        clocks: `row`, `calendar_key`, `target_minutes` (null: no deadline), `stopped_at` (null: not stopped).
        work: The working time of all calendars.

    Returns:
        One row per ticket: `row`, `elapsed_us` (working time counted until the stop or `as_of`), `is_counting` (it
        still runs), `worked_us` (the calendar's working time at that end), `paused_us` (elapsed wall time in pauses),
        `due_at`.
    """
    counted = _counted(stretches, clocks, work)
    last = counted.group_by("row", maintain_order=True).agg(
        elapsed_us=pl.col("run_us").sum(),
        is_counting=(pl.col("is_running") & pl.col("stopped_at").is_null()).last(),
        worked_us=pl.col("worked_to_us").last(),
        paused_us=pl.when(~pl.col("is_running"))
        .then(pl.col("ends_at") - pl.col("starts_at"))
        .sum()
        .dt.total_microseconds(),
    )
    return last.join(_due(counted, work), on="row", how="left", maintain_order="left")


def _counted(stretches: pl.DataFrame, clocks: pl.DataFrame, work: WorkingTime) -> pl.DataFrame:
    """Stretches until the stop with the working time at both ends, and of the run and the rest before each."""
    begun = pl.col("stopped_at").is_null() | (pl.col("starts_at") < pl.col("stopped_at"))
    cut = (
        stretches.join(clocks, on="row", how="left", maintain_order="left")
        # A clock that stopped at its beginning keeps one stretch, of no length: every ticket has a row in the result.
        .filter(begun | pl.col("row").is_first_distinct())
        .with_columns(
            ends_at=pl.max_horizontal("starts_at", pl.min_horizontal("ends_at", "stopped_at")),
            is_running=pl.col("kind") == RUNNING,
        )
    )
    keys = cut["calendar_key"]
    spent = pl.col("worked_to_us") - pl.col("worked_from_us")
    running = pl.when("is_running")
    return (
        cut.with_columns(
            worked_from_us=work.worked_us(keys, cut["starts_at"]), worked_to_us=work.worked_us(keys, cut["ends_at"])
        )
        .with_columns(run_us=running.then(spent).otherwise(0), rest_us=running.then(0).otherwise(spent))
        .with_columns(
            run_before_us=pl.col("run_us").cum_sum().over("row") - pl.col("run_us"),
            rest_before_us=pl.col("rest_us").cum_sum().over("row") - pl.col("rest_us"),
            opened_us=pl.col("worked_from_us").first().over("row"),
            is_last=pl.col("row").is_last_distinct(),
            target_us=pl.col("target_minutes") * MINUTE_US,
        )
    )


def _due(counted: pl.DataFrame, work: WorkingTime) -> pl.DataFrame:
    """`row`, `due_at`: the first candidate instant that lies in a stretch in which the clock runs."""
    is_current = pl.col("is_last") & pl.col("stopped_at").is_null()
    reaches = pl.col("run_before_us") + pl.col("run_us") >= pl.col("target_us")
    promised = counted.filter(pl.col("target_us").is_not_null())
    wanted = pl.col("opened_us") + pl.col("target_us") + pl.col("rest_before_us")
    within = promised.filter(pl.col("is_running") & (is_current | reaches)).select(
        "row",
        "calendar_key",
        "starts_at",
        until=pl.when(~is_current).then("ends_at"),
        wanted_us=wanted,
    )
    # As if a stopped clock went on from its stop: the deadline that it had, or would have had on resuming.
    after = promised.filter(pl.col("is_last") & pl.col("stopped_at").is_not_null()).select(
        "row",
        "calendar_key",
        starts_at="ends_at",
        until=pl.lit(None, counted.schema["ends_at"]),
        wanted_us=wanted + pl.col("rest_us"),
    )
    candidates = pl.concat([within, after])
    reached = work.instant_of(candidates["calendar_key"], candidates["wanted_us"])
    return (
        candidates.with_columns(reached)
        .with_columns(due_at=pl.when(pl.col("instant").is_not_null()).then(pl.max_horizontal("starts_at", "instant")))
        .filter(pl.col("until").is_null() | (pl.col("due_at") < pl.col("until")))
        .group_by("row")
        .agg(pl.col("due_at").min())
    )
