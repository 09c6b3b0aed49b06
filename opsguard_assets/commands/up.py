"""`opsguard up`: Dagster and MLflow on this installation's stores, until Ctrl-C.

Here: which servers run and at which addresses. Not here: running them (`resources.servers`).
"""

import signal
import sys
from pathlib import Path
from typing import Annotated

import typer

from opsguard_assets.commands.session import ConfigOption, Session, console, opened
from resources.database import MLFLOW
from resources.servers import Servers, ServerSpec, free_port

_HOST = "127.0.0.1"
_BIN = Path(sys.executable).parent


app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command()
def up(
    config: ConfigOption = None,
    dagster_port: Annotated[int, typer.Option(help="Port of the Dagster UI; another one if it is taken.")] = 3000,
    mlflow_port: Annotated[int, typer.Option(help="Port of MLflow; another one if it is taken.")] = 5000,
) -> None:
    """Open Dagster (UI and daemon) and MLflow on the same data; Ctrl-C stops what this started, and only that.

    Both listen on this machine only. Their logs are in OPSGUARD_HOME/logs.
    """
    # A shell starts background jobs with Ctrl-C ignored; whoever sends it all the same means it.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with opened(config) as session:
        ports = free_port(dagster_port), free_port(mlflow_port)
        place = session.installation.environment
        variables = {
            "MLFLOW_BACKEND_STORE_URI": session.installation.database.url_for(MLFLOW),
            "MLFLOW_DEFAULT_ARTIFACT_ROOT": "mlflow-artifacts:/",
            "MLFLOW_ARTIFACTS_DESTINATION": str(place.mlflow_artifacts),
            "MLFLOW_TRACKING_URI": f"http://{_HOST}:{ports[1]}",
        }
        with Servers(place.home / "logs", variables) as servers:
            try:
                _run(servers, session, *ports)
            except KeyboardInterrupt:
                console.print("\nStopping …")


def _run(servers: Servers, session: Session, dagster_port: int, mlflow_port: int) -> None:
    for spec in _specs(session, dagster_port, mlflow_port):
        servers.start(spec)
    with console.status("Starting …") as status:
        servers.wait_until_ready(timeout_seconds=180, waiting=lambda name: status.update(f"Waiting for {name} …"))
    console.print(f"Dagster  http://{_HOST}:{dagster_port}", markup=False)
    console.print(f"MLflow   http://{_HOST}:{mlflow_port}", markup=False)
    console.print("Ctrl-C stops both.")
    servers.watch()


def _specs(session: Session, dagster_port: int, mlflow_port: int) -> list[ServerSpec]:
    """One code server for the UI and the daemon: definitions are loaded once."""
    code_port = free_port(0)
    workspace = session.installation.environment.dagster_home / "workspace.yaml"
    workspace.write_text(
        f"load_from:\n  - grpc_server: {{host: {_HOST}, port: {code_port}, location_name: opsguard}}\n"
    )
    code = [_BIN / "dagster", "code-server", "start", "-h", _HOST, "-p", code_port, "-m", "opsguard_assets.definitions"]
    web = [_BIN / "dagster-webserver", "-h", _HOST, "-p", dagster_port, "-w", workspace]
    daemon = [_BIN / "dagster-daemon", "run", "-w", workspace]
    mlflow = [_BIN / "mlflow", "server", "--host", _HOST, "--port", mlflow_port, "--workers", 1]
    ready = {
        "dagster-webserver": f"http://{_HOST}:{dagster_port}/server_info",
        "mlflow": f"http://{_HOST}:{mlflow_port}/health",
    }
    commands = {"code-server": code, "dagster-webserver": web, "dagster-daemon": daemon, "mlflow": mlflow}
    return [ServerSpec(name, [str(part) for part in command], ready.get(name)) for name, command in commands.items()]
