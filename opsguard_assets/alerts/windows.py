"""Instants as people write them: with an offset, or by the clock on the wall of a site.

Here: texts in, instants out. Not here: whose wall it is (commands look it up), mutes (`people`).
"""

import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

_SPAN = re.compile(r"^(\d{1,5})(m|h|d)$")
_UNITS = {"m": "minutes", "h": "hours", "d": "days"}


class WindowError(ValueError):
    """A text that is no instant or no length of time; the message says how to write it."""


def instant_of(text: str, zone: str) -> datetime:
    """The instant of a text such as `2026-03-29T22:00` (by the clocks of `zone`) or `2026-03-29T20:00Z`.

    Args:
        text: ISO 8601.
        zone: IANA time zone of texts without an offset.

    Returns:
        UTC.

    Raises:
        WindowError: When it is no instant, or clocks of the zone show it never or twice that day.
    """
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise WindowError(f"{text!r} is no time; write it like 2026-03-29T22:00 or 2026-03-29T20:00Z.") from None
    if moment.tzinfo is not None:
        return moment.astimezone(UTC)
    # Where clocks are turned, the two folds of a wall time differ, or it does not come back as it went.
    readings = {moment.replace(tzinfo=ZoneInfo(zone), fold=fold).astimezone(UTC) for fold in (0, 1)}
    shown = {reading.astimezone(ZoneInfo(zone)).replace(tzinfo=None) for reading in readings}
    if len(readings) > 1:
        how = "twice" if shown == {moment} else "never"
        raise WindowError(f"Clocks in {zone} show {text} {how}, because they are turned; write it with an offset.")
    return readings.pop()


def length_of(text: str) -> timedelta:
    """The length of time of a text such as 30m, 8h or 2d.

    Raises:
        WindowError: When it is none, or nothing.
    """
    found = _SPAN.match(text)
    if found is None or int(found[1]) == 0:
        raise WindowError(f"{text!r} is no length of time; write it like 30m, 8h or 2d.")
    return timedelta(**{_UNITS[found[2]]: int(found[1])})
