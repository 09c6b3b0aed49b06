"""The outcomes of tickets, and the bounded set of tickets on which features of open ones depend.

Here: outcomes with what time alone will add to them, reducing the set, telling when it must be made anew. Not here:
which tickets are needed (`ml.problems.sla_breach.bounded`), reading and writing (`sla.derive_io`,
`learning.features_io`).
"""

from datetime import datetime, timedelta

import polars as pl

from ml.problems.sla_breach.bounded import figures, needed, thinned
from opsguard_assets.tables.values import INSTANT
from opsguard_assets.tables.versions import SUPERSEDED_AT
from opsguard_assets.tickets.learning.dataset import as_known
from opsguard_assets.tickets.learning.outcomes import outcomes
from opsguard_assets.tickets.learning.schemas import RECENT_TICKETS, TICKET_OUTCOMES
from opsguard_assets.tickets.sla.clock_history import TicketHistory, clock_history, valid

# A tick is computed a little after its moment: the set serves moments so long before the newest load it has seen.
MARGIN = timedelta(days=1)
_TICKET = "ticket_id"
_OUTCOME = ("is_late", "minutes", "passes_at", "changes_at")
VERSION = tuple(c for c in RECENT_TICKETS.columns if c not in {"outcome_at", *_OUTCOME, "is_active"})


def ticket_outcomes(history: TicketHistory, until: datetime) -> pl.DataFrame:
    """The outcome of every ticket of a history as known at an instant, and what may come without any record.

    Args:
        history: All versions of some tickets and of what their clocks depend on.
        until: The instant.

    Returns:
        Rows of `ticket_outcomes`, one per ticket.
    """
    clocks = clock_history(as_known(history, until), until)
    running = pl.col("ended_at").is_null()
    last = clocks.sort(_TICKET, "known_from").group_by(_TICKET, maintain_order=True).last()
    frame = last.select(_TICKET, "changes_at", due_at=pl.when(running).then("resolution_due_at")).join(
        outcomes(clocks, until), on=_TICKET, how="left"
    )
    rows = history.tickets.select(_TICKET).unique().join(frame, on=_TICKET, how="left")
    announced = rows.join(_announced(history, until), on=_TICKET, how="left")
    return announced.select(
        _TICKET,
        "at",
        "is_late",
        "minutes",
        passes_at=pl.when(pl.col("at").is_null()).then("due_at"),
        changes_at=pl.min_horizontal("changes_at", "announced_at"),
    ).sort(_TICKET)


def _announced(history: TicketHistory, until: datetime) -> pl.DataFrame:
    """The first instant after `until` at which a record counts that is there already; (`ticket_id`, `announced_at`)."""
    events = history.ticket_events.with_columns(known_at=pl.max_horizontal("known_at", "at"))
    instants = [
        rows.select(_TICKET, announced_at=column)
        for rows in (history.tickets, events)
        for column in ("known_at", SUPERSEDED_AT)
    ]
    later = pl.concat(instants).filter(pl.col("announced_at") > pl.lit(until, INSTANT))
    return later.group_by(_TICKET).agg(pl.col("announced_at").min())


def outcomes_at(rows: pl.DataFrame, as_of: datetime) -> pl.DataFrame:
    """The outcomes that were known at a moment, those by time alone included.

    Args:
        rows: Rows of `ticket_outcomes`, none of which an announced change has outdated.
        as_of: The moment, not before that of the rows, or so that nothing was recorded in between.

    Returns:
        `ticket_id`, `at`, `is_late`, `minutes`, like `outcomes`.
    """
    passed = pl.col("at").is_null() & (pl.col("passes_at") < pl.lit(as_of, INSTANT))
    late = rows.filter(passed).select(_TICKET, at="passes_at", is_late=pl.lit(value=True), minutes="minutes")
    return pl.concat([rows.filter(pl.col("at").is_not_null()).select(late.columns), late])


def recent_rows(versions: pl.DataFrame, rows: pl.DataFrame) -> pl.DataFrame:
    """Versions of tickets with their outcomes as rows of `recent_tickets`, all of them active.

    Args:
        versions: All versions of these tickets, as the lake has them.
        rows: Their rows of `ticket_outcomes`.
    """
    known = valid(versions).select(pl.col(c).cast(RECENT_TICKETS.dtypes[c]) for c in VERSION)
    return known.join(rows.rename({"at": "outcome_at"}), on=_TICKET, how="left", maintain_order="left").select(
        *VERSION, "outcome_at", *_OUTCOME, is_active=pl.lit(value=True)
    )


def recent_outcomes(recent: pl.DataFrame) -> pl.DataFrame:
    """The rows of `ticket_outcomes` that a set of recent tickets carries; its rows stand ticket by ticket."""
    rows = recent.select(_TICKET, *_OUTCOME, at="outcome_at").select(TICKET_OUTCOMES.columns)
    return rows.filter(pl.col(_TICKET).ne_missing(pl.col(_TICKET).shift(1)))


def reduced(recent: pl.DataFrame, upto: datetime) -> pl.DataFrame:
    """The rows that features need at any moment from `MARGIN` before `upto` on.

    Args:
        recent: Rows of `recent_tickets`, all versions of each of their tickets or what was kept of them before.
        upto: The newest load that they know.
    """
    recent = recent.sort(_TICKET, "known_at")
    known_outcomes, since = recent_outcomes(recent), upto - MARGIN
    chosen = needed(recent, outcomes_at(known_outcomes, upto), since)
    # Of these time alone will tell something.
    waiting = (pl.col("passes_at") >= pl.lit(since, INSTANT)) | pl.col("changes_at").is_not_null()
    others = known_outcomes.filter(waiting.fill_null(value=False)).join(chosen, on=_TICKET, how="anti")
    kept = pl.concat([chosen, others.select(_TICKET, is_active=pl.lit(value=False))])
    rows = recent.drop("is_active").join(kept, on=_TICKET, how="inner", maintain_order="left")
    return thinned(RECENT_TICKETS.rows(rows))


def is_retold(before: pl.DataFrame, after: pl.DataFrame, upto: datetime) -> bool:
    """Whether rows behind figures are gone, so that tickets outside the set may take their places.

    Args:
        before: Rows of some tickets as the set held them at `upto`.
        after: Rows of the same tickets now; outcomes of others do not matter.
        upto: The newest load that `before` knew.
    """
    if before.is_empty():
        return False
    moment = pl.lit(upto, INSTANT)
    after = after.sort(_TICKET, "known_at")
    then = figures(before, outcomes_at(recent_outcomes(before), upto))
    now = figures(after, outcomes_at(recent_outcomes(after), upto))
    return any(
        not old.filter(pl.col("at") <= moment).join(new, on=old.columns, how="anti", nulls_equal=True).is_empty()
        for old, new in zip(then, now, strict=True)
    )


def gained(before: pl.DataFrame, after: pl.DataFrame, column: str) -> pl.DataFrame:
    """The values of a sparse column that active tickets have now and had not before; (`column`)."""
    then, now = (rows.filter("is_active").select(pl.col(column).drop_nulls().unique()) for rows in (before, after))
    return now.join(then, on=column, how="anti")
