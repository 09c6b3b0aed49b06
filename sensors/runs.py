"""Runs that have not ended: which of them are really running, and which were left behind by a process that was killed.

Here: unfinished runs, and the mark by which a run names its process. Not here: starting runs (`cadences`, `arrivals`).

Dagster looks after the runs that its daemon launches. A run inside a command line has nobody: killed, it would stay
"started" for ever, and a cadence that never overlaps itself would never run again.
"""

import platform
from collections.abc import Sequence

import dagster as dg
import psutil

PROCESS_TAG = "opsguard/process"
_UNFINISHED = [
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
]


def unfinished_run(instance: dg.DagsterInstance, job: str) -> str | None:
    """The id of a run of the job that is queued or running; None where there is none."""
    runs = end_abandoned(instance, _unfinished(instance, job))
    return runs[0].run_id if runs else None


def end_abandoned(instance: dg.DagsterInstance, runs: Sequence[dg.DagsterRun]) -> list[dg.DagsterRun]:
    """Reports runs as failed whose process on this machine is gone; returns the others."""
    alive = []
    for run in runs:
        if _is_gone(run.tags.get(PROCESS_TAG)):
            instance.report_run_failed(run, "The process of this run was killed. What it had begun is done again.")
        else:
            alive.append(run)
    return alive


def this_process() -> dict[str, str]:
    """Tags by which a run in this process is known to have ended with it."""
    return {PROCESS_TAG: _mark(psutil.Process())}


def _unfinished(instance: dg.DagsterInstance, job: str) -> list[dg.DagsterRun]:
    records = instance.get_run_records(dg.RunsFilter(job_name=job, statuses=_UNFINISHED), limit=50)
    return [record.dagster_run for record in records]


def _mark(process: psutil.Process) -> str:
    """Machine, process number and start: numbers are used again."""
    return f"{platform.node()}/{process.pid}/{process.create_time():.2f}"


def _is_gone(mark: str | None) -> bool:
    if mark is None or not mark.startswith(f"{platform.node()}/"):
        return False
    number = int(mark.split("/")[1])
    try:
        return _mark(psutil.Process(number)) != mark or psutil.Process(number).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True
