"""Sensors that notice a new champion and ask for a tick at once: people see the scores of the active model.

Here: noticing and requesting. Not here: who becomes champion (`opsguard_assets.models`).
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime

import dagster as dg

from sensors.runs import unfinished_run

# Reads who is champion now, and notes it where somebody changed it in MLflow itself; None where there is none.
Look = Callable[[dg.SensorEvaluationContext], str | None]
RULE = "rule"


def champion_sensor(
    problem: str,
    *,
    look: Look,
    job: str,
    configure: Callable[[datetime], Mapping[str, object]],
    partition: Callable[[datetime], str | None] | None = None,
    every_seconds: int = 60,
) -> dg.SensorDefinition:
    """The sensor of one problem.

    Args:
        problem: The problem.
        look: Reads the champion.
        job: The job that scores.
        configure: Run configuration of a moment.
        partition: The partition that a moment belongs to; None for jobs without any.
        every_seconds: Time between looks.
    """

    def evaluate(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
        # An empty cursor is none for Dagster.
        champion = look(context) or RULE
        if context.cursor is None or context.cursor == champion:
            context.update_cursor(champion)
            return dg.SkipReason(f"champion of {problem}: {champion}")
        running = unfinished_run(context.instance, job)
        if running:
            return dg.SkipReason(f"run {running} of {job} has not finished; the new champion scores after it")
        moment = datetime.now(UTC).replace(microsecond=0)
        request = dg.RunRequest(
            run_key=f"{problem}:{champion}:{moment.isoformat()}",
            run_config=dict(configure(moment)),
            partition_key=partition(moment) if partition else None,
            tags={"opsguard/champion": champion, "opsguard/as_of": moment.isoformat()},
        )
        return dg.SensorResult(run_requests=[request], cursor=champion)

    return dg.SensorDefinition(
        name=f"{problem}_champion_sensor",
        job_name=job,
        evaluation_fn=evaluate,
        minimum_interval_seconds=every_seconds,
        required_resource_keys={"models"},
        description="Scores again as soon as another version is champion.",
        default_status=dg.DefaultSensorStatus.RUNNING,
    )
