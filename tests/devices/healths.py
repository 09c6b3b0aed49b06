"""Devices and their hours by hand, and the health that they have, as tests of health want them."""

from datetime import UTC, datetime, timedelta

import polars as pl

from opsguard_assets.devices.health import Seen, device_health
from opsguard_assets.devices.health_words import with_reasons

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
INSTANT = pl.Datetime("us", "UTC")
HOUR = timedelta(hours=1)
_HOURLY = {
    "device_id": pl.String, "hour_at": INSTANT, "reports": pl.Int64, "online_minutes": pl.Float64,
    "expected_minutes": pl.Float64, "battery_first_pct": pl.Float64, "battery_last_pct": pl.Float64,
    "battery_min_pct": pl.Float64, "signal_mean_dbm": pl.Float64, "signal_std_db": pl.Float64,
    "temperature_out_minutes": pl.Float64,
}  # fmt: skip
_DEVICE = {
    "device_id": pl.String, "site_id": pl.String, "kind": pl.String, "reports_every_minutes": pl.Float64,
    "battery_powered": pl.Boolean, "installed_at": INSTANT, "temperature_min_c": pl.Float64,
    "temperature_max_c": pl.Float64,
}  # fmt: skip
_EVER = {
    "device_id": pl.String, "first_at": INSTANT, "last_at": INSTANT, "battery_last_pct": pl.Float64,
    "signal_mean_dbm": pl.Float64, "temperature_mean_c": pl.Float64,
}  # fmt: skip
_BEFORE = {
    "device_id": pl.String, "battery_last_pct": pl.Float64, "signal_mean_dbm": pl.Float64, "signal_std_db": pl.Float64,
    "temperature_out_share": pl.Float64,
}  # fmt: skip


def device(**given):
    usual = {
        "device_id": "a", "site_id": "s", "kind": "door", "reports_every_minutes": 15.0, "battery_powered": True,
        "installed_at": NOW - timedelta(days=30), "temperature_min_c": 0.0, "temperature_max_c": 40.0,
    }  # fmt: skip
    return usual | given


def heard(ago, **given):
    """What was heard in the hour that ended so many hours ago; a device that is well."""
    charge = given.get("battery_last_pct", 90.0)
    usual = {
        "device_id": "a", "hour_at": NOW - (ago + 1) * HOUR, "reports": 4, "online_minutes": 60.0,
        "expected_minutes": 60.0, "battery_first_pct": charge, "battery_last_pct": charge, "battery_min_pct": charge,
        "signal_mean_dbm": -60.0, "signal_std_db": 0.0, "temperature_out_minutes": 0.0,
    }  # fmt: skip
    return usual | given


def ever_of(hours, first=NOW - timedelta(days=30)):
    """What was ever heard: by the hours, and before them."""
    newest = sorted(hours, key=lambda hour: hour["hour_at"])

    def last(name):
        return next((hour[name] for hour in reversed(newest) if hour[name] is not None), None)

    at = newest[-1]["hour_at"] + timedelta(minutes=50) if newest else first
    return {
        "device_id": "a", "first_at": first, "last_at": at, "battery_last_pct": last("battery_last_pct"),
        "signal_mean_dbm": last("signal_mean_dbm"), "temperature_mean_c": 20.0,
    }  # fmt: skip


NEVER = dict.fromkeys(_EVER)


def health(hours, of=None, ever=None, before=None):
    of = of or device()
    seen = Seen(
        pl.DataFrame(hours, schema=_HOURLY),
        pl.DataFrame([of], schema=_DEVICE),
        pl.DataFrame([ever or ever_of(hours)], schema=_EVER),
        pl.DataFrame([before] if before else [], schema=_BEFORE),
    )
    return with_reasons(device_health(seen, NOW)).row(0, named=True)
