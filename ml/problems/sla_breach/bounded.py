"""The bounded set of tickets on which the last values of all streams depend, however long the history is.

Here: choosing them by versions and outcomes. Not here: the streams (`streams`), and keeping the set up to date.

A value at a moment counts open tickets, counts recent ones, or trails a number of outcomes. So these tickets alone give
the same value, and a tick can use the code of training (tests compare the two).
"""

from collections.abc import Sequence
from datetime import datetime

import polars as pl

from ml.problems.sla_breach.features import WINDOWS
from ml.problems.sla_breach.streams import (
    CLOSINGS,
    GROUPINGS,
    HANDLED,
    MINUTES_OF_LAST,
    OPEN,
    RATE_OF_LAST,
    closings_of,
    handled_of,
    outcomes_as_known,
    states_of,
)
from ml.values import INSTANT

# Columns of so many values that most never come again: of those only the values of active tickets are kept.
SPARSE = ("title",)
_LONGEST = max(WINDOWS.values())


def active(versions: pl.DataFrame, since: datetime) -> pl.DataFrame:
    """Tickets that are open, or changed no earlier than the longest window before `since`; (`ticket_id`)."""
    lately = pl.lit(since - _LONGEST, INSTANT)
    changed = (pl.col("known_at") >= lately) | (pl.col("superseded_at") >= lately)
    is_open = pl.col("superseded_at").is_null() & pl.col("status").is_in(OPEN)
    return versions.filter(changed.fill_null(value=False) | is_open).select("ticket_id").unique()


def needed(versions: pl.DataFrame, outcomes: pl.DataFrame, since: datetime) -> pl.DataFrame:
    """The tickets on which the last values of streams depend at every moment from `since` on.

    Args:
        versions: As for `streams`.
        outcomes: As for `streams`.
        since: The first of these moments.

    Returns:
        `ticket_id`, `is_active` (see `active`). Of any values of `SPARSE` columns that active tickets do not have, none
        are kept.
    """
    lively = active(versions, since)
    chosen = trailed(versions, outcomes, since, lively)
    return (
        chosen.join(lively, on="ticket_id", how="anti")
        .select("ticket_id", is_active=pl.lit(value=False))
        .vstack(lively.select("ticket_id", is_active=pl.lit(value=True)))
    )


def trailed(versions: pl.DataFrame, outcomes: pl.DataFrame, since: datetime, lively: pl.DataFrame) -> pl.DataFrame:
    """The tickets of the last outcomes, ends of work and closings that figures trail; (`ticket_id`)."""
    states = states_of(versions)
    known_outcomes, handled = outcomes_as_known(outcomes, states), handled_of(states)
    mine = versions.join(lively, on="ticket_id", how="semi")
    values = {column: mine.select(pl.col(column).drop_nulls().unique()) for column in SPARSE}

    def last(rows: pl.DataFrame, by: Sequence[str], number: int) -> pl.DataFrame:
        for column in SPARSE:
            if column in by:
                rows = rows.join(values[column], on=column, how="semi")
        return _last(rows, by, number, since)

    with_minutes, ended = known_outcomes.drop_nulls("minutes"), handled.drop_nulls("minutes")
    parts = [
        last(known_outcomes, [], 5 * RATE_OF_LAST),
        *(last(known_outcomes, [column], RATE_OF_LAST) for column in GROUPINGS),
        *(last(with_minutes, [column], MINUTES_OF_LAST) for column in GROUPINGS),
        last(ended, [], 5 * MINUTES_OF_LAST),
        *(last(ended, [column], MINUTES_OF_LAST) for column in HANDLED),
        last(closings_of(known_outcomes, handled), [], CLOSINGS),
    ]
    return pl.concat(parts).unique()


def _last(rows: pl.DataFrame, by: Sequence[str], number: int, since: datetime) -> pl.DataFrame:
    """The tickets of the last rows by `since`, per value of the columns `by`, and of all rows after it."""
    moment = pl.lit(since, INSTANT)
    known = rows.drop_nulls(list(by)).select("ticket_id", "at", *by)
    # Of equal instants all are kept: any of them may be among the last.
    place = pl.col("at").rank("min", descending=True)
    before = known.filter(pl.col("at") <= moment).filter((place.over(list(by)) if by else place) <= number)
    return pl.concat([before, known.filter(pl.col("at") > moment)]).select("ticket_id").unique()


def thinned(versions: pl.DataFrame) -> pl.DataFrame:
    """Of tickets that are not active and have their outcome, the versions that figures look at.

    These are the ends of work, what was before each, and what a ticket looked like at its outcome.

    Args:
        versions: As for `streams`, in order of tickets and `known_at`, with `outcome_at` of their ticket and
            `is_active`.
    """
    rows = versions.select("ticket_id", "known_at", "outcome_at", "is_active", is_open=pl.col("status").is_in(OPEN))
    ticket, known = pl.col("ticket_id"), pl.col("known_at")
    is_last = ticket.ne_missing(ticket.shift(-1))
    ends = ~pl.col("is_open") & (pl.col("is_open").shift(1) | ticket.ne_missing(ticket.shift(1)))
    # An outcome is known by then (`streams.outcomes_as_known`).
    known_from = pl.col("outcome_at") + pl.duration(microseconds=1)
    looks = (known <= known_from) & (is_last | (known.shift(-1) > known_from))
    wanted = pl.col("is_active") | pl.col("outcome_at").is_null() | ends | (ends.shift(-1) & ~is_last) | looks
    return versions.filter(rows.select(wanted.fill_null(value=False)).to_series())


def figures(versions: pl.DataFrame, outcomes: pl.DataFrame) -> list[pl.DataFrame]:
    """The rows that trailing figures count, by ticket: outcomes, ends of work, closings.

    If a correction removes a past row of a ticket, an older row of another ticket takes its place.
    """
    states = states_of(versions)
    known_outcomes, handled = outcomes_as_known(outcomes, states), handled_of(states)
    return [known_outcomes, handled, closings_of(known_outcomes, handled)]
