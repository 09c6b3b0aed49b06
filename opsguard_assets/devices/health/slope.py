"""How fast devices lose charge, estimated robustly: reports are noisy, rounded or few.

Here: hours with charges in, one rate per device out. Not here: what a rate does to health (`health.score`).

The rate is the median of falls between hours a sixth and a half of the window apart (after Theil and Sen). They are
found by time and not by place, so a device that reports once a day has as good a rate as one that reports every minute.
Falls count only where nothing was charged between: charging is not ageing. A charge that goes up and down is noise
until it rises above the least of the last six hours by 2 points, or five deviations of its own noise (10 at most).
"""

import polars as pl

_LAG_SHARES = (1 / 6, 1 / 2)
# The other hour lies at least a lag back and at most half as far again.
_LAG_TOLERANCE = 0.5
_RISE_HOURS = 6
# Minutes since 1970 stay below it: one number orders hours by device and time.
_PLACE_MINUTES = 100_000_000
_LEAST_RISE, _MOST_RISE, _RISE_DEVIATIONS = 2.0, 10.0, 5.0
# From the median absolute deviation of differences to the standard deviation of single charges.
_DEVIATION = 1.4826 / 2**0.5


def rates_of(hours: pl.DataFrame) -> pl.DataFrame:
    """How fast charge is lost.

    Args:
        hours: Hours within the window of their device (`_place` of the device, `_window` in minutes, `hour_at`,
            `battery_first_pct`, `battery_last_pct`, `battery_min_pct`).

    Returns:
        `_place`, `_rate` (percent points a day, negative where charge is gained), `_falls` (how many it is the median
        of); devices without a fall are left out.
    """
    charged = hours.filter(pl.col("battery_last_pct").is_not_null()).sort("_place", "hour_at")
    rows = _segmented(charged)
    falls = pl.concat(_falls(rows, share) for share in _LAG_SHARES)
    return falls.group_by("_place").agg(_rate=pl.col("_fall").median(), _falls=pl.len())


def _segmented(charged: pl.DataFrame) -> pl.DataFrame:
    """Hours with the number of their discharge: a new one begins with each device and each charging."""
    charge, begins = pl.col("battery_last_pct"), (pl.col("_place") != pl.col("_place").shift(1)).fill_null(value=True)
    before = pl.when(~begins).then(charge.shift(1))
    changed = charged.with_columns(_begins=begins, _before=before, _change=charge - before)
    usual = changed.group_by("_place").agg(_usual=pl.col("_change").median())
    changed = changed.join(usual, on="_place", how="left", maintain_order="left")
    spread = changed.group_by("_place").agg(_spread=(pl.col("_change") - pl.col("_usual")).abs().median())
    rows = changed.join(spread, on="_place", how="left", maintain_order="left")
    deviations = _RISE_DEVIATIONS * _DEVIATION * pl.col("_spread")
    tolerance = deviations.clip(_LEAST_RISE, _MOST_RISE).fill_null(_LEAST_RISE)
    # For hours after a charging the least remains low: an hour that only falls begins nothing new.
    risen = (charge > pl.min_horizontal(_least_lately(), "_before") + tolerance) & (
        (charge > pl.col("_before")).fill_null(value=False) | (charge > pl.col("battery_min_pct"))
    )
    # Charged between two hours, and perhaps empty again by the end of the second.
    between = (pl.col("battery_first_pct") > pl.col("_before") + tolerance).fill_null(value=False)
    return rows.with_columns(_segment=(pl.col("_begins") | risen | between).cast(pl.Int32).cum_sum())


def _least_lately() -> pl.Expr:
    """The minimum charge of the last six hours: of at most six rows, because a row is an hour."""
    least, at, place = pl.col("battery_min_pct"), pl.col("hour_at"), pl.col("_place")
    near = [
        (place == place.shift(rows)) & (at - at.shift(rows) < pl.duration(hours=_RISE_HOURS))
        for rows in range(1, _RISE_HOURS)
    ]
    return pl.min_horizontal(least, *(pl.when(is_near).then(least.shift(n)) for n, is_near in enumerate(near, 1)))


def _falls(rows: pl.DataFrame, share: float) -> pl.DataFrame:
    """What every hour lost since the newest hour that is at least a lag older, within one discharge."""
    key = pl.col("_place").cast(pl.Int64) * _PLACE_MINUTES + pl.col("hour_at").dt.epoch("s") // 60
    lag = (pl.col("_window") * share).cast(pl.Int64)
    charges = rows.select("_place", "_segment", _charge="battery_last_pct", _key=key, _lag=lag, _back=key - lag)
    pairs = charges.join_asof(
        charges.select("_segment", "_charge", "_key"), left_on="_back", right_on="_key", suffix="_then"
    )
    minutes = pl.col("_key") - pl.col("_key_then")
    near = (pl.col("_segment") == pl.col("_segment_then")) & (minutes <= (1 + _LAG_TOLERANCE) * pl.col("_lag"))
    return pairs.filter(near).select("_place", _fall=(pl.col("_charge_then") - pl.col("_charge")) / (minutes / 1_440))
