"""What lies where: the data folder, what OpsGuard keeps beside it, and the folder of the socket.

Here: names, locks, small private files. Not here: what the data folder holds (`cluster`), processes (`processes`).

Beside the data folder `postgres` lies `postgres.server`, for the owner alone:

    lock      held while the server is started, joined or stopped
    users     held, shared, by every process that needs the server: the system lets go of it however a process ends
    held      held by every process of PostgreSQL that works on the data, so that none is overlooked
    socket    name of the socket's folder, for the next start: programs that run on keep their address
    log       what the server says
"""

import fcntl
import json
import os
import stat
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from resources.postgres.account import Account
from resources.postgres.errors import EmbeddedServerError

PORT = 5432
SOCKET = f".s.PGSQL.{PORT}"
# What an address of a Unix socket holds on the strictest system, macOS.
_LONGEST_ADDRESS = 103
_OTHERS = 0o077
_LARGEST_LOG = 8_000_000
_PAUSE_SECONDS = 0.02


@dataclass(frozen=True)
class Place:
    """The folders of one embedded server.

    Attributes:
        data: PostgreSQL's data folder.
        state: What OpsGuard keeps beside it.
    """

    data: Path
    state: Path

    @property
    def password(self) -> Path:
        """Holds the password once it is set; in the data folder, so that a copy of the data is a copy of both."""
        return self.data / "opsguard.password"

    @property
    def log(self) -> Path:
        """What the server says."""
        return self.state / "log"

    @property
    def draft(self) -> Path:
        """Where the data folder is made before it gets its name."""
        return self.data.with_name(f"{self.data.name}.unfinished")

    def open(self, name: str) -> int:
        """Opens a file of the state for the owner alone; the number is not passed on to other programs by itself."""
        return os.open(self.state / name, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)

    def open_log(self) -> IO[bytes]:
        """Opens the log at its end; a long one makes place and stays as `log.1`."""
        if self.log.exists() and self.log.stat().st_size > _LARGEST_LOG:
            self.log.replace(self.log.with_name("log.1"))
        number = os.open(self.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        return open(number, "ab")  # noqa: PTH123 - pathlib opens no number


def write_private(file: Path, text: str, account: Account) -> None:
    """Writes a file of the account alone, whole or not at all."""
    draft = file.with_name(f"{file.name}.draft")
    draft.unlink(missing_ok=True)
    number = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with open(number, "w", encoding="utf-8") as opened:  # noqa: PTH123 - pathlib opens no number
        opened.write(text)
        opened.flush()
        os.fsync(number)
    account.take(draft)
    draft.replace(file)


def place_of(folder: Path) -> Place:
    """The place of the server whose data folder is `folder`, made where it is missing. No folder above changes."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    folder = folder.parent.resolve() / folder.name
    state = folder.with_name(f"{folder.name}.server")
    state.mkdir(mode=0o700, exist_ok=True)
    if state.stat().st_mode & _OTHERS:
        state.chmod(0o700)
    return Place(folder.resolve(), state)


class Waiting:
    """Tells a person who waits what for, after three seconds and then ever more rarely."""

    first_seconds = 3.0

    def __init__(self, say: Callable[[str], None]) -> None:
        """Begins to wait; `say` takes one line."""
        self._say = say
        self._began = time.monotonic()
        self._next = self.first_seconds

    @property
    def seconds(self) -> float:
        """How long it has taken so far."""
        return time.monotonic() - self._began

    def pause(self, reason: str) -> None:
        """Waits a moment for `reason`."""
        if self.seconds > self._next:
            self._next *= 2
            self._say(f"{reason}: waiting for {self.seconds:.0f} s")
        time.sleep(min(_PAUSE_SECONDS + self.seconds / 50, 0.5))


def try_lock(number: int, *, shared: bool = False) -> bool:
    """Whether this process now holds the lock of an open file; it never waits."""
    try:
        fcntl.flock(number, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@contextmanager
def locked(place: Place, say: Callable[[str], None]) -> Iterator[None]:
    """Holds the lock of the place: one process at a time starts, joins or stops the server."""
    number, waiting = place.open("lock"), Waiting(say)
    try:
        while not try_lock(number):
            waiting.pause("another process starts or stops the database")
        yield
    finally:
        os.close(number)


def socket_folder(place: Place, account: Account) -> Path:
    """A short folder for the socket that only the account may enter, empty: the one of the last start where it can be.

    It is not below XDG_RUNTIME_DIR: that is removed when its user logs out, and `opsguard up` may run on.

    Raises:
        EmbeddedServerError: When no folder for temporary files has a name that is short enough.
    """
    remembered = remembered_socket_folder(place)
    if remembered and _make_private(remembered, account):
        for left in remembered.glob(f"{SOCKET}*"):  # of a server that was killed; its lock may name another's number
            left.unlink()
        return remembered
    for parent in (tempfile.gettempdir(), "/tmp"):  # noqa: S108 - mkdtemp makes a private folder in it
        if len(os.fsencode(Path(parent, "opsguard-12345678", SOCKET))) <= _LONGEST_ADDRESS:
            folder = Path(tempfile.mkdtemp(prefix="opsguard-", dir=parent))
            account.take(folder)
            named = {"data": str(place.data), "folder": str(folder)}
            write_private(place.state / "socket", json.dumps(named), Account(os.geteuid(), os.getegid()))
            return folder
    raise EmbeddedServerError(f"the path of the folder for temporary files is too long ({parent}): set TMPDIR.")


def remove_socket(folder: Path) -> None:
    """Removes the socket of a server that has ended, and its folder unless something else lies there."""
    if not folder.is_dir():
        return
    for left in folder.glob(f"{SOCKET}*"):
        left.unlink()
    if not any(folder.iterdir()):
        folder.rmdir()


def remembered_socket_folder(place: Place) -> Path | None:
    """The folder of the last start; None before the first one, and in a copied home, where the folder is another's."""
    try:
        named = json.loads((place.state / "socket").read_text(encoding="utf-8"))
        return Path(named["folder"]) if named["data"] == str(place.data) else None
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return None


def _make_private(folder: Path, account: Account) -> bool:
    """Makes the folder again, or checks that nobody else did. False where it cannot be used."""
    try:
        folder.mkdir(mode=0o700)
    except FileExistsError:
        found = folder.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid not in {account.uid, os.geteuid()}:
            return False
        if found.st_mode & _OTHERS:
            return False
    except OSError:
        return False
    account.take(folder)
    return True
