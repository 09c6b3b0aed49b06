"""The record of alerts of other systems. Not here: what a record is (`opsguard_assets.domain`)."""

from collections.abc import Sequence
from datetime import timedelta
from functools import partial
from typing import Any

from opsguard_assets.cadence import MINUTE, Cadence
from opsguard_assets.config.settings import Settings
from opsguard_assets.domain import Domain, Job, Tick
from opsguard_assets.external.alert_types import MONITOR
from opsguard_assets.external.job_names import EXTERNAL_JOB

_NEEDS = ("external_alerts",)
_ALERTS = "alerts/external"


def _assets(declared: tuple[str, ...], settings: Settings, fed: Sequence[str]) -> Sequence[Any]:
    from opsguard_assets.external.assets import external_assets  # noqa: PLC0415 - imports Dagster

    return external_assets(settings, fed, declared)


def external_domain(declared: Sequence[str]) -> Domain:
    """The record. Its monitor raises whatever kinds other systems report: its set of types is open.

    Args:
        declared: The types that all other monitors raise; none of them is of this one.
    """
    return Domain(
        name="external",
        needs=_NEEDS,
        assets=partial(_assets, tuple(declared)),
        jobs=(
            Job(
                name=EXTERNAL_JOB,
                cadence=Cadence(15 * MINUTE, 5 * MINUTE),
                needs=_NEEDS,
                assets=(_ALERTS,),
                purpose="Alerts of other systems at one moment.",
                schedule="Alerts of other systems.",
                limit=timedelta(minutes=25),
                follows_loads=True,
                settles=MONITOR,
            ),
        ),
        monitor=MONITOR,
        alert_types=(),
        ticks=(Tick(name="external", computes="alerts of other systems"),),
    )
