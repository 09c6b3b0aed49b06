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
from sqlalchemy import text

from resources.database import Database

_COLUMNS = "job, as_of, row_count, digest, model_name, model_version, recorded_upto"


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
    statement = text(
        "INSERT INTO ticks (job, as_of, row_count, digest, model_name, model_version, recorded_upto, settled_by) "
        "VALUES (:job, :as_of, :row_count, :digest, :model_name, :model_version, :recorded_upto, :settled_by) "
        "ON CONFLICT (job, as_of) DO UPDATE SET row_count = EXCLUDED.row_count, digest = EXCLUDED.digest, "
        "model_name = EXCLUDED.model_name, model_version = EXCLUDED.model_version, "
        "recorded_upto = EXCLUDED.recorded_upto, settled_by = EXCLUDED.settled_by, finished_at = now()"
    )
    with database.begin() as connection:
        connection.execute(statement, {**vars(tick), "settled_by": this_program()})


def last_ticks(database: Database) -> list[Tick]:
    """The newest computed moment of every job."""
    statement = text(f"SELECT DISTINCT ON (job) {_COLUMNS} FROM ticks ORDER BY job, as_of DESC")  # noqa: S608 - ours
    with database.begin() as connection:
        return [Tick(**row) for row in connection.execute(statement).mappings()]


def ticks_of(database: Database, job: str, *, begins_at: datetime, ends_at: datetime) -> list[Tick]:
    """The computed moments of a job in a span, `ends_at` included."""
    statement = text(
        f"SELECT {_COLUMNS} FROM ticks WHERE job = :job AND as_of BETWEEN :begins_at AND :ends_at ORDER BY as_of"  # noqa: S608
    )
    values = {"job": job, "begins_at": begins_at, "ends_at": ends_at}
    with database.begin() as connection:
        return [Tick(**row) for row in connection.execute(statement, values).mappings()]
