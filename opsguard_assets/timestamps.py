"""The one parser of timestamps and the one of durations, for command lines and run configuration.

Here: texts in, instants and durations out. Not here: whose clocks are meant (commands know), which moments may be
computed (`moment`), and values of sources, which come in many formats (`intake.mapping.instants`).

A text without an offset is read by the clocks of a zone that the caller names. For every command that is
`operations.timezone`, which is UTC unless it is set; a command about one site or client takes that zone first.
"""

import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

_DURATION = re.compile(r"^(\d{1,7}(?:\.\d{1,6})?)(s|m|h|d)$")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_EXAMPLES = "2026-01-31, 2026-01-31T12:00 or 2026-01-31T12:00Z"


class TimestampError(ValueError):
    """A text that is not a valid timestamp or duration; the message says how to write it."""


def timestamp_of(text: str, zone: str | None = None) -> datetime:
    """The instant of a text such as `2026-03-29T22:00` (by the clocks of `zone`) or `2026-03-29T20:00Z`.

    Args:
        text: ISO 8601; a day alone is its first instant.
        zone: IANA time zone of texts without an offset; without a zone they are refused.

    Returns:
        UTC.

    Raises:
        TimestampError: When it is not a valid timestamp, has no offset and no zone, lies outside the years 1 to 9999,
            or clocks of the zone show it never or twice that day.
    """
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise TimestampError(f"{text!r} is not a valid timestamp; write it like {_EXAMPLES}") from None
    if moment.tzinfo is not None:
        return in_utc(moment)
    if zone is None:
        raise TimestampError(f"{text!r} has no offset; write it like 2026-01-31T12:00:00+00:00")
    # Where clocks are turned, the two folds of a wall time differ, or it does not come back as it went.
    readings = {in_utc(moment.replace(tzinfo=ZoneInfo(zone), fold=fold)) for fold in (0, 1)}
    if len(readings) > 1:
        shown = {reading.astimezone(ZoneInfo(zone)).replace(tzinfo=None) for reading in readings}
        how = "twice" if shown == {moment} else "never"
        raise TimestampError(
            f"clocks in {zone} show {text} {how}, because they are turned; write it with an offset, like "
            f"{max(readings):%Y-%m-%dT%H:%MZ}"
        )
    return readings.pop()


def in_utc(moment: datetime) -> datetime:
    """A moment with an offset in UTC.

    Raises:
        TimestampError: When UTC shows no such year.
    """
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        words = f"{moment.isoformat()} lies outside the years 1 to 9999 in UTC; write it like {_EXAMPLES}"
        raise TimestampError(words) from None


def duration_of(text: str) -> timedelta:
    """The duration of a text such as 90s, 30m, 1.5h or 2d.

    Raises:
        TimestampError: When it is not a valid duration, or zero.
    """
    found = _DURATION.match(text)
    length = timedelta(**{_UNITS[found[2]]: float(found[1])}) if found else timedelta()
    if not length:
        raise TimestampError(f"{text!r} is not a valid duration; write it like 90s, 30m, 8h or 2d")
    return length
