"""A code location with two schedules that take turns: OpsGuard's tick, and a job with one empty asset.

Here: what the daemon of the measurement loads. Not here: starting it (`scheduled`).
"""

from datetime import UTC, datetime
from functools import partial

import dagster as dg

from opsguard_assets.build import build_defs
from opsguard_assets.cadences import tick_config
from opsguard_assets.tickets.job_names import SCORE_JOB
from sensors.cadences import Scheduled, schedule_for

BARE_JOB = "bare_job"


@dg.asset
def empty() -> None:
    """Nothing."""


_tick = Scheduled(
    job=SCORE_JOB,
    name="tick",
    cron="*/2 * * * *",
    description="OpsGuard's tick.",
    configure=partial(tick_config, SCORE_JOB),
)
_schedules = [
    schedule_for(_tick, timezone="UTC", now=lambda: datetime.now(UTC)),
    dg.ScheduleDefinition(
        name="bare",
        job_name=BARE_JOB,
        cron_schedule="1-59/2 * * * *",
        default_status=dg.DefaultScheduleStatus.RUNNING,
    ),
]


def _taking_turns(own: dg.Definitions) -> dg.Definitions:
    """OpsGuard's tick with its assets, and the bare job beside it."""
    return dg.Definitions(
        assets=[*(own.assets or []), empty],
        jobs=[
            *(job for job in own.jobs or [] if getattr(job, "name", "") == SCORE_JOB),
            dg.define_asset_job(BARE_JOB, [empty], executor_def=dg.in_process_executor),
        ],
        schedules=_schedules,
        resources=own.resources,
        executor=dg.in_process_executor,
    )


defs = _taking_turns(build_defs())
