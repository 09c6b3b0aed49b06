"""The figures of a day of rollups, and values in it that cannot be right.

Here: pure arithmetic on the hours of a day. Not here: drawing (`telemetry.plot`), and the health of a device
(`health.score`).
"""

import polars as pl

# Radios report received power: above 0 dBm (1 mW at the antenna) the number is a percentage or an error code.
MOST_DBM = 0.0
# Electronics in service: below and above is a sensor that is open, shorted, or says degrees Fahrenheit or Kelvin.
LEAST_C, MOST_C = -60.0, 150.0
# Thermometers resolve a tenth of a degree or less, and no room keeps to that for so long.
STUCK_HOURS, STUCK_REPORTS = 12, 24
GAP_READ = ("device_id", "hour_at", "first_at", "last_at")


def day_figures(hours: pl.DataFrame) -> pl.DataFrame:
    """One row per day of some hours: `date`, reports, late, future and unordered ones, devices, hours, newest load."""
    return (
        hours.group_by("date")
        .agg(
            pl.col("reports", "late_reports", "future_reports", "unordered_reports").sum(),
            pl.col("device_id").n_unique().alias("devices"),
            pl.len().alias("hours"),
            pl.col("rolled_at").max(),
        )
        .sort("date")
    )


def reports_per_hour(hours: pl.DataFrame) -> pl.DataFrame:
    """How many reports each hour of a day holds, and how many came late: (`hour`, `reports`, `late_reports`)."""
    day = pl.DataFrame({"hour": range(24)}, schema={"hour": pl.Int8})
    rows = hours.group_by(pl.col("hour_at").dt.hour().alias("hour")).agg(pl.col("reports", "late_reports").sum())
    return day.join(rows, on="hour", how="left").fill_null(0).sort("hour")


def gaps(hours: pl.DataFrame, devices: pl.DataFrame, silent_intervals: float) -> pl.DataFrame:
    """Devices that came back on a day after they had fallen silent.

    Args:
        hours: The hours of one day, and of each device the last one before it (DEVICE_HOURLY).
        devices: (`device_id`, `reports_every_minutes`); without an interval nobody can say that a report is missing.
        silent_intervals: A device is silent after so many intervals without a report.

    Returns:
        (`device_id`, `gaps`, `longest_minutes`, `silent_from`), the longest first. Gaps within an hour are too short to
        be seen here unless the interval is: they cost online minutes instead.
    """
    every = pl.col("reports_every_minutes")
    known = devices.filter(every > 0).select("device_id", "reports_every_minutes")
    in_order = hours.join(known, on="device_id").sort("device_id", "hour_at")
    same = pl.col("device_id") == pl.col("device_id").shift()
    silent = (pl.col("first_at") - pl.col("last_at").shift()).dt.total_seconds() / 60
    paired = in_order.with_columns(
        silent_minutes=pl.when(same).then(silent), silent_from=pl.when(same).then(pl.col("last_at").shift())
    )
    long = paired.filter(pl.col("silent_minutes") > silent_intervals * every).sort("silent_minutes", descending=True)
    return (
        long.group_by("device_id", maintain_order=True)
        .agg(
            pl.len().alias("gaps"),
            longest_minutes=pl.col("silent_minutes").first(),
            silent_from=pl.col("silent_from").first(),
        )
        .sort("longest_minutes", "device_id", descending=[True, False])
    )


def impossible_values(hours: pl.DataFrame) -> pl.DataFrame:
    """Devices with values that no working sensor reports.

    Args:
        hours: The hours of one day (DEVICE_HOURLY). A charge outside 0 to 100 % is rejected on intake.

    Returns:
        (`device_id`, `what`, `value`), by device.
    """
    heat = pl.col("temperature_reports").sum()
    days = hours.group_by("device_id").agg(
        signal=pl.max_horizontal("signal_mean_dbm", "signal_max_dbm").max(),
        least=pl.col("temperature_min_c").min(),
        most=pl.col("temperature_max_c").max(),
        heat=heat,
        heat_hours=(pl.col("temperature_reports") > 0).sum(),
    )
    least, most = pl.col("least"), pl.col("most")
    stuck = (least == most) & (pl.col("heat") >= STUCK_REPORTS) & (pl.col("heat_hours") >= STUCK_HOURS)
    troubles = [
        (pl.col("signal") > MOST_DBM, "a signal strength above 0 dBm", pl.col("signal")),
        (least < LEAST_C, "a temperature below -60 °C", least),
        (most > MOST_C, "a temperature above 150 °C", most),
        (stuck, "a temperature that never changed", most),
    ]
    found = [
        days.filter(is_so).select("device_id", pl.lit(what).alias("what"), value.alias("value"))
        for is_so, what, value in troubles
    ]
    return pl.concat(found).sort("device_id", "what")
