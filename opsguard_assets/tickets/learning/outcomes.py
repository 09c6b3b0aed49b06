"""The outcomes of tickets: whether they missed their deadline, and when that became known.

Here: outcomes from the clock history. Not here: labels of moments (`ml`).
"""

from datetime import datetime, timedelta

import dataframely as dy
import polars as pl

from ml.features.asof import minutes
from opsguard_assets.tables.table import rows_of
from opsguard_assets.tables.values import INSTANT
from opsguard_assets.tickets.learning.schemas import Outcome, TicketLife
from opsguard_assets.tickets.sla.schemas import PastClock

# The maturity of a ticket without a deadline, such as one that was paused when it was seen last.
_UNKNOWN_DEADLINE = timedelta(days=30)


def outcomes(history: dy.DataFrame[PastClock], until: datetime) -> dy.DataFrame[Outcome]:
    """The first outcome of every ticket, as far as it was known by `until`.

    Args:
        history: The result of `clock_history`.
        until: Last instant of knowledge.

    Returns:
        At most one row per ticket. Cancelled tickets have no outcome, and neither has one whose deadline has not
        passed.
    """
    last = pl.lit(until, INSTANT)
    due, ended = pl.col("resolution_due_at"), pl.col("ended_at")
    passed = pl.max_horizontal(due, "known_from")
    holds_until = pl.min_horizontal("known_until", last)
    missed = due.is_not_null() & (ended.is_null() | (ended > due))
    # The deadline passes while this version holds, or had passed when it became known.
    late = history.filter(missed & ((passed < holds_until) | (passed == pl.col("known_from")))).select(
        "ticket_id", at=passed, is_late=pl.lit(value=True), minutes=_minutes(passed)
    )
    kept = due.is_null() | (ended <= due)
    over = pl.max_horizontal("known_from", ended)  # an end that is announced has not come
    held = pl.col("known_until").is_null() | (over < pl.col("known_until"))
    met = history.filter(ended.is_not_null() & kept & held & (pl.col("status") != "cancelled")).select(
        "ticket_id", at=over, is_late=pl.lit(value=False), minutes=_minutes(over)
    )
    known = pl.concat([late, met]).filter(pl.col("at") <= last)
    first = known.sort("at", "is_late", descending=[False, True]).unique("ticket_id", keep="first", maintain_order=True)
    return rows_of(Outcome, first)


def lives_of(history: dy.DataFrame[PastClock], until: datetime) -> dy.DataFrame[TicketLife]:
    """From when to when each ticket could be acted on: known, open, its deadline not passed.

    Returns:
        One row per ticket, by `begins_at`. `is_event` is null where the deadline lies after `until`, even if the ticket
        has ended: only tickets that kept their promise could have, so whatever is learned from them would say that
        promises are kept.
    """
    last, ended = pl.lit(until, INSTANT), pl.col("known_from").filter(pl.col("ended_at").is_not_null()).min()
    lives = history.group_by("ticket_id").agg(
        begins_at=pl.col("known_from").min(), ended_known_at=ended, due_at=pl.col("resolution_due_at").last()
    )
    rows = outcomes(history, until).select("ticket_id", "is_late", told_at="at")
    ended_or_not = (
        lives.join(rows, on="ticket_id", how="left")
        .with_columns(settled_at=pl.coalesce("due_at", pl.col("begins_at") + _UNKNOWN_DEADLINE))
        .select(
            "ticket_id",
            "begins_at",
            "settled_at",
            ends_at=pl.min_horizontal("told_at", "ended_known_at", last),
            is_event=pl.when(pl.col("settled_at") <= last).then("is_late"),
        )
        .filter(pl.col("begins_at") < pl.col("ends_at"))
        .sort("begins_at", "ticket_id")
    )
    return rows_of(TicketLife, ended_or_not)


def _minutes(known: pl.Expr) -> pl.Expr:
    """From opening to the end, where that had come when the outcome became known."""
    return pl.when(pl.col("ended_at") <= known).then(minutes(pl.col("ended_at") - pl.col("opened_at")))
