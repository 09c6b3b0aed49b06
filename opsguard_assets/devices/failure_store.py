"""Device failures as a problem of the learning house, and its history out of the lake.

Here: reading. Not here: features and lives (`ml.device_failure`), which moments are looked at (`failure_past`).
"""

from datetime import timedelta

import polars as pl

from ml.device_failure.features import FEATURES, channels_in
from ml.device_failure.problem import PROBLEM
from ml.device_failure.rule import DeviceRule
from opsguard_assets.config.settings import Settings
from opsguard_assets.devices.failure_past import Asked, DevicePast, History
from opsguard_assets.devices.hourly_store import hourly_versions
from opsguard_assets.models.problem import Problem, costs_of
from opsguard_assets.tables.registry import TABLES
from opsguard_assets.tables.table import Table
from opsguard_assets.tables.versions import IS_WITHDRAWN
from resources.lake import Lake

DEVICES, TELEMETRY, DEVICE_EVENTS = (TABLES[name] for name in ("devices", "telemetry", "device_events"))
INPUTS = (DEVICES, TELEMETRY, DEVICE_EVENTS)
FAILURE_RISK = "device_failure_risk"


def device_failure(settings: Settings) -> Problem:
    """Will a device fail, or go offline?"""
    chosen = settings.device_failure
    judged = Asked(chosen.judged_within, chosen.visits_per_day)
    return Problem(
        name=PROBLEM,
        entity="device",
        event="failure",
        group="devices",
        inputs=INPUTS,
        past=lambda lake, until: DevicePast.of(history_of(lake), until, judged),
        rule=DeviceRule(),
        makes=makes,
        costs=costs_of(settings, settings.money.failure_cost),
        alert_from=chosen.alert_from,
        alert_type=FAILURE_RISK,
        step=timedelta(hours=1),
    )


def makes(feature: str) -> bool:
    """Whether a feature can be made; those of any channel can, and are unknown where no device has it."""
    return feature in FEATURES or bool(channels_in([feature]))


def history_of(lake: Lake) -> History:
    """All versions of rollups, devices and their events."""
    return History(
        hourly=hourly_versions(lake).collect(),
        devices=_versions(lake, DEVICES).collect(),
        events=events_of(lake).collect(),
    )


def events_of(lake: Lake) -> pl.LazyFrame:
    """Every event as it became known first."""
    return _versions(lake, DEVICE_EVENTS).sort("known_at").unique(DEVICE_EVENTS.key, keep="first", maintain_order=True)


def _versions(lake: Lake, table: Table) -> pl.LazyFrame:
    return lake.versions(table).filter(~pl.col(IS_WITHDRAWN)).select(table.columns)
