"""Sensors that start a run of a job when something is due, and none otherwise.

Here: one question per tick, and a request. Not here: what is due, and doing it (`opsguard_assets.delivery`,
`opsguard_assets.remediation`).
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import UTC, datetime

import dagster as dg

from sensors.runs import unfinished_run

# When there is something to do; None where nothing waits.
DueAt = Callable[[dg.SensorEvaluationContext, datetime], datetime | None]


@dataclass(frozen=True)
class Words:
    """What people read at a sensor.

    Attributes:
        what: What it does.
        nothing: That nothing waits.
        waits: What waits: "the next message".
    """

    what: str
    nothing: str
    waits: str


def due_sensor(
    name: str,
    words: Words,
    *,
    job: str,
    due_at: DueAt,
    needs: Collection[str] = ("database",),
    every_seconds: int = 15,
) -> dg.SensorDefinition:
    """The sensor.

    Args:
        name: Its name.
        words: What people read at it.
        job: The job that does what is due.
        due_at: Reads when there is something to do.
        needs: The resources that it reads.
        every_seconds: Time between looks.
    """

    def evaluate(context: dg.SensorEvaluationContext) -> dg.RunRequest | dg.SkipReason:
        now = datetime.now(UTC)
        due = due_at(context, now)
        if due is None:
            return dg.SkipReason(words.nothing)
        if due > now:
            return dg.SkipReason(f"{words.waits} is due {due:%Y-%m-%d %H:%M:%S} UTC")
        running = unfinished_run(context.instance, job)
        if running:
            return dg.SkipReason(f"run {running} of {job} has not finished; it takes what is due")
        return dg.RunRequest(tags={"opsguard/due_at": due.isoformat()})

    return dg.SensorDefinition(
        name=name,
        job_name=job,
        evaluation_fn=evaluate,
        minimum_interval_seconds=every_seconds,
        required_resource_keys=set(needs),
        description=words.what,
        default_status=dg.DefaultSensorStatus.RUNNING,
    )
