"""Sensors that ask for a training before the week is over, when a look at the model in force found reason to.

Here: asking once per look. Not here: looking and learning.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import dagster as dg

from sensors.runs import unfinished_run


@dataclass(frozen=True)
class RetrainingRequest:
    """That somebody should train: the look that found it, and why."""

    as_of: datetime
    why: str


def retraining_sensor(
    problem: str, *, look: Callable[[dg.SensorEvaluationContext], RetrainingRequest | None], job: str
) -> dg.SensorDefinition:
    """The sensor of one problem; `look` tells what the newest look at its model wants."""

    def evaluate(context: dg.SensorEvaluationContext) -> dg.RunRequest | dg.SkipReason:
        wish = look(context)
        if wish is None:
            return dg.SkipReason(f"the model of {problem} is as it was")
        running = unfinished_run(context.instance, job)
        if running:
            return dg.SkipReason(f"run {running} of {job} has not finished")
        # The key lets the same look ask once only.
        return dg.RunRequest(run_key=f"{problem}:{wish.as_of.isoformat()}", tags={"opsguard/why": wish.why[:200]})

    return dg.SensorDefinition(
        name=f"{problem}_retraining_sensor",
        job_name=job,
        evaluation_fn=evaluate,
        minimum_interval_seconds=900,
        required_resource_keys={"models"},
        description="Asks for a training when the world has moved away from what the model learned.",
        default_status=dg.DefaultSensorStatus.RUNNING,
    )
