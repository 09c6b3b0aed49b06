"""What a write to the lake did, in figures. Not here: writing."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Recorded:
    """What recording rows did: `received == accepted + unchanged`."""

    received: int
    accepted: int
    unchanged: int


@dataclass(frozen=True)
class Tidied:
    """What housekeeping did to one table: file counts, and how many old versions are protected."""

    table: str
    files_before: int
    files_after: int
    files_vacuumed: int
    versions_protected: int
