"""Embedded servers of tests: programs that need one, and what other processes see of them."""

import os
import signal
import stat
import subprocess
from contextlib import suppress
from pathlib import Path

import psutil
from sqlalchemy import create_engine, make_url, text
from sqlalchemy.pool import NullPool

from resources.postgres import processes
from resources.postgres.account import account_for, program, variables
from tests.resources.processes import start

# Tests lose nothing when the machine fails. The product never runs so.
QUICK = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
JOINING = """
import json, sys, time
from pathlib import Path
from resources.postgres import start_embedded
start_embedded(Path(sys.argv[1]), settings=json.loads(sys.argv[3]))
print("joined", flush=True)
time.sleep(float(sys.argv[2]))
"""
IS_ROOT = os.geteuid() == 0


def joining(folder: Path, seconds: float = 0, settings: str = '{"fsync": "off"}') -> subprocess.Popen[str]:
    """A process that needs the server for so long."""
    return start(JOINING, str(folder), str(seconds), settings)


def joined(process: subprocess.Popen[str]) -> subprocess.Popen[str]:
    """The process, once it has joined the server."""
    assert process.stdout is not None
    assert process.stdout.readline().strip() == "joined", process.communicate()[1]
    return process


def servers_of(folder: Path) -> list[int]:
    """Numbers of all processes that are servers on the data folder."""
    return [number for number in psutil.pids() if processes._server(number, folder)]


def at_work(folder: Path) -> list[int]:
    """Numbers of all processes of PostgreSQL that work on the data folder, on its draft or on nothing any more."""
    names = {str(folder), f"{folder}.unfinished"}
    return [
        process.pid
        for process in psutil.process_iter(["name", "cmdline", "status"])
        if process.info["name"] in {"postgres", "initdb"}
        and process.info["status"] != psutil.STATUS_ZOMBIE
        and (names & set(process.info["cmdline"] or ()) or processes._works_in(process, folder))
    ]


def answer(url: str, statement: str) -> object:
    """The first value that a statement gives, over a connection of its own."""
    engine = create_engine(make_url(url).set(drivername="postgresql+psycopg"), poolclass=NullPool)
    with engine.begin() as connection:
        result = connection.execute(text(statement))
        return result.scalar() if result.returns_rows else None


def kill(numbers: list[int]) -> None:
    """Kills processes of a server; some end by themselves meanwhile."""
    for number in numbers:
        with suppress(ProcessLookupError):
            os.kill(number, signal.SIGKILL)


def of_an_older_version(folder: Path, socket: Path, *, is_running: bool) -> None:
    """A data folder that trusts everybody, with a row in it; its server runs on, and nobody has joined it."""
    folder.mkdir(parents=True)
    account = account_for(folder)
    account.take(folder)
    trusting = ["--auth=trust", "--username=postgres", "--encoding=utf8", "--no-sync"]
    assert account.run([program("initdb"), "-D", folder, *trusting]).returncode == 0
    account.take(socket)
    address = f"-h '' -k {socket} -c fsync=off"
    begin = [program("pg_ctl"), "-w", "-l", folder / "log", "-D", folder]
    assert account.start([*begin, "-o", address, "start"]).wait() == 0
    psql = [program("psql"), "-h", socket, "-U", "postgres", "-c", "CREATE TABLE kept AS SELECT 42 AS answer"]
    subprocess.run(psql, env=variables(), check=True, capture_output=True)
    if not is_running:
        assert account.run([*begin, "stop"]).returncode == 0


def open_to_others(folder: Path) -> list[str]:
    """What below a folder others than its owner may touch."""
    found = [folder, *folder.rglob("*")]
    return [str(path) for path in found if not path.is_symlink() and stat.S_IMODE(path.stat().st_mode) & 0o077]
