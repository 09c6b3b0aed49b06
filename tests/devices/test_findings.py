"""What is found of devices: thresholds with hysteresis, one alert for a site, maintenance, and nothing lost."""

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from opsguard_assets.alerts.finding import GROUPED, IN_MAINTENANCE, checked
from opsguard_assets.devices.alerts.alert_types import FAILURE_RISK, LOW_BATTERY, REPLACE, SILENT, SITE_SILENT
from opsguard_assets.devices.alerts.findings import Levels, device_findings

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
INSTANT = pl.Datetime("us", "UTC")
_HEALTH = {
    "device_id": pl.String, "site_id": pl.String, "client_id": pl.String, "kind": pl.String, "score": pl.Float64,
    "battery_score": pl.Float64, "signal_score": pl.Float64, "uptime_score": pl.Float64, "battery_pct": pl.Float64,
    "days_to_empty": pl.Float64, "last_at": INSTANT, "silence_minutes": pl.Float64,
    "reports_every_minutes": pl.Float64, "below_60_since_at": INSTANT, "reason": pl.String,
}  # fmt: skip
_RISK = {
    "device_id": pl.String, "site_id": pl.String, "client_id": pl.String, "kind": pl.String, "state": pl.String,
    "risk_1h": pl.Float64, "risk_24h": pl.Float64, "risk_7d": pl.Float64, "risk_30d": pl.Float64, "mode": pl.String,
    "action": pl.String, "silence_minutes": pl.Float64, "reason": pl.String, "model_name": pl.String,
    "model_version": pl.String, "model_run_id": pl.String,
}  # fmt: skip
_EVENTS = {"device_id": pl.String, "at": INSTANT, "kind": pl.String}


def well(name, site="s1", *, silent=5.0, **given):
    usual = dict.fromkeys(_HEALTH) | {
        "device_id": name, "site_id": site, "client_id": "c", "kind": "door", "score": 95.0, "battery_pct": 80.0,
        "last_at": NOW - timedelta(minutes=silent), "silence_minutes": silent, "reports_every_minutes": 15.0,
        "reason": "well",
    }  # fmt: skip
    return usual | given


def found(*health, risks=(), events=(), levels=None):
    risk = [
        dict.fromkeys(_RISK) | {"device_id": name, "site_id": "s1", "risk_24h": value, "reason": "wear"}
        for name, value in risks
    ]
    rows = device_findings(
        pl.DataFrame(health, schema=_HEALTH),
        pl.DataFrame(risk, schema=_RISK),
        pl.DataFrame(events, schema=_EVENTS, orient="row"),
        levels or Levels(),
        NOW,
    )
    return checked(rows)


def told(rows, kind):
    return {row["entity_id"]: row for row in rows.filter(alert_type=kind).iter_rows(named=True)}


def test_a_failure_risk_raises_from_65_percent_and_its_severity_rises_with_it():
    rows = told(found(risks=[("a", 0.5), ("b", 0.6), ("c", 0.65), ("d", 0.7), ("e", 0.8)]), FAILURE_RISK)
    assert {name: (row["is_raising"], row["severity"]) for name, row in rows.items()} == {
        "b": (False, "low"), "c": (True, "low"), "d": (True, "medium"), "e": (True, "high"),
    }  # fmt: skip
    assert rows["c"]["title"] == "Device c is likely to fail or go offline within 24 hours (65 %)"


@pytest.mark.parametrize(("silent", "expected"), [(29, None), (31, False), (44.9, False), (45, True)])
def test_a_device_is_silent_after_three_intervals_and_is_held_from_two(silent, expected):
    rows = told(found(well("a", silent=silent)), SILENT)
    assert (rows["a"]["is_raising"] if rows else None) is expected


def test_a_device_without_an_interval_is_never_silent():
    assert found(well("a", silent=9_999.0, reports_every_minutes=None)).is_empty()


@pytest.mark.parametrize(
    ("days", "charge", "expected"),
    [(2.1, 40, (False, "medium")), (1.9, 40, (True, "medium")), (0.9, 40, (True, "high")), (None, 4, (True, "high")),
     (None, 40, None), (3.1, 40, None)],
)  # fmt: skip
def test_a_battery_that_is_empty_within_two_days_is_alerted(days, charge, expected):
    rows = told(found(well("a", days_to_empty=days, battery_pct=float(charge))), LOW_BATTERY)
    assert ((rows["a"]["is_raising"], rows["a"]["severity"]) if rows else None) == expected


def test_a_device_that_is_unwell_for_a_week_is_to_be_replaced():
    since = {"a": 6.9, "b": 7.0}
    health = [well(n, score=50.0, below_60_since_at=NOW - timedelta(days=days)) for n, days in since.items()]
    assert set(told(found(*health), REPLACE)) == {"b"}


def gateway(silent, total, *, spread=0.0):
    return [
        well(f"d{n}", silent=200.0 + spread * n if n < silent else 5.0, reports_every_minutes=15.0)
        for n in range(total)
    ]


def test_a_site_whose_gateway_dies_gives_one_alert_and_its_devices_are_grouped_under_it():
    rows = found(*gateway(180, 200), *[well(f"o{n}", "s2") for n in range(9)])
    assert list(told(rows, SITE_SILENT)) == ["s1"]
    assert told(rows, SITE_SILENT)["s1"]["title"] == "Site s1 has fallen silent: 180 of 200 devices"
    assert {row["withheld"] for row in told(rows, SILENT).values()} == {GROUPED}
    assert len(told(rows, SILENT)) == 180


@pytest.mark.parametrize(
    ("silent", "total", "spread"),
    [(4, 4, 0), (5, 9, 0), (10, 10, 60.0)],
    ids=["too few", "too small a share", "one by one"],
)
def test_devices_that_fall_silent_by_themselves_are_no_site(silent, total, spread):
    rows = found(*gateway(silent, total, spread=spread))
    assert not told(rows, SITE_SILENT)
    assert {row["withheld"] for row in told(rows, SILENT).values()} == {None}


def test_maintenance_mutes_for_four_hours_with_a_record():
    at = {"a": 3.9, "b": 4.1}
    events = [(name, NOW - timedelta(hours=hours), "maintenance") for name, hours in at.items()]
    rows = told(found(*(well(name, silent=100.0) for name in at), events=events), SILENT)
    assert rows["a"]["withheld"] == IN_MAINTENANCE
    assert rows["b"]["withheld"] is None


def test_hostile_names_are_carried_as_they_are():
    name = "<script>alert(1)</script>\x00'; DROP TABLE alerts;--"
    rows = found(well(name, silent=100.0))
    assert rows["entity_id"].item().startswith("<script>")
    assert "\x00" not in rows["title"].item()
