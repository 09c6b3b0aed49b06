"""Probes sources: cheap enough for every half minute, because no records are read.

Here: what tells that something is new. Not here: reading it (`receive`). A probe that misses something does no harm:
the hourly load reads every source all the same.
"""

import hashlib
from datetime import UTC, datetime, timedelta

from sqlalchemy import func, select, true

from opsguard_assets.config.sources import FileSource, SimulatorSource, SqlSource
from opsguard_assets.intake.readers.files import list_files, reading_digest
from opsguard_assets.intake.readers.simulated import known_until
from opsguard_assets.intake.readers.sql_address import connected
from opsguard_assets.intake.readers.sql_cursor import Cursor, reflected
from opsguard_assets.intake.receiving.probe_result import ProbeResult

SIMULATED_EVERY = timedelta(minutes=15)


def new_files(source: FileSource, cursor: str | None) -> ProbeResult:
    """Whether the files of a source differ from those that the cursor stands for.

    Raises:
        SourceError: When they cannot be listed.
    """
    files = list_files(source)
    versions = "\n".join(f"{file.origin}\0{file.size}\0{file.modified_ns}" for file in files)
    # What was refused is tried again when the settings change.
    digest = hashlib.sha256(f"{reading_digest(source)}\n{versions}".encode()).hexdigest()
    newest = max((file.origin for file in files[-1:]), default="none")
    return ProbeResult(bool(files) and digest != cursor, digest, f"{len(files)} files, the newest {newest}")


def new_rows(source: SqlSource, cursor: str | None) -> ProbeResult:
    """Whether a relation has rows beyond the cursor, by its greatest value; without one only the number of rows tells.

    Raises:
        SourceError: When the relation cannot be read.
    """
    with connected(source) as connection:
        relation = reflected(source, connection)
        column = Cursor.of(source, relation, connection)
        newest = column.newest(connection, None, datetime.now(UTC)) if column else None
        again = column.not_before(newest) if column else true()
        count = connection.execute(select(func.count()).select_from(relation).where(again)).scalar_one()
        seen = f"{count} rows" if newest is None else f"{count} rows at {newest}"
    return ProbeResult(seen != cursor, seen, seen)


def new_simulated(source: SimulatorSource, cursor: str | None, *, now: datetime) -> ProbeResult:
    """Whether the simulated provider has lived on for a while since its records were written last."""
    until = known_until(source)
    slot = int(now.timestamp() // SIMULATED_EVERY.total_seconds())
    is_due = until is None or now - until >= SIMULATED_EVERY
    return ProbeResult(
        is_due and str(slot) != cursor, str(slot) if is_due else cursor or "", f"records until {now:%H:%M}"
    )
