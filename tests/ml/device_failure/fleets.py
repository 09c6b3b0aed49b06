"""Small random fleets: rollups in several versions, devices and their events, for tests of features and lives."""

import random
from datetime import UTC, datetime, timedelta

import polars as pl

INSTANT = pl.Datetime("us", "UTC")
START = datetime(2026, 1, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
_HOURLY = {
    "device_id": pl.String, "hour_at": INSTANT, "known_at": INSTANT, "first_at": INSTANT, "last_at": INSTANT,
    "is_online": pl.Boolean, "reports": pl.Int64, "online_minutes": pl.Float64, "expected_minutes": pl.Float64,
    "battery_last_pct": pl.Float64, "discharge_pct": pl.Float64, "discharge_minutes": pl.Float64,
    "signal_mean_dbm": pl.Float64, "signal_std_db": pl.Float64, "temperature_mean_c": pl.Float64,
    "temperature_min_c": pl.Float64, "temperature_max_c": pl.Float64, "temperature_out_minutes": pl.Float64,
    "errors": pl.Int64,
    "channels": pl.List(
        pl.Struct(
            {
                "channel": pl.String, "reports": pl.Int64, "first": pl.Float64, "last": pl.Float64, "min": pl.Float64,
                "max": pl.Float64, "mean": pl.Float64, "std": pl.Float64, "changes": pl.Int64, "changed_at": INSTANT,
            }
        )
    ),
}  # fmt: skip
_EVENTS = {"device_id": pl.String, "at": INSTANT, "kind": pl.String, "component": pl.String, "known_at": INSTANT}


def hourly(rows):
    """Rollups of the given fields; what is not given is as of a device that is well."""
    usual = {
        "is_online": True, "reports": 4, "online_minutes": 60.0, "expected_minutes": 60.0, "battery_last_pct": 80.0,
        "discharge_pct": 0.0, "discharge_minutes": 45.0, "signal_mean_dbm": -80.0, "signal_std_db": 1.0,
        "temperature_mean_c": 20.0, "temperature_min_c": 19.0, "temperature_max_c": 21.0,
        "temperature_out_minutes": 0.0, "errors": 0, "channels": [],
    }  # fmt: skip
    filled = []
    for row in rows:
        begins = row["hour_at"]
        usual_times = {"first_at": begins, "last_at": begins + timedelta(minutes=45), "known_at": begins + HOUR}
        filled.append({**usual, **usual_times, **row})
    return pl.DataFrame(filled, schema=_HOURLY).sort("device_id", "hour_at", "known_at")


def up(device, hours):
    """Rollups of a device that was heard in some hours after the start."""
    return [{"device_id": device, "hour_at": START + n * HOUR} for n in hours]


def devices(*names, interval=15.0, **fields):
    """Devices that were known from the start."""
    rows = [
        {
            "device_id": name, "site_id": "s", "kind": "door", "model": "m", "installed_at": None,
            "reports_every_minutes": interval, "temperature_min_c": 0.0, "temperature_max_c": 40.0,
            "battery_powered": True, "known_at": START, **fields,
        }
        for name in names
    ]  # fmt: skip
    types = {"installed_at": INSTANT, "known_at": INSTANT, "reports_every_minutes": pl.Float64}
    return pl.DataFrame(rows, schema_overrides=types)


def events(*rows):
    """Events: (device, hours after the start, kind), known at once."""
    result = [(d, START + timedelta(hours=h), kind, "battery", START + timedelta(hours=h)) for d, h, kind in rows]
    return pl.DataFrame(result, schema=_EVENTS, orient="row")


def random_hourly(seed, names=("a", "b", "c"), count=60, hours=120):
    """Rollups with late and repeated versions."""
    luck = random.Random(seed)  # noqa: S311 - worlds, not secrets
    rows = {}
    for name in names:
        for _ in range(count):
            hour = luck.randrange(hours)
            known = hour + 1 + (luck.randrange(30) if luck.random() < 0.25 else 0)
            rows[name, hour, known] = _random_row(luck, name, hour, known)
    return hourly(rows.values())


def _random_row(luck, name, hour, known):
    at = START + hour * HOUR
    return {
        "device_id": name,
        "hour_at": at,
        "known_at": START + known * HOUR,
        "first_at": at + timedelta(minutes=luck.randrange(20)),
        "last_at": at + timedelta(minutes=40 + luck.randrange(19)),
        "is_online": luck.choice([True, None, False]),
        "reports": luck.randrange(1, 5),
        "online_minutes": luck.choice([15.0, 60.0, None]),
        "battery_last_pct": luck.choice([None, 50.0, 49.0, 80.0]),
        "discharge_pct": luck.choice([0.0, 1.0, None]),
        "discharge_minutes": luck.choice([45.0, 0.0, None]),
        "signal_mean_dbm": luck.choice([None, -80.0 - luck.random()]),
        "temperature_out_minutes": luck.choice([0.0, 15.0, None]),
        "errors": luck.randrange(3),
        "channels": [_channel(luck, name, at) for name in ("x", "y") if luck.random() < 0.7],
    }


def _channel(luck, name, at):
    return {
        "channel": name, "reports": 2, "first": float(luck.randrange(3)), "last": float(luck.randrange(3)), "min": 0.0,
        "max": 2.0, "mean": 1.0, "std": 0.1, "changes": luck.randrange(2), "changed_at": at + timedelta(minutes=20),
    }  # fmt: skip
