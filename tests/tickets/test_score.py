"""A tick reads stored clocks; it must say what a computation from the whole history says, whatever arrived when."""

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from ml.problems.sla_breach.rule import RuleBaseline
from opsguard_assets.simulator.settings import SimulationSettings
from opsguard_assets.simulator.twin import simulate
from opsguard_assets.tables.registry import TABLES
from opsguard_assets.tickets.risk.score_io import risk_at
from opsguard_assets.tickets.sla.derive_io import update_clocks, update_events, update_intervals
from opsguard_assets.tickets.sla.schemas import SLA_CLOCKS, SLA_INTERVALS
from opsguard_assets.tickets.sla.tick import READ
from resources.lake import Lake
from resources.progress import Silent
from tests.long import long
from tests.tickets.provider_records import FED, record

START = datetime(2026, 3, 2, tzinfo=UTC)
END = START + timedelta(days=4)
MOMENTS = [START + timedelta(days=1, hours=9, minutes=15), START + timedelta(days=3, hours=14)]
MODEL = RuleBaseline()


@pytest.fixture(scope="module")
def world():
    settings = SimulationSettings(seed=3, starts_at=START, sites=4, agents=12, tickets_per_day=40, load=1.1)
    return simulate(settings, END).tables


def arrive(lake, world, loaded_at, *, after=None, tables=FED):
    """Records what became known in (after, loaded_at]."""
    for name in tables:
        rows = world[name].filter(pl.col("known_at") <= loaded_at)
        rows = rows.filter(pl.col("known_at") > after) if after else rows
        record(lake, name, rows, loaded_at)


def follow(lake):
    update_clocks(lake, progress=Silent())
    update_intervals(lake, progress=Silent())


def scored(lake, as_of):
    return risk_at(lake, MODEL, as_of, reasons_from=0.6).sort("ticket_id")


@pytest.fixture(scope="module")
def live(world, tmp_path_factory):
    """A lake that got the records as they became known, day by day, clocks following each time."""
    lake, before = Lake(str(tmp_path_factory.mktemp("live"))), None
    for step in range(1, 5):
        at = START + timedelta(days=step)
        arrive(lake, world, at, after=before)
        follow(lake)
        before = at
    return lake


@pytest.fixture(scope="module")
def imported(world, tmp_path_factory):
    """A lake that got the whole history at once, long afterwards."""
    lake = Lake(str(tmp_path_factory.mktemp("imported")))
    later = END + timedelta(days=300)
    for name in FED:
        world_of_one = {name: world[name]}
        arrive(lake, world_of_one, later, tables=[name])
    follow(lake)
    return lake


@pytest.mark.parametrize("as_of", MOMENTS)
def test_an_imported_history_is_scored_as_it_was_known_then(live, imported, as_of):
    rows = scored(live, as_of)
    assert len(rows) > 10
    assert rows["state"].n_unique() > 1
    assert_frame_equal(rows, scored(imported, as_of))


def test_stored_clocks_say_what_a_computation_from_scratch_says(live, monkeypatch):
    as_of = END + timedelta(hours=3)
    stored = scored(live, as_of)
    monkeypatch.setattr("opsguard_assets.tickets.risk.score_io._stored", lambda *_: _no_clocks())
    assert_frame_equal(stored, scored(live, as_of))


def _no_clocks():
    return SLA_CLOCKS.empty().drop("known_at")


@long
def test_a_record_that_no_clock_has_followed_yet_counts_all_the_same(world, tmp_path):
    lake = Lake(str(tmp_path))
    arrive(lake, world, MOMENTS[0] - timedelta(hours=6))
    follow(lake)
    arrive(lake, world, MOMENTS[0], after=MOMENTS[0] - timedelta(hours=6))
    before_following = scored(lake, MOMENTS[0])
    follow(lake)
    assert_frame_equal(before_following, scored(lake, MOMENTS[0]))


def test_following_twice_changes_nothing(live):
    versions = live.version("tables/sla_clocks"), live.version(SLA_INTERVALS.derived_name)
    assert update_clocks(live, progress=Silent()) == update_intervals(live, progress=Silent()) == 0
    assert versions == (live.version("tables/sla_clocks"), live.version(SLA_INTERVALS.derived_name))


