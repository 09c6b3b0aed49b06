"""Lakes and files to measure on: one simulated provider, multiplied under new identifiers.

Here: building them once. Not here: measuring.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl

from opsguard_assets.derivation import Span, mark
from opsguard_assets.simulator.settings import SimulationSettings
from opsguard_assets.simulator.twin import simulate
from opsguard_assets.tables.registry import CALENDARS, CLIENTS, SITES, SLA_POLICIES, TABLES, TICKET_EVENTS, TICKETS
from opsguard_assets.tables.table import Table
from opsguard_assets.tickets.sla.clocks import sla_clocks
from opsguard_assets.tickets.sla.schemas import SLA_CLOCKS
from resources.lake import Lake

START = datetime(2026, 1, 5, tzinfo=UTC)
UNTIL = START + timedelta(days=30)
AS_OF = UNTIL + timedelta(hours=1)
_BATCH = 1_000_000


@dataclass(frozen=True)
class Provider:
    """Latest states of a simulated provider's tickets, with their clocks, open and ended apart."""

    tables: dict[str, pl.DataFrame]
    clocks: pl.DataFrame

    @classmethod
    def simulated(cls) -> "Provider":
        """A month of one region, busy enough to have open tickets of every kind."""
        settings = SimulationSettings(seed=11, starts_at=START, tickets_per_day=400, agents=110, load=1.0)
        tables = simulate(settings, UNTIL, latest_only=True).tables
        shaped = {name: _shaped(TABLES[name], table) for name, table in tables.items()}
        names = ("tickets", "ticket_events", "sla_policies", "calendars", "sites", "clients")
        clocks = sla_clocks(*(shaped[name] for name in names), as_of=UNTIL)
        rows = clocks.with_columns(known_at=pl.lit(UNTIL, pl.Datetime("us", "UTC"))).select(SLA_CLOCKS.columns)
        return cls(shaped, rows)

    def tickets(self, *, is_open: bool) -> pl.DataFrame:
        """Open tickets, or the others."""
        return self.tables["tickets"].filter(TICKETS.is_live if is_open else ~TICKETS.is_live)


def build_lake(folder: Path, *, open_tickets: int, ended_tickets: int, advance: Callable[[int], None]) -> None:
    """A lake of so many tickets with their stored clocks; nothing happens where it is there already."""
    marker = folder / "complete"
    if marker.exists():
        advance(open_tickets + ended_tickets)
        return
    lake, provider = Lake(str(folder)), Provider.simulated()
    for table in (CLIENTS, SITES, CALENDARS, SLA_POLICIES):
        lake.record(table, provider.tables[table.name], loaded_at=UNTIL)
    lake.record(TICKET_EVENTS, TICKET_EVENTS.empty(), loaded_at=UNTIL)
    for is_open, prefix, count in ((True, "open", open_tickets), (False, "ended", ended_tickets)):
        tickets = provider.tickets(is_open=is_open)
        clocks = provider.clocks.join(tickets.select("ticket_id"), on="ticket_id", how="semi")
        for batch in multiplied(tickets, count, prefix):
            lake.record(TICKETS, batch, loaded_at=UNTIL)
            advance(len(batch) // 2)
        for batch in multiplied(clocks, count, prefix):
            lake.record(SLA_CLOCKS, batch, loaded_at=UNTIL)
            advance(len(batch) - len(batch) // 2)
    mark(lake, SLA_CLOCKS.name, Span(None, UNTIL))
    for name in ("tables/tickets", "tables/sla_clocks"):
        lake.tidy(name, retention_days=7, keep_versions=[])
    marker.touch()


def build_csv(path: Path, *, rows: int) -> None:
    """A CSV export of tickets."""
    if not path.exists():
        provider = Provider.simulated()
        frame = pl.concat(list(multiplied(provider.tables["tickets"].drop("known_at"), rows, "row")))
        draft = path.with_suffix(".draft")
        frame.write_csv(draft, datetime_format="%Y-%m-%dT%H:%M:%SZ")
        draft.replace(path)


def multiplied(rows: pl.DataFrame, count: int, prefix: str) -> Iterator[pl.DataFrame]:
    """`count` rows made of copies of `rows` under new ticket identifiers that begin with `prefix`, in batches."""
    for first in range(0, count, _BATCH):
        size = min(_BATCH, count - first)
        number = pl.int_range(first, first + size, dtype=pl.Int64, eager=True).alias("number")
        copied = rows[(number % len(rows)).cast(pl.UInt32)]
        identified = copied.with_columns(ticket_id=pl.format("{}-{}", pl.lit(prefix), number))
        # Every copy of the provider has its own people: the load of an agent stays what it was.
        agent = pl.format("{}-{}", "assignee_id", number // len(rows))
        yield identified.with_columns(assignee_id=agent) if "assignee_id" in rows.columns else identified


def _shaped(table: Table, rows: pl.DataFrame) -> pl.DataFrame:
    missing = [pl.lit(None, dtype).alias(name) for name, dtype in table.dtypes.items() if name not in rows.columns]
    return rows.with_columns(missing).select(table.columns)
