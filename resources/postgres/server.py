"""The life of the embedded server: the first process that needs it starts it, the last one stops it.

Here: start, join, leave, start again. Not here: its data folder (`cluster`), which process it is (`processes`).
"""

import atexit
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import psutil

from resources.postgres import cluster, processes
from resources.postgres.account import Account, account_for, program, variables
from resources.postgres.errors import OWN_SERVER, EmbeddedServerError
from resources.postgres.place import (
    PORT,
    SOCKET,
    Place,
    Waiting,
    locked,
    place_of,
    remembered_socket_folder,
    remove_socket,
    socket_folder,
    try_lock,
)
from resources.room import StorageError, storage_words

Say = Callable[[str], None]
_LINES_OF_LOG = 8
_PATIENCE_SECONDS = 60.0
_STOPPING_SECONDS = 10.0
_SILENT_SECONDS = 1.0
# How pg_isready says that it did not get so far as to ask.
_NOT_ASKED = 3


@dataclass
class _Joined:
    """What this process knows of a server that it needs.

    Attributes:
        users: Open file whose shared lock says so to other processes.
        settings: Settings that a further start gets, too.
        server: The server's process.
        socket: Folder in which it listens; none before it is known.
    """

    users: int
    settings: Mapping[str, str]
    server: psutil.Process | None = None
    socket: Path | None = None

    @property
    def is_fine(self) -> bool:
        """Whether the server lives and can be reached. Asks the system alone, not the server."""
        if self.server is None or self.socket is None:
            return False
        return not processes.has_ended(self.server) and (self.socket / SOCKET).exists()


_joined: dict[Place, _Joined] = {}
_children: list["subprocess.Popen[bytes]"] = []


def start_embedded(folder: Path, *, settings: Mapping[str, str] | None = None, say: Say | None = None) -> str:
    """Starts the server whose data folder is `folder`, or joins it where another process runs it already.

    The server stops when the last process that joined it ends; one that was killed does not count.

    Args:
        folder: Its data folder; `<folder>.server` beside it holds password, log and locks.
        settings: Settings of PostgreSQL, such as `{"fsync": "off"}` for tests, used where this call starts it.
        say: Hears what is waited for when it takes long; standard error where left out.

    Returns:
        Its URL, over a Unix socket in a folder of the user alone. It holds the password.

    Raises:
        EmbeddedServerError: When it does not start.
        StorageError: When its disk is full or refuses to be written.
    """
    say = say or _on_standard_error
    try:
        place = place_of(folder)
        with locked(place, say), _user(place, settings or {}) as user:
            return _url(place, _join(place, user, say) or _start(place, user, say))
    except OSError as error:
        words = storage_words([str(error)], [folder.parent])
        if words is not None:
            raise StorageError(words) from error
        where = error.filename or folder
        raise EmbeddedServerError(
            f"the embedded PostgreSQL of {folder} did not start: {where}: {error.strerror or error}. Run OpsGuard as "
            f"the user to whom the folder belongs and let it write there, or {OWN_SERVER}."
        ) from error


def ensure_running(folder: Path, *, say: Say | None = None) -> bool:
    """Starts the server of `folder` again where it ended since this process joined it, at the same address.

    Returns:
        Whether it had ended. Costs less than a millisecond where it had not.

    Raises:
        EmbeddedServerError: When it does not start, or only at another address.
    """
    place = place_of(folder)
    user = _joined.get(place)
    if user is None:
        start_embedded(folder, say=say)
        return True
    if user.is_fine:
        return False
    before = user.socket
    start_embedded(folder, say=say)
    if user.socket != before:
        raise EmbeddedServerError(
            f"the embedded PostgreSQL runs again, but in {user.socket} instead of {before}, which another has "
            "taken: start again what used it."
        )
    return True


@contextmanager
def _user(place: Place, settings: Mapping[str, str]) -> Iterator[_Joined]:
    """Counts this process among the users of the server; where it is a new one and the start fails, no longer."""
    user = _joined.get(place)
    if user:
        yield user
        return
    user = _Joined(place.open("users"), settings)
    try_lock(user.users, shared=True)
    _joined[place] = user
    try:
        yield user
    except (EmbeddedServerError, StorageError, OSError):
        os.close(_joined.pop(place).users)
        raise


