"""Derivations that follow loads of tickets: events if no source keeps them, SLA clocks and intervals.

Here: which tickets a load touched, and storing the results. Not here: the computation (`event_history`, `clocks`,
`intervals`). Every step may be killed and repeated; portions bound its memory.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

import polars as pl

from opsguard_assets.derivation import Span, in_portions, mark, pending, touched, unseen
from opsguard_assets.tables.registry import TICKET_EVENTS, TICKETS
from opsguard_assets.tables.table import Table
from opsguard_assets.tickets.sla.event_history import corrections, event_history
from opsguard_assets.tickets.sla.schemas import SLA_CLOCKS, SLA_INTERVALS
from opsguard_assets.tickets.sla.snapshot_io import INPUTS, RULES, Knowledge, known
from resources.lake import Lake
from resources.progress import Progress

PORTION = 200_000
_KEY = "ticket_id"
# Who reads the events, by the names under which they mark how far they are; the last two live a floor above.
FOLLOWERS = (SLA_CLOCKS.name, SLA_INTERVALS.name, "ticket_outcomes", "recent_tickets")


def update_events(lake: Lake, *, progress: Progress) -> int:
    """Derives the events of tickets that loads touched since the last time; returns how many were looked at."""

    def record(portion: pl.DataFrame, upto: datetime) -> None:
        _record_events(lake, portion, upto)

    follow = Following(lake, "ticket_events", (TICKETS,), progress)
    return follow.through(lambda span: touched(lake, [TICKETS], _KEY, span), record)


def update_clocks(lake: Lake, *, progress: Progress) -> int:
    """Computes the SLA clocks of tickets that loads touched since the last time; returns how many."""

    def record(portion: pl.DataFrame, upto: datetime) -> None:
        clocks = _known(lake, upto, portion).clocks()
        rows = clocks.with_columns(known_at=pl.lit(upto, SLA_CLOCKS.dtypes["known_at"]))
        lake.record(SLA_CLOCKS, SLA_CLOCKS.rows(rows), loaded_at=upto)

    follow = Following(lake, SLA_CLOCKS.name, INPUTS, progress)
    return follow.through(lambda span: tickets_touched(lake, span), record)


def update_intervals(lake: Lake, *, progress: Progress) -> int:
    """Cuts the lives of tickets that loads touched since the last time into intervals; returns how many."""

    def replace(portion: pl.DataFrame, upto: datetime) -> None:
        intervals = _known(lake, upto, portion).intervals()
        lake.replace_entities(SLA_INTERVALS.derived_name, intervals, entities=portion, key=SLA_INTERVALS.key)

    follow = Following(lake, SLA_INTERVALS.name, INPUTS, progress)
    return follow.through(lambda span: tickets_touched(lake, span), replace)


@dataclass(frozen=True)
class Following:
    """One derivation that follows the loads of its inputs."""

    lake: Lake
    name: str
    inputs: Sequence[Table]
    progress: Progress

    def through(self, find: Callable[[Span], pl.DataFrame], write: Callable[[pl.DataFrame, datetime], None]) -> int:
        """Finds what the unseen loads touched, writes it in portions, then moves the mark; returns how many."""
        span = pending(self.lake, self.name, self.inputs)
        if span is None:
            return 0
        keys = find(span)
        advance = self.progress.begin(f"{self.name}: deriving", len(keys))
        for portion in in_portions(keys, PORTION):
            write(portion, span.upto)
            advance(len(portion))
        mark(self.lake, self.name, span)
        return len(keys)


def tickets_touched(lake: Lake, span: Span) -> pl.DataFrame:
    """The tickets whose clocks the loads of a span can have changed.

    A changed policy, calendar, site or client touches every open ticket; promises of ended tickets do not change.
    """
    direct = touched(lake, [TICKETS, TICKET_EVENTS], _KEY, span)
    if all(lake.touched(table, after=span.after, upto=span.upto).head(1).collect().is_empty() for table in RULES):
        return direct
    still_open = lake.known(TICKETS, span.upto, live_only=True).select(_KEY).collect()
    return pl.concat([direct, still_open]).unique().sort(_KEY)


def _known(lake: Lake, as_of: datetime, portion: pl.DataFrame) -> Knowledge:
    tickets = lake.known(TICKETS, as_of).join(portion.lazy(), on=_KEY, how="semi")
    return known(lake, as_of, TICKETS.typed(tickets).collect())


def _record_events(lake: Lake, portion: pl.DataFrame, upto: datetime) -> None:
    """Records the events of some tickets; corrects or withdraws those that a late state contradicts."""
    states, stored = (
        lake.versions(table).join(portion.lazy(), on=_KEY, how="semi").collect() for table in (TICKETS, TICKET_EVENTS)
    )
    rows = corrections(stored, event_history(states))
    lake.record(TICKET_EVENTS, rows, loaded_at=unseen(lake, FOLLOWERS, upto))
