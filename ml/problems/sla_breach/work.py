"""How long tickets were worked on after a moment, as far as it was observed.

Here: durations for survival models, from the streams. Not here: labels of moments, and models.

People decide when the work ends; the clock may stop days later, when a ticket is closed automatically. So durations are
more informative than kept promises, and known sooner: a ticket that was resolved an hour ago counts today.
"""

from datetime import datetime

import polars as pl

from ml.problems.sla_breach.streams import Streams
from ml.values import INSTANT


def work_after(known: Streams, moments: pl.DataFrame, until: datetime) -> pl.DataFrame:
    """How long each ticket was seen open from a moment on.

    Args:
        known: Streams.
        moments: `ticket_id`, `as_of`, at which the ticket was open.
        until: The last instant of knowledge.

    Returns:
        One row per moment in order: `watched_minutes` (to the end of the work, or as long as it was watched),
        `is_ended` (false where the end was not seen: still open, or cancelled) and `watchable_minutes` (how long it
        would have been watched if the work had not ended).
    """
    ends = known.states.filter(~pl.col("is_open"), pl.col("at") <= until)
    found = (
        moments.select("ticket_id", "as_of")
        .with_row_index("_place")
        .sort("ticket_id", "as_of")
        .join_asof(
            ends.select("ticket_id", "is_cancelled", ended_at="at").sort("ticket_id", "ended_at"),
            left_on="as_of",
            right_on="ended_at",
            by="ticket_id",
            strategy="forward",
            check_sortedness=False,
        )
        .sort("_place")
    )
    knowledge = pl.lit(until, INSTANT)
    given_up = pl.col("is_cancelled").fill_null(value=False)
    return found.select(
        watched_minutes=_minutes(pl.coalesce("ended_at", knowledge)),
        is_ended=pl.col("ended_at").is_not_null() & ~given_up,
        watchable_minutes=_minutes(pl.when(given_up).then("ended_at").otherwise(knowledge)),
    )


def _minutes(instant: pl.Expr) -> pl.Expr:
    return (instant - pl.col("as_of")).dt.total_microseconds() / 60e6
