"""`opsguard up`: runs OpsGuard's pages, Dagster and MLflow on this installation's stores, until Ctrl-C.

Here: which servers run, their addresses, and the output. Not here: running them (`resources.servers`) and what they
serve (`resources.serving`).

Slow imports happen after the first line of output.
"""

import os
import signal
import sys
from collections.abc import Callable, Mapping
from contextlib import ExitStack, suppress
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from resources.occupancy import Occupancy, occupied
from resources.ports import HOST, Port, take_port
from resources.servers import Servers, ServerSpec

if TYPE_CHECKING:
    from opsguard_assets.commands.session import Session
    from resources.environment import Environment

_LONGEST_START_SECONDS = 300
_LOG_NAMES = {
    "code": "code-server",
    "web": "dagster-webserver",
    "daemon": "dagster-daemon",
    "mlflow": "mlflow",
    "pages": "web-service",
}

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command()
def up(
    config: Annotated[
        Path | None,
        typer.Option(
            "--config", "-c", help="Path of an opsguard.yaml. Default: OPSGUARD_CONFIG, else the simulated provider."
        ),
    ] = None,
    dagster_port: Annotated[
        int,
        typer.Option(min=0, max=65535, help="Port of the Dagster UI; if it is taken, another one. 0: any free port."),
    ] = 3000,
    mlflow_port: Annotated[
        int, typer.Option(min=0, max=65535, help="Port of MLflow; if it is taken, another one. 0: any free port.")
    ] = 5000,
    web_port: Annotated[
        int | None,
        typer.Option(
            min=0,
            max=65535,
            help="Port of OpsGuard's own pages; if it is taken, another one. 0: any free port. Default: web.port.",
        ),
    ] = None,
) -> None:
    """Open OpsGuard's pages, Dagster (UI and daemon) and MLflow on the same data.

    All listen on this machine only, and accept requests of their own pages and of local programs. One `opsguard up`
    runs per OPSGUARD_HOME; its logs are in OPSGUARD_HOME/logs. It reads opsguard.yaml at the start. Ctrl-C stops only
    what this command started.
    """
    say("Starting OpsGuard, Dagster and MLflow …")
    stopping = _Stopping()
    with ExitStack() as stack:
        try:
            _listen_to_signals(stopping)
            _run(stack, stopping, config, {"OpsGuard": web_port, "Dagster": dagster_port, "MLflow": mlflow_port})
        except _Stopped:
            say("\nStopping …")


def say(line: str) -> None:
    """Prints one line. A closed terminal is ignored, and the servers keep running."""
    with suppress(OSError):
        sys.stderr.write(f"{line}\n")
        sys.stderr.flush()


class _Stopped(BaseException):
    """A request to stop. It is no `Exception`, so that no handler on the way catches it."""


class _Stopping:
    """The signal handler: the first signal stops the servers, a later one stops them at once."""

    def __init__(self) -> None:
        self.servers: Servers | None = None
        self.is_asked = False

    def __call__(self, *_: object) -> None:
        is_ending = self.is_asked or (self.servers is not None and self.servers.is_stopping)
        self.is_asked = True
        if not is_ending:
            raise _Stopped
        if self.servers is not None:
            self.servers.is_hurried = True


def _listen_to_signals(stopping: _Stopping) -> None:
    """Ctrl-C, SIGTERM and a closed terminal all mean stop."""
    # Shells start background jobs with SIGINT ignored; one that is sent explicitly must still stop them.
    signal.signal(signal.SIGINT, stopping)
    signal.signal(signal.SIGTERM, stopping)
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # nohup ignores it on purpose
        signal.signal(signal.SIGHUP, stopping)


