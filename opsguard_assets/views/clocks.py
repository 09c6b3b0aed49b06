"""Formats times for people, with their time zone, and reads those of evidence.

Not here: commands, and JSON (ISO 8601, UTC).
"""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import polars as pl

from opsguard_assets.tables.values import INSTANT

_MINUTE, _HOUR, _DAY = 60, 3600, 86_400


def clock(instant: datetime, zone: str = "UTC") -> str:
    """An instant in a zone, such as "2026-03-02 09:15 CET"."""
    return f"{instant.astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M %Z}"


def instant_in(said: object) -> datetime | None:
    """A timestamp in the evidence of a finding: ISO 8601, or as reasons write it, in UTC; None where it is none."""
    if not isinstance(said, str):
        return None
    try:
        found = datetime.fromisoformat(said.removesuffix(" UTC"))
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def day_clock(instant: datetime, now: datetime, zone: str = "UTC") -> str:
    """An instant in a zone as people say it: "today 14:20 CET", "tomorrow 02:10 CET", "Wed 4 Mar 2026 14:20 CET"."""
    local, today = instant.astimezone(ZoneInfo(zone)), now.astimezone(ZoneInfo(zone)).date()
    days = {-1: "yesterday", 0: "today", 1: "tomorrow"}
    day = days.get((local.date() - today).days) or f"{local:%a} {local.day} {local:%b %Y}"
    return f"{day} {local:%H:%M %Z}"


def time_left(minutes: int) -> str:
    """The time until a deadline, or since it, in words: "35 min left", "2 h 10 min ago"."""
    return f"{span(timedelta(minutes=minutes))} {'ago' if minutes < 0 else 'left'}"


def clocks(frame: pl.DataFrame, zone: str = "UTC") -> pl.DataFrame:
    """A frame with instants as readable texts and numbers rounded to one decimal."""
    instants = [name for name, dtype in frame.schema.items() if dtype == INSTANT]
    local = [pl.col(name).dt.convert_time_zone(zone).dt.strftime("%Y-%m-%d %H:%M %Z") for name in instants]
    return frame.with_columns(*local, pl.col(pl.Float64).round(1))


def span(length: timedelta) -> str:
    """A duration without sign, rounded down: "45 min", "2 h 10 min", "3 d 4 h"."""
    seconds = int(abs(length).total_seconds())
    days, hours, minutes = seconds // _DAY, seconds % _DAY // _HOUR, seconds % _HOUR // _MINUTE
    if days:
        return f"{days} d {hours} h"
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"
