"""`opsguard up` as a person meets it: what it says, who else may start it, and that nothing is left afterwards.

All of these take half a minute each. What `make test` tries of it is in `test_cli`, on the home of the demo.
"""

import json
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.request
from contextlib import closing
from pathlib import Path

import psutil
import pytest

from tests.long import long
from tests.resources.processes import wait_for

OPSGUARD = Path(sys.executable).parent / "opsguard"
pytestmark = pytest.mark.timeout(400)


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A home whose path has a space, and a configuration without sources."""
    folder = tmp_path_factory.mktemp("a home")
    (folder / "opsguard.yaml").write_text("operations:\n  timezone: UTC\n", encoding="utf-8")
    return folder


class Up:
    """A running `opsguard up` and what it has said."""

    def __init__(self, home: Path, *options: str) -> None:
        self.said = home / "said"
        command = [OPSGUARD, "up", "--config", home / "opsguard.yaml", *options]
        variables = {**os.environ, "OPSGUARD_HOME": str(home / "home"), "OPSGUARD_DATABASE_URL": ""}
        with self.said.open("w") as file:
            self.begun = time.monotonic()
            self.process = subprocess.Popen(
                command, cwd=home, env=variables, stdout=file, stderr=file, start_new_session=True
            )

    def lines(self) -> list[str]:
        return self.said.read_text(encoding="utf-8").splitlines()

    def ready(self) -> "Up":
        wait_for(lambda: "Ctrl-C stops all of them." in self.lines() or self.process.poll() is not None, seconds=300)
        assert self.process.poll() is None, self.lines()
        return self

    def servers(self) -> list[psutil.Process]:
        found = psutil.Process(self.process.pid).children(recursive=True)
        return [process for process in found if "resources.serving" in process.cmdline()]

    def address(self, name: str) -> str:
        return next(line.split()[1] for line in self.lines() if line.startswith(name))


@pytest.fixture
def up(home):
    started: list[Up] = []

    def begin(*options: str) -> Up:
        started.append(Up(home, *options))
        return started[-1]

    yield begin
    for each in started:
        if each.process.poll() is None:
            each.process.kill()
            each.process.wait()


@long
def test_it_says_at_once_what_starts_serves_both_and_leaves_nothing_when_the_terminal_is_closed(up):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        here = up("--dagster-port", str(port), "--mlflow-port", str(port), "--web-port", str(port))
        wait_for(here.lines, seconds=30)
        assert here.lines()[0] == "Starting OpsGuard, Dagster and MLflow …"
        here.ready()
    assert f"(port {port} is taken by" in "\n".join(here.lines())
    for name in ("OpsGuard", "Dagster", "MLflow"):
        with urllib.request.urlopen(here.address(name), timeout=60) as page:
            assert page.status == 200
    servers = here.servers()
    assert len(servers) == 5
    second = up()
    assert second.process.wait(timeout=60) == 1
    assert any(line.startswith("OpsGuard runs here already") for line in second.lines())
    here.process.send_signal(signal.SIGHUP)
    assert here.process.wait(timeout=60) == 0
    assert not [process for process in servers if process.is_running()]


@long
def test_what_is_killed_is_started_again_and_a_second_ctrl_c_leaves_nothing(up):
    here = up("--dagster-port", "3911", "--mlflow-port", "3912", "--web-port", "3913").ready()
    daemon = next(process for process in here.servers() if "daemon" in process.cmdline())
    daemon.kill()
    wait_for(
        lambda: any("dagster-daemon ended by SIGKILL and is started again (1 of 3)" in line for line in here.lines())
    )
    servers = here.servers()
    here.process.send_signal(signal.SIGINT)
    time.sleep(0.2)
    here.process.send_signal(signal.SIGINT)
    assert here.process.wait(timeout=60) == 0
    assert not [process for process in servers if process.is_running()]


@long
def test_killed_itself_it_leaves_nothing_that_the_next_one_does_not_end(up):
    first = up("--dagster-port", "3911", "--mlflow-port", "3912", "--web-port", "3913").ready()
    servers = first.servers()
    frozen = servers[0]
    frozen.suspend()  # it cannot hear that nobody is there any more
    first.process.kill()
    first.process.wait()
    wait_for(lambda: [process for process in servers if process.is_running()] == [frozen], seconds=30)
    second = up("--dagster-port", "3911", "--mlflow-port", "3912", "--web-port", "3913").ready()
    assert any(line.startswith("Stopped processes of a killed `opsguard up`: ") for line in second.lines())
    assert not frozen.is_running() or frozen.status() == psutil.STATUS_ZOMBIE
    second.process.terminate()
    assert second.process.wait(timeout=60) == 0


# The sensor looks once a minute.
@long
@pytest.mark.timeout(900)
def test_a_job_that_fails_twice_raises_one_alert_that_ends_with_its_next_success(tmp_path):
    home, helpdesk = tmp_path / "a home", tmp_path / "helpdesk.db"
    home.mkdir()
    (home / "opsguard.yaml").write_text(_HELPDESK.format(url=f"sqlite:///{helpdesk}"), encoding="utf-8")
    with closing(sqlite3.connect(helpdesk)) as opened:
        opened.execute("CREATE TABLE tickets (number TEXT, opened TEXT)")
        opened.execute("INSERT INTO tickets VALUES ('1', '2026-01-31 08:00:00')")
        opened.commit()
    here = Up(home, "--dagster-port", "3921", "--mlflow-port", "3922", "--web-port", "3923").ready()
    try:
        assert command(home, "sync").returncode == 0
        log = home / "home" / "lake" / "tables" / "tickets" / "_delta_log"
        log.rename(tmp_path / "log")
        log.mkdir()
        (log / f"{0:020}.json").write_text("broken", encoding="utf-8")
        for times in (1, 2):
            assert command(home, "tick", "sla").returncode == 1
            # Its own schedule may run it once more meanwhile.
            wait_for(lambda times=times: any(a["occurrences"] >= times for a in alerts(home)), seconds=200, pause=5)
        (alert,) = alerts(home)
        assert (alert["severity"], alert["state"]) == ("high", "open")
        shutil.rmtree(log)
        (tmp_path / "log").rename(log)
        assert command(home, "tick", "sla").returncode == 0
        wait_for(lambda: not alerts(home), seconds=200, pause=5)
    finally:
        here.process.terminate()
        assert here.process.wait(timeout=60) == 0


_HELPDESK = """
sources:
  - name: helpdesk
    kind: sql
    url: {url}
    table: tickets
    feeds:
      - table: tickets
        columns:
          ticket_id: number
          client_id: {{constant: acme}}
          priority: {{constant: high}}
          status: {{constant: open}}
          opened_at: opened
          updated_at: opened
"""


def command(home: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """A command on the same home as `opsguard up`."""
    variables = {**os.environ, "OPSGUARD_HOME": str(home / "home"), "OPSGUARD_DATABASE_URL": ""}
    whole = [OPSGUARD, *words, "--config", home / "opsguard.yaml"]
    return subprocess.run(whole, cwd=home, env=variables, capture_output=True, text=True, check=False)


def alerts(home: Path) -> list[dict[str, object]]:
    """What `opsguard alerts list` shows of the tick that fails; other jobs may meet the broken table, too."""
    said = command(home, "alerts", "list", "--type", "opsguard_run_failed", "--json")
    assert said.returncode == 0, said.stderr
    return [alert for alert in json.loads(said.stdout) if alert["entity_id"] == "score_sla_job"]
