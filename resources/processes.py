"""Which process it is: a mark that tells a process from a later one of the same number, and ending it by that mark.

Here: marks, whether their process runs, its end. Not here: which processes matter (`servers`, `sensors.runs`).

A number alone names nobody: systems give it to another process later. On Linux the start is counted from the boot, so
that a clock that is set does not make a living process look dead.
"""

import os
import platform
import time
from contextlib import suppress
from functools import cache
from pathlib import Path

import psutil

_PARTS = 6


def mark_of(pid: int) -> str:
    """The mark of a running process: machine, its boot, its name space of numbers, number, start.

    Raises:
        psutil.NoSuchProcess: When no process has this number.
    """
    return "/".join((*_place(), str(pid), _start_of(pid)))


def process_of(mark: str) -> psutil.Process | None:
    """The process of a mark while it runs on this machine; None where it does not, or where nobody here can know."""
    if is_gone(mark) is not False:
        return None
    with suppress(psutil.NoSuchProcess):
        return psutil.Process(int(mark.split("/")[-2]))
    return None


def is_gone(mark: str) -> bool | None:
    """Whether the process of a mark has ended; None where that cannot be known from here, as on another machine."""
    parts = mark.split("/")
    if len(parts) != _PARTS or not parts[4].isdecimal():
        return None
    *place, number, start = parts
    here = list(_place())
    if place[:2] != here[:2]:
        return None
    if place[2] != here[2]:
        return True  # this machine was started again since
    if place[3] != here[3]:
        return None
    try:
        return _start_of(int(number)) != start or psutil.Process(int(number)).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def end_process(mark: str, *, grace_seconds: float) -> bool:
    """Asks the process of a mark to end, and ends it after a grace; False where it did not run here."""
    process = process_of(mark)
    if process is None:
        return False
    deadline = time.monotonic() + grace_seconds
    with suppress(psutil.NoSuchProcess):
        process.terminate()
        # Looked at, not waited for: how a child ended is for its starter to hear.
        while is_gone(mark) is False and time.monotonic() < deadline:
            time.sleep(0.05)
        process.kill()
    return True


def group_of(leader: int) -> list[str]:
    """The marks of the running processes of a group; ask before its leader was waited for, while the number is its."""
    marks = []
    for number in psutil.pids():
        with suppress(ProcessLookupError, PermissionError, psutil.NoSuchProcess):
            if os.getpgid(number) == leader:
                mark = mark_of(number)
                marks += [mark] if is_gone(mark) is False else []
    return marks


@cache
def _place() -> tuple[str, str, str, str]:
    """Name and identity of the machine, its boot, and the name space that numbers of processes belong to."""
    return (
        platform.node().replace("/", "_"),
        _text("/etc/machine-id")[:12],
        _text("/proc/sys/kernel/random/boot_id")[:8],
        _numbers(),
    )


def _numbers() -> str:
    try:
        return Path("/proc/self/ns/pid").readlink().name.strip("pid:[]")
    except OSError:
        return "-"


def _text(path: str) -> str:
    try:
        return Path(path).read_text(encoding="ascii").strip() or "-"
    except OSError:
        return "-"


def _start_of(pid: int) -> str:
    """When a process started: in ticks since the boot where the system tells them, otherwise by the clock."""
    if not Path("/proc/self/stat").exists():
        return f"{psutil.Process(pid).create_time():.2f}"
    try:
        line = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except (FileNotFoundError, ProcessLookupError) as error:
        raise psutil.NoSuchProcess(pid) from error
    # Field 22 of proc(5). The name of the program stands before it in parentheses, and may hold any character.
    return line.rpartition(")")[2].split()[19]


def this_mark() -> str:
    """The mark of this process."""
    return mark_of(os.getpid())
