"""Ticks of devices run on full hours. Not here: what is computed then."""

from datetime import datetime


def full_hour(instant: datetime) -> datetime:
    """The last full hour: rollups are known from full hours on, so a moment in between knows no more than it."""
    return instant.replace(minute=0, second=0, microsecond=0)
