"""One odd row, in whichever table a tick reads, changes neither scores nor findings of any other ticket."""

from datetime import UTC, datetime, timedelta
from tempfile import TemporaryDirectory

import dagster as dg
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from ml.problems.sla_breach.rule import RuleBaseline
from opsguard_assets.simulator.settings import SimulationSettings
from opsguard_assets.simulator.twin import simulate
from opsguard_assets.tables.registry import TABLES
from opsguard_assets.tables.validate import validate
from opsguard_assets.tickets.assets import completeness
from opsguard_assets.tickets.risk.findings import RiskLevels, sla_findings
from opsguard_assets.tickets.risk.score_io import risk_at
from opsguard_assets.tickets.sla.derive_io import update_clocks, update_events
from resources.lake import Lake
from resources.progress import Silent
from tests.properties import examples
from tests.tickets.provider_records import FED, record

START = datetime(2026, 3, 2, tzinfo=UTC)
MOMENT, KNOWN = START + timedelta(days=1, hours=9), START + timedelta(hours=6)
LEVELS = RiskLevels(0.7, 0.85, 0.6)
INSTANTS = st.sampled_from([datetime(1970, 1, 1, tzinfo=UTC), START, MOMENT, MOMENT + timedelta(minutes=40),
                            MOMENT + timedelta(days=400), datetime(2199, 12, 31, tzinfo=UTC)])  # fmt: skip
MAYBE = st.one_of(st.none(), INSTANTS)


@pytest.fixture(scope="module")
def world():
    made = SimulationSettings(seed=5, starts_at=START, sites=3, agents=12, tickets_per_day=12, load=1.1)
    return simulate(made, MOMENT).tables


def odd_ticket(**changes):
    return ("tickets", {"ticket_id": "odd", "client_id": "odd", "priority": "low", "status": "open", **changes})


tickets = st.builds(
    odd_ticket,
    opened_at=INSTANTS,
    updated_at=INSTANTS,
    first_response_at=MAYBE,
    resolved_at=MAYBE,
    due_at=MAYBE,
    status=st.sampled_from(["new", "on_hold", "resolved", "cancelled"]),
    site_id=st.sampled_from([None, "odd", "nowhere"]),
    title=st.text(max_size=5),
    sentiment=st.sampled_from([None, -1.0, 1.0]),
)
events = st.builds(
    lambda at, new: ("ticket_events", {"ticket_id": "odd", "at": at, "field": "status", "old": None, "new": new}),
    INSTANTS,
    st.sampled_from([None, "open", "no such status", "resolved"]),
)
rules = st.sampled_from(
    [
        ("clients", {"client_id": "odd", "name": "", "plan": None, "timezone": "Pacific/Kiritimati"}),
        ("sites", {"site_id": "odd", "client_id": "nobody", "name": "x", "timezone": "Asia/Kathmandu",
                   "calendar_id": "odd"}),
        ("calendars", {"calendar_id": "odd", "weekday": 7, "opens": "00:00", "closes": "00:00",
                       "holidays": ["DE/BY", "2026-12-24"]}),
        ("calendars", {"calendar_id": "odd", "weekday": 1, "opens": "08:00", "closes": "24:00", "holidays": []}),
        ("sla_policies", {"policy_id": "odd", "client_id": "odd", "priority": "low", "response_minutes": 2**62,
                          "resolution_minutes": 2**62, "pauses_on": ["no such status"]}),
        ("sla_policies", {"policy_id": "odd", "client_id": "odd", "priority": "low", "response_minutes": 1,
                          "resolution_minutes": 1, "calendar_id": "nowhere"}),
    ]
)  # fmt: skip


def rows_of(name, row):
    """A row that the contract lets in, or none."""
    table = TABLES[name]
    empty = dict.fromkeys(table.columns)
    return validate(pl.DataFrame([empty | row | {"known_at": KNOWN}], schema=table.dtypes), table).accepted


def tick(world, odd):
    with TemporaryDirectory() as folder:
        lake = Lake(folder)
        for name in FED:
            record(lake, name, world[name], MOMENT - timedelta(hours=1))
        for name, row in odd:
            lake.record(TABLES[name], rows_of(name, row), loaded_at=MOMENT - timedelta(minutes=30))
        update_events(lake, progress=Silent())
        update_clocks(lake, progress=Silent())
        risk = (
            risk_at(lake, RuleBaseline(), MOMENT, reasons_from=0.6)
            .filter(pl.col("ticket_id") != "odd")
            .sort("ticket_id")
        )
        still_open = lake.known(TABLES["tickets"], MOMENT, live_only=True).select("ticket_id", "opened_at").collect()
    return risk, still_open


@pytest.fixture(scope="module")
def usual(world):
    return tick(world, [])[0]


@settings(max_examples=examples(20, quick=2), deadline=None)
@given(odd=st.tuples(tickets, st.one_of(tickets, events, rules), rules))
def test_no_odd_row_changes_the_risk_or_the_findings_of_another_ticket(world, usual, odd):
    risk, _ = tick(world, odd)
    assert_frame_equal(risk, usual)
    found, before = (sla_findings(rows, LEVELS).sort("dedup_key") for rows in (risk, usual))
    assert_frame_equal(found, before)


def test_a_ticket_opened_after_the_tick_is_named_with_the_remedy_and_blocks_nothing(world):
    ahead = odd_ticket(opened_at=MOMENT + timedelta(minutes=40), updated_at=MOMENT + timedelta(minutes=40))
    risk, still_open = tick(world, [ahead])
    told = completeness(risk, still_open, MOMENT).result("complete")
    assert not told.passed
    assert told.severity == dg.AssetCheckSeverity.WARN
    assert "not scored: odd; correct `opened_at`" in told.description
    nothing = completeness(risk.head(0), still_open, MOMENT).result("complete")
    assert nothing.severity == dg.AssetCheckSeverity.ERROR
    others = still_open.filter(pl.col("ticket_id") != "odd")
    assert completeness(risk, others, MOMENT).result("complete").passed
