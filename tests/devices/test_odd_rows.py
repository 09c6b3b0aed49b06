"""One odd row, in whichever table a tick reads, changes neither health, risk nor findings of any other device."""

import shutil
from datetime import UTC, datetime, timedelta
from tempfile import TemporaryDirectory

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from ml.models.learned import numbers
from ml.problems.device_failure.rule import DeviceRule
from ml.problems.device_failure.streams import streams
from opsguard_assets.devices.alerts.findings import Levels, device_findings
from opsguard_assets.devices.failure.problem_io import events_of, history_of
from opsguard_assets.devices.failure.risk import Explain
from opsguard_assets.devices.failure.risk_io import risk_at
from opsguard_assets.devices.health.io import health_at
from opsguard_assets.devices.telemetry.hourly_update_io import update_hourly
from opsguard_assets.simulator.settings import SimulationSettings
from opsguard_assets.tables.registry import TABLES
from opsguard_assets.tables.validate import validate
from resources.lake import Lake
from resources.progress import Silent
from tests.devices.fleets import START, fleet_of, record_fleet
from tests.long import long
from tests.properties import examples

WORLD = SimulationSettings(seed=4, starts_at=START, sites=3, agents=12, devices_per_site=4, skewed_clock_share=0.2)
MOMENT = START + timedelta(days=1, hours=12)
KNOWN = MOMENT - timedelta(hours=2)
# So early that every kind of finding but that of a site is there.
LEVELS = Levels(alert_from=0.15, clear_below=0.1, silent_intervals=0.5, empty_within_hours=1e4, replace_below=99.0,
                replace_after_days=0.0)  # fmt: skip
INSTANTS = st.sampled_from([datetime(1970, 1, 1, tzinfo=UTC), START, KNOWN, MOMENT, MOMENT + timedelta(days=400),
                            datetime(2199, 12, 31, 23, tzinfo=UTC)])  # fmt: skip
ABSURD = st.sampled_from([None, -273.15, -1e18, 0.0, 5e-324, 1e-9, 20.0, 525_600.0, 1e18])
PERCENT = st.sampled_from([None, 0.0, 5e-324, 1e-9, 4.0, 4.0000001, 100.0])


def rows_of(name, row):
    """A row, where the contract lets it in."""
    table = TABLES[name]
    whole = dict.fromkeys(table.columns) | {"known_at": KNOWN} | row
    return validate(pl.DataFrame([whole], schema=table.dtypes), table).accepted


def let_in(strategy):
    """Rows that the contract lets in; what it rejects is told elsewhere."""
    return strategy.filter(lambda row: len(rows_of(*row)) == 1)


def row_of(name, fixed):
    return lambda **changes: (name, {"device_id": "odd", **fixed, **changes})


devices = st.builds(
    row_of("devices", {"kind": "x"}),
    site_id=st.sampled_from(["nowhere", "odd", "R0-S0001"]),
    installed_at=st.one_of(st.none(), INSTANTS),
    reports_every_minutes=ABSURD,
    temperature_min_c=ABSURD,
    temperature_max_c=ABSURD,
    battery_powered=st.sampled_from([None, True, False]),
    model=st.sampled_from([None, "odd", ""]),
)
channels = st.lists(
    st.fixed_dictionaries({"channel": st.sampled_from(["x", "pressure", ""]), "value": ABSURD}), max_size=3
)
reports = st.builds(
    row_of("telemetry", {}),
    at=INSTANTS | st.integers(1, 40).map(lambda hours: KNOWN - timedelta(hours=hours)),
    battery_pct=PERCENT,
    signal_dbm=st.sampled_from([None, -200.0, 20.0]),
    temperature_c=ABSURD,
    is_online=st.sampled_from([None, True, False]),
    error_count=st.sampled_from([None, 0, 2**63 - 1]),
    metrics=st.one_of(st.none(), channels),
)
events = st.builds(
    row_of("device_events", {}), at=INSTANTS, kind=st.sampled_from(["failure", "maintenance", "error", "removed"])
)
places = st.sampled_from(
    [
        ("sites", {"site_id": "odd", "client_id": "nobody", "name": "", "timezone": "Pacific/Kiritimati"}),
        ("sites", {"site_id": "odd", "client_id": "nobody", "name": "x", "timezone": "Factory", "latitude": 91.0}),
        ("clients", {"client_id": "nobody", "name": "", "plan": None, "timezone": "UTC"}),
    ]
)


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """A lake in which ticks ran until half a day before the moment."""
    folder = tmp_path_factory.mktemp("fleet")
    lake, records, first = Lake(str(folder)), fleet_of(WORLD, MOMENT), MOMENT - timedelta(hours=12)
    record_fleet(lake, records, first)
    update_hourly(lake, progress=Silent())
    told(lake, first)
    record_fleet(lake, records, MOMENT, first)
    update_hourly(lake, progress=Silent())
    return folder


