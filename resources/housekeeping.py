"""Housekeeping of the lake: compaction, vacuum, and the pins that protect versions.

Here: what is removed and what is not. Not here: when (a daily job) and Dagster's own records (`opsguard_assets`).
"""

from collections.abc import Iterable

from sqlalchemy import text

from resources.database import Database
from resources.lake import Lake
from resources.written import Tidied

# The small table by which the doctor tries whether the lake can be written.
PROBE = "doctor"


def pin(database: Database, table: str, version: int, *, reason: str) -> None:
    """Keeps a version of a lake table readable for ever, or until it is unpinned."""
    with database.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO lake_pins (table_name, version, reason) VALUES (:table, :version, :reason) "
                "ON CONFLICT DO NOTHING"
            ),
            {"table": table, "version": version, "reason": reason},
        )


def pinned(database: Database) -> dict[str, list[int]]:
    """The pinned versions of every table."""
    found: dict[str, list[int]] = {}
    with database.begin() as connection:
        for row in connection.execute(text("SELECT DISTINCT table_name, version FROM lake_pins ORDER BY 1, 2")):
            found.setdefault(row.table_name, []).append(row.version)
    return found


def tidy(lake: Lake, names: Iterable[str], database: Database, *, retention_days: int) -> list[Tidied]:
    """Compacts small files, deletes those that only versions older than the retention and not pinned still need.

    Args:
        lake: The lake.
        names: Tables to look after; those that do not exist are passed over.
        database: Holds the pins.
        retention_days: Versions younger than this stay readable.
    """
    kept = pinned(database)
    return [
        lake.tidy(name, retention_days=retention_days, keep_versions=kept.get(name, []))
        for name in names
        if lake.exists(name)
    ]
