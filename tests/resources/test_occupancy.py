"""One `opsguard up` runs per home; what a killed one left behind is ended, and nobody else."""

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from resources.occupancy import OccupiedError, occupied
from resources.ports import take_port
from resources.processes import mark_of, this_mark
from tests.resources.processes import start, wait_for

SLEEPING = [sys.executable, "-c", "import time; time.sleep(600)"]
OCCUPYING = """
import pathlib, sys, time
from resources.occupancy import occupied
with occupied(pathlib.Path(sys.argv[1])) as (here, _):
    here.addresses["Dagster"] = "http://127.0.0.1:3000"
    here.note([])
    print("occupied", flush=True)
    time.sleep(600)
"""


@pytest.fixture
def sleeping():
    process = subprocess.Popen(SLEEPING, start_new_session=True)
    yield process
    process.kill()
    process.wait()


def record(home: Path, mark: str, command: list[str]) -> None:
    """A record as a killed `opsguard up` leaves it."""
    (home / "up.json").write_text(
        json.dumps({"up": this_mark(), "servers": [{"name": "web", "mark": mark, "command": command}]}),
        encoding="utf-8",
    )


def test_a_second_one_is_told_of_the_first_by_process_and_address(tmp_path):
    first = start(OCCUPYING, str(tmp_path))
    try:
        assert first.stdout.readline().strip() == "occupied"
        with pytest.raises(OccupiedError) as refused, occupied(tmp_path):
            pass
        assert str(refused.value).splitlines() == [
            f"OpsGuard runs here already ({tmp_path}, process {first.pid}).",
            "Dagster  http://127.0.0.1:3000",
            f"End it with Ctrl-C in its terminal or `kill {first.pid}`.",
        ]
    finally:
        first.send_signal(signal.SIGKILL)
        first.communicate()
    with occupied(tmp_path) as (here, left):
        assert left == []
        assert here.sockets.stat().st_mode & 0o777 == 0o700
    assert not here.sockets.exists()
    assert not (tmp_path / "up.json").exists()


def test_a_leftover_is_ended(tmp_path, sleeping):
    record(tmp_path, mark_of(sleeping.pid), SLEEPING)
    with occupied(tmp_path) as (_, left):
        assert left == ["web"]
        assert sleeping.wait(timeout=10) == -signal.SIGTERM


@pytest.mark.parametrize("change", ["another start", "another command", "another boot"])
def test_a_process_that_has_the_number_of_a_leftover_is_left_alone(tmp_path, sleeping, change):
    parts = mark_of(sleeping.pid).split("/")
    if change == "another start":
        parts[-1] = "1"
    if change == "another boot":
        parts[2] = "0f0f0f0f"
    record(tmp_path, "/".join(parts), SLEEPING if change != "another command" else [*SLEEPING, "more"])
    with occupied(tmp_path) as (_, left):
        assert left == []
    assert sleeping.poll() is None


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"servers": [{}]}', '{"servers": [], "sockets": "/etc"}'])
def test_a_record_that_was_cut_off_says_nothing(tmp_path, text):
    (tmp_path / "up.json").write_text(text, encoding="utf-8")
    with occupied(tmp_path) as (_, left):
        assert left == []


def test_a_taken_port_is_told_with_its_holder_and_another_one_is_got():
    with take_port(0) as first, take_port(first.number) as second:
        assert first.elsewhere is None
        assert second.number != first.number
        assert f"(process {os.getpid()})" in second.elsewhere
        with socket.create_connection(("127.0.0.1", second.number), timeout=5):
            pass
    wait_for(lambda: take_port(first.number).elsewhere is None, seconds=5)