def told(lake, as_of):
    """Health, risk and findings of a tick."""
    health = health_at(lake, as_of, replace_below=LEVELS.replace_below)
    risk = risk_at(lake, DeviceRule(), as_of, Explain(20))
    seen = events_of(lake).filter(pl.col("known_at") <= as_of).collect()
    return health, risk, device_findings(health, risk, seen, LEVELS, as_of)


def tick(world, odd):
    with TemporaryDirectory() as folder:
        shutil.copytree(world, folder, dirs_exist_ok=True)
        lake = Lake(folder)
        for name, row in odd:
            lake.record(TABLES[name], rows_of(name, row), loaded_at=MOMENT + timedelta(minutes=1))
        update_hourly(lake, progress=Silent())
        health, risk, found = told(lake, MOMENT)
    others = [frame.filter(pl.col("device_id") != "odd") for frame in (health, risk)]
    return [*others, found.filter(~pl.col("entity_id").is_in(["odd", "nowhere"]))]


@pytest.fixture(scope="module")
def usual(world):
    return tick(world, [])


@long
@settings(max_examples=examples(8, quick=3), deadline=None)
@given(odd=st.tuples(*map(let_in, (devices, reports, reports, st.one_of(reports, events), st.one_of(events, places)))))
def test_no_odd_row_changes_health_risk_or_findings_of_another_device(world, usual, odd):
    assert not usual[0].is_empty()
    for now, before, key in zip(tick(world, odd), usual, ("device_id", "device_id", "dedup_key"), strict=True):
        assert_frame_equal(now.sort(key), before.sort(key))


@pytest.mark.parametrize(
    ("name", "value", "rule"),
    [
        ("devices", {"site_id": "x", "reports_every_minutes": 1e308}, "reports_every_minutes: too large"),
        ("devices", {"site_id": "x", "temperature_max_c": -1e308}, "temperature_max_c: beyond 10^18"),
        ("telemetry", {"at": START, "temperature_c": 1e300}, "temperature_c: beyond 10^18"),
        (
            "telemetry",
            {"at": START, "metrics": [{"channel": "x", "value": 1e300}]},
            "metrics: entry value beyond 10^18",
        ),
    ],
)
def test_a_number_that_nothing_can_be_reckoned_with_is_refused_by_name(name, value, rule):
    table = TABLES[name]
    row = dict.fromkeys(table.columns) | {"device_id": "odd", "known_at": KNOWN, **value}
    assert validate(pl.DataFrame([row], schema=table.dtypes), table).broken["rule"].to_list() == [rule]


def test_a_battery_that_loses_next_to_nothing_is_told_by_its_charge_alone(usual):
    health = usual[0].head(3).with_columns(battery_pct=4.0, days_to_empty=pl.Series([1e300, float("inf"), 1.0]))
    told = device_findings(health, None, rows_of("device_events", {"device_id": None}), LEVELS, MOMENT)
    titles = told.filter(alert_type="low_battery_predicted")["title"].str.replace("Battery of device .* at", "at")
    assert titles.to_list() == ["at 4 %", "at 4 %", "at 4 %, empty in 24 h"]


def test_one_quotient_beyond_all_numbers_does_not_stop_a_model_for_everybody():
    told = numbers(pl.DataFrame({"a": [1.0, float("inf"), None], "b": [float("-inf"), float("nan"), 2.0]}), ["a", "b"])
    assert np.array_equal(told, [[1.0, np.nan], [np.nan, np.nan], [np.nan, 2.0]], equal_nan=True)


def test_a_device_that_was_never_heard_or_is_removed_twice_moves_no_rate_of_failures(world):
    def rates(*odd):
        with TemporaryDirectory() as folder:
            shutil.copytree(world, folder, dirs_exist_ok=True)
            lake = Lake(folder)
            for row in odd:
                lake.record(TABLES["device_events"], rows_of("device_events", row), loaded_at=MOMENT)
            history = history_of(lake)
        return streams(history.hourly, history.devices, history.events).fleet["rate"][-1]

    ghost = {"device_id": "odd", "at": KNOWN, "kind": "failure"}
    assert rates(ghost, ghost | {"kind": "removed"}) == rates()
    first, second = fleet_of(WORLD, MOMENT)["devices"]["device_id"][:2]
    removed = ghost | {"device_id": first, "kind": "removed"}
    later = ghost | {"device_id": second, "known_at": MOMENT}
    again = [removed | {"component": f"said {n} times"} for n in range(9)]
    assert rates(removed, *again, later) == rates(removed, later)
    assert rates(removed, later) != rates(later)
