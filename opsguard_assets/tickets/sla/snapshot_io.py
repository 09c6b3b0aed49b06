"""As-of reads of tickets, their promises and calendars for the SLA clocks.

Here: reading. Not here: computing clocks (`clocks`) and storing derivations (`sla.derive_io`).
"""

from dataclasses import dataclass
from datetime import datetime

import dataframely as dy
import polars as pl

from opsguard_assets.tables.reference import Calendars, Clients, Sites
from opsguard_assets.tables.registry import CALENDARS, CLIENTS, SITES, SLA_POLICIES, TICKET_EVENTS, TICKETS
from opsguard_assets.tables.table import Table
from opsguard_assets.tables.tickets import SlaPolicies, TicketEvents, Tickets
from opsguard_assets.tickets.sla.clock_history import TicketHistory
from opsguard_assets.tickets.sla.clocks import sla_clocks
from opsguard_assets.tickets.sla.intervals import sla_intervals
from resources.lake import Lake

RULES: tuple[Table, ...] = (SLA_POLICIES, CALENDARS, SITES, CLIENTS)
INPUTS: tuple[Table, ...] = (TICKETS, TICKET_EVENTS, *RULES)
_OF_TICKETS: tuple[Table, ...] = (TICKETS, TICKET_EVENTS)


@dataclass(frozen=True)
class Knowledge:
    """Some tickets with everything that their clocks depend on, as known at `as_of`."""

    tickets: dy.DataFrame[Tickets]
    ticket_events: dy.DataFrame[TicketEvents]
    sla_policies: dy.DataFrame[SlaPolicies]
    calendars: dy.DataFrame[Calendars]
    sites: dy.DataFrame[Sites]
    clients: dy.DataFrame[Clients]
    as_of: datetime

    def clocks(self) -> pl.DataFrame:
        """The SLA clocks of these tickets."""
        return sla_clocks(**vars(self))

    def intervals(self) -> pl.DataFrame:
        """The SLA intervals of these tickets."""
        return sla_intervals(**vars(self))


def known(lake: Lake, as_of: datetime, tickets: dy.DataFrame[Tickets]) -> Knowledge:
    """What was known at `as_of` around some tickets.

    Args:
        lake: The lake.
        as_of: The moment of knowledge.
        tickets: The tickets, as known at that moment.
    """
    ids = tickets.select("ticket_id").lazy()
    events = lake.known(TICKET_EVENTS, as_of).join(ids, on="ticket_id", how="semi")
    return Knowledge(
        tickets=tickets,
        ticket_events=TICKET_EVENTS.typed(events).collect(),
        sla_policies=lake.known(SLA_POLICIES, as_of).collect(),
        calendars=lake.known(CALENDARS, as_of).collect(),
        sites=lake.known(SITES, as_of).collect(),
        clients=lake.known(CLIENTS, as_of).collect(),
        as_of=as_of,
    )


def history_of(lake: Lake, tickets: pl.DataFrame | None = None) -> TicketHistory:
    """All versions of tickets and of what their clocks depend on; of some tickets (`ticket_id`) where given."""
    frames = {table.name: lake.versions(table) for table in INPUTS}
    if tickets is not None:
        own = {table.name: frames[table.name].join(tickets.lazy(), on="ticket_id", how="semi") for table in _OF_TICKETS}
        frames |= own
    return TicketHistory(**{name: frame.collect() for name, frame in frames.items()})
