"""The assets of triage together: episodes, probabilities and priorities of alerts. Not here: any of them."""

from collections.abc import Mapping, Sequence

import dagster as dg

from opsguard_assets.alerts.alert_type import AlertType
from opsguard_assets.config.settings import Settings
from opsguard_assets.metadata import key_of
from opsguard_assets.tables.registry import TABLES
from opsguard_assets.triage.learning.assets import alert_risk_asset, episodes_asset
from opsguard_assets.triage.learning.noise_assets import noise_asset
from opsguard_assets.triage.priority.assets import priorities_asset

_READ = ("external_alerts", "sites", "clients", "duty")


def triage_assets(
    settings: Settings, declared: Mapping[str, AlertType], fed: Sequence[str], settled: Sequence[dg.AssetKey]
) -> list[dg.AssetsDefinition]:
    """The assets of triage, each of which follows the one before it.

    Args:
        settings: Costs, when outcomes are mature, what counts as needing a person.
        declared: The types of alerts that domains declare, by name.
        fed: Names of the canonical tables that sources fill.
        settled: The assets that settle alerts.
    """
    read = [key_of(TABLES[name]) for name in _READ if name in fed]
    return [
        episodes_asset(settled),
        alert_risk_asset(settings, read),
        priorities_asset(settings, declared, settled),
        noise_asset(settings, declared),
    ]