def test_a_changed_promise_moves_the_deadlines_of_open_tickets_only(world, tmp_path):
    lake, at = Lake(str(tmp_path)), END + timedelta(hours=1)
    arrive(lake, world, at)
    follow(lake)
    before = lake.known(SLA_CLOCKS).collect()
    generous = world["sla_policies"].with_columns(
        resolution_minutes=pl.col("resolution_minutes") * 2, known_at=pl.lit(at + timedelta(hours=1))
    )
    later = at + timedelta(hours=1)
    arrive(lake, {"sla_policies": generous}, later, tables=["sla_policies"])
    follow(lake)
    both = before.join(lake.known(SLA_CLOCKS).collect(), on="ticket_id", suffix="_now")
    changed = pl.col("resolution_target_minutes").ne_missing(pl.col("resolution_target_minutes_now"))
    assert not both.filter(pl.col("ended_at").is_not_null() & changed).height
    assert both.filter(pl.col("ended_at").is_null() & changed).height


@long
def test_events_derived_from_states_are_those_that_the_source_keeps(world, tmp_path):
    lake = Lake(str(tmp_path))
    for step in range(1, 5):
        since = START + timedelta(days=step - 1) if step > 1 else None
        arrive(lake, world, START + timedelta(days=step), after=since, tables=["tickets"])
        update_events(lake, progress=Silent())
    derived = lake.known(TABLES["ticket_events"]).select("ticket_id", "at", "field", "new").collect()
    kept = world["ticket_events"].filter(pl.col("known_at") <= END).select("ticket_id", "at", "field", "new")
    fields = kept["field"].unique().implode()
    order = ["ticket_id", "at", "field"]
    assert_frame_equal(derived.filter(pl.col("field").is_in(fields)).sort(order), kept.sort(order))


def test_the_intervals_of_a_ticket_have_no_gap_and_no_overlap(live):
    rows = live.scan(SLA_INTERVALS.derived_name).collect().sort("ticket_id", "starts_at")
    same = pl.col("ticket_id") == pl.col("ticket_id").shift(1)
    assert rows.filter(same & (pl.col("starts_at") != pl.col("ends_at").shift(1))).is_empty()
    assert rows["ticket_id"].n_unique() == live.known(TABLES["tickets"]).select(pl.len()).collect().item()


@long
def test_clocks_see_events_that_were_derived_after_a_later_load_of_something_else(world, tmp_path):
    orderly, late = Lake(str(tmp_path / "orderly")), Lake(str(tmp_path / "late"))
    at = END + timedelta(hours=1)
    for lake in (orderly, late):
        arrive(lake, world, at, tables=["clients", "calendars", "sla_policies", "tickets"])
    update_events(orderly, progress=Silent())
    for lake in (orderly, late):  # in one of them the derivation of events died before
        arrive(lake, world, at + timedelta(hours=1), tables=["sites"])
        follow(lake)
    assert update_events(late, progress=Silent()) > 0
    follow(late)
    clocks = [lake.known(SLA_CLOCKS).collect().drop("known_at").sort("ticket_id") for lake in (orderly, late)]
    assert clocks[0]["paused_base_us"].n_unique() > 1
    assert_frame_equal(*clocks)


def test_a_promise_that_was_imported_late_counts_at_the_moment_from_which_it_was_known(world, tmp_path, monkeypatch):
    lake, as_of = Lake(str(tmp_path)), START + timedelta(days=2)
    arrive(lake, world, as_of)
    follow(lake)
    before = scored(lake, as_of)
    early = pl.lit(as_of - timedelta(hours=1))
    generous = world["sla_policies"].with_columns(resolution_minutes=pl.col("resolution_minutes") * 3, known_at=early)
    record(lake, "sla_policies", generous, as_of + timedelta(days=1))
    follow(lake)
    replayed = scored(lake, as_of)
    assert not replayed["remaining_minutes"].equals(before["remaining_minutes"])
    monkeypatch.setattr("opsguard_assets.tickets.risk.score_io._stored", lambda *_: _no_clocks().select(READ))
    assert_frame_equal(replayed, scored(lake, as_of))
