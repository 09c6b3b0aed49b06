"""Readings of past moments out of one history equal the clocks computed for each moment alone."""

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from opsguard_assets.simulator.settings import SimulationSettings
from opsguard_assets.simulator.twin import simulate
from opsguard_assets.tables.registry import TABLES
from opsguard_assets.tickets.sla.clock_history import TicketHistory, clock_history, known_at, readings_at
from opsguard_assets.tickets.sla.clocks import sla_clocks
from opsguard_assets.tickets.sla.snapshot_io import history_of
from opsguard_assets.tickets.sla.tick import READINGS
from resources.lake import Lake
from tests.long import chosen
from tests.tickets.provider_records import FED, record

START = datetime(2026, 3, 2, tzinfo=UTC)
END = START + timedelta(days=4)
COMPARED = ["ticket_id", "priority", "status", "resolution_due_at", "response_due_at", *READINGS]


@pytest.fixture(scope="module")
def history(tmp_path_factory) -> TicketHistory:
    """Four days of a provider whose promises become twice as generous on the second day."""
    settings = SimulationSettings(seed=9, starts_at=START, sites=8, agents=12, tickets_per_day=50, load=1.1)
    world = simulate(settings, END).tables
    lake = Lake(str(tmp_path_factory.mktemp("lake")))
    for name in FED:
        record(lake, name, world[name], END)
    generous = world["sla_policies"].with_columns(
        resolution_minutes=pl.col("resolution_minutes") * 2, known_at=pl.lit(START + timedelta(days=2, hours=7))
    )
    lake.record(TABLES["sla_policies"], generous.select(TABLES["sla_policies"].columns), loaded_at=END)
    return history_of(lake)


def alone(history, as_of):
    """The clocks of one moment, computed from what was known then."""
    frames = {name: known_at(rows, as_of) for name, rows in vars(history).items()}
    return sla_clocks(**frames, as_of=as_of)


@pytest.mark.parametrize("hours", chosen([55, 71.5, 3, 30, 48, 56, 95], number=2))
def test_every_ticket_reads_as_if_its_clock_had_been_computed_then(history, hours):
    as_of = START + timedelta(hours=hours)
    expected = alone(history, as_of).sort("ticket_id")
    assert len(expected)
    moments = expected.select("ticket_id", as_of=pl.lit(as_of, pl.Datetime("us", "UTC")))
    calendars = known_at(history.calendars, as_of)
    found = readings_at(moments, clock_history(history, END), calendars)
    running = pl.col("ended_at").is_null()
    assert_frame_equal(
        found.filter(running).select(COMPARED), expected.filter(running).select(COMPARED), check_exact=False
    )


def test_a_moment_before_a_ticket_was_known_is_left_out(history):
    ticket = history.tickets["ticket_id"][0]
    moments = pl.DataFrame({"ticket_id": [ticket], "as_of": [START - timedelta(days=1)]}).cast(
        {"as_of": pl.Datetime("us", "UTC")}
    )
    assert readings_at(moments, clock_history(history, END), history.calendars).is_empty()


def test_what_becomes_known_later_changes_no_earlier_state(history):
    early = START + timedelta(days=1)
    cut = TicketHistory(**{name: rows.filter(pl.col("known_at") <= early) for name, rows in vars(history).items()})
    states = clock_history(history, END).filter(pl.col("known_from") <= early).drop("known_until")
    assert_frame_equal(states, clock_history(cut, early).drop("known_until"), check_exact=False)
