"""The derived tables of devices: their columns and meanings, as asset pages show them.

Here: shapes. Not here: computing them (`rollup`, `health.score`, `risk`).

An hour's rollup exists in as many versions as there were full hours at which more of its reports were known: ticks run
on full hours, so a version is dated to the full hour from which a tick could see it. Which version counted at a moment
is decided on reading; nothing is overwritten.
"""

import dataframely as dy

from opsguard_assets.tables.derived import count, instant, number, text
from opsguard_assets.tables.table import Table


class DeviceHourly(dy.Schema):
    """What a device reported in one hour, as far as it was known by a full hour."""

    device_id = text("the device", nullable=False)
    hour_at = instant("beginning of the hour in which it was heard", nullable=False)
    known_at = instant("full hour from which a tick could see this version", nullable=False)
    rolled_at = instant(
        "the newest load that this version was made of; the greater one replaces the other", nullable=False
    )
    reports = count("distinct reports", nullable=False)
    late_reports = count("of them, those that became known more than an hour after they were measured", nullable=False)
    future_reports = count(
        "of them, those dated after they became known: counted in the hour in which they were", nullable=False
    )
    unordered_reports = dy.Int64(
        nullable=True,
        description="of them, those known after one that was heard later; null where an earlier OpsGuard rolled",
    )
    first_at = instant("when its first report was heard; null where a correction took all reports away")
    last_at = instant("when its last report was heard")
    is_online = dy.Bool(nullable=True, description="what the last report said of being online; null: it did not say")
    online_minutes = number(
        "minutes that reports vouch for: distinct intervals with an online report, times interval; they are "
        "counted from the middle of that of the hour's first report"
    )
    expected_minutes = number("minutes of the hour in which it should have been online; null without an interval")
    battery_reports = count("reports with a charge", nullable=False)
    battery_first_pct = number("first charge of the hour, percent")
    battery_first_at = instant("when it was measured")
    battery_last_pct = number("last charge of the hour, percent")
    battery_last_at = instant("when it was measured")
    battery_min_pct = number("least charge, percent")
    discharge_pct = number(
        "charge lost between successive reports of the hour that do not rise, percent points; null without a charge"
    )
    discharge_minutes = number("minutes between these reports")
    signal_reports = count("reports with a signal strength", nullable=False)
    signal_mean_dbm = number("mean received signal strength, dBm")
    signal_std_db = number("its standard deviation within the hour (population), dB")
    signal_max_dbm = number("greatest, dBm; null without a signal, and where an earlier OpsGuard rolled")
    temperature_reports = count("reports with a temperature", nullable=False)
    temperature_mean_c = number("mean, degrees Celsius")
    temperature_min_c = number("least, degrees Celsius")
    temperature_max_c = number("greatest, degrees Celsius")
    temperature_out_minutes = number(
        "minutes outside the device's allowed range: reports outside times interval, at most 60; without an interval "
        "the reports share the hour evenly; null without a range or a temperature"
    )
    errors = count("errors reported", nullable=False)
    channels = dy.List(
        dy.Struct(
            {
                "channel": dy.String(nullable=False),
                "reports": dy.Int64(nullable=False),
                "first": dy.Float64(nullable=True),
                "last": dy.Float64(nullable=True),
                "min": dy.Float64(nullable=True),
                "max": dy.Float64(nullable=True),
                "mean": dy.Float64(nullable=True),
                "std": dy.Float64(nullable=True),
                "changes": dy.Int64(nullable=False),
                "changed_at": dy.Datetime(nullable=True, time_zone="UTC"),
            }
        ),
        nullable=True,
        description="the same for every channel of `metrics`, with how often the value changed in the hour, and when",
    )
    date = dy.Date(nullable=False, description="day of `hour_at`; the partition")


class StoredHour(DeviceHourly):
    """A version of an hour as the lake keeps it: two columns beside the contract make reading cheap."""

    ordinal = dy.Int32(
        nullable=False,
        alias="_ordinal",
        description="versions of this hour that existed when this one was added above them; -1: below one of them",
    )
    replaces = dy.Bool(nullable=False, alias="_replaces", description="whether a version of the same full hour existed")


# Columns that tables of earlier versions lack; their hours are filled when they are rolled again.
ADDED = ("unordered_reports", "signal_max_dbm")
DEVICE_HOURLY = Table(
    name="device_hourly",
    room="devices",
    schema=DeviceHourly,
    key=("device_id", "hour_at"),
    happened_at="hour_at",
)
