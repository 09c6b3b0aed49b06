"""Sensors that request a training before the weekly one when monitoring finds a reason.

Here: one request per record. Not here: monitoring and training.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import dagster as dg

from sensors.runs import unfinished_run


@dataclass(frozen=True)
class RetrainingRequest:
    """A requested training: the moment of the monitoring record, and the reason."""

    as_of: datetime
    why: str


def retraining_sensor(
    problem: str, *, wanted: Callable[[dg.SensorEvaluationContext], RetrainingRequest | None], job: str
) -> dg.SensorDefinition:
    """The sensor of one problem; `wanted` returns the request of the newest monitoring record, if any."""

    def evaluate(context: dg.SensorEvaluationContext) -> dg.RunRequest | dg.SkipReason:
        request = wanted(context)
        if request is None:
            return dg.SkipReason(f"the model of {problem} is as it was")
        running = unfinished_run(context.instance, job)
        if running:
            return dg.SkipReason(f"run {running} of {job} has not finished")
        # The run key allows one request per monitoring record.
        return dg.RunRequest(run_key=f"{problem}:{request.as_of.isoformat()}", tags={"opsguard/why": request.why[:200]})

    return dg.SensorDefinition(
        name=f"{problem}_retraining_sensor",
        job_name=job,
        evaluation_fn=evaluate,
        minimum_interval_seconds=900,
        required_resource_keys={"models"},
        description="Asks for a training when the world has moved away from what the model learned.",
        default_status=dg.DefaultSensorStatus.RUNNING,
    )
