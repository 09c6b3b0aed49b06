"""Servers of an installation start together, are watched, and end together: they, their children, and nobody else."""

import os
import signal
import socket
import sys
import threading
import time
from pathlib import Path

import pytest

from resources.servers import ServerError, Servers, ServerSpec, free_port
from tests.resources.processes import start, wait_for

WEB = """
import http.server, os, pathlib, subprocess, sys
port, notes = int(sys.argv[1]), pathlib.Path(sys.argv[2])
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
(notes / "child").write_text(str(child.pid))
(notes / "variable").write_text(os.environ.get("OPSGUARD_TEST", ""))
http.server.HTTPServer(("127.0.0.1", port), http.server.SimpleHTTPRequestHandler).serve_forever()
"""
DYING = "import sys; print('the reason is in the log'); sys.exit(3)"
STUBBORN = """
import pathlib, signal, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
pathlib.Path(sys.argv[1]).touch()
time.sleep(600)
"""


def is_alive(pid: int) -> bool:
    """A process that runs; one that has ended but was not waited for by its parent does not count."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def web(tmp_path: Path, port: int) -> ServerSpec:
    command = [sys.executable, "-c", WEB, str(port), str(tmp_path)]
    return ServerSpec("web", command, ready_url=f"http://127.0.0.1:{port}/")


def silent(_name: str) -> None:
    """Hears what is waited for."""


def test_a_server_is_ready_when_it_answers_and_ends_with_its_children(tmp_path):
    asked: list[str] = []
    with Servers(tmp_path / "logs", {"OPSGUARD_TEST": "given"}) as servers:
        servers.start(web(tmp_path, free_port(0)))
        servers.wait_until_ready(timeout_seconds=60, waiting=asked.append)
        child = int((tmp_path / "child").read_text(encoding="utf-8"))
        assert is_alive(child)
        assert (tmp_path / "variable").read_text(encoding="utf-8") == "given"
    assert asked == ["web"]
    wait_for(lambda: not is_alive(child), seconds=10)


def test_a_server_ends_in_a_group_of_its_own_and_ours_stays(tmp_path):
    heard: list[int] = []
    before = signal.signal(signal.SIGTERM, lambda number, _frame: heard.append(number))
    try:
        with Servers(tmp_path, {}) as servers:
            servers.start(ServerSpec("idle", [sys.executable, "-c", "import time; time.sleep(600)"]))
            process = servers._running[0].process
            assert os.getpgid(process.pid) == process.pid != os.getpgid(0)
        assert process.poll() is not None
    finally:
        signal.signal(signal.SIGTERM, before)
    assert heard == []


def test_a_server_that_dies_before_it_is_ready_is_named_with_its_log(tmp_path):
    spec = ServerSpec("mlflow", [sys.executable, "-c", DYING], ready_url=f"http://127.0.0.1:{free_port(0)}/")
    with Servers(tmp_path, {}) as servers:
        servers.start(spec)
        with pytest.raises(ServerError, match=r"mlflow ended with code 3; see .*mlflow\.log"):
            servers.wait_until_ready(timeout_seconds=60, waiting=silent)
    assert "the reason is in the log" in (tmp_path / "mlflow.log").read_text(encoding="utf-8")


def test_a_server_that_ends_is_started_again_three_times_and_then_ends_the_watch(tmp_path):
    said: list[str] = []
    with Servers(tmp_path, {}) as servers:
        servers.start(ServerSpec("idle", [sys.executable, "-c", "import time; time.sleep(600)"]))
        servers.start(ServerSpec("daemon", [sys.executable, "-c", DYING]))
        with pytest.raises(
            ServerError, match=r"daemon ended 4 times in 10 minutes, last with code 3; see .*daemon\.log"
        ):
            servers.watch(said.append)
    assert said[0] == f"daemon ended with code 3 and is started again (1 of 3); see {tmp_path / 'daemon.log'}"
    assert len(said) == 3


def test_what_a_server_that_was_killed_had_started_ends_with_the_block(tmp_path, monkeypatch):
    monkeypatch.setattr("resources.servers._TEND_SECONDS", 1.5)
    said: list[str] = []
    with Servers(tmp_path, {}) as servers:
        servers.start(web(tmp_path, free_port(0)))
        servers.wait_until_ready(timeout_seconds=60, waiting=silent)
        child = int((tmp_path / "child").read_text(encoding="utf-8"))
        os.kill(servers._running[0].process.pid, signal.SIGKILL)

        def tend() -> None:
            raise LookupError

        with pytest.raises(LookupError):
            servers.watch(said.append, tend)
        assert "web ended by SIGKILL and is started again" in said[0]
        assert is_alive(child)
    wait_for(lambda: not is_alive(child), seconds=10)


HOUSE = """
import pathlib, sys
from resources.servers import Servers, ServerSpec
from tests.resources.test_servers import FOLLOWING
with Servers(pathlib.Path(sys.argv[1]), {}) as servers:
    servers.start(ServerSpec("follows", [sys.executable, "-c", FOLLOWING, sys.argv[1]]))
    servers.watch(print)
