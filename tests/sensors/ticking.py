"""A code location whose job is due every minute: its run hangs while a file is there."""

import os
import time
from datetime import UTC, datetime
from pathlib import Path

import dagster as dg

from sensors.cadences import Scheduled, schedule_for
from sensors.launching import naming_executor

JOB = "ticking_job"


@dg.op
def tick() -> None:
    """Takes no time, or all of it."""
    while Path(os.environ["HANGING"]).exists():
        time.sleep(0.1)


@dg.job(name=JOB, executor_def=naming_executor, tags={"dagster/max_runtime": os.environ.get("LIMIT", "600")})
def ticking_job() -> None:
    tick()


_cadence = Scheduled(job=JOB, name="every_minute", cron="* * * * *", description="A test.", configure=lambda _: {})
defs = dg.Definitions(
    jobs=[ticking_job], schedules=[schedule_for(_cadence, timezone="UTC", now=lambda: datetime.now(UTC))]
)
