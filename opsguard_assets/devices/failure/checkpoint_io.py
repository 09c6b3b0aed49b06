"""Checkpoints of the devices' streams: a tick resumes from the last rows instead of reading the history.

Here: when a checkpoint is computed, stored and read. Not here: the streams (`ml.problems.device_failure.states`).

Each day keeps the checkpoint of its last tick: everything that was known by then. A later record does not change it,
unless the record claims to have been known earlier. Then an older checkpoint is used, and the rest is recomputed.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

import polars as pl

from ml.problems.device_failure.states import READ, channel_states, device_states
from ml.problems.device_failure.streams import Checkpoint
from opsguard_assets.devices.failure.schemas import CHECKPOINT_CHANNELS, CHECKPOINT_DEVICES
from opsguard_assets.devices.telemetry.hourly_io import hourly_versions, stored_hours
from opsguard_assets.tables.values import INSTANT
from resources.lake import Lake, LakeError

_HOUR = ["device_id", "hour_at"]
_STEP = timedelta(days=2)
_COLUMNS = [*_HOUR, "known_at", "rolled_at", "date", *READ, "channels"]


@dataclass(frozen=True)
class Kept:
    """What a stored checkpoint holds.

    Attributes:
        as_of: It holds everything that was known by then.
        rolled_upto: The newest load in it.
    """

    as_of: datetime
    rolled_upto: datetime | None


def checkpoint_at(lake: Lake, as_of: datetime) -> Checkpoint:
    """The checkpoint of a moment; nothing is written.

    If no tick stored one, it is computed from the newest earlier checkpoint. An as-of read of the lake resumes only
    from a checkpoint that holds no later load.
    """
    _, kept = _resumed(lake, as_of)
    return _read(lake, as_of) if kept and kept.as_of == as_of else _advanced(lake, kept, as_of)[0]


def advance_checkpoint(lake: Lake, as_of: datetime) -> Checkpoint:
    """Stores the checkpoint of a moment and returns it; a repetition only reads.

    A checkpoint of a later moment of the same day stays.

    Raises:
        LakeError: When the lake is an as-of read.
    """
    if lake.recorded_upto is not None:
        raise LakeError(f"{CHECKPOINT_DEVICES}: this is the lake as recorded by {lake.recorded_upto}; it is only read")
    slices, kept = _resumed(lake, as_of)
    if kept and kept.as_of == as_of:
        return _read(lake, as_of)
    checkpoint, reached = _advanced(lake, kept, as_of)
    if not any(each.as_of > as_of for each in slices):
        _keep(lake, checkpoint, reached)
    return checkpoint


def _resumed(lake: Lake, as_of: datetime) -> tuple[list[Kept], Kept | None]:
    """The stored checkpoints up to a day, newest first, and the newest from which the moment can be computed."""
    slices = _slices(lake, as_of)
    return slices, next((each for each in slices if each.as_of <= as_of and not _is_contradicted(lake, each)), None)


def _slices(lake: Lake, as_of: datetime) -> list[Kept]:
    """The stored checkpoints up to the day of a moment, newest first."""
    if not lake.exists(CHECKPOINT_DEVICES):
        return []
    slices = (
        lake.scan(CHECKPOINT_DEVICES)
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
    """Whether a later load holds rollups that claim to have been known by then."""
    later = stored_hours(lake).filter(
        pl.col("rolled_at") > pl.lit(kept.rolled_upto, INSTANT), pl.col("known_at") <= pl.lit(kept.as_of, INSTANT)
    )
    return not later.head(1).collect().is_empty()


def _read(lake: Lake, at: datetime) -> Checkpoint:
    day = pl.col("date") == at.date()
    extra = ["date", "carried_at", "rolled_upto"]
    devices, channels = (
        lake.scan(name).filter(day).drop(extra, strict=False).collect() if lake.exists(name) else pl.DataFrame()
        for name in (CHECKPOINT_DEVICES, CHECKPOINT_CHANNELS)
    )
    return Checkpoint(devices, channels if len(channels.columns) else channel_states(_no_hours(lake)))


def _advanced(lake: Lake, kept: Kept | None, as_of: datetime) -> tuple[Checkpoint, Kept]:
    """The checkpoint of a moment, computed from a stored one in steps of some days, which bounds the memory."""
    checkpoint = (
        _read(lake, kept.as_of) if kept else Checkpoint(device_states(_no_hours(lake)), channel_states(_no_hours(lake)))
    )
    since, upto = (kept.as_of, kept.rolled_upto) if kept else (None, None)
    for ends in _steps(lake, since, as_of):
        hourly = _between(lake, since, ends)
        checkpoint = _gone_on(checkpoint, hourly)
        upto = max((at for at in (hourly["rolled_at"].max(), upto) if isinstance(at, datetime)), default=None)
        since = ends
    return checkpoint, Kept(as_of, upto or as_of)


def _steps(lake: Lake, since: datetime | None, as_of: datetime) -> list[datetime]:
    """The ends of the steps; the last one is the moment."""
    first = since or stored_hours(lake, upto=as_of).select(pl.col("known_at").min()).collect().item()
    if first is None:
        return []
    number = (as_of - first) // _STEP
    return [*(first + _STEP * n for n in range(1, number + 1) if first + _STEP * n < as_of), as_of]


def _gone_on(checkpoint: Checkpoint, hourly: pl.DataFrame) -> Checkpoint:
    devices = device_states(hourly, checkpoint.devices)
    channels = channel_states(hourly, checkpoint.channels)
    return Checkpoint(
        _last(devices, checkpoint.devices, ["device_id"]),
        _last(channels, checkpoint.channels, ["device_id", "channel"]),
    )


def _keep(lake: Lake, checkpoint: Checkpoint, kept: Kept) -> None:
    where = {"date": kept.as_of.date()}
    marks = {
        "date": pl.lit(kept.as_of.date()),
        "carried_at": pl.lit(kept.as_of, INSTANT),
        "rolled_upto": pl.lit(kept.rolled_upto, INSTANT),
    }
    # Channels first: rows of devices are the sign that the slice is whole.
    for name, rows in ((CHECKPOINT_CHANNELS, checkpoint.channels), (CHECKPOINT_DEVICES, checkpoint.devices)):
        if len(rows):
            lake.replace_slice(name, rows.with_columns(**marks), where=where, partition_by=["date"])


def _last(rows: pl.DataFrame, before: pl.DataFrame, by: list[str]) -> pl.DataFrame:
    """The last row of each stream."""
    fresh = rows.sort("at").unique(by, keep="last")
    return pl.concat([before.join(fresh, on=by, how="anti").select(fresh.columns), fresh])


def _between(lake: Lake, since: datetime | None, upto: datetime) -> pl.DataFrame:
    """The versions that became known in a span, and the versions of the same hours that they replace."""
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
