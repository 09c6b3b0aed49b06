"""Runs that have not ended: which of them are really running, and which were left behind or are past their limit.

Here: unfinished runs, the mark by which a run names its process, the limit by which it has to end. Not here: starting
runs (`cadences`, `arrivals`, `launching`).

A run that was left behind would stay "started" for ever, and a cadence that never overlaps itself would never run
again. So nobody waits for a run whose process is gone, nor for one that has had its time, wherever it runs.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import dagster as dg

from resources.processes import end_process, is_gone, process_of, this_mark

PROCESS_TAG = "opsguard/process"
LIMIT_TAG, RETRIES_TAG = "dagster/max_runtime", "dagster/max_retries"
_NONE = "0"
_UNFINISHED = [
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
]
# Runs without a limit of their own, such as those of another machine's command line.
_LONGEST = timedelta(hours=24)
# Dagster's monitoring ends what runs, starts or cancels for too long; this is how long it is waited for.
_GRACE = timedelta(seconds=60)
_STARTS_WITHIN = timedelta(seconds=300)
_CANCELS_WITHIN = timedelta(seconds=180)
_ENDS_WITHIN_SECONDS = 5.0


def unfinished_run(instance: dg.DagsterInstance, job: str) -> str | None:
    """The id of a run of the job that is queued or running; None where there is none."""
    runs = end_abandoned(instance, instance.get_run_records(dg.RunsFilter(job_name=job, statuses=_UNFINISHED)))
    return runs[0].dagster_run.run_id if runs else None


def end_abandoned(instance: dg.DagsterInstance, records: Sequence[dg.RunRecord]) -> list[dg.RunRecord]:
    """Ends runs whose process on this machine is gone and those past their limit; returns the others."""
    return [record for record in records if not _is_ended(instance, record)]


def this_process() -> dict[str, str]:
    """Tags of a run that a person started in this process: it ends with it, in their time, and is not begun again."""
    return {PROCESS_TAG: this_mark(), LIMIT_TAG: _NONE, RETRIES_TAG: _NONE}


def is_lost(run: dg.DagsterRun) -> bool:
    """Whether the process of a run is known to be gone."""
    mark = run.tags.get(PROCESS_TAG)
    return mark is not None and is_gone(mark) is True


def _is_ended(instance: dg.DagsterInstance, record: dg.RunRecord) -> bool:
    run = record.dagster_run
    if is_lost(run):
        words = "The process of this run was killed. What it had begun is done again."
    elif _is_overdue(record, datetime.now(UTC)):
        words = f"This run was {run.status.value.lower()} for longer than its limit. The next one does its work."
    else:
        return False
    now = instance.get_run_by_id(run.run_id)
    if now is None or now.is_finished:
        return True
    if now.status != run.status:
        return False  # it moved on while we looked
    end_process(run.tags.get(PROCESS_TAG, ""), grace_seconds=_ENDS_WITHIN_SECONDS)
    if run.status in (dg.DagsterRunStatus.QUEUED, dg.DagsterRunStatus.CANCELING):
        instance.report_run_canceled(run, words)
    else:
        instance.report_run_failed(run, words)
    return True


def _is_overdue(record: dg.RunRecord, now: datetime) -> bool:
    run = record.dagster_run
    limit = limit_of(run)
    if limit is None and process_of(run.tags.get(PROCESS_TAG, "")) is not None:
        return False
    if run.status == dg.DagsterRunStatus.STARTED:
        begun = datetime.fromtimestamp(record.start_time, UTC) if record.start_time else _at(record.create_timestamp)
        return now - begun > (limit or _LONGEST) + _GRACE
    if run.status == dg.DagsterRunStatus.QUEUED:
        return now - _at(record.create_timestamp) > (limit or _LONGEST) + _GRACE
    within = _CANCELS_WITHIN if run.status == dg.DagsterRunStatus.CANCELING else _STARTS_WITHIN
    return now - _at(record.update_timestamp) > within + _GRACE


def limit_of(run: dg.DagsterRun) -> timedelta | None:
    """How long a run may take; None where its tags do not say."""
    try:
        seconds = float(run.tags.get(LIMIT_TAG, _NONE))
    except ValueError:  # a person may write anything into a tag
        return None
    return timedelta(seconds=seconds) if seconds > 0 else None


def _at(stamp: datetime) -> datetime:
    return stamp.replace(tzinfo=UTC) if stamp.tzinfo is None else stamp.astimezone(UTC)
