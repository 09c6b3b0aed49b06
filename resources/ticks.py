"""The record of ticks: which moment of which job was computed, with what result.

Here: writing and reading `ticks`. Not here: computing a tick.
"""

import getpass
import hashlib
import os
import platform
import sys
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import polars as pl

from resources.database import Database
from resources.sql import statement


@dataclass(frozen=True)
class Tick:
    """One computed moment of a job.

    Attributes:
        job: The job.
        as_of: The moment.
        row_count: Rows written.
        digest: Their digest (`digest_of`).
        model_name: What scored.
        model_version: Its version.
        recorded_upto: The newest record that the tick could see; None where it looked at an imported history.
    """

    job: str
    as_of: datetime
    row_count: int
    digest: str
    model_name: str | None = None
    model_version: str | None = None
    recorded_upto: datetime | None = None


def digest_of(frame: pl.DataFrame, *, key: list[str]) -> str:
    """SHA-256 of a frame's rows in the order of `key`: equal digests mean equal rows, on every machine."""
    ordered = frame.sort(key).select(sorted(frame.columns))
    return hashlib.sha256(ordered.write_csv(datetime_format="%Y-%m-%dT%H:%M:%S%.6f").encode()).hexdigest()


def this_program() -> str:
    """Who settles ticks in this process, for the record: user, machine and program."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # a container may run under a number that no list of users knows
        user = f"user {os.getuid()}"
    return f"{user}@{platform.node()}, {Path(sys.argv[0]).name or 'python'}"


def record_tick(database: Database, tick: Tick) -> None:
    """Writes the result of a tick; computing the same moment again replaces it."""
    with database.begin() as connection:
        connection.execute(statement(__name__, "record_tick"), {**vars(tick), "settled_by": this_program()})


def last_ticks(database: Database) -> list[Tick]:
    """The newest computed moment of every job."""
    with database.begin() as connection:
        return [Tick(**row) for row in connection.execute(statement(__name__, "last_ticks")).mappings()]


def ticks_of(database: Database, job: str, *, begins_at: datetime, ends_at: datetime) -> list[Tick]:
    """The computed moments of a job in a span, `ends_at` included."""
    values = {"job": job, "begins_at": begins_at, "ends_at": ends_at}
    with database.begin() as connection:
        return [Tick(**row) for row in connection.execute(statement(__name__, "ticks_of"), values).mappings()]