def _join(place: Place, user: _Joined, say: Say) -> Path | None:
    """Joins a server that runs; the folder of its socket, or None where none runs any more."""
    server = processes.server_of(place)
    if server is None:
        return None
    if not place.password.exists():
        _check_nobody_needs(place)
        _end(place, server)
        return None
    socket = _answering(place, server, say)
    if socket:
        user.server, user.socket = server, socket
    return socket


def _answering(place: Place, server: psutil.Process, say: Say) -> Path | None:
    """The folder of the socket once the server answers there; None where it ends, or cannot be reached by anybody."""
    waiting = Waiting(say)
    while not processes.has_ended(server):
        socket = processes.told_socket_folder(place) or remembered_socket_folder(place)
        status = processes.status_of(place)
        is_silent = status is None and waiting.seconds > _SILENT_SECONDS  # its `postmaster.pid` is damaged
        if status == "ready" or is_silent:
            if socket is None or not (socket / SOCKET).exists():
                _check_gone_for_all(server, socket)
                break
            if _accepts(socket):
                return socket
        if status == "stopping" and waiting.seconds > _STOPPING_SECONDS:
            break
        waiting.pause(f"the database is {status or 'starting'} ({_last_lines(place, 0, 1)})")
    _end(place, server)
    return None


def _accepts(socket: Path) -> bool:
    """Whether the server takes connections."""
    place = ["-h", str(socket), "-p", str(PORT), "-U", "postgres", "-d", "postgres"]
    asked = subprocess.run(  # noqa: S603 - the command is ours
        [str(program("pg_isready")), "-t", "5", *place], env=variables(), capture_output=True, text=True, check=False
    )
    if asked.returncode == _NOT_ASKED:
        raise EmbeddedServerError(f"pg_isready cannot ask the server: {asked.stdout or asked.stderr}; {OWN_SERVER}.")
    return asked.returncode == 0


def _start(place: Place, user: _Joined, say: Say) -> Path:
    """Starts the server and waits as long as it lives, which may be minutes after a crash; the socket's folder."""
    account = account_for(place.data)
    held = place.open("held")
    try:
        _wait_for_the_last(place, held, say)
        cluster.make_ready(place, account, user.settings, held)
        user.socket = socket_folder(place, account)
        # Nobody works on the data: what a killed server left must stop no start, whatever has its number now.
        (place.data / "postmaster.pid").unlink(missing_ok=True)
        begin = place.log.stat().st_size if place.log.exists() else 0
        user.server = _launch(place, account, user.socket, user.settings, held)
    finally:
        os.close(held)
    socket = _answering(place, user.server, say)
    if socket is None:
        raise _death(place, begin)
    return socket


def _wait_for_the_last(place: Place, held: int, say: Say) -> None:
    """Waits for processes of a server or an initdb that was killed; they end by themselves when they notice."""
    waiting = Waiting(say)
    while not try_lock(held):
        orphan = processes.any_server_of(place)
        if orphan:
            _end(place, orphan)
        if waiting.seconds > _PATIENCE_SECONDS:
            seen = ", ".join(map(str, processes.workers_of(place))) or "none that can be seen from here"
            raise EmbeddedServerError(
                f"processes of PostgreSQL still work on {place.data} (numbers: {seen}). End them, also in other "
                f"containers that share this folder, or {OWN_SERVER}."
            )
        waiting.pause("processes of an earlier server still end")


def _launch(place: Place, account: Account, socket: Path, settings: Mapping[str, str], held: int) -> psutil.Process:
    """Starts `postgres` in a session of its own: Ctrl-C in the terminal of its first user is none of its business."""
    folder = str(socket).replace('"', '""')  # a list of folders, each in quotes
    address = ["-h", "", "-k", f'"{folder}"', "-p", str(PORT), "-c", "unix_socket_permissions=0700"]
    further = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
    command: list[str | Path] = [program("postgres"), "-D", place.data, *address, *further]
    with place.open_log() as log:
        started = account.start(
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            pass_fds=(held,),
            start_new_session=True,
            cwd="/",
        )
    _bury()
    _children.append(started)
    return psutil.Process(started.pid)


