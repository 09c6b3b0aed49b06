"""The status history of tickets as gapless stretches of one status each.

Here: what status a ticket had when, and whether its clock ran. Not here: working time and deadlines (`clocks`).

* Events make the history; the first status holds from `opened_at`. A ticket without status events has had its
  current status since it was opened, and ends at its `resolved_at` and `closed_at`.
* Where the ticket's row says another status than its last event, the row is right from `resolved_at` or `closed_at`
  if it ended, else from `updated_at`.
* A ticket first seen as ended (an imported history of one row each) was being worked on until its `resolved_at`.
* A clock that stops at `resolved` also stands while a ticket is resolved and later reopened: that time does not count.
"""

from datetime import datetime

import polars as pl

from opsguard_assets.tables.values import INSTANT

RUNNING, PAUSED, STOPPED = "running", "paused", "stopped"
ENDED_STATUSES = ("resolved", "closed", "cancelled")
STOPPING = {"resolved": ENDED_STATUSES, "closed": ("closed", "cancelled")}
OPEN_STATUS = "open"


def status_changes(tickets: pl.DataFrame, ticket_events: pl.DataFrame) -> pl.DataFrame:
    """Every status a ticket took, as far as anything is known, the future included.

    Args:
        tickets: The `tickets` table with `row`, the number of the ticket.
        ticket_events: The `ticket_events` table; only `field == "status"` matters. Events of equal instants are taken
            in the given order.

    Returns:
        `row`, `at` (never before `opened_at`), `status`, sorted by (`row`, `at`), the first one at `opened_at`.
    """
    events = (
        ticket_events.lazy()
        .filter(pl.col("field") == "status", pl.col("new").is_not_null())
        .select("ticket_id", "at", "old", status="new")
        .collect()
        .join(tickets.select("ticket_id", "row", "opened_at"), on="ticket_id", maintain_order="left")
        .select("row", "old", "status", at=pl.max_horizontal("at", "opened_at"))
        .sort("row", "at", maintain_order=True)
    )
    ended = pl.col("status").is_in(ENDED_STATUSES)
    # A creation event that already says "closed" knows nothing of when that happened.
    rows = events.filter(~(ended & pl.col("old").is_null() & pl.col("row").is_first_distinct()))
    known = _known(tickets, events, rows)
    parts = [
        known.select("row", at="opened_at", status="initial", order=pl.lit(0, pl.Int8)),
        rows.select("row", "at", "status", order=pl.lit(1, pl.Int8)),
        *_said_by_row(known),
    ]
    return pl.concat(parts).sort("row", "at", "order", maintain_order=True).drop("order")


def _known(tickets: pl.DataFrame, events: pl.DataFrame, rows: pl.DataFrame) -> pl.DataFrame:
    """Each ticket's row with its `initial` status and the `last` one by its events, since `last_at`."""
    first = events.group_by("row").agg(first=pl.coalesce(pl.col("old").first(), pl.col("status").first()))
    last = rows.group_by("row").agg(last=pl.col("status").last(), last_at=pl.col("at").last())
    status = pl.coalesce("first", "status")
    return (
        tickets.select("row", "opened_at", "resolved_at", "closed_at", "updated_at", pl.col("status").cast(pl.String))
        .join(first, on="row", how="left", maintain_order="left")
        .join(last, on="row", how="left", maintain_order="left")
        .with_columns(initial=pl.when(status.is_in(ENDED_STATUSES)).then(pl.lit(OPEN_STATUS)).otherwise(status))
        .with_columns(last=pl.coalesce("last", "initial"), last_at=pl.coalesce("last_at", "opened_at"))
    )


def _said_by_row(known: pl.DataFrame) -> list[pl.DataFrame]:
    """Changes that only the ticket's row shows: its resolution, and a status without event."""
    differs = known.filter(pl.col("status") != pl.col("last"))
    resolved = differs.filter(
        pl.col("status").is_in(["resolved", "closed"]),
        pl.col("resolved_at").is_not_null(),
        pl.col("last") != "resolved",
    ).select(
        "row",
        at=pl.max_horizontal("resolved_at", "last_at"),
        status=pl.lit("resolved"),
        order=pl.lit(2, pl.Int8),
    )
    since = (
        pl.when(pl.col("status") == "resolved")
        .then(pl.coalesce("resolved_at", "updated_at"))
        .when(pl.col("status").is_in(["closed", "cancelled"]))
        .then(pl.coalesce("closed_at", "updated_at"))
        .otherwise("updated_at")
    )
    status = differs.select(
        "row",
        at=pl.max_horizontal(since, "last_at"),
        status="status",
        order=pl.lit(3, pl.Int8),
    )
    return [resolved, status]


def stretches(changes: pl.DataFrame, terms: pl.DataFrame, as_of: datetime) -> pl.DataFrame:
    """The life of every ticket until its end or `as_of` as stretches of one status.

    Args:
        changes: The result of `status_changes`.
        terms: `row`, `term`, `pauses_on`, `stops_at` of each ticket (see `promises`).
        as_of: Changes after it have not happened.

    Returns:
        `row`, `starts_at`, `ends_at`, `status`, `kind` (running, paused) partitioning [opened_at, end), and `stop_at`
        (the instant from which the ticket has been over; null for an open one), sorted by (`row`, `starts_at`).
        A ticket's stretches are never empty: it is not over before it began.
    """
    happened = changes.filter(pl.col("at") <= as_of)
    kinds = _kinds(happened, terms)
    ordered = (
        happened.join(terms.select("row", "term"), on="row", how="left", maintain_order="left")
        .join(kinds, on=["term", "status"], how="left", maintain_order="left")
        .select("row", "at", "status", kind=pl.col("kind").fill_null(RUNNING))
        .with_row_index("index")
    )
    # What follows the last stretch in which the ticket was alive is its end; earlier stops were followed by a
    # reopening.
    alive = (
        ordered.filter(pl.col("kind") != STOPPED).group_by("row", maintain_order=True).agg(last=pl.col("index").last())
    )
    following = pl.col("row").shift(-1) == pl.col("row")
    return (
        ordered.with_columns(next_at=pl.when(following).then(pl.col("at").shift(-1)))
        .join(alive, on="row", how="left", maintain_order="left")
        .filter(pl.col("index") <= pl.col("last"))
        .select(
            "row",
            starts_at="at",
            ends_at=pl.coalesce("next_at", pl.lit(as_of, INSTANT)),
            status="status",
            kind=pl.when(pl.col("kind") == RUNNING).then(pl.lit(RUNNING)).otherwise(pl.lit(PAUSED)),
            stop_at=pl.when(pl.col("index") == pl.col("last")).then("next_at"),
        )
        .with_columns(stop_at=pl.col("stop_at").max().over("row"))
    )


def _kinds(changes: pl.DataFrame, terms: pl.DataFrame) -> pl.DataFrame:
    """Whether the clock runs, per distinct promise and status: a handful of rows instead of one test per change."""
    stops = pl.concat(
        [
            pl.DataFrame({"stops_at": [at] * len(s), "status": list(s), "stopped": [True] * len(s)})
            for at, s in STOPPING.items()
        ]
    )
    return (
        terms.select("term", "pauses_on", "stops_at")
        .unique("term")
        .join(changes.select("status").unique(), how="cross")
        .join(stops, on=["stops_at", "status"], how="left")
        .with_columns(
            kind=pl.when("stopped")
            .then(pl.lit(STOPPED))
            .when(pl.col("pauses_on").list.contains(pl.col("status")))
            .then(pl.lit(PAUSED))
            .otherwise(pl.lit(RUNNING))
        )
        .select("term", "status", "kind")
    )
