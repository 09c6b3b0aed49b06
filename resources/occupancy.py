"""Who runs the servers of a home: one `opsguard up` at a time, and the end of what a killed one left behind.

Here: the lock of a home, the record of its servers, leftovers. Not here: running servers (`servers`).

A process counts as a leftover only when number, start and command are those that the record names: numbers are given
to other processes later.
"""

import fcntl
import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from resources.processes import end_process, group_of, is_gone, process_of, this_mark

_LOCK, _RECORD = "up.lock", "up.json"
_GRACE_SECONDS = 12.0


class OccupiedError(RuntimeError):
    """Another `opsguard up` runs on this home; the message says which one and where."""


@dataclass
class Occupancy:
    """The right to run the servers of a home, until the block ends.

    Attributes:
        home: The home.
        sockets: A short private folder for Unix sockets.
        addresses: What people open, by name; told to later ones.
    """

    home: Path
    sockets: Path
    addresses: dict[str, str] = field(default_factory=dict)

    def note(self, servers: Sequence[tuple[str, str, Sequence[str]]]) -> None:
        """Writes down which servers run: name, mark, command of each."""
        record = {
            "up": this_mark(),
            "addresses": self.addresses,
            "sockets": str(self.sockets),
            "servers": [{"name": name, "mark": mark, "command": list(command)} for name, mark, command in servers],
        }
        draft = self.home / f".{_RECORD}.{os.getpid()}"
        draft.write_text(json.dumps(record, indent=2), encoding="utf-8")
        draft.replace(self.home / _RECORD)


@contextmanager
def occupied(home: Path) -> Iterator[tuple[Occupancy, list[str]]]:
    """Takes a home for this process, and ends what is left of one that was killed.

    Returns:
        The occupancy, and the names of leftovers that were ended.

    Raises:
        OccupiedError: When another process has the home.
    """
    home.mkdir(parents=True, exist_ok=True)
    with (home / _LOCK).open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise OccupiedError(_who(home, _read(home))) from None
        ended = _end_leftovers(_read(home))
        sockets = Path(tempfile.mkdtemp(prefix="opsguard-", dir=os.environ.get("XDG_RUNTIME_DIR") or None))
        try:
            yield Occupancy(home, sockets), ended
        finally:
            shutil.rmtree(sockets, ignore_errors=True)
            with suppress(FileNotFoundError):
                (home / _RECORD).unlink()


def _read(home: Path) -> dict[str, Any]:
    try:
        record = json.loads((home / _RECORD).read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return {}
    return record if isinstance(record, dict) else {}


def _who(home: Path, record: dict[str, Any]) -> str:
    """Which `opsguard up` has a home, as far as its record says so yet."""
    process = process_of(str(record.get("up", "")))
    number = f", process {process.pid}" if process else ""
    where = "".join(f"\n{name:<8} {url}" for name, url in record.get("addresses", {}).items())
    remedy = f"\nEnd it with Ctrl-C in its terminal{f' or `kill {process.pid}`' if process else ''}."
    return f"OpsGuard runs here already ({home}{number}).{where}{remedy}"


def _end_leftovers(record: dict[str, Any]) -> list[str]:
    left = [server for server in record.get("servers", []) if _is_left(server)]
    for server in left:
        leader = int(server["mark"].split("/")[-2])
        marks = [server["mark"], *group_of(leader)] if os.getpgid(leader) == leader else [server["mark"]]
        for mark in dict.fromkeys(marks):
            end_process(mark, grace_seconds=_GRACE_SECONDS)
    folder = Path(record.get("sockets", ""))
    if folder.name.startswith("opsguard-") and folder.is_dir() and folder.stat().st_uid == os.getuid():
        shutil.rmtree(folder, ignore_errors=True)
    return [str(server["name"]) for server in left]


def _is_left(server: dict[str, Any]) -> bool:
    """Whether the very process of a record runs still."""
    mark = str(server.get("mark", ""))
    if is_gone(mark) is not False:
        return False
    process = process_of(mark)
    with suppress(psutil.Error):
        # The first word is how the system names the interpreter.
        return process is not None and process.cmdline()[1:] == server.get("command", [])[1:]
    return False
