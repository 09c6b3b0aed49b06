"""The last rows of the streams of devices, kept from tick to tick: what a tick reads instead of the history.

Here: when rows are made, kept and found again. Not here: the streams themselves (`ml.problems.device_failure.states`).

A day keeps the rows of its last tick. They say what was known by then; no later arrival changes them, unless it claims
to have been known earlier. Then the rows before are taken, and what followed is made again.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

import polars as pl

from ml.problems.device_failure.states import READ, channel_states, device_states
from ml.problems.device_failure.streams import Carried
from opsguard_assets.devices.failure.schemas import CARRIED_CHANNELS, CARRIED_DEVICES
from opsguard_assets.devices.telemetry.hourly_io import hourly_versions, stored_hours
from opsguard_assets.tables.values import INSTANT
from resources.lake import Lake, LakeError

_HOUR = ["device_id", "hour_at"]
_STEP = timedelta(days=2)
_COLUMNS = [*_HOUR, "known_at", "rolled_at", "date", *READ, "channels"]


@dataclass(frozen=True)
class Kept:
    """Rows that are kept.

    Attributes:
        as_of: What was known by then is in them.
        rolled_upto: The newest load that they were made of.
    """

    as_of: datetime
    rolled_upto: datetime | None


def checkpoint_at(lake: Lake, as_of: datetime) -> Carried:
    """The last rows of all streams at a moment; nothing is written.

    They are those that a tick kept of this moment. Where there are none, they are computed from the newest ones before
    it. A lake as it had been recorded by an instant resumes from rows that were made of no later load.
    """
    _, kept = _resumed(lake, as_of)
    return _read(lake, as_of) if kept and kept.as_of == as_of else _advanced(lake, kept, as_of)[0]


def advance_checkpoint(lake: Lake, as_of: datetime) -> Carried:
    """Brings the kept rows up to a moment, and returns those of the moment; done again, it only reads.

    Where a later moment of the same day is kept, that one stays.

    Raises:
        LakeError: When the lake is one of the past.
    """
    if lake.recorded_upto is not None:
        raise LakeError(f"{CARRIED_DEVICES}: this is the lake as recorded by {lake.recorded_upto}; it is only read")
    slices, kept = _resumed(lake, as_of)
    if kept and kept.as_of == as_of:
        return _read(lake, as_of)
    carried, reached = _advanced(lake, kept, as_of)
    if not any(each.as_of > as_of for each in slices):
        _keep(lake, carried, reached)
    return carried


def _resumed(lake: Lake, as_of: datetime) -> tuple[list[Kept], Kept | None]:
    """What is kept up to the day of a moment, and the newest of it from which the moment can be computed."""
    slices = _slices(lake, as_of)
    return slices, next((each for each in slices if each.as_of <= as_of and not _is_contradicted(lake, each)), None)


def _slices(lake: Lake, as_of: datetime) -> list[Kept]:
    """What is kept of the days up to that of a moment, the newest first."""
    if not lake.exists(CARRIED_DEVICES):
        return []
    slices = (
        lake.scan(CARRIED_DEVICES)
        .filter(pl.col("date") <= as_of.date())
        .group_by("date")
        .agg(pl.col("carried_at").first(), pl.col("rolled_upto").first())
        .sort("date", descending=True)
        .collect()
    )
    found = [Kept(*row) for row in slices.select("carried_at", "rolled_upto").iter_rows()]
    upto = lake.recorded_upto
    return [each for each in found if upto is None or each.rolled_upto is None or each.rolled_upto <= upto]


def _is_contradicted(lake: Lake, kept: Kept) -> bool:
    """Whether rollups of later loads claim to have been known by then."""
    later = stored_hours(lake).filter(
        pl.col("rolled_at") > pl.lit(kept.rolled_upto, INSTANT), pl.col("known_at") <= pl.lit(kept.as_of, INSTANT)
    )
    return not later.head(1).collect().is_empty()


def _read(lake: Lake, at: datetime) -> Carried:
    day = pl.col("date") == at.date()
    extra = ["date", "carried_at", "rolled_upto"]
    devices, channels = (
        lake.scan(name).filter(day).drop(extra, strict=False).collect() if lake.exists(name) else pl.DataFrame()
        for name in (CARRIED_DEVICES, CARRIED_CHANNELS)
    )
    return Carried(devices, channels if len(channels.columns) else channel_states(_no_hours(lake)))


def _advanced(lake: Lake, kept: Kept | None, as_of: datetime) -> tuple[Carried, Kept]:
    """The rows of a moment, going on from kept ones; a long history in steps of some days, which bounds the memory."""
    carried = (
        _read(lake, kept.as_of) if kept else Carried(device_states(_no_hours(lake)), channel_states(_no_hours(lake)))
    )
    since, upto = (kept.as_of, kept.rolled_upto) if kept else (None, None)
    for ends in _steps(lake, since, as_of):
        hourly = _between(lake, since, ends)
        carried = _gone_on(carried, hourly)
        upto = max((at for at in (hourly["rolled_at"].max(), upto) if isinstance(at, datetime)), default=None)
        since = ends
    return carried, Kept(as_of, upto or as_of)


def _steps(lake: Lake, since: datetime | None, as_of: datetime) -> list[datetime]:
    """Where steps end, the moment last."""
    first = since or stored_hours(lake, upto=as_of).select(pl.col("known_at").min()).collect().item()
    if first is None:
        return []
    number = (as_of - first) // _STEP
    return [*(first + _STEP * n for n in range(1, number + 1) if first + _STEP * n < as_of), as_of]


def _gone_on(carried: Carried, hourly: pl.DataFrame) -> Carried:
    devices = device_states(hourly, carried.devices)
    channels = channel_states(hourly, carried.channels)
    return Carried(
        _last(devices, carried.devices, ["device_id"]), _last(channels, carried.channels, ["device_id", "channel"])
    )


def _keep(lake: Lake, carried: Carried, kept: Kept) -> None:
    where = {"date": kept.as_of.date()}
    marks = {
        "date": pl.lit(kept.as_of.date()),
        "carried_at": pl.lit(kept.as_of, INSTANT),
        "rolled_upto": pl.lit(kept.rolled_upto, INSTANT),
    }
    # Channels first: rows of devices are the sign that the slice is whole.
    for name, rows in ((CARRIED_CHANNELS, carried.channels), (CARRIED_DEVICES, carried.devices)):
        if len(rows):
            lake.replace_slice(name, rows.with_columns(**marks), where=where, partition_by=["date"])


def _last(rows: pl.DataFrame, before: pl.DataFrame, by: list[str]) -> pl.DataFrame:
    """The last row of each stream."""
    fresh = rows.sort("at").unique(by, keep="last")
    return pl.concat([before.join(fresh, on=by, how="anti").select(fresh.columns), fresh])


def _between(lake: Lake, since: datetime | None, upto: datetime) -> pl.DataFrame:
    """The versions that became known in a span, and those of the same hours that they replace."""
    known = pl.col("known_at")
    versions = hourly_versions(lake, upto=upto).select(_COLUMNS)
    if since is None:
        return versions.filter(known <= pl.lit(upto, INSTANT)).collect()
    fresh = versions.filter(known > pl.lit(since, INSTANT), known <= pl.lit(upto, INSTANT)).collect()
    edge = fresh.filter(pl.col("hour_at") < pl.lit(since, INSTANT)).select(*_HOUR, "date").unique()
    if edge.is_empty():
        return fresh
    days = edge["date"].unique().to_list()
    before = versions.filter(pl.col("date").is_in(days), known <= pl.lit(since, INSTANT))
    return pl.concat([before.join(edge.lazy(), on=_HOUR, how="semi").select(fresh.columns).collect(), fresh])


def _no_hours(lake: Lake) -> pl.DataFrame:
    return hourly_versions(lake).head(0).select(_COLUMNS).collect()
