"""The asset of rollups on a real lake and database: a run follows all loads, and says what was wrong with its day."""

from datetime import date, datetime, timedelta

import dagster as dg
import polars as pl
import pytest

from opsguard_assets.config.settings import Settings
from opsguard_assets.devices.telemetry.assets import DEVICE_HOURLY_KEY, hourly_asset
from opsguard_assets.devices.telemetry.figures import gaps, impossible_values
from opsguard_assets.devices.telemetry.hourly_io import hours_now, not_rolled_up, stored_hours
from opsguard_assets.devices.telemetry.hourly_update_io import update_hourly
from opsguard_assets.devices.telemetry.schemas import ADDED, DEVICE_HOURLY
from resources.lake import Lake
from resources.progress import Silent
from tests.devices.reports import DEVICES, START, TELEMETRY, device_frame, minute, telemetry_frame

DAY = START.date()


def report(device: str, at: float, known: float | None = None, **values):
    return {"device_id": device, "at": minute(at), "known_at": minute(at if known is None else known), **values}


@pytest.fixture
def lake(tmp_path) -> Lake:
    opened = Lake(str(tmp_path))
    known = [
        {"device_id": name, "site_id": "s", "known_at": minute(-1), "reports_every_minutes": 30.0} for name in "ab"
    ]
    opened.record(DEVICES, device_frame(known), loaded_at=START)
    reports = [report("a", at, signal_dbm=-70.0) for at in range(1, 2 * 1440, 30)]
    reports += [report("b", at, temperature_c=20.0) for at in range(1, 1440, 30) if not 300 < at < 700]
    opened.record(TELEMETRY, telemetry_frame(reports), loaded_at=START + timedelta(days=3))
    return opened


def run(lake, database, day: date, *, instance, **config) -> dg.ExecuteInProcessResult:
    asset = hourly_asset(Settings(), ready=())
    return dg.materialize(
        [asset],
        partition_key=day.isoformat(),
        instance=instance,
        resources={"lake": lake, "database": database, "progress": Silent()},
        run_config={"ops": {"devices__device_hourly": {"config": config}}},
        raise_on_error=False,
    )


@pytest.fixture
def instance():
    with dg.DagsterInstance.ephemeral() as one:
        yield one


def check(result: dg.ExecuteInProcessResult, name: str) -> dg.AssetCheckEvaluation:
    return next(found for found in result.get_asset_check_evaluations() if found.check_name == name)


def shown(result, partition: str) -> dict[str, object]:
    materialized = {m.partition: m for m in result.asset_materializations_for_node("devices__device_hourly")}
    return {name: value.value for name, value in materialized[partition].metadata.items()}


def test_a_run_of_one_day_brings_all_days_up_to_date_and_reports_each(lake, database, instance):
    result = run(lake, database, DAY, instance=instance)
    assert result.success
    assert instance.get_materialized_partitions(DEVICE_HOURLY_KEY) == {"2025-03-01", "2025-03-02"}
    mine = shown(result, "2025-03-01")
    assert (mine["reports"], mine["devices"], mine["new_reports"]) == (48 + 34, 2, 96 + 34)
    assert shown(result, "2025-03-02")["reports"] == 48
    assert "data:image/svg+xml" in mine["reports_per_hour"]
    again = run(lake, database, DAY, instance=instance)
    assert shown(again, "2025-03-01")["versions_added"] == 0


def test_a_device_that_fell_silent_and_came_back_is_told_and_a_stuck_thermometer_too(lake, database, instance):
    result = run(lake, database, DAY, instance=instance)
    silent, values = check(result, "devices_report_without_gaps"), check(result, "values_are_possible")
    assert (silent.passed, silent.severity, silent.metadata["devices"].value) == (False, dg.AssetCheckSeverity.WARN, 1)
    assert values.description == "1 devices report a temperature that never changed"
    assert check(result, "every_report_is_rolled_up").passed


def test_a_report_that_no_rollup_holds_is_told_and_withholds_no_other_device(lake, database, instance):
    update_hourly(lake, progress=Silent())
    missing = stored_hours(lake).filter(pl.col("hour_at") != minute(60)).collect()
    lake.replace(DEVICE_HOURLY.derived_name, missing, partition_by=["date"])
    wrong = not_rolled_up(lake, [(START, START + timedelta(hours=6))])
    assert wrong.rows() == [(minute(60), 4, 0)]
    beside = [report("a", 5), report("a", 125)]
    lake.record(TELEMETRY, telemetry_frame(beside), loaded_at=START + timedelta(days=4))
    result = run(lake, database, DAY, instance=instance)
    found = check(result, "every_report_is_rolled_up")
    assert (result.success, found.passed, found.severity) == (True, False, dg.AssetCheckSeverity.WARN)
    assert found.description == "2025-03-01 01:00:00.000000+00:00: 4 reports, 0 rolled up"


