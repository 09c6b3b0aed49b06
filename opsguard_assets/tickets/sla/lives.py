"""The lives of tickets up to a moment: each ticket with its promise, its status changes and its stretches.

Here: what clocks and intervals have in common. Not here: either of them.
"""

from dataclasses import dataclass
from datetime import datetime

import dataframely as dy
import polars as pl

from opsguard_assets.tables.reference import Calendars
from opsguard_assets.tables.values import INSTANT
from opsguard_assets.tickets.sla.calendars import working_time
from opsguard_assets.tickets.sla.history import status_changes, stretches
from opsguard_assets.tickets.sla.promises import promises
from opsguard_assets.tickets.sla.working_time import WorkingTime

_FACTS = (
    "ticket_id",
    "client_id",
    "site_id",
    "opened_at",
    "first_response_at",
    "resolved_at",
    "closed_at",
    "due_at",
    "updated_at",
)


@dataclass(frozen=True)
class Lives:
    """Tickets up to `as_of`.

    Attributes:
        tickets: The tickets opened by `as_of`, numbered by `row`, with the columns of `promises`.
        changes: Their status changes (`status_changes`), the future included.
        stretches: Their stretches of one status (`stretches`).
        as_of: The moment.
    """

    tickets: pl.DataFrame
    changes: pl.DataFrame
    stretches: pl.DataFrame
    as_of: datetime

    @property
    def used(self) -> pl.DataFrame:
        """The calendars and time zones of these tickets."""
        return self.tickets.select("calendar_id", "timezone").unique()

    def work(self, calendars: dy.DataFrame[Calendars], until: datetime) -> WorkingTime:
        """Working time over everything that is known of these tickets and on to `until`."""
        # A source may give a deadline that lies years before its ticket.
        asked = self.tickets.select(first=pl.min_horizontal(pl.min("opened_at", "due_at")), last=pl.max("due_at"))
        first, last = (instant or self.as_of for instant in asked.row(0))
        return working_time(calendars, self.used, since=min(first, self.as_of), until=max(last, until, self.as_of))


def lives(
    tickets: pl.DataFrame,
    ticket_events: pl.DataFrame,
    sla_policies: pl.DataFrame,
    calendars: dy.DataFrame[Calendars],
    sites: pl.DataFrame,
    clients: pl.DataFrame,
    *,
    as_of: datetime,
) -> Lives:
    """Prepares the lives of `tickets` up to `as_of`; the arguments are the canonical tables of the same names."""
    begun = (
        tickets.filter(pl.col("opened_at") <= as_of)
        .select(
            *(pl.col(c).cast(INSTANT) if c.endswith("_at") else c for c in _FACTS),
            *(pl.col(c).cast(pl.String) for c in ("priority", "status")),
        )
        .with_row_index("row")
    )
    promised = promises(begun, sla_policies, calendars, sites, clients)
    numbered = begun.hstack(promised.drop("ticket_id"))
    changes = status_changes(numbered, ticket_events)
    return Lives(numbered, changes, stretches(changes, numbered, as_of), as_of)
