"""One odd order or vendor changes no finding about others, and what all share by no more than one order should."""

import shutil
from datetime import UTC, datetime, timedelta
from tempfile import TemporaryDirectory

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from ml.problems.work_order_late.rule import WorkOrderRule
from opsguard_assets.config.settings import Settings
from opsguard_assets.simulator.contractors import contracted
from opsguard_assets.simulator.settings import SimulationSettings
from opsguard_assets.tables.registry import TABLES
from opsguard_assets.tables.validate import validate
from opsguard_assets.vendors.alerts.assets import findings_at
from opsguard_assets.vendors.orders.problem_io import risk_at
from opsguard_assets.vendors.scores.io import keep_scores, scored_at
from opsguard_assets.vendors.scores.score import scores
from resources.lake import Lake
from tests.long import long
from tests.properties import examples
from tests.vendors.orders import jobs_of, order
from tests.vendors.orders import vendors as vendors_named

START = datetime(2026, 1, 1, tzinfo=UTC)
MOMENT = datetime(2026, 4, 20, 8, tzinfo=UTC)
KNOWN = MOMENT - timedelta(hours=3)
SITES = pl.DataFrame({"site_id": [f"s{n}" for n in range(8)], "client_id": [f"c{n % 2}" for n in range(8)]})
SETTINGS = Settings()
INSTANTS = st.sampled_from([datetime(1970, 1, 1, tzinfo=UTC), START, KNOWN, MOMENT, MOMENT + timedelta(hours=1),
                            MOMENT + timedelta(days=400), datetime(2199, 12, 31, 23, tzinfo=UTC)])  # fmt: skip
HOURS = st.sampled_from([None, 0.0, 5e-324, 1e-9, 2.0, 1e18])


def rows_of(name, row):
    """A row, where the contract lets it in."""
    table = TABLES[name]
    whole = dict.fromkeys(table.columns) | row | {"known_at": KNOWN}
    return validate(pl.DataFrame([whole], schema=table.dtypes), table).accepted


def let_in(strategy):
    """Rows that the contract lets in; what it rejects is told elsewhere."""
    return strategy.filter(lambda row: len(rows_of(*row)) == 1)


def row_of(name, fixed):
    return lambda **changes: (name, {**fixed, **changes})


orders = st.builds(
    row_of("work_orders", {"work_order_id": "odd"}),
    vendor_id=st.sampled_from(["odd", "nobody"]),
    site_id=st.sampled_from([None, "s1", "nowhere"]),
    client_id=st.sampled_from([None, "c1", "nobody"]),
    category=st.sampled_from([None, "odd", ""]),
    priority=st.sampled_from([None, "critical"]),
    created_at=INSTANTS,
    due_at=st.one_of(st.none(), INSTANTS),
    accepted_at=st.one_of(st.none(), INSTANTS),
    completed_at=st.one_of(st.none(), INSTANTS),
    status=st.sampled_from([None, "", "CANCELLED", "done"]),
    estimated_hours=HOURS,
    actual_hours=HOURS,
    quality_rating=st.sampled_from([None, 1.0, 5.0]),
    is_rework_of=st.sampled_from([None, "odd too", "gone"]),
    cost=HOURS,
)
more = orders.map(lambda row: (row[0], row[1] | {"work_order_id": "odd too", "is_rework_of": "odd"}))
vendors = st.builds(
    row_of("vendors", {"vendor_id": "odd", "name": ""}),
    trade=st.sampled_from([None, "", "odd", "hvac"]),
    hourly_rate=HOURS,
)


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """A lake with what was known at the moment."""
    folder = tmp_path_factory.mktemp("vendors")
    made = contracted(SimulationSettings(starts_at=START, orders_per_day=12, seed=5), 0, SITES, MOMENT)
    for name, rows in (("vendors", made.vendors), ("work_orders", made.work_orders)):
        whole = pl.concat([TABLES[name].empty(), rows], how="diagonal_relaxed").select(TABLES[name].columns)
        Lake(str(folder)).record(TABLES[name], whole, loaded_at=MOMENT)
    return folder


def tick(world, odd):
    """Scores, months, risks and findings of everybody who is not odd."""
    with TemporaryDirectory() as folder:
        shutil.copytree(world, folder, dirs_exist_ok=True)
        lake = Lake(folder)
        for name, row in odd:
            lake.record(TABLES[name], rows_of(name, row), loaded_at=MOMENT)
        scored = scored_at(lake, MOMENT, SETTINGS)
        assert scored.stored == scored.months["jobs"].sum()
        keep_scores(lake, scored, MOMENT, SETTINGS)
        risk = risk_at(lake, WorkOrderRule(), MOMENT, SETTINGS.vendors.cancelled)
        found = findings_at(lake, SETTINGS, MOMENT)
    is_odd = pl.col("vendor_id").is_in(["odd", "nobody"])
    rows = [frame.filter(~is_odd) for frame in (scored.scores, scored.months, risk)]
    return [*rows, found.filter(~pl.col("entity_id").is_in(["odd", "odd too", "nobody"]))]


@pytest.fixture(scope="module")
def usual(world):
    return tick(world, [])


@long
@settings(max_examples=examples(20), deadline=None)
@given(odd=st.tuples(*map(let_in, (orders, more, vendors))))
def test_no_odd_order_changes_what_is_said_of_others_by_more_than_an_order_may(world, usual, odd):
    scored, months, risk, found = tick(world, odd)
    record = ["vendor_id", "name", "trade", "jobs", "sla_raw", "completion_raw", "quality_raw", "rework_raw"]
    # Estimates are drawn towards the peers, and two orders more are a small part of these.
    for now, before, key in ((scored, usual[0], ["vendor_id"]), (months, usual[1], ["vendor_id", "month"])):
        both = [frame.sort(key).select(*dict.fromkeys([*key, *record])) for frame in (now, before)]
        assert_frame_equal(*both)
    assert_frame_equal(
        *(frame.sort("vendor_id").select("vendor_id", "score", "low", "high") for frame in (scored, usual[0])),
        abs_tol=1.5,
    )
    assert_frame_equal(*(frame.sort("work_order_id").drop("reason") for frame in (risk, usual[2])), abs_tol=0.01)
    keys = [frame.select("dedup_key", "alert_type", "is_raising").sort("dedup_key") for frame in (found, usual[3])]
    assert_frame_equal(*keys)


def test_a_repair_of_an_order_that_nobody_knows_does_not_say_that_the_source_tells_of_repairs():
    done = [order(n, f"v{n % 4}", quality_rating=5.0) for n in range(40)]
    names = vendors_named("v0", "v1", "v2", "v3")
    usual, odd = (scores(jobs_of(rows), names) for rows in (done, [*done, order(99, "odd", is_rework_of="gone")]))
    assert odd["rework_jobs"].null_count() == len(odd)
    assert_frame_equal(odd.filter(pl.col("vendor_id") != "odd").drop("ranked"), usual.drop("ranked"))
    result = scores(jobs_of([*done, order(99, "odd", is_rework_of="w00001")]), names)
    assert result.filter(vendor_id="v1")["rework_raw"].item() == 90.0
