"""The sensor that starts a round of the delivery when something is due.

Here: one question per tick, and a request. Not here: what is due, and sending it (`opsguard_assets.delivery`).
"""

from collections.abc import Callable
from datetime import UTC, datetime

import dagster as dg

from sensors.runs import unfinished_run

# When there is something to do; None where nothing waits.
DueAt = Callable[[dg.SensorEvaluationContext, datetime], datetime | None]


def deliveries_sensor(*, job: str, due_at: DueAt, every_seconds: int = 15) -> dg.SensorDefinition:
    """The sensor.

    Args:
        job: The job that sends.
        due_at: Reads when there is something to do.
        every_seconds: Time between looks.
    """

    def evaluate(context: dg.SensorEvaluationContext) -> dg.RunRequest | dg.SkipReason:
        now = datetime.now(UTC)
        due = due_at(context, now)
        if due is None:
            return dg.SkipReason("nobody is to be told of anything")
        if due > now:
            return dg.SkipReason(f"the next message is due {due:%Y-%m-%d %H:%M:%S} UTC")
        running = unfinished_run(context.instance, job)
        if running:
            return dg.SkipReason(f"run {running} of {job} has not finished; it takes what is due")
        return dg.RunRequest(tags={"opsguard/due_at": due.isoformat()})

    return dg.SensorDefinition(
        name="deliveries_sensor",
        job_name=job,
        evaluation_fn=evaluate,
        minimum_interval_seconds=every_seconds,
        required_resource_keys={"database"},
        description="Asks for a round of the delivery when a message, a step of a chain or a digest is due.",
        default_status=dg.DefaultSensorStatus.RUNNING,
    )
