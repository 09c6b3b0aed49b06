"""The last rows of the streams of devices, kept by the day: what a tick reads instead of the history.

Here: when a day's rows are made, kept and found again. Not here: the streams themselves (`ml.device_failure.states`).

The rows of a midnight say what was known by then; no later arrival changes them, unless it claims to have been known
earlier. Then the rows from that midnight on are made again.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

import polars as pl

from ml.device_failure.states import channel_states, device_states
from ml.device_failure.streams import Carried
from opsguard_assets.devices.hourly_store import hourly_versions
from opsguard_assets.devices.risk_stored import CARRIED_CHANNELS, CARRIED_DEVICES
from opsguard_assets.tables.versions import INSTANT
from resources.lake import Lake

_HOUR = ["device_id", "hour_at"]


@dataclass(frozen=True)
class Kept:
    """Rows that are kept of a midnight.

    Attributes:
        as_of: The midnight.
        rolled_upto: The newest load that they were made of.
    """

    as_of: datetime
    rolled_upto: datetime | None


def carried_at(lake: Lake, as_of: datetime) -> tuple[Carried | None, pl.DataFrame]:
    """The rows of the last midnight, made where they are missing, and the rollups that became known since.

    Returns:
        The rows (None before anything was known), and versions of rollups as `device_states` wants them.
    """
    midnight = as_of.replace(hour=0, minute=0, second=0, microsecond=0)
    kept = _newest(lake, midnight)
    if kept is None or kept.as_of < midnight:
        carried = _advanced(lake, kept, midnight)
        kept = Kept(midnight, None)
    else:
        carried = _read(lake, kept.as_of)
    return (carried if len(carried.devices) else None), _between(lake, kept.as_of, as_of)


def _newest(lake: Lake, midnight: datetime) -> Kept | None:
    """The newest kept rows that nothing has contradicted since."""
    if not lake.exists(CARRIED_DEVICES):
        return None
    slices = (
        lake.scan(CARRIED_DEVICES)
        .filter(pl.col("date") <= midnight.date())
        .group_by("date")
        .agg(pl.col("carried_at").first(), pl.col("rolled_upto").first())
        .sort("date", descending=True)
        .collect()
    )
    rolled = hourly_versions(lake).select("known_at", "rolled_at")
    for at, upto in slices.select("carried_at", "rolled_upto").iter_rows():
        later = rolled.filter(pl.col("rolled_at") > pl.lit(upto, INSTANT), pl.col("known_at") <= pl.lit(at, INSTANT))
        if later.head(1).collect().is_empty():
            return Kept(at, upto)
    return None


def _read(lake: Lake, at: datetime) -> Carried:
    day = pl.col("date") == at.date()
    extra = ["date", "carried_at", "rolled_upto"]
    devices, channels = (
        lake.scan(name).filter(day).drop(extra, strict=False).collect() if lake.exists(name) else pl.DataFrame()
        for name in (CARRIED_DEVICES, CARRIED_CHANNELS)
    )
    return Carried(devices, channels if len(channels.columns) else channel_states(_no_hours(lake)))


def _advanced(lake: Lake, kept: Kept | None, midnight: datetime) -> Carried:
    """The rows of a midnight, going on from kept ones, kept in turn."""
    before = _read(lake, kept.as_of) if kept else None
    hourly = _between(lake, kept.as_of if kept else None, midnight)
    devices = _last(
        device_states(hourly, before.devices if before else None), before.devices if before else None, ["device_id"]
    )
    by = ["device_id", "channel"]
    channels = _last(
        channel_states(hourly, before.channels if before else None), before.channels if before else None, by
    )
    rolled = hourly["rolled_at"].max() if len(hourly) else None
    upto = max((at for at in (rolled, kept and kept.rolled_upto) if isinstance(at, datetime)), default=midnight)
    where = {"date": midnight.date()}
    marks = {
        "date": pl.lit(midnight.date()),
        "carried_at": pl.lit(midnight, INSTANT),
        "rolled_upto": pl.lit(upto, INSTANT),
    }
    # Channels first: rows of devices are the sign that the slice is whole.
    for name, rows in ((CARRIED_CHANNELS, channels), (CARRIED_DEVICES, devices)):
        if len(rows):
            lake.replace_slice(name, rows.with_columns(**marks), where=where, partition_by=["date"])
    return Carried(devices, channels)


def _last(rows: pl.DataFrame, before: pl.DataFrame | None, by: list[str]) -> pl.DataFrame:
    """The last row of each stream."""
    fresh = rows.sort("at").unique(by, keep="last")
    if before is None:
        return fresh
    return pl.concat([before.join(fresh, on=by, how="anti").select(fresh.columns), fresh])


def _between(lake: Lake, since: datetime | None, upto: datetime) -> pl.DataFrame:
    """The versions that became known in a span, and those of the same hours that they replace."""
    known = pl.col("known_at")
    versions = hourly_versions(lake, upto=upto)
    if since is None:
        return versions.filter(known <= pl.lit(upto, INSTANT)).collect()
    fresh = versions.filter(known > pl.lit(since, INSTANT), known <= pl.lit(upto, INSTANT)).collect()
    late = fresh.filter(pl.col("hour_at") + timedelta(hours=1) < pl.lit(since, INSTANT)).select(_HOUR).unique()
    edge = fresh.filter(pl.col("hour_at") < pl.lit(since, INSTANT)).select(*_HOUR, "date").unique()
    if edge.is_empty() and late.is_empty():
        return fresh
    days = edge["date"].unique().to_list()
    before = versions.filter(pl.col("date").is_in(days), known <= pl.lit(since, INSTANT))
    return pl.concat([before.join(edge.lazy(), on=_HOUR, how="semi").select(fresh.columns).collect(), fresh])


def _no_hours(lake: Lake) -> pl.DataFrame:
    return hourly_versions(lake).head(0).collect()
