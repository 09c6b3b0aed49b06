"""A snapshot of the lake as a value: what a run reads, whenever it reads. Not here: taking it (`snapshots_io`)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """What a run reads.

    Attributes:
        snapshot_id: Its number.
        month: First day of the month that it was taken for.
        as_of: The moment of the run (UTC).
        recorded_upto: Records that were recorded later do not count (UTC).
        versions: Version of each derived table by name; those that did not exist are not in it.
    """

    snapshot_id: int
    month: date
    as_of: datetime
    recorded_upto: datetime
    versions: Mapping[str, int]
