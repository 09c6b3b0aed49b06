"""Ticks of the domains on a copy of the world: score, find, settle, as the jobs of Dagster do, without Dagster.

Here: the steps of one moment. Not here: any of the steps, and the records.
"""

from datetime import datetime, timedelta

import dataframely as dy

from opsguard_assets.alerts.lifecycle import settle
from opsguard_assets.devices.alerts import assets as devices
from opsguard_assets.devices.failure.checkpoint_io import advance_checkpoint
from opsguard_assets.devices.failure.risk_io import device_scorer
from opsguard_assets.devices.health.io import health_at
from opsguard_assets.devices.health.schemas import DEVICE_HEALTH
from opsguard_assets.devices.telemetry.hourly_update_io import update_hourly
from opsguard_assets.domains import ALERT_TYPES
from opsguard_assets.external import assets as external
from opsguard_assets.external import io as external_io
from opsguard_assets.incidents.io import group_alerts
from opsguard_assets.incidents.rules_io import context_of, rules_of
from opsguard_assets.models.champions import Champions
from opsguard_assets.models.scoring import score_tick
from opsguard_assets.shifts.alerts import assets as shifts
from opsguard_assets.shifts.verdicts.io import compliance_at, limits_of, record_compliance
from opsguard_assets.tickets.risk import alert_assets as tickets
from opsguard_assets.tickets.risk.score_io import sla_scorer
from opsguard_assets.triage.priority.inputs import Described
from opsguard_assets.triage.priority.io import prioritise, rule_judge
from opsguard_assets.vendors.alerts import assets as vendors
from opsguard_assets.vendors.orders.score_io import work_order_scorer
from opsguard_assets.vendors.scores.io import keep_scores, scored_at
from opsguard_assets.vendors.scores.schemas import VendorScores
from opsguard_assets.verification.world_io import World
from resources.progress import Silent


def tickets_tick(world: World, as_of: datetime) -> None:
    """Risks of all open tickets, and their alerts."""
    score_tick(sla_scorer(world.settings), world.lake, Champions(world.database), as_of)
    found = tickets.findings_at(world.lake, world.database, world.settings, as_of)
    settle(world.database, found, tickets.SLA_MONITOR, as_of)


def devices_tick(world: World, as_of: datetime) -> None:
    """Health and failure risk of all devices, and their alerts.

    Args:
        world: The world.
        as_of: A full hour.
    """
    update_hourly(world.lake, progress=Silent())
    below = world.settings.device_alerts.replace_below
    health = health_at(world.lake, as_of, replace_below=below, checkpoint=advance_checkpoint)
    where = {"date": as_of.date(), "as_of": as_of}
    world.lake.replace_slice(DEVICE_HEALTH.derived_name, health, where=where, partition_by=["date"])
    score_tick(device_scorer(world.settings), world.lake, Champions(world.database), as_of)
    found = devices.findings_at(world.lake, world.database, world.settings, as_of)
    settle(world.database, found, devices.DEVICE_MONITOR, as_of)


def shifts_tick(world: World, as_of: datetime) -> None:
    """Verdicts on all shifts of the last day, and their alerts."""
    judged = compliance_at(world.lake, as_of, limits_of(world.settings))
    record_compliance(world.lake, judged.verdicts, as_of)
    found = shifts.findings_at(world.lake, world.database, world.settings, as_of)
    settle(world.database, found, shifts.SHIFT_MONITOR, as_of)


def vendors_tick(world: World, as_of: datetime) -> dy.DataFrame[VendorScores]:
    """Scores of all vendors, risks of open work orders, and their alerts; the scores."""
    scored = scored_at(world.lake, as_of, world.settings)
    keep_scores(world.lake, scored, as_of, world.settings)
    score_tick(work_order_scorer(world.settings), world.lake, Champions(world.database), as_of)
    found = vendors.findings_at(world.lake, world.settings, as_of)
    settle(world.database, found, vendors.VENDOR_MONITOR, as_of)
    return scored.scores


def external_tick(world: World, as_of: datetime) -> None:
    """Alerts of other systems, and what follows from all alerts: priorities and incidents."""
    monitor = external.external_monitor(tuple(ALERT_TYPES), world.settings)
    days = world.settings.triage.external_days
    found = external_io.findings_at(world.lake, world.database, monitor, as_of, days=days)
    reopen_within = timedelta(minutes=world.settings.alerts.reopen_within_minutes)
    settle(world.database, found, monitor, as_of, reopen_within=reopen_within)
    follow(world, as_of)


def follow(world: World, as_of: datetime) -> None:
    """Priorities of all unresolved alerts, and incidents of those that belong together."""
    prioritise(world.database, Described(ALERT_TYPES, world.settings), rule_judge(), as_of)
    context = context_of(world.settings, ALERT_TYPES, world.lake, as_of)
    group_alerts(world.database, context, rules_of(world.settings), at=as_of)
