"""The text of a recurrence, as calendars export it: RRULE, EXDATE, RDATE and DTSTART lines read once, strictly.

Here: text to parts, and what RFC 5545 forbids. Not here: which days follow (`recurrence`).

No part is ignored: one that cannot be used makes the recurrence unreadable, with its reason. An unreadable roster
gives no shifts, so nobody is accused.
"""

import re
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from functools import cache
from zoneinfo import ZoneInfo

from opsguard_assets.tables.local_time import known_zones

WEEKDAYS = {name: number for number, name in enumerate(("MO", "TU", "WE", "TH", "FR", "SA", "SU"))}
EVERY_DAY = "FREQ=DAILY"
_FREQUENCIES = ("DAILY", "WEEKLY", "MONTHLY", "YEARLY")
_PARTS = {
    "FREQ", "INTERVAL", "COUNT", "UNTIL", "WKST", "BYDAY", "BYMONTH", "BYMONTHDAY", "BYYEARDAY", "BYWEEKNO", "BYSETPOS",
}  # fmt: skip
_LARGEST = {"BYMONTH": 12, "BYMONTHDAY": 31, "BYYEARDAY": 366, "BYWEEKNO": 53, "BYSETPOS": 366}
_ONLY_WITH = {
    "BYWEEKNO": ("YEARLY",),
    "BYYEARDAY": ("YEARLY",),
    "BYMONTHDAY": ("DAILY", "MONTHLY", "YEARLY"),
}
# Weeks of which days may lie in the year before or after.
_EDGE_WEEKS = {1, 52, 53, -1, -52, -53}
_BYDAY = re.compile(r"(?P<nth>[+-]?\d{1,2})?(?P<day>MO|TU|WE|TH|FR|SA|SU)")
_LINE = re.compile(
    r"(?P<name>[A-Z-]+)(?P<parameters>(?:;[^:=]+=(?:\"[^\"]*\"|[^:;\"]*))*):(?P<value>.*)", re.IGNORECASE
)
_FIRST_YEAR, _LAST_YEAR = 1900, 2200
_MOMENT = re.compile(r"(\d{8})(?:T(\d{6})(Z?))?")


class RuleError(ValueError):
    """A recurrence that cannot be used; the message says why, without a full stop."""


@dataclass(frozen=True)
class Mark:
    """One date of an EXDATE, RDATE or DTSTART line; exactly one of `day`, `local` and `at` is set.

    Attributes:
        kind: `EXDATE`, `RDATE` or `DTSTART`.
        day: A local day.
        local: A local time of the site.
        at: An instant.
    """

    kind: str
    day: date | None = None
    local: datetime | None = None
    at: datetime | None = None


@dataclass(frozen=True)
class RuleText:
    """A recurrence.

    Attributes:
        parts: The parts of its RRULE without UNTIL, each once; None where it has only dates.
        until_local: The last local time, or None.
        until_at: The last instant, or None.
        marks: What the other lines say.
    """

    parts: dict[str, str] | None
    until_local: datetime | None = None
    until_at: datetime | None = None
    marks: tuple[Mark, ...] = field(default=())


def read_rule(recurrence: str | None) -> RuleText:
    """A recurrence as its lines say.

    Raises:
        RuleError: When RFC 5545 forbids it, or rosters cannot use it.
    """
    unfolded = re.sub(r"\r?\n[ \t]", "", (recurrence or EVERY_DAY).strip())
    rules, marks = list[str](), list[Mark]()
    for text in filter(None, (line.strip() for line in re.split(r"\r\n|\r|\n", unfolded))):
        line = _LINE.fullmatch(text)
        name = line["name"].upper() if line else "RRULE"
        if name == "RRULE":
            rules.append(line["value"] if line else text)
        elif line and name in ("EXDATE", "RDATE", "DTSTART"):
            marks += _marks(name, line["parameters"].upper(), line["value"].upper())
        else:
            raise RuleError(f"a line {name} cannot be used; write RRULE, EXDATE, RDATE and DTSTART")
    if len(rules) > 1:
        raise RuleError("there are two rules; write a roster for each")
    if sum(mark.kind == "DTSTART" for mark in marks) > 1:
        raise RuleError("DTSTART is given twice")
    if not rules and not any(mark.kind == "RDATE" for mark in marks):
        raise RuleError("there are dates but no rule; write RRULE:FREQ=DAILY for every day")
    if not rules:
        return RuleText(None, marks=tuple(marks))
    parts = _parts(rules[0])
    local, at = _until(parts.pop("UNTIL", None))
    return RuleText(parts, local, at, tuple(marks))


def numbers(parts: dict[str, str], name: str) -> list[int]:
    """The numbers of a part; none where it is absent."""
    return [int(number) for number in parts[name].split(",")] if name in parts else []


def days(parts: dict[str, str]) -> list[tuple[int | None, int]]:
    """(which one of its kind or None for all, weekday from 0) of BYDAY."""
    found = [_BYDAY.fullmatch(day) for day in parts["BYDAY"].split(",")] if "BYDAY" in parts else []
    return [(int(day["nth"]) if day["nth"] else None, WEEKDAYS[day["day"]]) for day in found if day]


def _parts(text: str) -> dict[str, str]:
    pairs = [part.partition("=") for part in text.upper().split(";") if part.strip()]
    parts = {name.strip(): re.sub(r"\s", "", value) for name, _, value in pairs}
    problem = "a part is given twice" if len(parts) < len(pairs) else _problem(parts)
    if problem:
        raise RuleError(problem)
    return parts


