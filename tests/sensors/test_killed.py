"""A cadence outlives its processes: code server, daemon and run are killed together, and the next ticks run."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import dagster as dg
import pytest

from sensors.runs import PROCESS_TAG
from tests.long import long
from tests.resources.processes import ROOT, wait_for
from tests.sensors.ticking import JOB

BIN = Path(sys.executable).parent
pytestmark = [pytest.mark.timeout(400), long]
INSTANCE = """
run_launcher: {module: sensors.launching, class: WatchedRunLauncher}
run_monitoring: {enabled: true, poll_interval_seconds: 5}
telemetry: {enabled: false}
"""
WORKSPACE = "load_from:\n  - grpc_server: {{socket: {socket}, location_name: ticking}}\n"


class House:
    """A code server and a daemon on one home."""

    def __init__(self, home: Path) -> None:
        self.home, self.hanging = home, home / "hanging"
        (home / "dagster.yaml").write_text(INSTANCE, encoding="utf-8")
        self.socket = home / "code.sock"
        (home / "workspace.yaml").write_text(WORKSPACE.format(socket=self.socket), encoding="utf-8")
        self.processes: list[subprocess.Popen[bytes]] = []

    def start(self) -> None:
        code = [BIN / "dagster", "api", "grpc", "--socket", self.socket, "-m", "tests.sensors.ticking"]
        daemon = [BIN / "dagster-daemon", "run", "-w", self.home / "workspace.yaml"]
        variables = {**os.environ, "DAGSTER_HOME": str(self.home), "HANGING": str(self.hanging)}
        for command in (code, daemon):
            with (self.home / "log").open("ab") as log:
                started = subprocess.Popen(command, cwd=ROOT, env=variables, stdout=log, stderr=log)
            self.processes.append(started)

    def kill(self, *more: int) -> None:
        for number in [*more, *(process.pid for process in self.processes)]:
            os.kill(number, signal.SIGKILL)
        for process in self.processes:
            process.wait()
        self.processes.clear()


def test_code_server_daemon_and_run_killed_together_leave_a_cadence_that_goes_on(tmp_path):
    house = House(tmp_path)
    house.hanging.touch()
    with dg.DagsterInstance.from_config(str(tmp_path)) as instance:

        def runs(status: dg.DagsterRunStatus) -> list[dg.DagsterRun]:
            return list(instance.get_runs(dg.RunsFilter(job_name=JOB, statuses=[status])))

        def marked() -> str | None:
            begun = runs(dg.DagsterRunStatus.STARTED)
            return begun[0].tags.get(PROCESS_TAG) if begun else None

        try:
            house.start()
            wait_for(marked, seconds=150, pause=0.5)
            house.kill(int(marked().split("/")[-2]))
            (lost,) = runs(dg.DagsterRunStatus.STARTED)
            house.hanging.unlink()
            house.start()
            wait_for(lambda: runs(dg.DagsterRunStatus.SUCCESS), seconds=150, pause=0.5)
        finally:
            house.kill()
        assert instance.get_run_by_id(lost.run_id).status == dg.DagsterRunStatus.FAILURE
