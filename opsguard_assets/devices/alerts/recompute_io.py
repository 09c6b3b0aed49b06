"""A tick of devices computed again as it was: the same records, the same model, the same digests.

Here: the rows of one recorded tick, from the lake as it was recorded then. Not here: the comparison with the record
(`opsguard_assets.models.recompute`), what-if over a whole period (`replay`).

Rollups include every load up to that time, also one that arrived between the steps of the original run.
"""

from datetime import datetime, timedelta

from opsguard_assets.config.settings import Settings
from opsguard_assets.devices.alerts.assets import DEVICE_MONITOR, Computed, found_in
from opsguard_assets.devices.failure.risk_io import device_scorer
from opsguard_assets.devices.failure.schemas import DEVICE_RISK
from opsguard_assets.devices.health.io import health_at
from opsguard_assets.devices.health.schemas import DEVICE_HEALTH
from opsguard_assets.devices.telemetry.full_hour import full_hour
from opsguard_assets.models.champions import Champions
from opsguard_assets.models.recompute import RecomputedTick, compared_with_stored, rescored, settled_again
from resources.lake import Lake

_REST_OF_HOUR = timedelta(hours=1, microseconds=-1)


def recompute_tick(lake: Lake, champions: Champions, as_of: datetime, settings: Settings) -> RecomputedTick:
    """Computes a recorded tick of devices again.

    Args:
        lake: The lake as now.
        champions: Who scored when.
        as_of: The moment; its last full hour is the tick.
        settings: Thresholds and plans: those in force now, which are not recorded with a tick.

    Returns:
        The tick; its rows are those of `device_risk` and `device_health`.

    Raises:
        NoTickError: When no tick of that hour was recorded, or its model cannot be had any more.
    """
    hour = full_hour(as_of)
    found = rescored(
        device_scorer(settings), lake, champions, hour, command="opsguard tick devices --as-of", late=_REST_OF_HOUR
    )
    risk, seen = DEVICE_RISK.rows(found.rows), found.lake
    health = health_at(seen, hour, replace_below=settings.device_alerts.replace_below)
    settled = settled_again(
        champions.database,
        DEVICE_MONITOR,
        hour,
        settings,
        lambda before: found_in(seen, before, settings, Computed(health, risk), hour),
    )
    stored_health = compared_with_stored(health, lake.rows_at(DEVICE_HEALTH, hour), key=["device_id"])
    return RecomputedTick(
        found.tick,
        rows={"device_risk": risk, "device_health": health},
        digests={**found.digests, "health_in_lake": stored_health, **settled},
    )
