"""What features of open tickets need, kept up to date: outcomes of all tickets, and the bounded set of recent ones.

Here: which tickets a load touched in these tables, reading and writing them. Not here: the computation (`recent`), and
the events, clocks and intervals that follow loads too (`sla.derive_io`).
"""

from collections.abc import Callable
from datetime import datetime

import polars as pl

from ml.problems.sla_breach.bounded import SPARSE
from opsguard_assets.derivation import Span, in_portions, mark, pending, touched
from opsguard_assets.tables.registry import TICKET_EVENTS, TICKETS
from opsguard_assets.tables.values import INSTANT
from opsguard_assets.tables.versions import LOADED_AT, SUPERSEDED_AT
from opsguard_assets.tickets.learning.recent import gained, is_retold, recent_rows, reduced, ticket_outcomes
from opsguard_assets.tickets.learning.schemas import RECENT_TICKETS, TICKET_OUTCOMES
from opsguard_assets.tickets.sla.derive_io import PORTION, Following
from opsguard_assets.tickets.sla.snapshot_io import INPUTS, RULES, history_of
from resources.lake import Lake
from resources.progress import Progress

# Rows of the recent set are slim, and each portion looks at the whole set once.
_RECENT_PORTION = 5 * PORTION
_KEY = "ticket_id"
_OVER = ("closed", "cancelled")


def update_outcomes(lake: Lake, *, progress: Progress) -> int:
    """Computes the outcomes of tickets that loads touched since the last time; returns how many were looked at."""

    def replace(portion: pl.DataFrame, upto: datetime) -> None:
        rows = ticket_outcomes(history_of(lake, portion), upto)
        lake.replace_entities(TICKET_OUTCOMES.derived_name, rows, entities=portion, key=TICKET_OUTCOMES.key)

    follow = Following(lake, TICKET_OUTCOMES.name, INPUTS, progress)
    return follow.through(lambda span: _touched(lake, span, TICKET_OUTCOMES.derived_name), replace)


def update_recent(lake: Lake, *, progress: Progress) -> int:
    """Brings the outcomes and the set of recent tickets up to date; returns how many tickets were looked at."""
    update_outcomes(lake, progress=progress)
    span = pending(lake, RECENT_TICKETS.name, INPUTS)
    if span is None:
        return 0
    keys = _touched(lake, span, RECENT_TICKETS.derived_name)
    advance = progress.begin(f"{RECENT_TICKETS.name}: deriving", len(keys))
    before = recent_tickets(lake)
    after = _followed(lake, before, keys, span, advance)
    if after is None:
        before, everything = before.clear(), lake.versions(TICKETS).select(_KEY).unique().collect()
        after = _followed(lake, before, everything, Span(None, span.upto), advance)
    if after is not None:
        lake.replace(RECENT_TICKETS.derived_name, _completed(lake, before, after, span.upto))
    mark(lake, RECENT_TICKETS.name, span)
    return len(keys)


def recent_tickets(lake: Lake) -> pl.DataFrame:
    """The set as it was kept last; empty before."""
    name = RECENT_TICKETS.derived_name
    return lake.scan(name).collect() if lake.exists(name) else RECENT_TICKETS.empty()


def _followed(
    lake: Lake, before: pl.DataFrame, keys: pl.DataFrame, span: Span, advance: Callable[[int], None]
) -> pl.DataFrame | None:
    """The set with the touched tickets as they are now; None where it must be made anew from all tickets."""
    state = before
    for portion in in_portions(keys, _RECENT_PORTION):
        fresh = _rows(lake, portion)
        held = before.join(portion, on=_KEY, how="semi")
        if span.after is not None and is_retold(held, fresh, span.after):
            return None
        state = reduced(pl.concat([state.join(portion, on=_KEY, how="anti"), fresh]), span.upto)
        advance(len(portion))
    return state


def _completed(lake: Lake, before: pl.DataFrame, after: pl.DataFrame, upto: datetime) -> pl.DataFrame:
    """The set with the older tickets of values that no active ticket had before."""
    for column in SPARSE:
        values = gained(before, after, column)
        if values.is_empty():
            continue
        same = lake.versions(TICKETS).join(values.lazy(), on=column, how="semi").select(_KEY).unique().collect()
        for portion in in_portions(same.join(after, on=_KEY, how="anti").sort(_KEY), _RECENT_PORTION):
            after = reduced(pl.concat([after, _rows(lake, portion)]), upto)
    return after


def _rows(lake: Lake, portion: pl.DataFrame) -> pl.DataFrame:
    versions = lake.versions(TICKETS).join(portion.lazy(), on=_KEY, how="semi").collect()
    rows = lake.scan(TICKET_OUTCOMES.derived_name).join(portion.lazy(), on=_KEY, how="semi").collect()
    return recent_rows(versions, rows)


def _touched(lake: Lake, span: Span, name: str) -> pl.DataFrame:
    """The tickets whose outcomes the loads of a span, or changes that had been announced, can have changed."""
    parts = [touched(lake, [TICKETS, TICKET_EVENTS], _KEY, span)]
    if span.after is not None and lake.exists(name):
        come = pl.col("changes_at") <= pl.lit(span.upto, INSTANT)
        parts.append(lake.scan(name).filter(come).select(_KEY).collect())
        loaded = pl.col(LOADED_AT).is_between(pl.lit(span.after, INSTANT), pl.lit(span.upto, INSTANT), closed="right")
        promised = [lake.versions(table).filter(loaded).select(pl.col("known_at").min()) for table in RULES]
        since = pl.concat(promised).collect()["known_at"].min()
        parts += [_concerned(lake, since)] if isinstance(since, datetime) else []
    return pl.concat(parts).unique().sort(_KEY)


def _concerned(lake: Lake, since: datetime) -> pl.DataFrame:
    """The tickets that a promise concerns that was known from an instant on: not over then, or changed afterwards."""
    instant = pl.lit(since, INSTANT)
    tickets, later = lake.versions(TICKETS), pl.col("known_at") >= instant
    alive = ~pl.col("status").is_in(_OVER) & (pl.col(SUPERSEDED_AT).is_null() | (pl.col(SUPERSEDED_AT) > instant))
    found = [tickets.filter(alive | later), lake.versions(TICKET_EVENTS).filter(later)]
    return pl.concat([rows.select(_KEY) for rows in found]).unique().collect()
