"""`opsguard serve`: the web service alone, for production behind a proxy. Not here: its pages (`web`)."""

import os
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer
from pydantic import ValidationError

from opsguard_assets.commands.session import ConfigOption, console, opened
from opsguard_assets.config.web import WebService
from resources.ports import listen_on

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command()
def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on. Default: web.host, 127.0.0.1.")] = None,
    port: Annotated[
        int | None, typer.Option(min=0, max=65535, help="Port to listen on; 0: any free one. Default: web.port, 3100.")
    ] = None,
    config: ConfigOption = None,
) -> None:
    """Serve the pages behind links in messages, and Slack's buttons. Ctrl-C or SIGTERM ends it.

    It needs the stores and no Dagster. Put a proxy that encrypts before it, and name the public address as
    `web.base_url` (docs/web.md). GET /health answers 200 while the service and its database work.
    """
    from opsguard_assets.web.app import create_app  # noqa: PLC0415 - only this command serves
    from opsguard_assets.web.service import service_of  # noqa: PLC0415
    from resources.serving import log_plainly  # noqa: PLC0415

    with opened(config) as session:
        web = _listening(session.settings.web, host)
        settings = session.settings.model_copy(update={"web": web})
        installation = session.installation
        made = create_app(service_of(installation.database, installation.lake, settings, os.environ))
        with listen_on(web.host, web.port if port is None else port) as listener:
            number = listener.getsockname()[1]
            log_plainly()
            shown = f"[{web.host}]" if ":" in web.host else web.host
            console.print(f"OpsGuard http://{shown}:{number}", markup=False, highlight=False, soft_wrap=True)
            _run(made, listener)


def _listening(web: WebService, host: str | None) -> WebService:
    """The settings with another address to listen on.

    Raises:
        BadParameter: When it is none, or others could reach the service under any name.
    """
    try:
        return WebService.model_validate({**web.model_dump(), **({"host": host} if host else {})})
    except ValidationError as error:
        raise typer.BadParameter(error.errors()[0]["msg"].removeprefix("Value error, ")) from None


def _run(made: object, listener: socket.socket) -> None:
    """Serves until this process is told to end; that is no failure."""
    import uvicorn  # noqa: PLC0415

    from resources.serving import listening  # noqa: PLC0415

    class Served(uvicorn.Server):
        @contextmanager
        def capture_signals(self) -> Iterator[None]:
            """The signals end the server, and are not raised again afterwards."""
            before = {number: signal.signal(number, self.handle_exit) for number in (signal.SIGINT, signal.SIGTERM)}
            yield
            for number, handler in before.items():
                signal.signal(number, handler)

    Served(listening(made)).run(sockets=[listener])  # type: ignore[arg-type]
