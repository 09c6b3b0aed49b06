"""Sorted streams of what becomes known about tickets: states, loads, arrivals, outcomes.

Here: versions and outcomes in, streams out, each row at the instant at which it became known. Not here: looking them up
(`features`).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from ml.features.asof import in_order, minutes, running_count, trailing

OPEN = ("new", "open", "in_progress", "on_hold")
CANCELLED = "cancelled"
GROUPINGS = ("category", "title", "group_id", "assignee_id", "site_id", "priority")
LOADED = ("assignee_id", "group_id", "site_id")
HANDLED = ("category", "group_id", "assignee_id", "title")
RATE_OF_LAST, MINUTES_OF_LAST, CLOSINGS = 100, 50, 50
_STATE = (
    "ticket_id",
    "priority",
    "category",
    "source",
    "site_id",
    "client_id",
    "assignee_id",
    "group_id",
    "title",
    "sentiment",
    "opened_at",
    "updated_at",
)

_BY_TICKET = ("ticket_id", "at")
# Of rows in order of tickets; comparing neighbours costs a part of what grouping by texts does.
_IS_FIRST = pl.col("ticket_id").ne_missing(pl.col("ticket_id").shift(1))


@dataclass(frozen=True)
class Streams:
    """Sorted streams; `at` is when a row became known.

    Attributes:
        states: What a ticket looked like, with counts of its changes so far.
        loads: Per column of `LOADED`: open tickets of each value.
        arrivals: Tickets that had become known, per group and overall (`all`).
        rates: Per column of `GROUPINGS` and overall: late ones and number among the last outcomes.
        minutes: Per column of `GROUPINGS`: median minutes from opening to the end of the last outcomes.
        handling: Per column of `HANDLED` and overall: median minutes from opening to the end of the work, of the last
            tickets that got there; known at once, not only when an outcome is.
        handled: Tickets that had got there, per group.
        closing: Median minutes from there to the end of the clock: a promise may run until a ticket is closed, which
            often happens by itself days after it was resolved.
        plans: `client_id`, `plan`, `at`.
    """

    states: pl.DataFrame
    loads: dict[str, pl.DataFrame]
    arrivals: dict[str, pl.DataFrame]
    rates: dict[str, pl.DataFrame]
    minutes: dict[str, pl.DataFrame]
    handling: dict[str, pl.DataFrame]
    handled: pl.DataFrame
    closing: pl.DataFrame
    plans: pl.DataFrame


def streams(versions: pl.DataFrame, outcomes: pl.DataFrame, clients: pl.DataFrame) -> Streams:
    """The streams of some tickets.

    Args:
        versions: Versions of `tickets` that were the row for some time: `known_at`, `superseded_at` and the columns of
            `tickets`.
        outcomes: `ticket_id`, `at` (when it became known), `is_late`, `minutes` (opening to end; null while open).
        clients: Versions of `clients` (`client_id`, `plan`, `known_at`).
    """
    states = states_of(versions)
    known_outcomes = outcomes_as_known(outcomes, states)
    handled = handled_of(states)
    first = states.filter(_IS_FIRST).select("ticket_id", "group_id", "at")
    return Streams(
        states=states,
        loads={column: _load(versions, column) for column in LOADED},
        arrivals={"all": _arrivals(first, []), "group_id": _arrivals(first, ["group_id"])},
        rates={
            "all": trailing(known_outcomes, "is_late", by=[], last=5 * RATE_OF_LAST),
            **{column: trailing(known_outcomes, "is_late", by=[column], last=RATE_OF_LAST) for column in GROUPINGS},
        },
        minutes={
            column: trailing(known_outcomes, "minutes", by=[column], last=MINUTES_OF_LAST, quantile=0.5)
            for column in GROUPINGS
        },
        handling={
            "all": trailing(handled, "minutes", by=[], last=5 * MINUTES_OF_LAST, quantile=0.5),
            **{c: trailing(handled, "minutes", by=[c], last=MINUTES_OF_LAST, quantile=0.5) for c in HANDLED},
        },
        handled=_arrivals(handled, ["group_id"]),
        closing=trailing(closings_of(known_outcomes, handled), "lag", by=[], last=CLOSINGS, quantile=0.5),
        plans=clients.select("client_id", "plan", at="known_at"),
    )


def handled_of(states: pl.DataFrame) -> pl.DataFrame:
    """When work on a ticket ended, with what it looked like then; again after each reopening; in order of tickets."""
    ended = states.filter(~pl.col("is_open"), pl.col("is_open").shift(1) | _IS_FIRST)
    return ended.select("ticket_id", "at", *HANDLED, minutes=minutes(pl.col("at") - pl.col("opened_at")))


def closings_of(outcomes: pl.DataFrame, handled: pl.DataFrame) -> pl.DataFrame:
    """How long clocks ran on after the work had ended; (`ticket_id`, `at`, `lag` in minutes), in order of tickets."""
    kept = outcomes.filter(~pl.col("is_late"), pl.col("minutes").is_not_null())
    found = _as_known(
        kept.select("ticket_id", "at", "minutes", "opened_at"), handled.select("ticket_id", "at", done_at="at")
    )
    ended_at = pl.col("opened_at") + pl.duration(microseconds=pl.col("minutes") * 60e6)
    lag = minutes(ended_at - pl.col("done_at"))
    return found.select("ticket_id", "at", lag=lag.clip(lower_bound=0)).drop_nulls()


def states_of(versions: pl.DataFrame) -> pl.DataFrame:
    """What tickets looked like from each instant on, with counts of their changes; by ticket and instant."""
    ordered = in_order(versions, ["ticket_id", "known_at"]).with_columns(_is_first=_IS_FIRST)
    before = pl.col("is_open").shift(1)
    states = ordered.select(
        "_is_first",
        *_STATE,
        at="known_at",
        is_open=pl.col("status").is_in(OPEN),
        is_cancelled=pl.col("status") == CANCELLED,
        status=pl.col("status").cast(pl.String),
        status_since=_since("status"),
        reassignments=_changes("assignee_id"),
        group_changes=_changes("group_id"),
        priority_changes=_changes("priority"),
        changes=_so_far(~pl.col("_is_first")),
    )
    return states.with_columns(reopenings=_so_far(pl.col("is_open") & ~before & ~pl.col("_is_first"))).drop("_is_first")


def _changes(column: str) -> pl.Expr:
    """How often a known value gave way to another one, by this row."""
    before = pl.col(column).shift(1)
    return _so_far(before.is_not_null() & pl.col(column).ne_missing(before) & ~pl.col("_is_first"))


def _so_far(happens: pl.Expr) -> pl.Expr:
    """How often something happened to the ticket by this row, its first one apart."""
    total = happens.fill_null(value=False).cast(pl.Int64).cum_sum()
    return total - pl.when("_is_first").then(total).forward_fill()


def _since(column: str) -> pl.Expr:
    """From when on a column of a ticket has had its value."""
    changed = pl.col("_is_first") | pl.col(column).ne_missing(pl.col(column).shift(1))
    return pl.when(changed).then("known_at").forward_fill()


def outcomes_as_known(outcomes: pl.DataFrame, states: pl.DataFrame) -> pl.DataFrame:
    """Outcomes with what their ticket looked like when they became known; in order of tickets."""
    # A deadline is missed after it, not at it.
    known = pl.when("is_late").then(pl.col("at") + pl.duration(microseconds=1)).otherwise("at")
    return _as_known(outcomes.with_columns(at=known), states.select("ticket_id", "at", "opened_at", *GROUPINGS))


def _as_known(outcomes: pl.DataFrame, rows: pl.DataFrame) -> pl.DataFrame:
    """Outcomes, sorted by ticket, with the last row of their ticket that was known by then."""
    return in_order(outcomes, _BY_TICKET).join_asof(
        in_order(rows, _BY_TICKET), on="at", by="ticket_id", strategy="backward", check_sortedness=False
    )


def _load(versions: pl.DataFrame, column: str) -> pl.DataFrame:
    wanted = versions.select("ticket_id", "known_at", "superseded_at", "status", column)
    kept = in_order(wanted, ["ticket_id", "known_at"]).filter(
        pl.col("status").is_in(OPEN), pl.col(column).is_not_null()
    )
    # A version that follows another one of the same value changes nothing, and most do.
    follows = (
        ~_IS_FIRST
        & (pl.col(column) == pl.col(column).shift(1))
        & (pl.col("known_at") == pl.col("superseded_at").shift(1)).fill_null(value=False)
    )
    rows = kept.select(column, "known_at", "superseded_at", follows=follows)
    came = rows.filter(~pl.col("follows")).select(column, at="known_at", change=pl.lit(1, pl.Int64))
    is_followed = pl.col("follows").shift(-1).fill_null(value=False)
    went = rows.filter(pl.col("superseded_at").is_not_null() & ~is_followed)
    left = went.select(column, at="superseded_at", change=pl.lit(-1, pl.Int64))
    return running_count(pl.concat([came, left]), by=[column])


def _arrivals(first: pl.DataFrame, by: Sequence[str]) -> pl.DataFrame:
    came = first.drop_nulls(list(by)).select(*by, "at", change=pl.lit(1, pl.Int64))
    return running_count(came, by=by)
