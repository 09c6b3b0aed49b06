"""Random reports of devices with every trouble that a feed can have, as rows and as frames."""

from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
from hypothesis import strategies as st

from opsguard_assets.tables.registry import TABLES

START = datetime(2025, 3, 1, tzinfo=UTC)
TELEMETRY, DEVICES = TABLES["telemetry"], TABLES["devices"]


def minute(number: float) -> datetime:
    return START + timedelta(minutes=number)


def maybe(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.none() | values


metrics = st.lists(
    st.fixed_dictionaries({"channel": st.sampled_from(["volt", "rpm"]), "value": st.sampled_from([1.5, 2.0])}),
    max_size=3,
    unique_by=lambda metric: metric["channel"],
)
# Two devices within five hours; known at once, later, days later, or dated ahead of when it became known.
report = st.builds(
    lambda at, delay, **values: {"at": minute(at), "known_at": minute(at + delay), **values},
    device_id=st.sampled_from("ab"),
    at=st.sampled_from([0, 1, 7.5, 30, 59, 60, 61.25, 119, 180, 240]),
    delay=st.sampled_from([0, 0.1, 1, 29, 45, 61, 200, 3_000, -3, -45, -400, -4_000]),
    battery_pct=maybe(st.sampled_from([0.0, 40.5, 41.0, 99.9, 100.0])),
    signal_dbm=maybe(st.sampled_from([-120.0, -71.5, -60.0])),
    temperature_c=maybe(st.sampled_from([-10.0, 0.0, 21.5, 35.0])),
    is_online=st.sampled_from([None, True, False]),
    error_count=maybe(st.integers(0, 3)),
    metrics=maybe(metrics),
)
device = st.builds(
    lambda known, installed, **values: {
        "site_id": "s",
        "known_at": minute(known),
        "installed_at": None if installed is None else minute(installed),
        **values,
    },
    device_id=st.sampled_from("abc"),
    known=st.sampled_from([-10_000, 60, 90, 100_000]),
    installed=st.sampled_from([None, -60, 30, 400]),
    reports_every_minutes=st.sampled_from([None, 0.0, 5.0, 7.5, 360.0]),
    temperature_min_c=st.sampled_from([None, 0.0]),
    temperature_max_c=st.sampled_from([None, 30.0]),
)
deliveries = st.lists(st.lists(report, min_size=1, max_size=6), min_size=1, max_size=4)
devices = st.lists(device, max_size=4, unique_by=lambda d: (d["device_id"], d["known_at"]))


def telemetry_frame(rows: list[dict[str, Any]]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=TELEMETRY.dtypes)


def device_frame(rows: list[dict[str, Any]]) -> pl.DataFrame:
    data = [{name: row.get(name) for name in DEVICES.columns} for row in rows]
    return pl.DataFrame(data, schema=DEVICES.dtypes)
