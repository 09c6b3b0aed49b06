"""Ticks of devices run on full hours. Not here: what is computed then."""

from datetime import datetime


def full_hour(instant: datetime) -> datetime:
    """The last full hour. Rollups become known at full hours, so nothing more is known at a moment in between."""
    return instant.replace(minute=0, second=0, microsecond=0)
