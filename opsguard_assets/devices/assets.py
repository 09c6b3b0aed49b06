"""The assets of devices together: rollups, health, risk, alerts. Not here: any of them."""

from collections.abc import Sequence

import dagster as dg

from opsguard_assets.config.settings import Settings
from opsguard_assets.devices.alerts.assets import device_alerts_asset
from opsguard_assets.devices.failure.assets import device_risk_asset
from opsguard_assets.devices.health.assets import device_health_asset
from opsguard_assets.devices.health.outcome_assets import health_outcomes_asset
from opsguard_assets.devices.telemetry.assets import DEVICE_HOURLY_KEY, hourly_asset
from opsguard_assets.metadata import key_of
from opsguard_assets.tables.registry import DEVICE_EVENTS, DEVICES, TELEMETRY


def device_assets(settings: Settings, fed: Sequence[str]) -> list[dg.AssetsDefinition]:
    """The assets of devices.

    Args:
        settings: Thresholds and cadences.
        fed: Names of the canonical tables that sources fill.
    """
    ready = [key_of(table) for table in (TELEMETRY, DEVICES) if table.name in fed]
    known = [DEVICE_HOURLY_KEY, *([key_of(DEVICE_EVENTS)] if DEVICE_EVENTS.name in fed else [])]
    return [
        hourly_asset(settings, ready),
        device_health_asset(settings, known),
        device_risk_asset(settings, known),
        device_alerts_asset(settings),
        health_outcomes_asset(settings),
    ]
