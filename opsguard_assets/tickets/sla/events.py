"""The history of tickets derived from their successive states, for sources that keep none.

Here: versions in, events out. Not here: what a status means for a clock (`history`).
"""

import polars as pl

TRACKED = ("status", "priority", "assignee_id", "group_id", "category", "site_id")
_SEQUENCE, _ARRIVAL = "_sequence", "_arrival"
_EVENT = ("ticket_id", "at", "field", "old", "new", "actor_id", "known_at")


def derive_ticket_events(versions: pl.DataFrame) -> pl.DataFrame:
    """The changes between successive states of tickets.

    Args:
        versions: All known states of some tickets: the columns of `tickets` with `updated_at`, `known_at`, optionally
            `updated_by` (who made the change), `_sequence` and `_arrival` (the order of states with equal `updated_at`,
            the latter where they were known at once, too). States may repeat and come in any order.

    Returns:
        `ticket_events` (`ticket_id`, `at`, `field`, `old`, `new`, `actor_id`, `known_at`), sorted by ticket, time and
        field: the first status at `opened_at` with `old` null (its actor is known only if the first state is that of
        the opening), and one event per changed field of `TRACKED` at the `updated_at` of the newer state. States of
        one `updated_at` are one change, to the last of them. An event is known from when both states were known: a
        state that arrives late splits a change into two that nobody could have known before.
    """
    return events_of(ordered_states(versions))


def events_of(ordered: pl.DataFrame) -> pl.DataFrame:
    """The changes between successive states that `ordered_states` put in order; of tickets named by any type."""
    states = ordered.unique(["ticket_id", "updated_at"], keep="last", maintain_order=True).with_row_index("index")
    same = pl.col("ticket_id") == pl.col("ticket_id").shift(1)
    known_at = pl.max_horizontal("known_at", pl.col("known_at").shift(1))
    changes = [
        states.filter(same & pl.col(name).ne_missing(pl.col(name).shift(1))).select("index", field=pl.lit(name))
        for name in TRACKED
    ]
    before = states.select(pl.col(TRACKED).shift(1).name.prefix("old_"), both_known_at=known_at)
    paired = states.hstack(before)
    changed = [
        paired[change["index"]].select(
            "ticket_id",
            at="updated_at",
            field=pl.lit(name),
            old=f"old_{name}",
            new=name,
            actor_id="updated_by",
            known_at="both_known_at",
        )
        for name, change in zip(TRACKED, changes, strict=True)
    ]
    created = states.filter(pl.col("ticket_id").is_first_distinct()).select(
        "ticket_id",
        at="opened_at",
        field=pl.lit("status"),
        old=pl.lit(None, pl.String),
        new="status",
        actor_id=pl.when(pl.col("updated_at") == pl.col("opened_at")).then("updated_by"),
        known_at="known_at",
    )
    # The creation stands before a change of the same instant.
    return pl.concat([created, *changed]).sort("ticket_id", "at", "field", maintain_order=True).select(_EVENT)


def ordered_states(versions: pl.DataFrame) -> pl.DataFrame:
    """The states of tickets, ticket by ticket in the order in which they hold, each as known first."""
    optional = {"updated_by": pl.String(), _SEQUENCE: pl.Int64(), _ARRIVAL: pl.Int64()}
    missing = [pl.lit(None, dtype).alias(name) for name, dtype in optional.items() if name not in versions.columns]
    # Of conflicting states without a sequence the one known last holds, as in `tickets`; sorting by content last makes
    # the others independent of the order of rows.
    place = ["ticket_id", "updated_at", _SEQUENCE]
    content = ["opened_at", *TRACKED, "updated_by"]
    columns = [*place, "known_at", _ARRIVAL, *content]
    states = versions.with_columns(missing).select(
        *columns[: -len(content)], "opened_at", *(pl.col(c).cast(pl.String) for c in content[1:])
    )
    # A repeated state was known when it was known first; where nobody tells how states arrived, none is a return.
    ordered = states.sort(columns, nulls_last=False)
    if _ARRIVAL not in versions.columns:
        ordered = ordered.unique([*place, *content], keep="first", maintain_order=True)
    repeated = [pl.col(c).eq_missing(pl.col(c).shift(1)) for c in (*place, *content)]
    return ordered.filter(~pl.all_horizontal(repeated)).drop(_ARRIVAL)
