"""One snapshot of the lake per run: an instant and the versions of all derived tables, pinned before anything is read.

Here: taking, opening again, releasing. Not here: what is made of it.

Canonical tables keep all versions, so the instant is enough for them. Derived ones are replaced: their versions are
pinned, and opened once more afterwards, because a vacuum may have come first.
"""

import json
from datetime import UTC, date, datetime, timedelta

import polars as pl

from opsguard_assets.scorecards.signing.maker import Maker
from opsguard_assets.scorecards.signing.snapshot import Snapshot
from resources.database import Database
from resources.housekeeping import pin
from resources.lake import TABLES_LOCK, Lake
from resources.sql import statement

# A build that is under way refers to its snapshot only at its end.
_UNUSED, _UNSIGNED = timedelta(days=1), timedelta(days=90)


class SnapshotError(RuntimeError):
    """A snapshot cannot be read any more; the message says which table."""


def take(lake: Lake, database: Database, maker: Maker, month: date, *, as_of: datetime, now: datetime) -> Snapshot:
    """Takes a snapshot: no load and no tick writes meanwhile.

    Args:
        lake: The lake.
        database: Holds snapshots and pins.
        maker: Knows the derived tables, and keeps in one of them what it reads of the database.
        month: What it is for.
        as_of: The moment of the run.
        now: The time of the clock (UTC).

    Raises:
        SnapshotError: When a version cannot be read although it is pinned.
    """
    with database.lock(TABLES_LOCK):
        maker.keep_past(month, as_of)
        versions = {name: version for name in maker.tables if (version := lake.version(name)) is not None}
        values = {"month": month, "as_of": as_of, "recorded_upto": now, "versions": json.dumps(versions), "at": now}
        with database.begin() as connection:
            number = int(connection.execute(statement(__name__, "take_snapshot"), values).scalar_one())
        for name, version in versions.items():
            pin(database, name, version, reason=_reason(number))
    taken = Snapshot(snapshot_id=number, month=month, as_of=as_of, recorded_upto=now, versions=versions)
    open_again(lake, taken)
    return taken


def read(database: Database, snapshot_id: int) -> Snapshot:
    """A snapshot by its number.

    Raises:
        SnapshotError: When its pins were released.
    """
    with database.begin() as connection:
        row = connection.execute(statement(__name__, "snapshot"), {"snapshot_id": snapshot_id}).mappings().one()
    if row["released_at"] is not None:
        raise SnapshotError(
            f"what it was made of was released on {row['released_at']:%Y-%m-%d}, because nobody had signed it for "
            "90 days; run `opsguard scorecard build` again"
        )
    # The driver gives the zone its server's name, and Polars compares only instants of the same one.
    instants = {name: row[name].astimezone(UTC) for name in ("as_of", "recorded_upto")}
    others = {name: row[name] for name in ("snapshot_id", "month", "versions")}
    return Snapshot(**instants, **others)


def open_again(lake: Lake, snapshot: Snapshot) -> None:
    """Opens every version of a snapshot, down to its files.

    Raises:
        SnapshotError: When one cannot be read.
    """
    for name, version in snapshot.versions.items():
        try:
            lake.scan(name, version=version).select(pl.len()).collect()
        except Exception as error:
            raise SnapshotError(
                f"version {version} of {name} cannot be read any more ({type(error).__name__}); run "
                "`opsguard scorecard build` again"
            ) from error


def scan(lake: Lake, snapshot: Snapshot, name: str) -> pl.LazyFrame | None:
    """The rows of a derived table as a snapshot has them; None where the table did not exist."""
    version = snapshot.versions.get(name)
    return None if version is None else lake.scan(name, version=version)


def release(database: Database, now: datetime) -> list[int]:
    """Releases the pins of what nobody signed within 90 days, and of what no scorecard refers to any more."""
    values = {"now": now, "unused_before": now - _UNUSED, "unsigned_before": now - _UNSIGNED}
    with database.begin() as connection:
        return [
            int(number) for number in connection.execute(statement(__name__, "release_snapshots"), values).scalars()
        ]


def _reason(number: int) -> str:
    return f"scorecards, snapshot {number}"
