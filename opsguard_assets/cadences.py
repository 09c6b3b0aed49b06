"""The cadences of the records as Dagster wants them: tags of jobs, configuration of runs, schedules.

Here: from a record's `Job`. Not here: which jobs there are and when they run (the records), what a job holds (`build`),
how a schedule works (`sensors.cadences`).
"""

from datetime import UTC, datetime, timedelta
from functools import partial

import dagster as dg

from opsguard_assets.config.settings import Settings
from opsguard_assets.domain import Job
from opsguard_assets.domains import JOBS
from opsguard_assets.moment import moment_config
from opsguard_assets.tables.months import month_after, month_of
from sensors.cadences import EXCLUSIVE_TAG, Scheduled
from sensors.runs import LIMIT_TAG, RETRIES_TAG

# Of what is not in a record: trainings, looks at models and replays.
_LONGEST = timedelta(hours=12)


def job_tags(name: str) -> dict[str, str]:
    """What Dagster is told of a job: one run at a time, how long it may take, whether it is tried again."""
    job = JOBS.get(name)
    limit = job.limit if job else _LONGEST
    return {
        EXCLUSIVE_TAG: name,
        LIMIT_TAG: f"{limit.total_seconds():.0f}",
        # What the next tick does anyway is not tried again; what comes once a day or a week is.
        RETRIES_TAG: "0" if job and job.cadence.is_frequent else "1",
        "dagster/retry_strategy": "ALL_STEPS",
        # A training that cannot succeed is not tried again, one whose process was lost is.
        "dagster/retry_on_asset_or_op_failure": str(job is not None).lower(),
    }


def keys_of(names: tuple[str, ...]) -> tuple[dg.AssetKey, ...]:
    """The keys of assets that a record names."""
    return tuple(dg.AssetKey.from_user_string(name) for name in names)


def tick_config(job: str, as_of: datetime) -> dict[str, object]:
    """Run configuration of a job of a record for a moment.

    Raises:
        KeyError: When no record has the job.
    """
    found = JOBS[job]
    names = found.assets if found.at_moment is None else found.at_moment
    return moment_config(as_of, *keys_of(names)) if names else {}


def tick_partition(job: str, as_of: datetime, timezone: str = "UTC") -> str | None:
    """The partition that a moment belongs to; None for jobs without any.

    Args:
        job: The job.
        as_of: The moment.
        timezone: That of operations, in which months end.

    Raises:
        KeyError: When no record has the job.
    """
    if JOBS[job].is_by_month:
        return month_after(month_of(as_of, timezone), -1).isoformat()
    return as_of.astimezone(UTC).date().isoformat() if JOBS[job].is_by_day else None


def documented_cadences(settings: Settings) -> list[Scheduled]:
    """The schedules of all jobs of the records, fed or not."""
    limit = timedelta(minutes=settings.sla.missed_tick_limit_minutes)
    return [_scheduled(job, limit, settings.operations.timezone) for job in JOBS.values()]


def _scheduled(job: Job, limit: timedelta, timezone: str) -> Scheduled:
    return Scheduled(
        job=job.name,
        name=f"{job.name}_{job.cadence.words}",
        cron=job.cadence.cron,
        description=job.schedule,
        configure=partial(tick_config, job.name),
        stale_after=max(limit, job.catch_up) if job.cadence.is_frequent else None,
        partition=partial(tick_partition, job.name, timezone=timezone) if job.is_by_day or job.is_by_month else None,
    )
