"""A tick of devices computed again as it was: the same records, the same model, the same digests.

Here: the rows of one recorded tick out of the lake as it had been recorded then. Not here: the comparison with what was
recorded (`opsguard_assets.models.recompute`), what-if over a whole period (`replay`).

Rollups are those that loads up to then gave: a load that came between the steps of the run itself counts, too.
"""

from datetime import datetime, timedelta

from opsguard_assets.config.settings import Settings
from opsguard_assets.devices.alerts.assets import DEVICE_MONITOR, Computed, found_in
from opsguard_assets.devices.failure.assets import scored
from opsguard_assets.devices.failure.problem_io import device_failure
from opsguard_assets.devices.failure.risk_io import recorded_risk
from opsguard_assets.devices.health.io import health_at, recorded_health
from opsguard_assets.devices.job_names import SCORE_DEVICES_JOB
from opsguard_assets.devices.telemetry.full_hour import full_hour
from opsguard_assets.models.champions import Champions
from opsguard_assets.models.recompute import (
    Digests,
    RecomputedTick,
    compared_with_stored,
    model_of,
    recorded_tick,
    settled_again,
)
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
    hour, database, problem = full_hour(as_of), champions.database, device_failure(settings)
    tick = recorded_tick(database, SCORE_DEVICES_JOB, hour, command="opsguard tick devices --as-of")
    served = model_of(champions, tick, problem.name, problem.rule, makes=problem.makes, late=_REST_OF_HOUR)
    seen = lake.as_recorded(tick.recorded_upto)
    risk = scored(seen, served, hour, settings.device_failure)
    health = health_at(seen, hour, replace_below=settings.device_alerts.replace_below)
    stored = compared_with_stored(risk, recorded_risk(lake, hour), key=["device_id"])
    return RecomputedTick(
        tick,
        rows={"device_risk": risk, "device_health": health},
        digests={
            "scores": Digests(stored.again, tick.digest),
            "scores_in_lake": stored,
            "health_in_lake": compared_with_stored(health, recorded_health(lake, hour), key=["device_id"]),
            **settled_again(
                database,
                DEVICE_MONITOR,
                hour,
                settings,
                lambda before: found_in(seen, before, settings, Computed(health, risk), hour),
            ),
        },
    )
