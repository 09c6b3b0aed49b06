"""When what runs, and for which moment: the assets of frequent ticks, their run configuration, the cadences.

Here: names, cron strings, limits, configuration of runs. Not here: what a job holds (`build`) and how a schedule works
(`sensors.cadences`).
"""

from datetime import UTC, datetime, timedelta

from opsguard_assets.config.settings import Settings
from opsguard_assets.devices.alerts.assets import DEVICE_ALERTS_KEY
from opsguard_assets.devices.failure.assets import DEVICE_RISK_KEY, SCORE_DEVICES_JOB
from opsguard_assets.devices.health.assets import DEVICE_HEALTH_KEY
from opsguard_assets.devices.health.outcome_assets import HEALTH_OUTCOMES_KEY, JUDGE_HEALTH_JOB
from opsguard_assets.devices.telemetry.assets import DEVICE_HOURLY_KEY
from opsguard_assets.moment import moment_config
from opsguard_assets.shifts.alerts.assets import SHIFT_ALERTS_KEY
from opsguard_assets.shifts.calendar.assets import PLAN_JOB, SHIFT_CALENDAR_KEY
from opsguard_assets.shifts.coverage.assets import SHIFT_COVERAGE_KEY
from opsguard_assets.shifts.no_show.assets import SHIFT_RISK_KEY
from opsguard_assets.shifts.verdicts.assets import JUDGE_SHIFTS_JOB, SHIFT_COMPLIANCE_KEY
from opsguard_assets.tickets.escalation.assets import ESCALATE_JOB, ESCALATIONS_KEY
from opsguard_assets.tickets.risk.alert_assets import SLA_ALERTS_KEY
from opsguard_assets.tickets.risk.keys import SCORE_JOB, SLA_RISK_KEY
from opsguard_assets.vendors.alerts.assets import VENDOR_ALERTS_KEY
from opsguard_assets.vendors.orders.assets import WATCH_ORDERS_JOB, WORK_ORDER_RISK_KEY
from opsguard_assets.vendors.scores.assets import (
    SCORE_VENDORS_JOB,
    VENDOR_MONTHS_KEY,
    VENDOR_RANKING_KEY,
    VENDOR_SCORES_KEY,
)
from sensors.cadences import EXCLUSIVE_TAG, Cadence
from sensors.runs import LIMIT_TAG, RETRIES_TAG

TICK_KEYS = (SLA_RISK_KEY, SLA_ALERTS_KEY)
SHIFT_KEYS = (SHIFT_COMPLIANCE_KEY, SHIFT_COVERAGE_KEY, SHIFT_RISK_KEY, SHIFT_ALERTS_KEY)
DEVICE_KEYS = (DEVICE_HOURLY_KEY, DEVICE_HEALTH_KEY, DEVICE_RISK_KEY, DEVICE_ALERTS_KEY)
VENDOR_KEYS = (WORK_ORDER_RISK_KEY, VENDOR_ALERTS_KEY)
VENDOR_SCORE_KEYS = (VENDOR_SCORES_KEY, VENDOR_MONTHS_KEY, VENDOR_RANKING_KEY)
SYNC_JOB, HOUSE_JOB = "sync_sources_job", "keep_house_job"

# A run that takes longer is ended, so that its cadence goes on: a frequent tick before the next but one is due, a load
# of years of records and a training after a night.
_LIMITS = {
    SCORE_JOB: timedelta(minutes=10),
    ESCALATE_JOB: timedelta(minutes=20),
    JUDGE_SHIFTS_JOB: timedelta(minutes=20),
    SCORE_DEVICES_JOB: timedelta(minutes=50),
    WATCH_ORDERS_JOB: timedelta(minutes=50),
    SYNC_JOB: timedelta(hours=6),
    **dict.fromkeys((JUDGE_HEALTH_JOB, PLAN_JOB, SCORE_VENDORS_JOB, HOUSE_JOB), timedelta(hours=3)),
}
_LONGEST = timedelta(hours=12)
# What the next tick does anyway is not tried again; what comes once a day or a week is.
_FREQUENT = {SCORE_JOB, ESCALATE_JOB, JUDGE_SHIFTS_JOB, SCORE_DEVICES_JOB, WATCH_ORDERS_JOB, SYNC_JOB}


def job_tags(name: str) -> dict[str, str]:
    """What Dagster is told of a job: one run at a time, how long it may take, whether it is tried again."""
    limit = _LIMITS.get(name, _LONGEST)
    return {
        EXCLUSIVE_TAG: name,
        LIMIT_TAG: f"{limit.total_seconds():.0f}",
        RETRIES_TAG: "0" if name in _FREQUENT else "1",
        "dagster/retry_strategy": "ALL_STEPS",
        # A training that cannot succeed is not tried again, one whose process was lost is.
        "dagster/retry_on_asset_or_op_failure": str(name in _LIMITS).lower(),
    }


