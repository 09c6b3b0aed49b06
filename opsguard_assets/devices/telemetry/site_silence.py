"""Sites that fall silent as a whole: a gateway died, and every device behind it looks dead.

Here: which devices fell silent together, and which of them still have time to report after their site came back.
Not here: the findings made of it (`findings`).

Devices report at different moments of their interval. So a device that an outage silenced was heard last up to some
intervals before the outage (`site_within_intervals`). The instant that fits most overdue devices of a site is taken as
the beginning of its outage. A device that was heard after it counts against the outage. A device that was neither due
nor heard since does not count, and neither does one that fell silent long before.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

import polars as pl

from opsguard_assets.tables.values import INSTANT

# Clocks and networks delay reports a little: one is missed when it is overdue by a fifth of the interval. One lost
# report is not an outage: the site is alerted when the first of its devices is silent.
MISSED_INTERVALS = 1.2
READ = ("device_id", "site_id", "client_id", "last_at", "silence_minutes", "reports_every_minutes")
_TICK_MINUTES = 60.0
_INTERVAL, _MISSED, _TOGETHER, _OUTAGE = pl.col("reports_every_minutes"), "_missed", "_together", "_outage_at"


@dataclass(frozen=True)
class Together:
    """When silent devices of a site count as one outage.

    Attributes:
        silent_intervals: Reporting intervals after which a device is silent.
        site_devices: Minimum number of devices of the site that count.
        site_share: Minimum share of them that fell silent.
        site_within_intervals: Maximum time between their last reports, in reporting intervals.
    """

    silent_intervals: float
    site_devices: int
    site_share: float
    site_within_intervals: float


def silent_together(health: pl.DataFrame, levels: Together) -> pl.DataFrame:
    """The devices of sites that fell silent as a whole.

    Args:
        health: Rows of devices at one tick (READ).
        levels: When they count as one outage.

    Returns:
        The rows of these devices with `devices` (those of the site that fell silent or were heard since), `silent` (how
        many fell silent), `since_at` (when the last of them was heard) and `is_raising` (one of them is silent).
    """
    due = health.filter(_INTERVAL > 0, pl.col("last_at").is_not_null(), pl.col("site_id").is_not_null())
    overdue = due.with_columns((pl.col("silence_minutes") >= MISSED_INTERVALS * _INTERVAL).alias(_MISSED))
    placed = overdue.join(_outages(overdue.filter(_MISSED), levels), on="site_id")
    near = _until(levels) >= pl.col(_OUTAGE)
    rows = placed.with_columns((pl.col(_MISSED) & (pl.col("last_at") <= pl.col(_OUTAGE)) & near).alias(_TOGETHER))
    heard, together = pl.col("last_at") > pl.col(_OUTAGE), pl.col(_TOGETHER)
    silent = together & (pl.col("silence_minutes") >= levels.silent_intervals * _INTERVAL)
    counted = rows.with_columns(
        devices=(heard | together).sum().over("site_id"),
        silent=together.sum().over("site_id"),
        since_at=_OUTAGE,
        is_raising=silent.any().over("site_id"),
    )
    share = pl.col("silent") >= levels.site_share * pl.col("devices")
    found = counted.filter(_TOGETHER, pl.col("devices") >= levels.site_devices, share)
    return found.drop(_MISSED, _TOGETHER, _OUTAGE)


def waited_for(health: pl.DataFrame, before: pl.DataFrame, levels: Together, as_of: datetime) -> pl.Series:
    """The devices whose site came back so recently that their own next report is not overdue yet.

    Args:
        health: Rows of devices at the tick (READ).
        before: The same of ticks before it, with `as_of`.
        levels: When silent devices of a site count as one outage.
        as_of: The tick.

    Returns:
        The devices that were part of a silent site at one of the previous ticks and were not heard since. They get
        one tick, or until they have missed a report, whichever is longer.
    """
    ticks = before.partition_by("as_of") if len(before) else []
    silent = [silent_together(tick, levels).select("device_id", "last_at", "as_of") for tick in ticks]
    if not silent:
        return pl.Series("device_id", [], pl.String)
    patience = pl.max_horizontal(pl.lit(_TICK_MINUTES), MISSED_INTERVALS * _INTERVAL)
    passed = (pl.lit(as_of, INSTANT) - pl.col("as_of")).dt.total_microseconds() / 60e6
    same = health.select("device_id", "last_at", "reports_every_minutes").join(
        pl.concat(silent), on=["device_id", "last_at"]
    )
    return same.filter(passed <= patience)["device_id"].unique()


def looked_back(health: pl.DataFrame) -> timedelta:
    """How far back `waited_for` needs ticks: at most half a day."""
    longest = health.select((MISSED_INTERVALS * _INTERVAL).max()).item() or 0.0
    return timedelta(minutes=min(max(longest, _TICK_MINUTES), 720.0))


def _until(levels: Together) -> pl.Expr:
    """The latest time at which an outage may have begun, given the last report of a device."""
    width = (levels.site_within_intervals * _INTERVAL * 60e6).cast(pl.Int64)
    return pl.col("last_at") + pl.duration(microseconds=width)


def _outages(overdue: pl.DataFrame, levels: Together) -> pl.DataFrame:
    """(`site_id`, `_outage_at`): the instant that fits the silence of most devices, the latest of several."""
    begins = overdue.select("site_id", pl.col("last_at").alias(_OUTAGE), change=pl.lit(1))
    ends = overdue.select("site_id", _until(levels).alias(_OUTAGE), change=pl.lit(-1))
    # A sweep over the spans in which each device may have been cut off. Beginnings come first, so that spans that only
    # touch share the instant.
    in_order = pl.concat([begins, ends]).sort("site_id", _OUTAGE, "change", descending=[False, False, True])
    fitting = in_order.with_columns(fits=pl.col("change").cum_sum().over("site_id"))
    best = fitting.sort("site_id", "fits", _OUTAGE).unique("site_id", keep="last", maintain_order=True)
    return best.select("site_id", _OUTAGE)
