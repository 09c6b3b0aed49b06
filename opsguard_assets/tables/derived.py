"""Columns of derived tables: of a type, with the meaning that asset pages show.

Here: shapes that derived tables share. Not here: the contract's columns and their rules (`columns`).
"""

import dataframely as dy


def instant(meaning: str, *, nullable: bool = True) -> dy.Datetime:
    """An instant in UTC, to the microsecond."""
    return dy.Datetime(nullable=nullable, time_zone="UTC", description=f"{meaning} (UTC)")


def text(meaning: str, *, nullable: bool = True) -> dy.String:
    """A text."""
    return dy.String(nullable=nullable, description=meaning)


def count(meaning: str, *, nullable: bool = True) -> dy.Int64:
    """A whole number."""
    return dy.Int64(nullable=nullable, description=meaning)


def number(meaning: str, *, nullable: bool = True) -> dy.Float64:
    """A number, whose unit the meaning says."""
    return dy.Float64(nullable=nullable, description=meaning)


def minutes(meaning: str, *, nullable: bool = True) -> dy.Float64:
    """A span in minutes."""
    return dy.Float64(nullable=nullable, description=f"{meaning}, minutes")
