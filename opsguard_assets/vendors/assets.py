"""The assets of vendors together: scores, risk of late orders, alerts. Not here: any of them."""

from collections.abc import Sequence

import dagster as dg

from opsguard_assets.config.settings import Settings
from opsguard_assets.metadata import key_of
from opsguard_assets.tables.registry import TABLES, WORK_ORDERS
from opsguard_assets.vendors.alerts.assets import vendor_alerts_asset
from opsguard_assets.vendors.orders.assets import work_order_risk_asset
from opsguard_assets.vendors.scores.assets import vendor_score_assets

_READ = ("work_orders", "vendors", "tickets")


def vendor_assets(settings: Settings, fed: Sequence[str]) -> list[dg.AssetsDefinition]:
    """The assets of vendors.

    Args:
        settings: Thresholds.
        fed: Names of the canonical tables that sources fill.
    """
    read = [key_of(TABLES[name]) for name in _READ if name in fed]
    return [
        vendor_score_assets(settings, read),
        work_order_risk_asset(settings, [key_of(WORK_ORDERS)]),
        vendor_alerts_asset(settings),
    ]