def test_a_day_is_rolled_again_where_that_is_asked_for(lake, database, instance):
    run(lake, database, DAY, instance=instance)
    faster = {"device_id": "a", "site_id": "s", "known_at": minute(-1), "reports_every_minutes": 360.0}
    lake.record(DEVICES, device_frame([faster]).with_columns(_sequence=pl.lit(1)), loaded_at=START + timedelta(days=4))
    assert shown(run(lake, database, DAY, instance=instance), "2025-03-01")["versions_added"] == 0
    result = run(lake, database, DAY, instance=instance, again=True)
    assert shown(result, "2025-03-01")["versions_added"] == 24
    hours = hours_now(lake, START, START + timedelta(days=2)).filter(pl.col("device_id") == "a").collect()
    minutes = hours.group_by("date").agg(pl.col("online_minutes").sum()).sort("date")["online_minutes"]
    assert minutes.to_list() == [24 * 360.0, 24 * 60.0]


def hours_frame(**columns) -> pl.DataFrame:
    rows = pl.DataFrame(columns, schema_overrides={name: DEVICE_HOURLY.dtypes[name] for name in columns})
    return pl.concat([DEVICE_HOURLY.empty(), rows], how="diagonal")


def test_values_that_no_working_sensor_gives_are_named_by_device():
    hours = hours_frame(
        device_id=["a", "b", "c", "d"],
        hour_at=[START] * 4,
        signal_mean_dbm=[-37.5, -60.0, None, 0.0],
        signal_max_dbm=[12.0, -60.0, None, 0.0],
        temperature_reports=[1, 1, 1, 30],
        temperature_min_c=[20.0, -80.0, 20.0, 20.0],
        temperature_max_c=[21.0, 20.0, 451.0, 20.0],
    )
    assert impossible_values(hours).rows() == [
        ("a", "a signal strength above 0 dBm", 12.0),
        ("b", "a temperature below -60 °C", -80.0),
        ("c", "a temperature above 150 °C", 451.0),
    ]


@pytest.mark.parametrize(("silent", "expected"), [(89, []), (90, []), (91, [("a", 1, 91.0)])])
def test_three_missing_reports_make_a_gap(silent, expected):
    begun: list[datetime] = [START, minute(10 + silent)]
    hours = hours_frame(device_id=["a", "a"], hour_at=begun, first_at=begun, last_at=[minute(10), minute(11 + silent)])
    found = gaps(hours, pl.DataFrame({"device_id": ["a"], "reports_every_minutes": [30.0]}), 3)
    assert found.select("device_id", "gaps", "longest_minutes").rows() == expected


def test_gaps_over_midnight_and_of_devices_that_report_once_a_day_are_told(tmp_path, database, instance):
    lake, day = Lake(str(tmp_path)), START.date() + timedelta(days=8)
    every = {"night": 30.0, "daily": 1440.0, "well": 1440.0}
    known = [
        {"device_id": name, "site_id": "s", "known_at": minute(-1), "reports_every_minutes": m}
        for name, m in every.items()
    ]
    lake.record(DEVICES, device_frame(known), loaded_at=START)
    at = {
        "night": [n for n in range(7, 9 * 1440, 30) if not 8 * 1440 - 240 < n < 8 * 1440 + 300],
        "daily": [600, 2040, 600 + 8 * 1440],
        "well": [600 + n * 1440 for n in range(9)],
    }
    reports = [report(name, n) for name, minutes in at.items() for n in minutes]
    lake.record(TELEMETRY, telemetry_frame(reports), loaded_at=START + timedelta(days=9))
    silent = check(run(lake, database, day, instance=instance), "devices_report_without_gaps")
    assert silent.metadata["devices"].value == 2
    result = silent.metadata["longest"].value
    assert "daily" in result
    assert "night" in result


def test_reports_that_overtook_each_other_are_counted_on_their_day(lake, database, instance):
    late = [report("a", 2, 9), report("a", 3, 4), report("a", 5, 8), report("a", 6, 6)]
    lake.record(TELEMETRY, telemetry_frame(late), loaded_at=START + timedelta(days=3, seconds=1))
    assert shown(run(lake, database, DAY, instance=instance), "2025-03-01")["unordered_reports"] == 2


def test_rollups_of_an_earlier_version_are_read_and_gone_on_with(lake, database, instance):
    """Columns that came later are unknown in them; nothing is rolled again because of that alone."""
    run(lake, database, DAY, instance=instance)
    old = stored_hours(lake).drop(ADDED).collect()
    lake.replace(DEVICE_HOURLY.derived_name, old, partition_by=["date"])
    lake.record(TELEMETRY, telemetry_frame([report("a", 2)]), loaded_at=START + timedelta(days=4))
    assert shown(run(lake, database, DAY, instance=instance), "2025-03-01")["versions_added"] == 1
    hours = hours_now(lake, START, START + timedelta(days=2)).filter(pl.col("device_id") == "a").collect()
    assert hours["signal_max_dbm"].drop_nulls().to_list() == [-70.0]
    run(lake, database, DAY, instance=instance, again=True)
    assert hours_now(lake, START, minute(1440)).collect()["unordered_reports"].null_count() == 0


def test_without_an_interval_nothing_is_missing():
    hours = hours_frame(
        device_id=["a", "a"], hour_at=[START, minute(600)], first_at=[START, minute(600)], last_at=[START, minute(600)]
    )
    assert gaps(
        hours,
        pl.DataFrame(
            {"device_id": ["a"], "reports_every_minutes": [None]},
            schema_overrides={"reports_every_minutes": pl.Float64},
        ),
        3,
    ).is_empty()
