"""Alerts of other systems as an asset. Not here: findings (`findings`), settling (`alerts.monitor_assets`)."""

from collections.abc import Sequence
from datetime import datetime

import dagster as dg
import polars as pl

from opsguard_assets.alerts.kinds import life_safety_kinds
from opsguard_assets.alerts.lifecycle import Monitor
from opsguard_assets.alerts.monitor_assets import Watched, monitor_asset
from opsguard_assets.config.settings import Settings
from opsguard_assets.external.alert_types import MONITOR
from opsguard_assets.external.io import EXTERNAL_ALERTS, findings_at
from opsguard_assets.metadata import key_of
from resources.database import Database
from resources.lake import Lake

EXTERNAL_KEY = dg.AssetKey(["alerts", "external"])


def external_monitor(declared: Sequence[str], settings: Settings) -> Monitor:
    """The monitor of other systems' alerts.

    Args:
        declared: The types of all other monitors.
        settings: What protects lives.
    """
    lives = life_safety_kinds(settings.triage.life_safety)
    return Monitor(MONITOR, (), others=tuple(declared), life_safety=lives)


def external_assets(settings: Settings, fed: Sequence[str], declared: Sequence[str]) -> list[dg.AssetsDefinition]:
    """The assets of the domain.

    Args:
        settings: What protects lives, and when rows expire.
        fed: Names of the canonical tables that sources fill.
        declared: The types of all other monitors.
    """
    monitor = external_monitor(declared, settings)

    def findings(lake: Lake, database: Database, as_of: datetime) -> pl.DataFrame:
        return findings_at(lake, database, monitor, as_of, days=settings.triage.external_days)

    watched = Watched(
        monitor=monitor,
        key=EXTERNAL_KEY,
        room="external",
        deps=tuple(key_of(EXTERNAL_ALERTS) for name in fed if name == EXTERNAL_ALERTS.name),
        description="Alerts that other systems raised and nobody resolved there, by kind and entity.",
        findings=findings,
    )
    return [monitor_asset(watched, settings)]
