"""The embedded server: shared by those who need it, stopped with the last one, and its neighbours are left alone."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
from sqlalchemy.exc import OperationalError

from resources.postgres import EmbeddedServerError, ensure_running, place, start_embedded, stop_embedded
from resources.postgres.place import locked, place_of
from tests.long import chosen, long
from tests.resources.embedded import (
    IS_ROOT,
    QUICK,
    answer,
    at_work,
    joined,
    joining,
    kill,
    open_to_others,
    servers_of,
)
from tests.resources.processes import finished, start, wait_for

# A command of the command line, whose work takes until it is asked to end.
WORKING = """
import sys, time
from pathlib import Path
from opsguard_assets import cli
from resources.postgres import start_embedded

def work():
    start_embedded(Path(sys.argv[1]), settings={"fsync": "off"})
    print("joined", flush=True)
    time.sleep(600)

cli.app = lambda **_: work()
cli.main()
"""
FORKING = """
import os, sys, time
from pathlib import Path
from resources.postgres import start_embedded
start_embedded(Path(sys.argv[1]), settings={"fsync": "off"})
if os.fork() == 0:
    time.sleep(3)
    os._exit(0)
print("joined", flush=True)
"""
pytestmark = pytest.mark.timeout(180)


def test_a_server_ends_with_the_next_command_after_a_killed_one(folder):
    killed = joined(joining(folder, 600))
    (server,) = servers_of(folder)
    killed.kill()
    killed.communicate()
    assert servers_of(folder) == [server]
    assert finished(joining(folder)) == "joined"
    assert at_work(folder) == []


def test_a_server_stays_while_another_process_needs_it(folder):
    staying = joined(joining(folder, 600))
    (server,) = servers_of(folder)
    finished(joining(folder))
    assert servers_of(folder) == [server]
    staying.kill()
    staying.communicate()
    finished(joining(folder))
    assert at_work(folder) == []


def test_a_terminated_command_leaves_no_server(folder):
    working = joined(start(WORKING, str(folder)))
    working.send_signal(signal.SIGTERM)
    working.communicate(timeout=60)
    assert working.returncode == 143
    assert at_work(folder) == []


def test_a_forked_process_keeps_no_server_alive(folder):
    forking = start(FORKING, str(folder))
    assert forking.wait(60) == 0
    assert at_work(folder) == []
    forking.communicate()


@long
def test_ten_commands_that_start_at_once_on_nothing_share_one_server(bare):
    folder = bare
    commands = [joining(folder, 3) for _ in range(10)]
    for command in commands:
        joined(command)
    assert len(servers_of(folder)) == 1
    for command in commands:
        finished(command)
    assert at_work(folder) == []


def test_a_killed_server_is_started_again_at_the_same_address(folder):
    address = start_embedded(folder, settings={"fsync": "off"})
    assert not ensure_running(folder)
    answer(address, "CREATE TABLE kept AS SELECT 42 AS answer")
    for victims in (servers_of, at_work):  # the server alone, then all of its processes
        kill(victims(folder))
        wait_for(lambda: servers_of(folder) == [], seconds=30)
        assert ensure_running(folder)
        assert start_embedded(folder) == address
        assert answer(address, "SELECT answer FROM kept") == 42
        assert answer(address, "SHOW fsync") == "off"
        assert not ensure_running(folder)


@pytest.mark.skipif(sys.platform != "linux", reason="reads the memory segments of Linux")
def test_shared_memory_of_a_killed_server_is_cleared_by_its_next_start(folder):
    def segments():
        lines = Path("/proc/sysvipc/shm").read_text(encoding="ascii").splitlines()[1:]
        return {line.split()[1] for line in lines}

    start_embedded(folder, settings=QUICK)
    _key, segment = (folder / "postmaster.pid").read_text(encoding="utf-8").split("\n")[6].split()
    kill(at_work(folder))
    wait_for(lambda: at_work(folder) == [], seconds=30)
    assert segment in segments()
    ensure_running(folder)
    stop_embedded(folder)
    assert segment not in segments()


@pytest.mark.parametrize("innocent", chosen(["sleep", "another server", "a number that nobody has"]))
def test_a_stale_pid_file_neither_fails_the_start_nor_harms_who_has_its_number_now(folder, tmp_path, innocent):
    finished(joining(folder))
    other = tmp_path / "other" / "postgres"
    sleeping = subprocess.Popen(["sleep", "600"])
    victim = {"sleep": sleeping.pid, "a number that nobody has": 4194303}.get(innocent)
    if victim is None:
        start_embedded(other, settings=QUICK)
        (victim,) = servers_of(other)
    socket = Path(json.loads((place_of(folder).state / "socket").read_text(encoding="utf-8"))["folder"])
    socket.mkdir(mode=0o700)
    lines = [victim, folder, int(time.time()), 5432, socket, "", "  1234567     12345", "ready   ", ""]
    text = "\n".join(map(str, lines))
    for file in (folder / "postmaster.pid", socket / ".s.PGSQL.5432.lock"):
        file.write_text(text, encoding="utf-8")
    assert finished(joining(folder)) == "joined"
    assert sleeping.poll() is None
    if innocent == "another server":
        assert servers_of(other) == [victim]
        stop_embedded(other)
    sleeping.kill()
    sleeping.wait()


@pytest.mark.parametrize("left", chosen([3, *range(3), *range(4, 8), "nonsense", "-"], number=2))
def test_a_pid_file_that_was_cut_off_is_repaired(folder, left):
    lines = ["99999", str(folder), "1700000000", "5432", str(folder), "", "  1234567     12345"]
    text = left if isinstance(left, str) else "\n".join(lines[:left])
    (folder / "postmaster.pid").write_text(text, encoding="utf-8")
    assert finished(joining(folder)) == "joined"


def test_a_worker_that_was_just_forked_is_not_taken_for_a_second_server(tmp_path):
    # Two processes write to one pipe: each writes its line in one call, whether or not Python buffers its output.
    forking = "import os, sys; os.write(1, f'{os.fork()}\\n'.encode()); sys.stdin.read()"
    command, pipes = (
        ["postgres", "-c", forking, "-D", str(tmp_path)],
        {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE},
    )
    with subprocess.Popen(command, executable=sys.executable, cwd=tmp_path, **pipes) as server:
        worker = max(int(server.stdout.readline()), int(server.stdout.readline()))
        assert psutil.Process(worker).cmdline() == psutil.Process(server.pid).cmdline()
        assert servers_of(tmp_path) == [server.pid]
        server.stdin.close()


@long
@pytest.mark.parametrize("damage", chosen([lambda file: file.write_text("1\n"), Path.unlink]))
def test_a_server_that_runs_without_its_pid_file_is_not_joined_by_a_second_one(folder, damage):
    first = joined(joining(folder, 600))
    damage(folder / "postmaster.pid")
    second = joined(joining(folder, 600))
    assert len(servers_of(folder)) == 1
    for process in (first, second):
        process.kill()
        process.communicate()
    finished(joining(folder))
    assert at_work(folder) == []


def test_a_home_path_longer_than_any_socket_address_works_and_stays_closed(tmp_path):
    folder = tmp_path / ("ä" * 60) / ("b c" * 20) / "postgres"
    above = {path: path.stat().st_mode for path in tmp_path.parents}
    url = start_embedded(folder, settings=QUICK)
    assert answer(url, "SELECT 1") == 1
    socket = Path(url.partition("?host=")[2])
    assert (socket.stat().st_uid, socket.stat().st_mode & 0o777) == (os.geteuid(), 0o700)
    assert open_to_others(socket) == open_to_others(folder) == open_to_others(place_of(folder).state) == []
    assert {path: path.stat().st_mode for path in tmp_path.parents} == above
    stop_embedded(folder)
    assert not socket.exists()


def test_whoever_does_not_know_the_password_is_not_let_in(folder):
    url = start_embedded(folder, settings=QUICK)
    password = place_of(folder).password.read_text(encoding="utf-8")
    assert len(password) > 40
    assert password in url
    for wrong in ("", "postgres"):
        with pytest.raises(OperationalError, match="password"):
            answer(url.replace(password, wrong), "SELECT 1")
    said = place_of(folder).log.read_text(encoding="utf-8", errors="replace")
    arguments = [" ".join(process.info["cmdline"] or ()) for process in psutil.process_iter(["cmdline"])]
    assert not any(password in text for text in (said, *arguments))


@pytest.mark.skipif(not IS_ROOT, reason="only root can act as another user")
def test_another_user_does_not_even_reach_the_socket(folder):
    url = start_embedded(folder, settings=QUICK)
    socket = url.partition("?host=")[2]
    program = "import socket, sys; socket.socket(socket.AF_UNIX).connect(sys.argv[1] + '/.s.PGSQL.5432')"
    asked = subprocess.run(
        ["/usr/bin/env", "python3", "-c", program, socket],
        user=65534,
        group=65534,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "PermissionError" in asked.stderr


@long
def test_a_copy_of_a_home_that_runs_does_not_meet_it(folder, tmp_path):
    finished(joining(folder))
    copy = tmp_path / "copy" / "postgres"
    shutil.copytree(folder.parent, copy.parent)
    urls = [start_embedded(data, settings=QUICK) for data in (folder, copy)]
    assert urls[0] != urls[1]
    answer(urls[0], "CREATE TABLE mine ()")
    assert answer(urls[1], "SELECT to_regclass('mine')") is None
    stop_embedded(copy)


def test_a_socket_folder_that_was_removed_is_made_again(folder):
    url = start_embedded(folder, settings=QUICK)
    shutil.rmtree(url.partition("?host=")[2])
    assert ensure_running(folder)
    assert start_embedded(folder) == url
    assert answer(url, "SELECT 1") == 1


def test_a_socket_folder_whose_name_another_has_taken_is_left_to_him(folder):
    url = start_embedded(folder, settings=QUICK)
    socket = Path(url.partition("?host=")[2])
    stop_embedded(folder)
    socket.mkdir(mode=0o777)
    socket.chmod(0o777)
    (socket / "his").touch()
    new = start_embedded(folder, settings=QUICK)
    assert new != url
    assert answer(new, "SELECT 1") == 1
    assert [path.name for path in socket.iterdir()] == ["his"]
    shutil.rmtree(socket)


def test_variables_of_other_servers_in_the_environment_change_nothing(folder, monkeypatch):
    for name, value in {"PGPORT": "1", "PGDATA": "/nowhere", "PGUSER": "x", "LC_ALL": "xx", "PGPASSWORD": "y"}.items():
        monkeypatch.setenv(name, value)
    assert answer(start_embedded(folder, settings=QUICK), "SELECT upper('ä')") == "Ä"


def test_whoever_waits_for_another_process_hears_so(folder, monkeypatch):
    monkeypatch.setattr(place.Waiting, "first_seconds", 0.1)
    heard = []
    with locked(place_of(folder), heard.append):
        waiting = joining(folder)
        time.sleep(1)
    assert finished(waiting) == "joined"
    start_embedded(folder, settings=QUICK)
    (place_of(folder).data / "recovery.signal").touch()
    stop_embedded(folder)
    start_embedded(folder, settings={**QUICK, "restore_command": "sleep 0.4; false"}, say=heard.append)
    assert any("the database is starting" in line for line in heard)


def test_a_server_that_dies_at_its_start_is_quoted(folder):
    with pytest.raises(EmbeddedServerError, match=r"(?s)Its last words:.*wal_level.*Correct what they name"):
        start_embedded(folder, settings={"wal_level": "nonsense"})
    assert at_work(folder) == []
    start_embedded(folder, settings=QUICK)