def _problem(parts: dict[str, str]) -> str | None:
    """What is wrong with the parts of a rule, in words."""
    unknown = sorted(set(parts) - _PARTS)
    if parts.get("FREQ") not in _FREQUENCIES:
        return "FREQ is none of DAILY, WEEKLY, MONTHLY, YEARLY; the time of day belongs into starts_local"
    if unknown:
        return f"{', '.join(unknown)} cannot be used in a roster; the time of day belongs into starts_local"
    if "COUNT" in parts and "UNTIL" in parts:
        return "COUNT and UNTIL exclude each other"
    for name in ("INTERVAL", "COUNT"):
        if name in parts and not (parts[name].isascii() and parts[name].isdecimal() and 0 < int(parts[name]) < 10**6):
            return f"{name} is not a positive number"
    return _unlawful(parts) or _two_ways(parts)


def _unlawful(parts: dict[str, str]) -> str | None:
    """What RFC 5545 forbids."""
    frequency, wrong = parts["FREQ"], None
    for name, largest in _LARGEST.items():
        least = 1 if name == "BYMONTH" else -largest
        if name in parts and not all(_is_number(text, least, largest) for text in parts[name].split(",")):
            wrong = f"{name} is a list of numbers up to {largest}"
        elif name in parts and frequency not in _ONLY_WITH.get(name, _FREQUENCIES):
            wrong = f"{name} does not go with FREQ={frequency}"
    if "WKST" in parts and parts["WKST"] not in WEEKDAYS:
        wrong = "WKST is a weekday such as MO"
    if "BYDAY" in parts:
        named = [_BYDAY.fullmatch(day) for day in parts["BYDAY"].split(",")]
        if not all(day and (day["nth"] is None or _is_number(day["nth"], -53, 53)) for day in named):
            wrong = "BYDAY is a list of weekdays such as MO or -1FR"
        elif any(nth for nth, _ in days(parts)) and (frequency in ("DAILY", "WEEKLY") or "BYWEEKNO" in parts):
            wrong = "a number before a weekday goes with months and years only"
    if "BYSETPOS" in parts and not any(name.startswith("BY") and name != "BYSETPOS" for name in parts):
        wrong = "BYSETPOS needs another part that it counts in"
    return f"not a rule of RFC 5545: {wrong}" if wrong else None


def _two_ways(parts: dict[str, str]) -> str | None:
    """What RFC 5545 leaves open, so that programs read it differently."""
    if set(numbers(parts, "BYWEEKNO")) & _EDGE_WEEKS and ("BYSETPOS" in parts or int(parts.get("INTERVAL", "1")) > 1):
        return "days of the first or last week may belong to two years; without INTERVAL and BYSETPOS they are clear"
    return None


def _is_number(text: str, least: int, largest: int) -> bool:
    return re.fullmatch(r"[+-]?[0-9]{1,3}", text) is not None and int(text) != 0 and least <= int(text) <= largest


def _until(text: str | None) -> tuple[datetime | None, datetime | None]:
    """The end of a rule as a local time, or as an instant."""
    if text is None:
        return None, None
    mark = _mark("UNTIL", text, None)
    return (datetime.combine(mark.day, time.max) if mark.day else mark.local), mark.at


def _marks(name: str, parameters: str, value: str) -> list[Mark]:
    given = dict(part.split("=", 1) for part in parameters.split(";") if part)
    if set(given) - {"VALUE", "TZID"} or given.get("VALUE") not in (None, "DATE", "DATE-TIME"):
        raise RuleError(f"{name} with {parameters.strip(';')} cannot be used; write dates, or times with TZID")
    zone = given.get("TZID")
    if zone is not None:
        known = _zones().get(zone.strip('"'))
        if known is None:
            raise RuleError(f"{name} names the time zone {zone}, which is not known; write one like Europe/Berlin")
        zone = known
    return [_mark(name, text.strip(), zone) for text in value.split(",")]


def _mark(name: str, text: str, zone: str | None) -> Mark:
    """One date, time or instant.

    Raises:
        RuleError: When it is none.
    """
    written = _MOMENT.fullmatch(text)
    try:
        day, local = _day_and_time(written) if written else (None, None)
    except ValueError:
        day = local = None
    if written is None or (day is None and local is None):
        raise RuleError(f"not a rule of RFC 5545: {name} {text} is not a date like 20261231 or 20261231T220000")
    # "UNTIL 9999" means for ever. Of the others an edge of the calendar is nothing that can be reckoned with.
    if name != "UNTIL" and not _FIRST_YEAR <= int(written[1][:4]) <= _LAST_YEAR:
        raise RuleError(f"{name} {text} lies outside the years {_FIRST_YEAR} to {_LAST_YEAR}")
    if local is None:
        return Mark(name, day=day)
    if written[3]:
        return Mark(name, at=local.replace(tzinfo=UTC))
    return Mark(name, at=local.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)) if zone else Mark(name, local=local)


def _day_and_time(written: re.Match[str]) -> tuple[date | None, datetime | None]:
    """A day, or a time of it."""
    day = datetime.strptime(written[1], "%Y%m%d")  # noqa: DTZ007 - local, of the site
    if written[2] is None:
        return day.date(), None
    return None, datetime.combine(day, datetime.strptime(written[2], "%H%M%S").time())  # noqa: DTZ007 - as above


@cache
def _zones() -> dict[str, str]:
    return {zone.upper(): zone for zone in known_zones()}
