"""One tick of health: what was known at a moment, put together. Not here: health itself (`health.score`), the asset."""

from collections.abc import Callable
from datetime import datetime, timedelta

import dataframely as dy
import polars as pl

from ml.problems.device_failure.streams import Checkpoint
from opsguard_assets.devices.failure.checkpoint_io import checkpoint_at
from opsguard_assets.devices.failure.problem_io import removed_at
from opsguard_assets.devices.health.schemas import DEVICE_HEALTH, DeviceHealth
from opsguard_assets.devices.health.score import WINDOW_HOURS, Seen, device_health, window
from opsguard_assets.devices.health.words import with_reasons
from opsguard_assets.devices.telemetry.hourly_io import hourly_known
from opsguard_assets.devices.telemetry.schemas import DEVICE_HOURLY
from opsguard_assets.tables.registry import DEVICES, SITES
from opsguard_assets.tables.values import INSTANT
from resources.lake import Lake

# A replacement holds until the score is this many points above the threshold: it must not come and go by the hour.
REPLACE_HOLD = 5.0
_READ = (
    "device_id", "hour_at", "reports", "first_at", "last_at", "online_minutes", "expected_minutes", "battery_first_pct",
    "battery_last_pct", "battery_min_pct", "signal_mean_dbm", "signal_std_db", "temperature_out_minutes",
)  # fmt: skip
_PORTION = 25_000
_BEFORE_WINDOW = ("device_id", "battery_last_pct", "signal_mean_dbm", "signal_std_db", "temperature_out_share")
_EVER = ("device_id", "first_at", "last_at", "battery_last_pct", "signal_mean_dbm", "temperature_mean_c")
# The unwell state goes on from the previous tick only if that lies no further back than this.
_BEFORE = timedelta(days=2)


def health_at(
    lake: Lake,
    as_of: datetime,
    *,
    replace_below: float,
    checkpoint: Callable[[Lake, datetime], Checkpoint] = checkpoint_at,
) -> dy.DataFrame[DeviceHealth]:
    """The health of every device in service, by what was known at a moment.

    Args:
        lake: The lake.
        as_of: The moment.
        replace_below: The score below which a device counts as unwell.
        checkpoint: Returns the checkpoint of a moment. A tick passes `advance_checkpoint`, which also stores it for the
            next tick.

    Returns:
        Rows of `device_health`.
    """
    ever = checkpoint(lake, as_of).devices.select(_EVER)
    devices = lake.known(DEVICES, as_of).collect().join(removed_at(lake, as_of, ever), on="device_id", how="anti")
    longest = devices["reports_every_minutes"].max()
    since = as_of - window(longest if isinstance(longest, float) else None)
    hourly = hourly_known(lake, as_of, since=since).select(_READ).collect()
    seen = Seen(hourly, devices, ever, _held_before(lake, devices, as_of, checkpoint))
    sites = lake.known(SITES, as_of).select("site_id", "client_id").unique("site_id").collect()
    scored = with_reasons(_in_portions(seen, as_of)).join(sites, on="site_id", how="left", maintain_order="left")
    rows = scored.join(_unwell_before(lake, as_of), on="device_id", how="left", maintain_order="left")
    return DEVICE_HEALTH.rows(
        rows.with_columns(below_60_since_at=_unwell_since(replace_below), date=pl.lit(as_of.date()))
    )


def _in_portions(seen: Seen, as_of: datetime) -> pl.DataFrame:
    """Computes health in batches of devices, because it needs several times the memory of its input."""
    if len(seen.devices) <= _PORTION:
        return device_health(seen, as_of)
    parts = (seen.devices.slice(first, _PORTION) for first in range(0, len(seen.devices), _PORTION))
    portions = (
        Seen(seen.hourly.join(part, on="device_id", how="semi"), part, seen.ever, seen.before) for part in parts
    )
    return pl.concat(device_health(portion, as_of) for portion in portions).sort("device_id")


def _held_before(
    lake: Lake, devices: pl.DataFrame, as_of: datetime, checkpoint: Callable[[Lake, datetime], Checkpoint]
) -> pl.DataFrame:
    """The last readings before the window, of devices that report on change; other devices do not need them."""
    on_change = devices.filter(~(pl.col("reports_every_minutes") > 0).fill_null(value=False))
    if on_change.is_empty():
        return pl.DataFrame(schema={name: DEVICE_HOURLY.dtypes.get(name, pl.Float64()) for name in _BEFORE_WINDOW})
    before = checkpoint(lake, as_of - timedelta(hours=WINDOW_HOURS)).devices
    return before.select(_BEFORE_WINDOW).join(on_change, on="device_id", how="semi")


def _unwell_before(lake: Lake, as_of: datetime) -> pl.DataFrame:
    """Since when each device has been unwell, by the previous tick."""
    empty = pl.DataFrame(schema={"device_id": pl.String, "_since": INSTANT})
    if not lake.exists(DEVICE_HEALTH.derived_name):
        return empty
    first = as_of - _BEFORE
    rows = lake.scan(DEVICE_HEALTH.derived_name).filter(
        pl.col("date") >= first.date(), pl.col("date") <= as_of.date(), pl.col("as_of") < pl.lit(as_of, INSTANT)
    )
    newest = rows.select(pl.col("as_of").max()).collect().item()
    if newest is None or newest < first:
        return empty
    last = rows.filter(pl.col("as_of") == pl.lit(newest, INSTANT))
    return last.select("device_id", _since="below_60_since_at").collect()


def _unwell_since(replace_below: float) -> pl.Expr:
    """Since when the score is below the threshold, with hysteresis: it ends well above the threshold."""
    as_of, before = pl.col("as_of"), pl.col("_since")
    still = before.is_not_null() & (pl.col("score") < replace_below + REPLACE_HOLD)
    return pl.when(still).then(before).when(pl.col("score") < replace_below).then(as_of)
