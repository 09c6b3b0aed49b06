"""The embedded server stops when nobody needs it any more, also after processes that could not say goodbye."""

import json
import os
import signal
from pathlib import Path

import pytest

from resources.postgres import ensure_running, is_alive, start_embedded
from tests.resources.processes import finished, start, wait_for

JOINING = """
import sys, time
from pathlib import Path
from resources.postgres import start_embedded
start_embedded(Path(sys.argv[1]))
print("joined", flush=True)
time.sleep(float(sys.argv[2]))
"""
# A command of the command line, whose work takes until it is asked to end.
WORKING = """
import sys, time
from pathlib import Path
from opsguard_assets import cli
from resources.postgres import start_embedded

def work():
    start_embedded(Path(sys.argv[1]))
    print("joined", flush=True)
    time.sleep(600)

cli.app = lambda **_: work()
cli.main()
"""
pytestmark = pytest.mark.timeout(180)


def joined(program: str, *arguments: str):
    """A process that has joined the server."""
    process = start(program, *arguments)
    assert process.stdout is not None
    assert process.stdout.readline().strip() == "joined", process.communicate()[1]
    return process


def postmaster(folder: Path) -> int:
    return int((folder / "postmaster.pid").read_text(encoding="utf-8").split("\n")[0])


def test_a_server_ends_with_the_next_command_after_a_killed_one(tmp_path):
    folder = tmp_path / "postgres"
    killed = joined(JOINING, str(folder), "600")
    server = postmaster(folder)
    os.kill(killed.pid, signal.SIGKILL)
    killed.communicate()
    assert is_alive(server)
    assert finished(start(JOINING, str(folder), "0")) == "joined"
    wait_for(lambda: not is_alive(server), seconds=30)
    assert json.loads((folder / ".handle_pids.json").read_text(encoding="utf-8")) == []


def test_a_server_stays_while_another_process_needs_it(tmp_path):
    folder = tmp_path / "postgres"
    staying = joined(JOINING, str(folder), "600")
    server = postmaster(folder)
    finished(start(JOINING, str(folder), "0"))
    assert is_alive(server)
    staying.send_signal(signal.SIGKILL)
    staying.communicate()
    finished(start(JOINING, str(folder), "0"))
    wait_for(lambda: not is_alive(server), seconds=30)


def test_a_terminated_command_leaves_no_server(tmp_path):
    folder = tmp_path / "postgres"
    working = joined(WORKING, str(folder))
    server = postmaster(folder)
    working.send_signal(signal.SIGTERM)
    working.communicate(timeout=60)
    assert working.returncode == 143
    wait_for(lambda: not is_alive(server), seconds=30)


def test_a_killed_server_is_started_again_at_the_same_address(tmp_path):
    folder = tmp_path / "postgres"
    address = start_embedded(folder)
    assert not ensure_running(folder)
    killed = postmaster(folder)
    os.kill(killed, signal.SIGKILL)
    wait_for(lambda: not is_alive(killed), seconds=30)
    assert ensure_running(folder)
    assert is_alive(postmaster(folder))
    assert start_embedded(folder) == address
