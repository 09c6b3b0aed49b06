"""The servers of `opsguard up`, each one process: `python -m resources.serving NAME …`.

Here: what each of them serves and how it is guarded, logged and ended. Not here: which ones run, and when
(`servers`).

A server ends when the process that started it does, however that one ended: its standard input is a pipe that only
closes then. So nothing is left behind, on Linux and macOS alike.
"""

import argparse
import importlib
import logging
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NoReturn

from resources.guard import App, Guard

if TYPE_CHECKING:
    import uvicorn
    from dagster._core.workspace.load_target import WorkspaceLoadTarget

LOCATION = "opsguard"
_GRACE_SECONDS = 10.0
_LONGEST_START_SECONDS = 300.0
_log = logging.getLogger("opsguard")


def serve_code(place: argparse.Namespace) -> None:
    """The definitions, for the other servers, on a Unix socket; it starts the runs."""
    from dagster._core.types.loadable_target_origin import LoadableTargetOrigin  # noqa: PLC0415
    from dagster._core.utils import FuturesAwareThreadPoolExecutor  # noqa: PLC0415
    from dagster._grpc.server import DagsterApiServer, DagsterGrpcServer  # noqa: PLC0415

    # Calls in flight come from servers that end at the same time.
    os.environ.setdefault("DAGSTER_GRPC_SHUTDOWN_GRACE_PERIOD", "2")
    ended, workers = threading.Event(), FuturesAwareThreadPoolExecutor(max_workers=8)
    origin = LoadableTargetOrigin(executable_path=sys.executable, module_name=place.module)
    logger = logging.getLogger("dagster.code_server")
    servicer = DagsterApiServer(ended, logger, workers, loadable_target_origin=origin, location_name=LOCATION)
    server: Any = DagsterGrpcServer(ended, servicer, logger, workers, socket=place.socket)
    signal.signal(signal.SIGTERM, lambda *_: ended.set())  # what is interrupted waits for this event for ever
    server.serve()


def serve_daemon(place: argparse.Namespace) -> None:
    """Schedules, sensors, the queue of runs, monitoring."""
    from dagster import DagsterInstance  # noqa: PLC0415
    from dagster._daemon.controller import daemon_controller_from_instance  # noqa: PLC0415

    target = _workspace(place.socket)
    with DagsterInstance.get() as instance:
        # Connections that stay open: looking for work every few seconds costs little then.
        instance.optimize_for_webserver(statement_timeout=300_000, pool_recycle=3600, max_overflow=20)
        with daemon_controller_from_instance(instance, target, log_level="WARNING") as controller:
            log_plainly()  # the controller has set colours up
            controller.check_daemon_loop()


def serve_web(place: argparse.Namespace) -> None:
    """Dagster's pages and GraphQL, guarded."""
    from dagster import DagsterInstance  # noqa: PLC0415
    from dagster._core.workspace.context import WorkspaceProcessContext  # noqa: PLC0415
    from dagster_webserver.app import create_app_from_workspace_process_context  # noqa: PLC0415
    from dagster_webserver.version import __version__  # noqa: PLC0415

    target = _workspace(place.socket)
    with DagsterInstance.get() as instance:
        instance.optimize_for_webserver(statement_timeout=15_000, pool_recycle=3600, max_overflow=20)
        with WorkspaceProcessContext(instance, workspace_load_target=target, version=__version__) as context:
            app: Any = create_app_from_workspace_process_context(context, live_data_poll_rate=2_000)
            _listen(Guard(app, is_dagster=True), place.fd)


def serve_mlflow(place: argparse.Namespace) -> None:
    """MLflow's pages and API, guarded, in one process: no supervisor of workers and no runner of its own jobs."""
    from mlflow.server import constants  # noqa: PLC0415

    os.environ |= {
        constants.BACKEND_STORE_URI_ENV_VAR: os.environ["MLFLOW_BACKEND_STORE_URI"],
        constants.REGISTRY_STORE_URI_ENV_VAR: os.environ["MLFLOW_BACKEND_STORE_URI"],
        constants.ARTIFACT_ROOT_ENV_VAR: os.environ["MLFLOW_DEFAULT_ARTIFACT_ROOT"],
        constants.ARTIFACTS_DESTINATION_ENV_VAR: os.environ["MLFLOW_ARTIFACTS_DESTINATION"],
        constants.SERVE_ARTIFACTS_ENV_VAR: "true",
        # MLflow asks this variable which server it runs in.
        "_MLFLOW_SGI_NAME": "uvicorn",
    }
    from mlflow.server.fastapi_app import app  # noqa: PLC0415
    from mlflow.server.handlers import initialize_backend_stores  # noqa: PLC0415

    log_plainly()
    uri = os.environ["MLFLOW_BACKEND_STORE_URI"]
    initialize_backend_stores(uri, uri, os.environ["MLFLOW_DEFAULT_ARTIFACT_ROOT"])
    _listen(Guard(app), place.fd)