def _bury() -> None:
    """Lets go of servers that this process started and that have ended, so that none stays as a zombie."""
    _children[:] = [child for child in _children if child.poll() is None]


def _death(place: Place, begin: int) -> EmbeddedServerError:
    said = _last_lines(place, begin, _LINES_OF_LOG)
    cluster.check_room(said, place)
    return EmbeddedServerError(
        f"the embedded PostgreSQL of {place.data} ended while it started. Its last words:\n{said}\n"
        f"Correct what they name ({place.log} holds more), or {OWN_SERVER}."
    )


def _last_lines(place: Place, begin: int, count: int) -> str:
    """The last lines of the log from a byte on."""
    if not place.log.exists():
        return ""
    with place.log.open("rb") as log:
        log.seek(max(begin, log.seek(0, os.SEEK_END) - 8192))
        return "\n".join(log.read().decode(errors="replace").splitlines()[-count:])


def _check_nobody_needs(place: Place) -> None:
    """Refuses to end a server that an older version of OpsGuard started, while one of its processes still runs."""
    book = place.data / ".handle_pids.json"
    if not book.exists():
        return
    written = book.stat().st_mtime
    for number in json.loads(book.read_text(encoding="utf-8") or "[]"):
        with suppress(psutil.NoSuchProcess):
            # A process that began after the last entry only has the number of one that joined.
            if psutil.Process(number).create_time() <= written + 1:
                raise EmbeddedServerError(
                    f"process {number} of an older version of OpsGuard uses the database in {place.data}. "
                    "End it first; the next start closes the database to other users of this machine."
                )


def _check_gone_for_all(server: psutil.Process, socket: Path | None) -> None:
    """Refuses to end a server whose socket only this process cannot see."""
    # As the server sees it: services may have a /tmp of their own (systemd's PrivateTmp).
    if socket and os.path.exists(f"/proc/{server.pid}/root{socket}/{SOCKET}"):  # noqa: PTH110 - False where forbidden
        raise EmbeddedServerError(
            f"the database runs (process {server.pid}), but its socket in {socket} cannot be seen from here: it has a "
            "folder for temporary files of its own. End it, and start it with TMPDIR naming a folder that all share."
        )


def _end(place: Place, server: psutil.Process) -> None:
    if not processes.stop(server):
        raise EmbeddedServerError(f"the server of {place.data} (process {server.pid}) does not end: end it yourself.")


def _url(place: Place, socket: Path) -> str:
    password = place.password.read_text(encoding="utf-8")
    return f"postgresql://postgres:{password}@:{PORT}/postgres?host={quote(str(socket))}"


def _on_standard_error(line: str) -> None:
    sys.stderr.write(f"{line}\n")


def stop_embedded(folder: Path) -> None:
    """Leaves the server of `folder` before this process ends; it stops unless another process needs it.

    Nothing happens where this process has not joined it.

    Raises:
        EmbeddedServerError: When it does not end.
    """
    place = place_of(folder)
    user = _joined.pop(place, None)
    if user is None:
        return
    try:
        _leave(place, user)
    finally:
        os.close(user.users)


def _leave_all() -> None:
    """At the end of this process: stops each server without other users."""
    for place, user in list(_joined.items()):
        del _joined[place]
        try:
            _leave(place, user)
        except (EmbeddedServerError, OSError) as error:
            _on_standard_error(f"the embedded PostgreSQL was not stopped: {error}")
        finally:
            os.close(user.users)


def _leave(place: Place, user: _Joined) -> None:
    if not place.state.exists():  # the home was removed: nobody can use the server, or join it
        if user.server and user.socket:
            if not processes.has_ended(user.server):
                _end(place, user.server)
            remove_socket(user.socket)
        return
    with locked(place, _on_standard_error):
        # Shared becomes exclusive: not while any other process is a user.
        if not try_lock(user.users):
            return
        server = processes.server_of(place)
        if server:
            _end(place, server)
        if user.socket:
            remove_socket(user.socket)
    _bury()


def _forget() -> None:
    """In a forked process, which is no user: the server must not wait for it."""
    # The lock is that of the open file, which a fork shares: a child would hold it after its parent has ended.
    for user in _joined.values():
        os.close(user.users)
    _joined.clear()


atexit.register(_leave_all)
os.register_at_fork(after_in_child=_forget)
