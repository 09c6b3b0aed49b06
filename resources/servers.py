"""Server processes of one installation: started together, watched, started again, stopped together.

Here: processes, readiness, logs, the end. Not here: which servers there are (`opsguard_assets.commands.up`), and that
there is one set of them per home (`occupancy`).
"""

import os
import shutil
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from resources.processes import end_process, group_of, is_gone, mark_of

_GRACE_SECONDS = 15.0
_RESTARTS, _WITHIN_SECONDS = 3, 600.0
_LOG_BYTES = 5_000_000
_TEND_SECONDS = 5.0


class ServerError(RuntimeError):
    """A server did not start or ended too often; the message names its log."""


@dataclass(frozen=True)
class ServerSpec:
    """A server to run.

    Attributes:
        name: Also the name of its log file.
        command: Program and arguments; they hold no secret, because other users can list them.
        ready_url: Answers once the server is ready; None where there is nothing to ask.
        listener: A listening socket that the server takes over, under the same number.
    """

    name: str
    command: Sequence[str]
    ready_url: str | None = None
    listener: socket.socket | None = None


@dataclass
class _Running:
    spec: ServerSpec
    process: subprocess.Popen[bytes]
    mark: str
    restarts: list[float] = field(default_factory=list)


@dataclass
class Servers:
    """Running servers; use as a context manager, so that all of them end with the block.

    Attributes:
        logs: Folder of one log per server; each is kept within 5 MB, and the one before it beside it.
        variables: Environment of the servers, beside that of this process.
        noted: Told the name, mark and command of every server whenever one is started.
    """

    logs: Path
    variables: Mapping[str, str]
    noted: Callable[[Sequence[tuple[str, str, Sequence[str]]]], None] = lambda _: None
    is_stopping: bool = False
    is_hurried: bool = False
    _running: list[_Running] = field(default_factory=list)
    _orphans: list[str] = field(default_factory=list)

    def __enter__(self) -> Self:
        """Makes the folder of the logs."""
        self.logs.mkdir(parents=True, exist_ok=True)
        return self

    def __exit__(self, *_: object) -> None:
        """Stops everything that was started, and only that."""
        self.stop()

    def start(self, spec: ServerSpec) -> None:
        """Starts a server in a process group of its own, so that it ends when we say so and not with the terminal.

        Its standard input is a pipe that closes when this process ends, however it does.
        """
        _bound(self._log(spec))
        process = self._open(spec)
        self._running.append(_Running(spec, process, mark_of(process.pid)))
        self._note()

    def wait_until_ready(self, *, timeout_seconds: float, waiting: Callable[[str], None]) -> None:
        """Returns when every server answers.

        Raises:
            ServerError: When one ends or does not answer in time.
        """
        deadline = time.monotonic() + timeout_seconds
        for running in self._running:
            spec = running.spec
            waiting(spec.name)
            while spec.ready_url and not _answers(spec.ready_url):
                self._check_alive()
                if time.monotonic() > deadline:
                    raise ServerError(f"{spec.name} did not answer in {timeout_seconds:.0f} s; see {self._log(spec)}")
                time.sleep(0.2)

    def watch(self, say: Callable[[str], None], tend: Callable[[], None] = lambda: None) -> None:
        """Blocks; a server that ends by itself is started again, and logs are kept short.

        Args:
            say: Told one line about each server that was started again.
            tend: Called every few seconds, to look after what is no server of ours.

        Raises:
            ServerError: When a server ends more than three times within ten minutes.
        """
        tended = time.monotonic()
        while True:
            for running in self._running:
                if is_gone(running.mark):
                    say(self._start_again(running))
            if time.monotonic() - tended > _TEND_SECONDS:
                tend()
                for running in self._running:
                    _bound(self._log(running.spec))
                tended = time.monotonic()
            time.sleep(1)

    def stop(self) -> None:
        """Asks every server to end, and ends what does not listen, or everything at once when hurried."""
        self.is_stopping = True
        for running in reversed(self._running):
            _signal(running.process, signal.SIGTERM)
        deadline = time.monotonic() + _GRACE_SECONDS
        # A server's own children may need their time; its number stays its own until it is waited for.
        while any(group_of(running.process.pid) for running in self._running):
            if self.is_hurried or time.monotonic() > deadline:
                break
            time.sleep(0.1)
        for running in reversed(self._running):
            _signal(running.process, signal.SIGKILL)
            running.process.wait()
            if running.process.stdin:
                running.process.stdin.close()
        for mark in self._orphans:
            end_process(mark, grace_seconds=0 if self.is_hurried else 2)
        self._running.clear()

    def _open(self, spec: ServerSpec) -> subprocess.Popen[bytes]:
        with self._log(spec).open("ab") as log:
            return subprocess.Popen(  # noqa: S603 - the command is ours
                list(spec.command),
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                env={**os.environ, **self.variables},
                start_new_session=True,
                pass_fds=[spec.listener.fileno()] if spec.listener else [],
            )

    def _start_again(self, running: _Running) -> str:
        """One more start of a server that has ended; what it had started is remembered for the end."""
        self._orphans += group_of(running.process.pid)
        code = running.process.wait()
        if running.process.stdin:
            running.process.stdin.close()
        now = time.monotonic()
        running.restarts = [moment for moment in running.restarts if now - moment < _WITHIN_SECONDS]
        name, log = running.spec.name, self._log(running.spec)
        if len(running.restarts) >= _RESTARTS:
            minutes = _WITHIN_SECONDS / 60
            raise ServerError(
                f"{name} ended {_RESTARTS + 1} times in {minutes:.0f} minutes, last {_ended(code)}; see {log}"
            )
        running.restarts.append(now)
        running.process = self._open(running.spec)
        running.mark = mark_of(running.process.pid)
        self._note()
        return f"{name} ended {_ended(code)} and is started again ({len(running.restarts)} of {_RESTARTS}); see {log}"

    def _note(self) -> None:
        self.noted([(running.spec.name, running.mark, running.spec.command) for running in self._running])

    def _check_alive(self) -> None:
        for running in self._running:
            if is_gone(running.mark):
                raise ServerError(
                    f"{running.spec.name} ended {_ended(running.process.wait())}; see {self._log(running.spec)}"
                )

    def _log(self, spec: ServerSpec) -> Path:
        return self.logs / f"{spec.name}.log"


def free_port(preferred: int) -> int:
    """`preferred` where nobody listens on it, otherwise a port that the system gives."""
    for port in (preferred, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise ServerError("no port is free on 127.0.0.1")


def _ended(code: int) -> str:
    return f"by {signal.Signals(-code).name}" if code < 0 else f"with code {code}"


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as reply:  # noqa: S310 - our own address
            return bool(reply.status < 500)  # noqa: PLR2004 - HTTP: a server error means not ready
    except (urllib.error.URLError, OSError):
        return False


def _signal(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    """To the whole group: a server's own children end with it."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, number)


def _bound(log: Path) -> None:
    """Keeps a log short: what was written becomes the log before it, and its server goes on at the beginning."""
    with suppress(FileNotFoundError):
        if log.stat().st_size > _LOG_BYTES:
            shutil.copyfile(log, log.with_name(f"{log.name}.1"))
            os.truncate(log, 0)
