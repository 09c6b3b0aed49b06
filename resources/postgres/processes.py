"""Which process is the server: found by program and data folder, never by its number alone.

Here: finding, watching and ending it, and the file `postmaster.pid`. Not here: starting it (`server`).
"""

import os
import signal
import time
from itertools import pairwise
from pathlib import Path

import psutil

from resources.postgres.place import Place

_ONE_USER = {"--single", "--boot", "--check"}
_FAST_SECONDS, _IMMEDIATE_SECONDS = 60.0, 20.0
_SOCKET_LINE, _STATUS_LINE = 4, 7


def server_of(place: Place) -> psutil.Process | None:
    """The running server of the data folder; None where none runs, whatever `postmaster.pid` says.

    A number in that file that another process has by now is no server. Where the file is wrong or damaged, all
    processes are looked at.
    """
    if not (place.data / "postmaster.pid").exists():
        return None
    number = _number(place)
    named = _server(number, place.data) if number else None
    return named or any_server_of(place)


def any_server_of(place: Place) -> psutil.Process | None:
    """The running server of the data folder among all processes, also one whose `postmaster.pid` is gone."""
    found = (_server(number, place.data) for number in psutil.pids())
    return next((process for process in found if process), None)


def has_ended(process: psutil.Process) -> bool:
    """Whether this very process has ended; one that got its number since, or waits to be buried, is not it."""
    try:
        return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def workers_of(place: Place) -> list[int]:
    """Numbers of all processes of PostgreSQL on the data folder that can be seen from here."""
    return [process.pid for process in psutil.process_iter() if _works_in(process, place.data)]


def stop(process: psutil.Process) -> bool:
    """Ends a server that `server_of` has found: connections are cut, work that is not committed is rolled back.

    A server that does not end so in a minute is ended at once; its next start repairs what it left.

    Returns:
        Whether it has ended.
    """
    for number, seconds in ((signal.SIGINT, _FAST_SECONDS), (signal.SIGQUIT, _IMMEDIATE_SECONDS)):
        try:
            process.send_signal(number)  # psutil compares the start time first
        except psutil.NoSuchProcess:
            return True
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if has_ended(process):
                return True
            time.sleep(0.01)
    return False


def told_socket_folder(place: Place) -> Path | None:
    """The folder of the socket by `postmaster.pid`."""
    folder = _line(place, _SOCKET_LINE)
    return Path(folder) if folder else None


def status_of(place: Place) -> str | None:
    """What the server says of itself in `postmaster.pid`: starting, ready, stopping; None where nothing is said."""
    return _line(place, _STATUS_LINE)


def _number(place: Place) -> int | None:
    first = _line(place, 0)
    # A server for one user writes its number as a negative one.
    return abs(int(first)) or None if first and first.lstrip("-").isdecimal() else None


def _line(place: Place, position: int) -> str | None:
    """A line of `postmaster.pid`; None where the file ends before it."""
    try:
        lines = os.fsdecode((place.data / "postmaster.pid").read_bytes()).split("\n")
    except FileNotFoundError:
        return None
    return lines[position].strip() or None if position < len(lines) else None


def _server(number: int, data: Path) -> psutil.Process | None:
    """The process of that number where it is a server on the data folder."""
    try:
        process = psutil.Process(number)
        return process if _is_server(process, data) else None
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return None


def _is_server(process: psutil.Process, data: Path) -> bool:
    """Whether a process is `postgres` itself, for many users, on this data folder.

    Its workers have other titles, but for a moment after they were forked they have the one of the server.
    """
    if process.status() == psutil.STATUS_ZOMBIE:
        return False
    command, parent = process.cmdline(), process.parent()
    if not command or Path(command[0]).name != "postgres" or _ONE_USER & set(command[1:2]):
        return False
    if parent is not None and parent.cmdline() == command:
        return False
    try:
        return _is_same(process.cwd(), data)
    except psutil.AccessDenied:  # of another user, where the system does not let even root look
        return any(_is_same(value, data) for option, value in pairwise(command) if option == "-D")


def _works_in(process: psutil.Process, data: Path) -> bool:
    try:
        return process.name().startswith("postgres") and _is_same(process.cwd(), data)
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return False


def _is_same(path: str, data: Path) -> bool:
    """Whether both name one existing folder."""
    try:
        return data.samefile(path)
    except OSError:
        return False
