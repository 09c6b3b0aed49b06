"""From due to done: OpsGuard's tick and a job with one empty asset, started by a real daemon in turn.

Here: a temporary installation and waiting for its runs. Not here: the schedules (`scheduled_defs`).
"""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import dagster as dg

from benchmarks.scheduled_defs import BARE_JOB
from benchmarks.timing import Measured
from opsguard_assets.commands.session import opened
from opsguard_assets.tickets.job_names import SCORE_JOB
from resources.servers import Servers, ServerSpec, free_port

_BIN = Path(sys.executable).parent
_DUE = ".dagster/scheduled_execution_time"


def measure_scheduled(work: Path, *, runs: int, done: Callable[[str], None]) -> tuple[Measured, Measured]:
    """Waits for so many runs of each job; (tick, bare), seconds from the scheduled time to the end of the run."""
    os.environ["OPSGUARD_HOME"] = str(work / "installation")
    subprocess.run([_BIN / "opsguard", "sync"], check=True, capture_output=True)
    with opened(None) as session, dg.DagsterInstance.get() as instance:
        home = session.installation.environment.home
        port = free_port(0)
        workspace = home / "dagster/benchmark.yaml"
        workspace.write_text(f"load_from:\n  - grpc_server: {{host: 127.0.0.1, port: {port}, location_name: bench}}\n")
        code = [_BIN / "dagster", "code-server", "start", "-h", "127.0.0.1", "-p", port]
        with Servers(home / "logs", {}) as servers:
            servers.start(ServerSpec("code-server", [*map(str, code), "-m", "benchmarks.scheduled_defs"]))
            servers.start(ServerSpec("daemon", [str(_BIN / "dagster-daemon"), "run", "-w", str(workspace)]))
            for _ in range(2 * runs + 2):
                _wait(instance)
                done("a scheduled run")
        # The first run of each pays for what only the first pays.
        return Measured("tick", _seconds(instance, SCORE_JOB)[1:], 0), Measured(
            "bare", _seconds(instance, BARE_JOB)[1:], 0
        )


def _wait(instance: dg.DagsterInstance) -> None:
    """Until one more run has ended."""
    before = _ended(instance)
    deadline = time.monotonic() + 300
    while _ended(instance) == before:
        if time.monotonic() > deadline:
            raise RuntimeError("no scheduled run ended within five minutes; see the logs of the installation")
        time.sleep(1)


def _ended(instance: dg.DagsterInstance) -> int:
    return len(_seconds(instance, SCORE_JOB)) + len(_seconds(instance, BARE_JOB))


def _seconds(instance: dg.DagsterInstance, job: str) -> list[float]:
    found = dg.RunsFilter(job_name=job, statuses=[dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE])
    records = [r for r in instance.get_run_records(found, ascending=True) if _DUE in r.dagster_run.tags and r.end_time]
    failed = [r.dagster_run.run_id for r in records if r.dagster_run.is_failure]
    if failed:
        raise RuntimeError(f"runs of {job} failed: {failed}")
    return [r.end_time - datetime.fromisoformat(r.dagster_run.tags[_DUE]).timestamp() for r in records if r.end_time]
