"""The record of devices. Not here: what a record is (`opsguard_assets.domain`), and anything that it names."""

from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from opsguard_assets.alerts.alert_type import OPSGUARD, AlertType
from opsguard_assets.cadence import DAY, HOUR, MINUTE, Cadence
from opsguard_assets.config.settings import Settings
from opsguard_assets.devices.alerts.alert_types import MONITOR, TYPES
from opsguard_assets.devices.failure.schemas import CHECKPOINT_CHANNELS, CHECKPOINT_DEVICES, DEVICE_RISK
from opsguard_assets.devices.health.schemas import DEVICE_HEALTH
from opsguard_assets.devices.job_names import JUDGE_HEALTH_JOB, SCORE_DEVICES_JOB
from opsguard_assets.devices.telemetry.schemas import DEVICE_HOURLY
from opsguard_assets.domain import Domain, Job, Learned, Tables, Tick

if TYPE_CHECKING:
    from opsguard_assets.models.problem import Problem

_NEEDS = ("telemetry",)
_AT_MOMENT = (DEVICE_HEALTH.derived_name, DEVICE_RISK.derived_name, "alerts/device_alerts")


def _assets(settings: Settings, fed: Sequence[str]) -> Sequence[Any]:
    from opsguard_assets.devices.assets import device_assets  # noqa: PLC0415 - imports Dagster

    return device_assets(settings, fed)


def _device_failure(settings: Settings) -> "Problem":
    from opsguard_assets.devices.failure.problem_io import device_failure  # noqa: PLC0415 - imports what models need

    return device_failure(settings)


DEVICES = Domain(
    name="devices",
    needs=_NEEDS,
    assets=_assets,
    jobs=(
        Job(
            name=SCORE_DEVICES_JOB,
            cadence=Cadence(HOUR),
            needs=_NEEDS,
            assets=(DEVICE_HOURLY.derived_name, *_AT_MOMENT),
            at_moment=_AT_MOMENT,
            purpose="Rollups, health, risk and alerts of all devices at one full hour.",
            schedule="Device health and failure prediction.",
            limit=timedelta(minutes=50),
            catch_up=HOUR,
            is_by_day=True,
            settles=MONITOR,
            counts=(DEVICE_RISK, "devices"),
        ),
        Job(
            name=JUDGE_HEALTH_JOB,
            cadence=Cadence(DAY, 5 * HOUR + 45 * MINUTE),
            needs=_NEEDS,
            assets=("models/health_outcomes",),
            purpose="Whether low scores of health came before failures.",
            schedule="Judges the health score by what followed.",
        ),
    ),
    monitor=MONITOR,
    alert_types=TYPES,
    problems=(
        Learned(
            name="device_failure",
            question="will a device fail or fall silent?",
            scored_by=SCORE_DEVICES_JOB,
            declare=_device_failure,
            unavailable=AlertType(
                name="device_model_unavailable",
                meaning="The learned model of device failures cannot score; the rule does.",
                next_step="look at `opsguard models`: the rule scores meanwhile",
                cause=OPSGUARD,
            ),
        ),
    ),
    ticks=(
        Tick(
            name="devices",
            computes="rollups, health, risk and alerts at the last full hour",
            scores=(DEVICE_HEALTH, DEVICE_RISK),
            recorded_by=SCORE_DEVICES_JOB,
        ),
    ),
    tables=Tables(
        derived=(DEVICE_HOURLY,),
        scores=(DEVICE_HEALTH, DEVICE_RISK),
        others=(CHECKPOINT_DEVICES, CHECKPOINT_CHANNELS),
    ),
)
