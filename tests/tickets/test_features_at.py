"""A tick is served the features that training makes of the same moment later, from a set that history does not grow."""

import shutil
from datetime import UTC, datetime, timedelta

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from ml.problems.sla_breach import bounded, streams
from ml.problems.sla_breach.features import features
from opsguard_assets.simulator.settings import SimulationSettings
from opsguard_assets.simulator.twin import simulate
from opsguard_assets.tables.registry import TICKETS
from opsguard_assets.tickets.learning import features_io as serving
from opsguard_assets.tickets.learning.dataset import TicketDataset
from opsguard_assets.tickets.learning.features_io import features_at
from opsguard_assets.tickets.learning.outcomes_io import recent_tickets, update_recent
from opsguard_assets.tickets.learning.schemas import RECENT_TICKETS, TICKET_OUTCOMES
from opsguard_assets.tickets.sla.clock_history import readings_at
from opsguard_assets.tickets.sla.snapshot_io import history_of, known
from resources.lake import Lake
from resources.progress import Silent
from tests.long import long
from tests.tickets.provider_records import FED, record

START = datetime(2026, 3, 2, tzinfo=UTC)
END = START + timedelta(days=20)
INSTANT = pl.Datetime("us", "UTC")
STEP = timedelta(days=2)


@pytest.fixture(scope="module", autouse=True)
def _few_outcomes_count():
    """Figures trail so few outcomes that a small world has many more."""
    with pytest.MonkeyPatch.context() as patch:
        for module in (bounded, streams):
            for name, number in {"RATE_OF_LAST": 8, "MINUTES_OF_LAST": 4, "CLOSINGS": 5}.items():
                patch.setattr(module, name, number)
        yield


@pytest.fixture(scope="module")
def world():
    settings = SimulationSettings(seed=8, starts_at=START, sites=6, agents=14, tickets_per_day=70, load=1.1)
    tables = simulate(settings, END).tables
    number = pl.col("ticket_id").str.slice(-3).cast(pl.Int64)
    day = (pl.col("opened_at") - pl.lit(START)).dt.total_days()
    # Some titles come every day, some come again after more than a week, some never do.
    rare = pl.format("rare {}", day % 9)
    title = pl.when(number % 3 == 0).then("ticket_id").when(number % 3 == 1).then(rare).otherwise("category")
    return {**tables, "tickets": tables["tickets"].with_columns(title=title)}


def with_the_load(rows, at, before):
    """Rows of a source that does not say when a state became known: all of a load are known with it."""
    return rows.with_columns(known_at=pl.lit(at, INSTANT))


def as_they_came(rows, at, before):
    """Rows of a source that says when each state became known."""
    return rows


@pytest.fixture(scope="module", params=[with_the_load, pytest.param(as_they_came, marks=long)])
def lived(request, world, tmp_path_factory):
    """A lake that lived through a month, and what its ticks were served: moment to features."""
    lake, before, result = Lake(str(tmp_path_factory.mktemp("live"))), START - STEP, {}
    for number in range((END - START) // STEP):
        at = START + STEP * number + timedelta(hours=13)
        for name in FED:
            came = world[name].filter(pl.col("known_at") > before, pl.col("known_at") <= at)
            record(lake, name, request.param(came, at, before), at)
        update_recent(lake, progress=Silent())
        before = at
        moment = at + (timedelta(hours=1, minutes=15) if request.param is with_the_load else timedelta(0))
        if number > 3:
            result[moment] = features_at(lake, moment, readings(lake, moment))
    return lake, result


def readings(lake, as_of):
    open_tickets = lake.known(TICKETS, as_of, live_only=True).collect().sort("ticket_id")
    clocks = known(lake, as_of, open_tickets).clocks()
    return clocks.filter(pl.col("ended_at").is_null())


@pytest.fixture(autouse=True)
def _never_the_whole_history(request, monkeypatch):
    if "whole" not in request.node.name:
        monkeypatch.setattr(serving, "TicketDataset", None)


def test_a_live_tick_sees_what_training_makes_of_the_moment_later(lived):
    lake, result = lived
    assert len(result) >= 6
    dataset = TicketDataset.of(history_of(lake), END)
    for rows in result.values():
        assert len(rows) > 8
        again = readings_at(rows.select("ticket_id", "as_of"), dataset.clocks, dataset.calendars)
        assert_frame_equal(rows, features(dataset.known, again), check_exact=True)


def test_a_live_tick_needs_a_part_of_the_history_only(lived):
    lake, _ = lived
    recent = recent_tickets(lake)
    assert recent["ticket_id"].n_unique() < 0.75 * lake.known(TICKETS).select(pl.len()).collect().item()


def test_what_comes_after_a_moment_changes_nothing_of_it(lived, tmp_path):
    lake = Lake(str(shutil.copytree(lived[0].uri, tmp_path / "later")))
    as_of, at = END - timedelta(hours=10), END - timedelta(hours=8)
    given = readings(lake, as_of)
    before = features_at(lake, as_of, given)
    assert len(before) > 8
    rows = lake.known(TICKETS).collect()
    ended = {"status": "closed", "resolved_at": at, "closed_at": at, "group_id": "other", "site_id": "other"}
    altered = rows.with_columns(pl.lit(value).alias(name) for name, value in ended.items())
    invented = rows.head(50).with_columns(pl.format("invented {}", "ticket_id").alias("ticket_id"))
    later = pl.concat([altered, invented], how="vertical_relaxed").cast(TICKETS.dtypes)
    lake.record(TICKETS, later.with_columns(updated_at=pl.lit(at), known_at=pl.lit(at)), loaded_at=at)
    update_recent(lake, progress=Silent())
    assert_frame_equal(features_at(lake, as_of, given), before, check_exact=True)


def test_a_moment_of_long_ago_is_told_from_the_whole_history(lived):
    lake, result = lived
    as_of = min(result)
    assert_frame_equal(features_at(lake, as_of, readings(lake, as_of)), result[as_of], check_exact=True)


def test_following_again_changes_nothing(lived):
    lake, _ = lived
    names = (TICKET_OUTCOMES.derived_name, RECENT_TICKETS.derived_name)
    versions = [lake.version(name) for name in names]
    assert update_recent(lake, progress=Silent()) == 0
    assert [lake.version(name) for name in names] == versions
