"""The alerts of a tick of devices as an asset. Not here: findings (`findings`), settling (`alerts.monitor_assets`)."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import dagster as dg
import dataframely as dy
import polars as pl
from sqlalchemy import Connection

from opsguard_assets.alerts.lifecycle import Monitor
from opsguard_assets.alerts.monitor_assets import Watched, monitor_asset
from opsguard_assets.alerts.queries import unresolved_in
from opsguard_assets.alerts.suppression import suppress_outside_plan
from opsguard_assets.config.settings import Settings
from opsguard_assets.devices.alerts.alert_types import ALERT_TYPES, FEATURES, MONITOR
from opsguard_assets.devices.alerts.findings import Levels, device_findings, suppress_repeated
from opsguard_assets.devices.failure.assets import DEVICE_RISK_KEY
from opsguard_assets.devices.failure.problem_io import events_of
from opsguard_assets.devices.failure.schemas import DEVICE_RISK, DeviceRisk
from opsguard_assets.devices.health.assets import DEVICE_HEALTH_KEY
from opsguard_assets.devices.health.schemas import DEVICE_HEALTH, DeviceHealth
from opsguard_assets.devices.telemetry.full_hour import full_hour
from opsguard_assets.devices.telemetry.site_silence import READ, looked_back
from opsguard_assets.entitlements.entitled import entitled_to_alerts
from opsguard_assets.entitlements.io import entitlements_at
from opsguard_assets.tables.registry import DEVICE_EVENTS
from opsguard_assets.tables.values import INSTANT
from resources.database import Database
from resources.lake import Lake

DEVICE_ALERTS_KEY = dg.AssetKey(["alerts", "device_alerts"])
DEVICE_MONITOR = Monitor(MONITOR, ALERT_TYPES)


def device_alerts_asset(settings: Settings) -> dg.AssetsDefinition:
    """The asset of the alerts of devices."""

    def findings(lake: Lake, database: Database, as_of: datetime) -> pl.DataFrame:
        return findings_at(lake, database, settings, as_of)

    watched = Watched(
        monitor=DEVICE_MONITOR,
        key=DEVICE_ALERTS_KEY,
        room="devices",
        deps=(DEVICE_HEALTH_KEY, DEVICE_RISK_KEY),
        description="Alerts of devices that will probably fail, have fallen silent, run out of charge, or "
        f"are unwell for {settings.device_alerts.replace_after_days:g} days; a site that falls silent as one gives one "
        "alert.",
        findings=findings,
        tick=full_hour,
    )
    return monitor_asset(watched, settings)


def findings_at(lake: Lake, database: Database, settings: Settings, as_of: datetime) -> pl.DataFrame:
    """The findings of a computed tick, with suppression marks."""
    tick = Computed(lake.rows_at(DEVICE_HEALTH, as_of), lake.rows_at(DEVICE_RISK, as_of))
    with database.begin() as connection:
        return found_in(lake, connection, settings, tick, as_of)


@dataclass(frozen=True)
class Computed:
    """What a tick computed."""

    health: dy.DataFrame[DeviceHealth]
    risk: dy.DataFrame[DeviceRisk]


def found_in(
    lake: Lake, connection: Connection, settings: Settings, computed: Computed, as_of: datetime
) -> pl.DataFrame:
    """The findings of a tick, with suppression marks. Unresolved alerts are read through the connection."""
    health, risk = computed.health, computed.risk
    levels = levels_of(settings)
    since = pl.lit(as_of - timedelta(minutes=levels.maintenance_minutes), INSTANT)
    known = pl.col("known_at") <= pl.lit(as_of, INSTANT)
    events = DEVICE_EVENTS.typed(events_of(lake).filter(known, pl.col("at") > since)).collect()
    before = _before(lake, as_of, looked_back(health))
    found = device_findings(health, risk, events, levels, as_of, before)
    receives = entitled_to_alerts(found, entitlements_at(lake, settings, as_of), FEATURES)
    marked = suppress_outside_plan(found, receives)
    return suppress_repeated(marked, unresolved_in(connection, ALERT_TYPES))


def _before(lake: Lake, as_of: datetime, back: timedelta) -> pl.DataFrame:
    """The health of the previous ticks, as far back as the detection of silent sites needs it."""
    first = as_of - back
    rows = lake.scan(DEVICE_HEALTH.derived_name).filter(
        pl.col("date") >= first.date(),
        pl.col("date") <= as_of.date(),
        pl.col("as_of").is_between(pl.lit(first, INSTANT), pl.lit(as_of, INSTANT), closed="left"),
    )
    return rows.select(*READ, "as_of").collect()


def levels_of(settings: Settings) -> Levels:
    """The thresholds of findings."""
    failure, alerts = settings.device_failure, settings.device_alerts
    return Levels(
        within=failure.judged_within,
        alert_from=failure.alert_from,
        medium_from=failure.medium_from,
        high_from=failure.high_from,
        clear_below=failure.clear_below,
        silent_intervals=alerts.silent_intervals,
        empty_within_hours=alerts.empty_within_hours,
        replace_below=alerts.replace_below,
        replace_after_days=alerts.replace_after_days,
        site_devices=alerts.site_devices,
        site_share=alerts.site_share,
        site_within_intervals=alerts.site_within_intervals,
        maintenance_minutes=alerts.maintenance_minutes,
    )
