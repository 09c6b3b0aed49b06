"""The data folder of the embedded server: made, taken over from older versions, kept closed to others.

Here: initdb, the password, who may connect. Not here: the running server (`server`).
"""

import secrets
import shutil
from collections.abc import Mapping
from pathlib import Path

from resources.postgres.account import MAJOR, Account, program
from resources.postgres.errors import OWN_SERVER, EmbeddedServerError
from resources.postgres.place import Place, write_private
from resources.room import StorageError, storage_words

# Who may connect: users who may enter the folder of the socket and know the password. There is no port.
_HBA = """\
# Written by OpsGuard at each start. For other rules, set OPSGUARD_DATABASE_URL to a server of your own.
local all all scram-sha-256
"""
# Made last by initdb: the database `postgres`. A folder without it has never held anything.
_PARTS = ("PG_VERSION", "global/pg_control", "base/5/PG_VERSION")
_OTHERS = 0o077


def make_ready(place: Place, account: Account, settings: Mapping[str, str], held: int) -> None:
    """Makes the data folder where there is none, and brings one of an older version to today's rules.

    Args:
        place: Where it lies.
        account: Who shall own it.
        settings: Settings of the server.
        held: Open file that every process of PostgreSQL inherits.

    Raises:
        EmbeddedServerError: When the folder cannot be used.
    """
    if not _is_complete(place.data):
        _check_replaceable(place.data)
        _initialise(place, account, settings, held)
    _check_version(place.data)
    account.take(place.data)
    make_private(place.data)
    if not place.password.exists():
        _set_password(place, account, held)
    rules = place.data / "pg_hba.conf"
    if rules.read_text(encoding="utf-8", errors="replace") != _HBA:
        write_private(rules, _HBA, account)


def make_private(folder: Path) -> None:
    """Closes a folder to everybody but its owner.

    Raises:
        EmbeddedServerError: When the file system keeps no permissions.
    """
    if not folder.stat().st_mode & _OTHERS:
        return
    folder.chmod(0o700)
    mode = folder.stat().st_mode
    if mode & _OTHERS:
        raise EmbeddedServerError(
            f"{folder} stays open to other users (mode {mode & 0o777:o}): its file system keeps no permissions. Set "
            f"OPSGUARD_HOME to a folder on a file system that does, or {OWN_SERVER}."
        )


def check_room(said: str, place: Place) -> None:
    """Tells a full disk, or another that refuses to be written, from what a program of PostgreSQL said.

    Raises:
        StorageError: When that is what it said. What was begun does not stop the next start.
    """
    words = storage_words([said], [place.data.parent])
    if words is not None:
        raise StorageError(words)


def _is_complete(data: Path) -> bool:
    return all((data / part).exists() for part in _PARTS)


def _check_replaceable(data: Path) -> None:
    """A folder with anything in it is somebody's: it is never emptied here."""
    if data.exists() and any(data.iterdir()):
        raise EmbeddedServerError(
            f"{data} is not empty and not a whole data folder of PostgreSQL (an interrupted first start of an older "
            f"version leaves such a one). Move it away if nothing in it is needed, or {OWN_SERVER}."
        )


def _check_version(data: Path) -> None:
    found = (data / "PG_VERSION").read_text(encoding="ascii", errors="replace").strip()
    if found == MAJOR:
        return
    age, remedy = ("newer", "run the version of OpsGuard that wrote them")
    if found.isdecimal() and int(found) < int(MAJOR):
        age, remedy = ("older", f"dump them with pg_dump of PostgreSQL {found} and load the dump into a new home")
    raise EmbeddedServerError(
        f"the data in {data} are of PostgreSQL {found}, {age} than {MAJOR}, which this version of OpsGuard brings. "
        f"Nothing was changed: {remedy}, or {OWN_SERVER}."
    )


def _initialise(place: Place, account: Account, settings: Mapping[str, str], held: int) -> None:
    """Runs initdb in a draft that gets its name when it is whole, so that no kill leaves half a data folder.

    A data folder that is a mount point cannot be renamed over; it is filled in its place.
    """
    draft = place.data if place.data.is_mount() else place.draft
    if draft == place.draft:
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(mode=0o700)
    make_private(draft)
    account.take(draft)
    # The same order of texts on every machine, and none that an update of the system changes.
    words = ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--encoding=UTF8"]
    # Nobody gets in before the password and our own rules are there.
    access = ["--username=postgres", "--auth=reject", "--no-instructions"]
    command: list[str | Path] = [program("initdb"), "-D", draft, *words, *access]
    command += ["--no-sync"] if settings.get("fsync") == "off" else []
    # The draft stays until the message has been made: emptied, the disk would not look full any more.
    command += ["--no-clean"] if draft != place.data else []
    done = account.run(command, pass_fds=(held,), cwd="/")
    if done.returncode == 0:
        if draft != place.data:
            draft.replace(place.data)
        return
    try:
        check_room(done.stdout, place)  # before room is made: it tells how much was free
    finally:
        if draft != place.data:
            shutil.rmtree(draft, ignore_errors=True)
    reason = "\n".join(done.stdout.splitlines()[-8:])
    raise EmbeddedServerError(f"initdb could not make {place.data}:\n{reason}\nCorrect what it names, or {OWN_SERVER}.")


def _set_password(place: Place, account: Account, held: int) -> None:
    """Gives the role a random password. The server runs for this one statement, reachable by nobody."""
    password = secrets.token_urlsafe(32)
    command: list[str | Path] = [program("postgres"), "--single", "-D", place.data]
    # Many rounds protect passwords that can be guessed. This one cannot, and every connection would pay for them.
    command += ["-c", "scram_iterations=1", "-c", "log_statement=none", "postgres"]
    done = account.run(command, f"ALTER ROLE postgres PASSWORD '{password}'\n", pass_fds=(held,), cwd="/")
    if done.returncode != 0 or "ERROR" in done.stdout:
        check_room(done.stdout, place)
        said = "\n".join(line for line in done.stdout.splitlines()[-8:] if password not in line)
        raise EmbeddedServerError(f"PostgreSQL could not open {place.data}:\n{said}\nCorrect that, or {OWN_SERVER}.")
    write_private(place.password, password, account)