def _run(stack: ExitStack, stopping: _Stopping, config: Path | None, asked: Mapping[str, int | None]) -> None:
    from resources.environment import read_environment  # noqa: PLC0415 - after the first line

    home = read_environment(os.environ).home
    occupancy, left = stack.enter_context(occupied(home))
    if left:
        say(f"Stopped processes of a killed `opsguard up`: {', '.join(left)}.")
    from opsguard_assets.commands.session import environment_of, opened  # noqa: PLC0415 - takes a second
    from opsguard_assets.config.load import load_settings_of  # noqa: PLC0415

    web = load_settings_of(environment_of(config), os.environ).web
    wanted = {name: web.port if number is None else number for name, number in asked.items()}
    ports = {name: stack.enter_context(take_port(number)) for name, number in wanted.items()}
    occupancy.addresses |= {name: f"http://{HOST}:{port.number}" for name, port in ports.items()}
    occupancy.note([])
    session = stack.enter_context(opened(config))
    servers = Servers(home / "logs", _variables(session, occupancy), noted=occupancy.note)
    stopping.servers = stack.enter_context(servers)
    for spec in _specs(occupancy, ports):
        servers.start(spec)
    servers.wait_until_ready(timeout_seconds=_LONGEST_START_SECONDS, waiting=lambda _: None)
    for name, port in ports.items():
        why = f"  (port {wanted[name]} {port.elsewhere})" if port.elsewhere else ""
        say(f"{name:<8} {occupancy.addresses[name]}{why}")
    say("Ctrl-C stops all of them.")
    servers.watch(_say_when, _keep_database(session.installation.environment))


def _say_when(line: str) -> None:
    say(f"{datetime.now().astimezone():%H:%M:%S} {line}")


def _keep_database(place: "Environment") -> Callable[[], None]:
    """Restarts the embedded PostgreSQL after it was killed; an external server is not touched."""
    from resources.postgres import ensure_running  # noqa: PLC0415 - after the first line

    def keep() -> None:
        if place.database_url is None and ensure_running(place.embedded_data, say=_say_when):
            _say_when("PostgreSQL had stopped and was restarted.")

    return keep


def _variables(session: "Session", occupancy: Occupancy) -> dict[str, str]:
    """The environment of the servers. Secrets are passed here, because command lines are public."""
    from resources.database import MLFLOW  # noqa: PLC0415 - after the first line

    installation = session.installation
    return {
        "MLFLOW_BACKEND_STORE_URI": installation.database.url_for(MLFLOW),
        "MLFLOW_DEFAULT_ARTIFACT_ROOT": "mlflow-artifacts:/",
        "MLFLOW_ARTIFACTS_DESTINATION": str(installation.environment.mlflow_artifacts),
        "MLFLOW_TRACKING_URI": occupancy.addresses["MLflow"],
        # MLflow would start nine worker processes for jobs that OpsGuard never submits.
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
        # One malloc arena per thread would multiply the memory.
        "MALLOC_ARENA_MAX": "2",
    }


def _specs(occupancy: Occupancy, ports: Mapping[str, Port]) -> list[ServerSpec]:
    """The servers. UI and daemon share one code server, so definitions are loaded once."""
    socket = ["--socket", str(occupancy.sockets / "code.sock")]
    urls = occupancy.addresses

    def serve(name: str, *options: str, port: Port | None = None, ready: str | None = None) -> ServerSpec:
        descriptor = ["--fd", str(port.listener.fileno())] if port else []
        command = [sys.executable, "-P", "-m", "resources.serving", name, *options, *descriptor]
        return ServerSpec(_LOG_NAMES[name], command, ready, port.listener if port else None)

    return [
        serve("code", *socket),
        serve("web", *socket, port=ports["Dagster"], ready=f"{urls['Dagster']}/server_info"),
        serve("daemon", *socket),
        serve("mlflow", port=ports["MLflow"], ready=f"{urls['MLflow']}/health"),
        serve(
            "pages",
            "--module",
            "opsguard_assets.web.program",
            port=ports["OpsGuard"],
            ready=f"{urls['OpsGuard']}/health",
        ),
    ]
