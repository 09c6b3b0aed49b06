"""Server processes of one installation: started together, watched, stopped together.

Here: processes, ports, readiness, the end. Not here: which servers there are (`opsguard_assets.commands.up`).
"""

import os
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

_GRACE_SECONDS = 15.0


class ServerError(RuntimeError):
    """A server did not start or ended early; the message names its log."""


@dataclass(frozen=True)
class ServerSpec:
    """A server to run.

    Attributes:
        name: Also the name of its log file.
        command: Program and arguments; they hold no secret, because other users can list them.
        ready_url: Answers once the server is ready; None where there is nothing to ask.
    """

    name: str
    command: Sequence[str]
    ready_url: str | None = None


@dataclass
class Servers:
    """Running servers; use as a context manager, so that all of them end with the block."""

    logs: Path
    variables: Mapping[str, str]
    _running: list[tuple[ServerSpec, subprocess.Popen[bytes]]] = field(default_factory=list)

    def __enter__(self) -> Self:
        """Makes the folder of the logs."""
        self.logs.mkdir(parents=True, exist_ok=True)
        return self

    def __exit__(self, *_: object) -> None:
        """Stops everything that was started, and only that."""
        self.stop()

    def start(self, spec: ServerSpec) -> None:
        """Starts a server in a process group of its own, so that it ends when we say so and not with the terminal."""
        with self._log(spec).open("ab") as log:
            process = subprocess.Popen(  # noqa: S603 - the command is ours
                list(spec.command),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env={**os.environ, **self.variables},
                start_new_session=True,
            )
        self._running.append((spec, process))

    def wait_until_ready(self, *, timeout_seconds: float, waiting: Callable[[str], None]) -> None:
        """Returns when every server answers.

        Raises:
            ServerError: When one ends or does not answer in time.
        """
        deadline = time.monotonic() + timeout_seconds
        for spec, _ in self._running:
            waiting(spec.name)
            while spec.ready_url and not _answers(spec.ready_url):
                self._check_alive()
                if time.monotonic() > deadline:
                    raise ServerError(f"{spec.name} did not answer in {timeout_seconds:.0f} s; see {self._log(spec)}")
                time.sleep(0.2)

    def watch(self) -> None:
        """Blocks until a server ends by itself.

        Raises:
            ServerError: When that happens.
        """
        while True:
            self._check_alive()
            time.sleep(1)

    def stop(self) -> None:
        """Asks every server to end, last started first, and ends what does not listen."""
        for _, process in reversed(self._running):
            _signal(process, signal.SIGTERM)
        deadline = time.monotonic() + _GRACE_SECONDS
        for _, process in reversed(self._running):
            with suppress(subprocess.TimeoutExpired):  # ended below, with whatever the server left in its group
                process.wait(max(0.1, deadline - time.monotonic()))
            _signal(process, signal.SIGKILL)
            process.wait()
        self._running.clear()

    def _check_alive(self) -> None:
        for spec, process in self._running:
            if process.poll() is not None:
                raise ServerError(f"{spec.name} ended with code {process.returncode}; see {self._log(spec)}")

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


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as reply:  # noqa: S310 - our own address
            return bool(reply.status < 500)  # noqa: PLR2004 - HTTP: a server error means not ready
    except (urllib.error.URLError, OSError):
        return False


def _signal(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    """To the whole group: a server's own children end with it."""
    try:
        os.killpg(process.pid, number)
    except ProcessLookupError:
        return
