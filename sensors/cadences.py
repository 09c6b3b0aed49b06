"""The documented cadences as Dagster schedules.

Here: when a job runs and for which moment. Not here: what it does. Every tick carries its scheduled time as `as_of`;
it is skipped while its predecessor still runs, and a missed one is caught up once (`max_catchup_runs: 1` of the
instance, and ticks older than the limit are left to the next one).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import dagster as dg

from sensors.runs import unfinished_run

AS_OF_TAG = "opsguard/as_of"
EXCLUSIVE_TAG = "opsguard/exclusive"


@dataclass(frozen=True)
class Scheduled:
    """A job and when it runs.

    Attributes:
        job: Name of the job.
        name: Name of the schedule: `{job}_every_…`.
        cron: Cron string in the operations time zone.
        description: What a person reads in the UI.
        configure: Run configuration for a moment.
        stale_after: A tick this much overdue is left to the next one; None where each one counts.
        partition: The partition that a moment belongs to; None for jobs without any.
    """

    job: str
    name: str
    cron: str
    description: str
    configure: Callable[[datetime], Mapping[str, object]]
    stale_after: timedelta | None = None
    partition: Callable[[datetime], str | None] | None = None


def schedule_for(scheduled: Scheduled, *, timezone: str, now: Callable[[], datetime]) -> dg.ScheduleDefinition:
    """The schedule of a job.

    Args:
        scheduled: The job and its times.
        timezone: IANA zone of the cron string.
        now: The clock that tells how overdue a tick is.
    """

    def evaluate(context: dg.ScheduleEvaluationContext) -> dg.RunRequest | dg.SkipReason:
        as_of = context.scheduled_execution_time.astimezone(UTC)
        if scheduled.stale_after and now() - as_of > scheduled.stale_after:
            return dg.SkipReason(
                f"{as_of.isoformat()} is more than {scheduled.stale_after} overdue; the next tick covers it"
            )
        running = unfinished_run(context.instance, scheduled.job)
        if running:
            return dg.SkipReason(f"run {running} of {scheduled.job} has not finished; two ticks never overlap")
        return dg.RunRequest(
            run_key=f"{scheduled.job}:{as_of.isoformat()}",
            run_config=dict(scheduled.configure(as_of)),
            partition_key=scheduled.partition(as_of) if scheduled.partition else None,
            tags={AS_OF_TAG: as_of.isoformat()},
        )

    return dg.ScheduleDefinition(
        name=scheduled.name,
        job_name=scheduled.job,
        cron_schedule=scheduled.cron,
        execution_timezone=timezone,
        execution_fn=evaluate,
        description=scheduled.description,
        default_status=dg.DefaultScheduleStatus.RUNNING,
    )