"""
FOLLOWING = """
import os, pathlib, sys, threading
from resources import serving
threading.Thread(target=serving._follow_parent, daemon=True).start()
(pathlib.Path(sys.argv[1]) / "draft").write_text(str(os.getpid()))
(pathlib.Path(sys.argv[1]) / "draft").rename(pathlib.Path(sys.argv[1]) / "following")
threading.Event().wait()
"""


def test_a_server_ends_with_the_process_that_started_it_however_that_one_ends(tmp_path):
    house = start(HOUSE, str(tmp_path))
    wait_for((tmp_path / "following").exists)
    server = int((tmp_path / "following").read_text(encoding="utf-8"))
    assert is_alive(server)
    house.kill()
    house.communicate()
    wait_for(lambda: not is_alive(server), seconds=20)


def test_a_stop_that_is_hurried_waits_for_nobody(tmp_path):
    ready = tmp_path / "ready"
    begun = time.monotonic()
    with Servers(tmp_path, {}) as servers:
        servers.start(ServerSpec("stubborn", [sys.executable, "-c", STUBBORN, str(ready)]))
        wait_for(ready.exists)
        threading.Timer(0.5, lambda: setattr(servers, "is_hurried", True)).start()
        process = servers._running[0].process
        begun = time.monotonic()
    assert process.returncode == -signal.SIGKILL
    assert time.monotonic() - begun < 5


def test_a_log_is_kept_short_while_its_server_writes_on(tmp_path, monkeypatch):
    monkeypatch.setattr("resources.servers._LOG_BYTES", 1000)
    monkeypatch.setattr("resources.servers._TEND_SECONDS", 0.1)
    talking = "import time\nwhile True: print('a line that is written again and again', flush=True); time.sleep(0.01)"

    def tend() -> None:
        if (tmp_path / "talking.log.1").exists():
            raise LookupError

    with Servers(tmp_path, {}) as servers:
        servers.start(ServerSpec("talking", [sys.executable, "-c", talking]))
        with pytest.raises(LookupError):
            servers.watch(silent, tend)
        wait_for(lambda: (tmp_path / "talking.log").stat().st_size)
    kept, before = ((tmp_path / name).read_bytes() for name in ("talking.log", "talking.log.1"))
    assert before.startswith(b"a line")
    assert len(before) > 1000
    assert b"\0" not in kept  # the server goes on at the beginning, not behind a hole


def test_a_server_that_never_answers_is_given_up_with_its_log(tmp_path):
    idle = [sys.executable, "-c", "import time; time.sleep(600)"]
    with Servers(tmp_path, {}) as servers:
        servers.start(ServerSpec("web", idle, ready_url=f"http://127.0.0.1:{free_port(0)}/"))
        with pytest.raises(ServerError, match=r"web did not answer in 1 s; see .*web\.log"):
            servers.wait_until_ready(timeout_seconds=1, waiting=silent)


def test_a_server_that_does_not_listen_to_the_request_to_end_is_ended(tmp_path, monkeypatch):
    monkeypatch.setattr("resources.servers._GRACE_SECONDS", 0.5)
    ready = tmp_path / "ready"
    with Servers(tmp_path, {}) as servers:
        servers.start(ServerSpec("stubborn", [sys.executable, "-c", STUBBORN, str(ready)]))
        wait_for(ready.exists)
        process = servers._running[0].process
    assert process.returncode == -signal.SIGKILL


def test_servers_end_when_the_block_fails(tmp_path):
    started = []

    def fail() -> None:
        with Servers(tmp_path, {}) as servers:
            servers.start(ServerSpec("idle", [sys.executable, "-c", "import time; time.sleep(600)"]))
            started.append(servers._running[0].process)
            raise LookupError

    with pytest.raises(LookupError):
        fail()
    assert started[0].poll() is not None


def test_a_log_is_continued_by_the_next_start(tmp_path):
    for _ in range(2):
        with Servers(tmp_path, {}) as servers:
            servers.start(ServerSpec("daemon", [sys.executable, "-c", DYING]))
            servers._running[0].process.wait()
    assert (tmp_path / "daemon.log").read_text(encoding="utf-8").count("the reason") == 2


def test_a_port_that_is_free_is_given_as_preferred_and_a_taken_one_is_not():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        given = free_port(port)
        assert given not in {0, port}
    assert free_port(given) == given


def test_ports_that_are_asked_for_at_once_are_usable():
    ports: list[int] = []
    askers = [threading.Thread(target=lambda: ports.append(free_port(0))) for _ in range(4)]
    for asker in askers:
        asker.start()
    for asker in askers:
        asker.join()
    assert len(ports) == 4
    assert all(1024 <= port <= 65535 for port in ports)
