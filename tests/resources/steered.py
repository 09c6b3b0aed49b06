"""A code location with one schedule that runs: what an attacker would stop."""

import dagster as dg


@dg.op
def nothing() -> None:
    """Does nothing."""


@dg.job
def some_job() -> None:
    nothing()


defs = dg.Definitions(
    jobs=[some_job],
    schedules=[
        dg.ScheduleDefinition(
            job=some_job,
            cron_schedule="0 0 1 1 *",
            name="new_year",
            default_status=dg.DefaultScheduleStatus.RUNNING,
        )
    ],
)