def tick_config(as_of: datetime) -> dict[str, object]:
    """Run configuration of a tick of SLA risk and of its alerts."""
    return moment_config(as_of, *TICK_KEYS)


def device_config(as_of: datetime) -> dict[str, object]:
    """Run configuration of a tick of devices."""
    return moment_config(as_of, *(key for key in DEVICE_KEYS if key != DEVICE_HOURLY_KEY))


def shift_config(as_of: datetime) -> dict[str, object]:
    """Run configuration of a tick of shifts."""
    return moment_config(as_of, *SHIFT_KEYS)


def vendor_config(as_of: datetime) -> dict[str, object]:
    """Run configuration of a tick of work orders."""
    return moment_config(as_of, *VENDOR_KEYS)


def day_of(as_of: datetime) -> str:
    """The partition of a tick of devices."""
    return as_of.astimezone(UTC).date().isoformat()


def escalation_config(as_of: datetime) -> dict[str, object]:
    """Run configuration of escalation."""
    return moment_config(as_of, ESCALATIONS_KEY)


def documented_cadences(settings: Settings) -> list[Cadence]:
    """The cadences of scores and reports, of loading and of housekeeping."""
    limit = timedelta(minutes=settings.sla.missed_tick_limit_minutes)
    return [*_frequent(limit), *_daily()]


def _frequent(limit: timedelta) -> list[Cadence]:
    return [
        Cadence(
            job=SCORE_JOB,
            name=f"{SCORE_JOB}_every_15_minutes",
            cron="*/15 * * * *",
            description="SLA breach prediction.",
            configure=tick_config,
            stale_after=limit,
        ),
        Cadence(
            job=ESCALATE_JOB,
            name=f"{ESCALATE_JOB}_every_30_minutes",
            cron="*/30 * * * *",
            description="Escalation of tickets at risk.",
            configure=escalation_config,
            stale_after=limit,
        ),
        Cadence(
            job=SCORE_DEVICES_JOB,
            name=f"{SCORE_DEVICES_JOB}_every_hour",
            cron="0 * * * *",
            description="Device health and failure prediction.",
            configure=device_config,
            stale_after=max(limit, timedelta(hours=1)),
            partition=day_of,
        ),
        Cadence(
            job=JUDGE_SHIFTS_JOB,
            name=f"{JUDGE_SHIFTS_JOB}_every_30_minutes",
            # Shifts begin, and clocks tell that they live, on the half hour: a tick that waits a little hears of it.
            cron="5,35 * * * *",
            description="No-show detection and shift compliance.",
            configure=shift_config,
            stale_after=limit,
        ),
        Cadence(
            job=WATCH_ORDERS_JOB,
            name=f"{WATCH_ORDERS_JOB}_every_hour",
            cron="20 * * * *",
            description="Work orders that are overdue or will be, and alerts of vendors.",
            configure=vendor_config,
            stale_after=max(limit, timedelta(hours=1)),
        ),
        Cadence(
            job=SYNC_JOB,
            name=f"{SYNC_JOB}_every_hour",
            cron="50 * * * *",
            description="Reads every source, also those whose news no sensor can see.",
            configure=lambda _: {},
            stale_after=limit,
        ),
    ]


def _daily() -> list[Cadence]:
    return [
        Cadence(
            job=JUDGE_HEALTH_JOB,
            name=f"{JUDGE_HEALTH_JOB}_every_day",
            cron="45 5 * * *",
            description="Judges the health score by what followed.",
            configure=lambda as_of: moment_config(as_of, HEALTH_OUTCOMES_KEY),
        ),
        Cadence(
            job=PLAN_JOB,
            name=f"{PLAN_JOB}_every_day",
            cron="0 2 * * *",
            description="The shift calendar of the next days.",
            configure=lambda as_of: moment_config(as_of, SHIFT_CALENDAR_KEY),
        ),
        Cadence(
            job=SCORE_VENDORS_JOB,
            name=f"{SCORE_VENDORS_JOB}_every_day",
            cron="30 2 * * *",
            description="Scores and ranking of vendors, before the scorecards.",
            configure=lambda as_of: moment_config(as_of, VENDOR_SCORES_KEY),
        ),
        Cadence(
            job=HOUSE_JOB,
            name=f"{HOUSE_JOB}_every_day",
            cron="30 4 * * *",
            description="Compacts the lake, removes what nobody may need any more, and old runs.",
            configure=lambda _: {},
        ),
    ]
