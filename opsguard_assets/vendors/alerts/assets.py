"""The alerts of vendors and orders as an asset. Not here: findings (`findings`), settling (`alerts.monitor_assets`)."""

from datetime import datetime

import dagster as dg
import polars as pl

from opsguard_assets.alerts.lifecycle import Monitor
from opsguard_assets.alerts.monitor_assets import Watched, monitor_asset
from opsguard_assets.alerts.suppression import suppress_outside_plan
from opsguard_assets.config.settings import Settings
from opsguard_assets.entitlements.entitled import entitled_to_alerts
from opsguard_assets.entitlements.io import entitlements_at
from opsguard_assets.tables.months import month_after, month_of
from opsguard_assets.tables.registry import WORK_ORDERS
from opsguard_assets.tables.values import INSTANT
from opsguard_assets.vendors.alerts.alert_types import ALERT_TYPES, FEATURES, MONITOR
from opsguard_assets.vendors.alerts.findings import Known, Levels, suppress_repeated, vendor_findings
from opsguard_assets.vendors.orders.assets import WORK_ORDER_RISK_KEY
from opsguard_assets.vendors.orders.schemas import WORK_ORDER_RISK
from opsguard_assets.vendors.scores.io import last_scores
from opsguard_assets.vendors.scores.schemas import VENDOR_MONTHS
from resources.database import Database
from resources.lake import Lake

VENDOR_ALERTS_KEY = dg.AssetKey(["alerts", "vendor_alerts"])
VENDOR_MONITOR = Monitor(MONITOR, ALERT_TYPES)


def vendor_alerts_asset(settings: Settings) -> dg.AssetsDefinition:
    """The asset of the alerts of vendors; it reads the newest scores."""

    def findings(lake: Lake, _database: Database, as_of: datetime) -> pl.DataFrame:
        return findings_at(lake, settings, as_of)

    watched = Watched(
        monitor=VENDOR_MONITOR,
        key=VENDOR_ALERTS_KEY,
        room="vendors",
        deps=(WORK_ORDER_RISK_KEY,),
        description="Vendors whose score fell or who miss their target; work orders that are overdue or will be.",
        findings=findings,
    )
    return monitor_asset(watched, settings)


def findings_at(lake: Lake, settings: Settings, as_of: datetime) -> pl.DataFrame:
    """The findings of a tick, with suppression marks."""
    return found_in(lake, settings, lake.rows_at(WORK_ORDER_RISK, as_of), as_of)


def found_in(lake: Lake, settings: Settings, risk: pl.DataFrame, as_of: datetime) -> pl.DataFrame:
    """The findings of a tick, with suppression marks.

    Args:
        lake: The records that the tick saw.
        settings: Thresholds, and the plans of clients.
        risk: Rows of `work_order_risk` of the tick.
        as_of: The tick.
    """
    last = month_after(month_of(as_of, settings.operations.timezone), -1)
    # Months are recorded under the moment of their run, and not under that of a load.
    months = (
        lake.as_recorded(None).known(VENDOR_MONTHS, as_of).filter(pl.col("month") >= month_after(last, -1)).collect()
    )
    known = Known(
        last_scores(lake, as_of),
        months.filter(pl.col("month") == last),
        months.filter(pl.col("month") < last),
        overdue_at(lake, as_of, settings.vendors.cancelled),
        risk,
    )
    found = vendor_findings(known, levels_of(settings), as_of)
    receives = entitled_to_alerts(found, entitlements_at(lake, settings, as_of), FEATURES)
    return suppress_repeated(suppress_outside_plan(found, receives))


def levels_of(settings: Settings) -> Levels:
    """The thresholds of findings."""
    chosen = settings.vendors
    return Levels(
        fewest_jobs=chosen.fewest_jobs,
        score_drop=chosen.score_drop,
        sla_target=chosen.sla_target,
        late_alert_from=chosen.late_alert_from,
        overdue_high_hours=chosen.overdue_high_hours,
        late_clear_below=chosen.late_clear_below,
    )


def overdue_at(lake: Lake, as_of: datetime, cancelled: tuple[str, ...]) -> pl.DataFrame:
    """The orders that were due by a moment and not done by what was known then."""
    now = pl.lit(as_of, INSTANT)
    is_off = pl.col("status").str.to_lowercase().is_in(list(cancelled)).fill_null(value=False)
    is_done = (pl.col("completed_at") <= now).fill_null(value=False)
    columns = ("work_order_id", "vendor_id", "site_id", "client_id", "category", "priority", "due_at")
    late = lake.known(WORK_ORDERS, as_of, live_only=True).filter(pl.col("due_at") <= now, ~is_done, ~is_off)
    return late.select(columns).collect()