def serve_pages(place: argparse.Namespace) -> None:
    """OpsGuard's own pages: the application that `create` of a module makes; it guards itself."""
    app: App = importlib.import_module(place.module).create()
    _listen(app, place.fd)


SERVERS: dict[str, Callable[[argparse.Namespace], None]] = {
    "code": serve_code,
    "daemon": serve_daemon,
    "web": serve_web,
    "mlflow": serve_mlflow,
    "pages": serve_pages,
}


def main() -> NoReturn:
    """Serves until it is told to end, or until the process that started it has ended."""
    parser = argparse.ArgumentParser(prog="python -m resources.serving", description=__doc__)
    parser.add_argument("server", choices=SERVERS)
    parser.add_argument("--socket", help="Unix socket of the code server")
    parser.add_argument("--fd", type=int, help="descriptor of a listening socket")
    parser.add_argument(
        "--module", default="opsguard_assets.definitions", help="module of the definitions, or of the pages"
    )
    place = parser.parse_args()
    log_plainly()
    threading.Thread(target=_follow_parent, name="follow-parent", daemon=True).start()
    signal.signal(signal.SIGTERM, _end)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the process that started this says when it ends
    _log.info("%s starts as process %s", place.server, os.getpid())
    code = 0
    try:
        SERVERS[place.server](place)
    except KeyboardInterrupt:
        _log.info("%s ends", place.server)
    except Exception as error:  # noqa: BLE001 - the log says it, and the code tells the process that started this
        _log.exception("%s ends", place.server, exc_info=error)
        code = 1
    # Threads of libraries must not keep what has ended; nothing is written after this.
    logging.shutdown()
    os._exit(code)


def _end(*_: object) -> NoReturn:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise KeyboardInterrupt


def _follow_parent() -> None:
    """Ends this process, and the runs that it started, once nobody holds the other end of standard input."""
    with suppress(OSError):
        while os.read(0, 4096):
            pass
    _log.warning("the process that started this one has ended; so does this one")
    _signal_own(signal.SIGTERM)
    time.sleep(_GRACE_SECONDS)
    _signal_own(signal.SIGKILL)


def _signal_own(number: signal.Signals) -> None:
    # In a group that is not its own are the process that started it, and others.
    if os.getpgrp() == os.getpid():
        os.killpg(0, number)
    else:
        os.kill(os.getpid(), number)


def _workspace(path: str) -> "WorkspaceLoadTarget":
    """The code server, once it answers."""
    from dagster._core.errors import DagsterUserCodeUnreachableError  # noqa: PLC0415
    from dagster._core.workspace.load_target import GrpcServerTarget  # noqa: PLC0415
    from dagster._grpc.client import DagsterGrpcClient  # noqa: PLC0415

    client = DagsterGrpcClient(socket=path)
    deadline = time.monotonic() + _LONGEST_START_SECONDS
    while True:
        try:
            client.ping("")
        except DagsterUserCodeUnreachableError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.3)
        else:
            return GrpcServerTarget(host="localhost", port=None, socket=path, location_name=LOCATION)


def _listen(app: App, descriptor: int) -> None:
    import uvicorn  # noqa: PLC0415

    uvicorn.Server(listening(app)).run(sockets=[socket.socket(fileno=descriptor)])


def listening(app: App) -> "uvicorn.Config":
    """How an application is served: what is asked is not logged, because addresses can be secrets."""
    import uvicorn  # noqa: PLC0415

    return uvicorn.Config(
        app,
        log_config=None,
        log_level="warning",
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_graceful_shutdown=3,
    )


class _OneLine(logging.Formatter):
    """Time, level, who, what; of an error the last line and its place instead of the whole stack."""

    def formatException(self, ei: Any) -> str:  # noqa: N802 - the library's name
        """The error in one line."""
        _, error, trace = ei
        while trace is not None and trace.tb_next is not None:
            trace = trace.tb_next
        where = f" ({trace.tb_frame.f_code.co_filename}:{trace.tb_lineno})" if trace else ""
        return f"{type(error).__name__}: {' '.join(str(error).split())[:500]}{where}"

    def format(self, record: logging.LogRecord) -> str:
        """The record in one line."""
        return ": ".join(line.strip() for line in super().format(record).splitlines() if line.strip())


def log_plainly() -> None:
    """Warnings of libraries and the lines of OpsGuard, one line each, without colours."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(_OneLine("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    for logger in (
        logging.getLogger(name) for name in ("dagster", "dagster-webserver", "mlflow", "uvicorn", "alembic")
    ):
        logger.handlers.clear()
        logger.propagate = True
        logger.setLevel(logging.WARNING)
    _log.setLevel(logging.INFO)
    logging.captureWarnings(True)
    logging.getLogger("py.warnings").setLevel(logging.ERROR)


if __name__ == "__main__":
    main()
