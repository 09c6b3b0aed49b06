"""The sensor that notices failed runs of OpsGuard itself, and that a job has succeeded again.

Here: which runs ended since the last look. Not here: what becomes of it (`opsguard_assets.failed_runs`).

A look asks for the runs that ended since the one before: what it costs does not grow with history.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import dagster as dg

_ENDED = [dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE]
_WILL_RETRY = "dagster/will_retry"
# The first look goes so far back; runs of one look overlap with the one before, because clocks differ.
_FIRST, _OVERLAP = timedelta(days=1), timedelta(minutes=2)
_MOST = 1000


@dataclass(frozen=True)
class Failed:
    """A failed run.

    Attributes:
        run_id: Its number.
        at: When it ended, UTC.
    """

    run_id: str
    at: datetime


def failed_runs_sensor(
    settle: Callable[[dg.SensorEvaluationContext, Mapping[str, Failed], datetime], None], *, every_seconds: int = 60
) -> dg.SensorDefinition:
    """The sensor.

    Args:
        settle: Is told the failed run of each job whenever that changes, and the time.
        every_seconds: Time between looks.
    """

    def evaluate(context: dg.SensorEvaluationContext) -> dg.SkipReason:
        now = datetime.now(UTC)
        since, before = _read(context.cursor, now)
        failed = newest_failed(context.instance, before, since - _OVERLAP)
        if failed != before or context.cursor is None:
            settle(context, failed, now)
        context.update_cursor(_written(now, failed))
        return dg.SkipReason(f"failed: {', '.join(sorted(failed))}" if failed else "no job failed")

    return dg.SensorDefinition(
        name="failed_runs_sensor",
        evaluation_fn=evaluate,
        minimum_interval_seconds=every_seconds,
        required_resource_keys={"database", "lake"},
        description="Raises one alert per job whose newest run failed; it clears with the next success.",
        default_status=dg.DefaultSensorStatus.RUNNING,
    )


def newest_failed(instance: dg.DagsterInstance, before: Mapping[str, Failed], since: datetime) -> dict[str, Failed]:
    """The failed run of each job whose newest ended run failed.

    Args:
        instance: Dagster's.
        before: The same at the last look.
        since: When that was; runs that ended before it are known.
    """
    asked = dg.RunsFilter(statuses=_ENDED, updated_after=since)
    records = instance.get_run_records(asked, limit=_MOST)
    failed = dict(before)
    for record in sorted(records, key=lambda each: each.end_time or 0.0):
        run = record.dagster_run
        # A run of chosen assets is no job; one that is tried again has not failed yet.
        if run.job_name.startswith("__") or run.tags.get(_WILL_RETRY) == "true":
            continue
        if run.status == dg.DagsterRunStatus.SUCCESS:
            failed.pop(run.job_name, None)
        else:
            failed[run.job_name] = Failed(run.run_id, datetime.fromtimestamp(record.end_time or 0.0, UTC))
    return failed


def _read(cursor: str | None, now: datetime) -> tuple[datetime, dict[str, Failed]]:
    if not cursor:
        return now - _FIRST, {}
    read = json.loads(cursor)
    failed = {job: Failed(run, datetime.fromisoformat(at)) for job, (run, at) in read["failed"].items()}
    return datetime.fromisoformat(read["since"]), failed


def _written(since: datetime, failed: Mapping[str, Failed]) -> str:
    runs = {job: (run.run_id, run.at.isoformat()) for job, run in sorted(failed.items())}
    return json.dumps({"since": since.isoformat(), "failed": runs})
