"""Devices and their hours by hand, and the health that they have, as tests of health want them."""

from collections import defaultdict
from datetime import UTC, datetime, timedelta

import polars as pl

from opsguard_assets.devices.health.score import Seen, device_health
from opsguard_assets.devices.health.words import with_reasons
from tests.devices.oracle_rollup import hour_of, one_hour

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
INSTANT = pl.Datetime("us", "UTC")
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
_HOURLY = {
    "device_id": pl.String, "hour_at": INSTANT, "reports": pl.Int64, "first_at": INSTANT, "last_at": INSTANT,
    "online_minutes": pl.Float64, "expected_minutes": pl.Float64, "battery_first_pct": pl.Float64,
    "battery_last_pct": pl.Float64, "battery_min_pct": pl.Float64, "signal_mean_dbm": pl.Float64,
    "signal_std_db": pl.Float64, "temperature_out_minutes": pl.Float64,
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
    begins = NOW - (ago + 1) * HOUR
    usual = {
        "device_id": "a", "hour_at": begins, "reports": 4, "first_at": begins + timedelta(minutes=5),
        "last_at": begins + timedelta(minutes=50), "online_minutes": 60.0, "expected_minutes": 60.0,
        "battery_first_pct": charge, "battery_last_pct": charge, "battery_min_pct": charge, "signal_mean_dbm": -60.0,
        "signal_std_db": 0.0, "temperature_out_minutes": 0.0,
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


def heard_at(times, every, **given):
    """The hours of a device whose reports came at these moments, as the rollup counts them."""
    result = {"error_count": None, "metrics": None, "is_online": None, "battery_pct": 100.0, "signal_dbm": -60.0}
    reports = defaultdict(list)
    for at in sorted(times):
        reports[hour_of(at)].append({"at": at, "known_at": at, "temperature_c": 20.0} | result | given)
    of = {"reports_every_minutes": every, "temperature_min_c": 0.0, "temperature_max_c": 40.0}
    return [
        {"device_id": "a", "hour_at": hour} | {k: v for k, v in one_hour(inside, hour, of).items() if k in _HOURLY}
        for hour, inside in reports.items()
    ]


def every_so_often(every, phase=0.5, early_or_late=lambda: 0.0):
    """The moments at which a device reports that misses nothing, over its window; shares are of the interval."""
    count = int(max(72 * 60, 18 * every) / every) + 2
    times = [NOW - (n + phase + early_or_late()) * timedelta(minutes=every) for n in range(count)]
    return [at for at in times if at < NOW]


NEVER = dict.fromkeys(_EVER)


def health(hours, of=None, ever=None, before=None):
    return healths(hours, [of or device()], [ever or ever_of(hours)], [before] if before else []).row(0, named=True)


def healths(hours, devices, ever, before=()):
    seen = Seen(
        pl.DataFrame(hours, schema=_HOURLY),
        pl.DataFrame(devices, schema=_DEVICE),
        pl.DataFrame(ever, schema=_EVER),
        pl.DataFrame(before, schema=_BEFORE),
    )
    return with_reasons(device_health(seen, NOW))
