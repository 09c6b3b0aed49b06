"""The event history of tickets in every state of knowledge, and the corrections of stored events.

Here: events as known at every moment, and their difference to the stored ones. Not here: the events of one
state of knowledge (`events`), reading and writing (`sla.derive_io`).

Records may arrive in another order than that in which they claim to have been known. So stored events are compared with
what all records together say about every moment.
"""

import polars as pl

from opsguard_assets.tables.versions import IS_WITHDRAWN, SEQUENCE
from opsguard_assets.tickets.sla.events import events_of, ordered_states

_KEY = ("ticket_id", "at", "field")
_CONTENT = ("old", "new", "actor_id")
_COLUMNS = (*_KEY, *_CONTENT, "known_at", IS_WITHDRAWN)


def event_history(versions: pl.DataFrame) -> pl.DataFrame:
    """The events of tickets as they were known at every moment.

    Args:
        versions: All known states of some tickets, as for `derive_ticket_events`.

    Returns:
        Versions of `ticket_events` with `_is_withdrawn`: at any instant the newest version of a key that was known by
        then is what `derive_ticket_events` says of the states that were known by then; a withdrawn one says that there
        is no such event any more. Independent of the order of `versions`.
    """
    states = ordered_states(versions)
    same = pl.col("ticket_id") == pl.col("ticket_id").shift(1)
    overtaken = pl.col("known_at") < pl.col("known_at").shift(1)
    corrected = (pl.col("updated_at") == pl.col("updated_at").shift(1)) & (
        pl.col("known_at") != pl.col("known_at").shift(1)
    )
    mixed = states.filter(same & (overtaken | corrected)).select("ticket_id").unique()
    # States that became known in their order only ever add events, each when its newer state was known.
    plain = events_of(states.join(mixed, on="ticket_id", how="anti", maintain_order="left"))
    retold = _retold(states.join(mixed, on="ticket_id", how="semi", maintain_order="left"))
    return pl.concat([plain.with_columns(pl.lit(value=False).alias(IS_WITHDRAWN)).select(_COLUMNS), retold])


def _retold(states: pl.DataFrame) -> pl.DataFrame:
    """The history of tickets whose states became known out of order: derived at each moment, kept as changes."""
    moments = (
        states.select("ticket_id", moment="known_at")
        .unique()
        .sort("ticket_id", "moment")
        .with_columns(nth=pl.int_range(pl.len()).over("ticket_id"))
        .with_row_index("told")
    )
    by_moment = moments.join(states, on="ticket_id", maintain_order="left_right").filter(
        pl.col("known_at") <= pl.col("moment")
    )
    # Every moment of knowledge takes part as a ticket of its own, so one pass derives the events of all.
    events = events_of(by_moment.drop("ticket_id", "moment", "nth").rename({"told": "ticket_id"}))
    rows = (
        events.drop("known_at").rename({"ticket_id": "told"}).join(moments, on="told").select(pl.exclude("told"))
    ).with_columns(pl.lit(value=False).alias(IS_WITHDRAWN))
    before = rows.drop("moment").with_columns(pl.col("nth") + 1).join(moments.drop("told"), on=["ticket_id", "nth"])
    said = [*_KEY, *_CONTENT, "nth"]
    changed = rows.join(before, on=said, how="anti", nulls_equal=True)
    gone = before.join(rows, on=[*_KEY, "nth"], how="anti").with_columns(pl.lit(value=True).alias(IS_WITHDRAWN))
    return pl.concat([changed, gone.select(changed.columns)]).rename({"moment": "known_at"}).select(_COLUMNS)


def corrections(stored: pl.DataFrame, history: pl.DataFrame) -> pl.DataFrame:
    """The versions that bring stored events into agreement with a history.

    A wrong stored version stays readable in as-of reads by recording time. A version of the same `known_at` and a later
    `_sequence` supersedes it.

    Args:
        stored: All stored versions of the events of some tickets, with `_sequence` and `_is_withdrawn`.
        history: What `event_history` says of the same tickets.

    Returns:
        Columns of `ticket_events` with `_sequence` and `_is_withdrawn`; empty where nothing is missing.
    """
    said = [*_CONTENT, IS_WITHDRAWN]
    last = stored.sort(*_KEY, "known_at", SEQUENCE).unique([*_KEY, "known_at"], keep="last", maintain_order=True)
    now = last.select(*_KEY, "known_at", SEQUENCE, *(pl.col(c).alias(f"_stored_{c}") for c in said))
    instants = pl.concat([now.select(*_KEY, "known_at"), history.select(*_KEY, "known_at")]).unique()
    wanted = (
        instants.sort("known_at")
        .join_asof(history.sort("known_at"), on="known_at", by=_KEY, strategy="backward", check_sortedness=False)
        # What the history does not say by that instant did not happen as far as anybody knew.
        .with_columns(pl.col(IS_WITHDRAWN).fill_null(value=True))
        .join(now, on=[*_KEY, "known_at"], how="left")
    )
    same = [pl.col(c).eq_missing(pl.col(f"_stored_{c}")) for c in _CONTENT]
    # Of an event that there is not, no content is compared.
    agrees = pl.col(IS_WITHDRAWN).eq_missing(pl.col(f"_stored_{IS_WITHDRAWN}")) & (
        pl.col(IS_WITHDRAWN) | pl.all_horizontal(same)
    )
    missing = wanted.filter(~agrees).with_columns((pl.col(SEQUENCE) + 1).fill_null(0))
    return missing.select(*_COLUMNS, SEQUENCE).sort(*_KEY, "known_at")
