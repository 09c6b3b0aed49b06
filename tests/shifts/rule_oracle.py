"""RFC 5545 as a plain walk: every period from the first day on, every day of it, every part by its words.

Shares nothing with what it judges. A week belongs to the year that has at least four of its days (RFC 5545, BYWEEKNO).
"""

import calendar
from collections.abc import Iterator
from datetime import date, timedelta
from functools import cache

NAMES = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
DAY = timedelta(days=1)


def walk(rule: str, begins: date, last: date) -> list[date]:
    """The days of a rule from its first day to the last that is asked for."""
    parts = dict(part.split("=") for part in rule.split(";"))
    starts = NAMES.index(parts.get("WKST", "MO"))
    found, most = [], int(parts.get("COUNT", 10**9))
    for number, days in enumerate(periods(parts, begins, last, starts)):
        if number % int(parts.get("INTERVAL", 1)):
            continue
        chosen = [day for day in days if allowed(day, parts, begins, starts)]
        if "BYSETPOS" in parts:
            places = {int(p) for p in parts["BYSETPOS"].split(",")}
            chosen = [d for i, d in enumerate(chosen) if i + 1 in places or i - len(chosen) in places]
        found += [day for day in chosen if day >= begins]
        if len(found) >= most:
            break
    return [day for day in found[:most] if day <= last]


def periods(parts: dict[str, str], begins: date, last: date, starts: int) -> Iterator[list[date]]:
    """The days of each period, the first of which holds the first day."""
    if parts["FREQ"] == "DAILY":
        yield from ([day] for day in span(begins, last))
    elif parts["FREQ"] == "WEEKLY":
        monday = begins - (begins.weekday() - starts) % 7 * DAY
        while monday <= last:
            yield span(monday, monday + 6 * DAY)
            monday += 7 * DAY
    elif parts["FREQ"] == "MONTHLY":
        for month in range(begins.year * 12 + begins.month - 1, last.year * 12 + last.month):
            year, number = divmod(month, 12)
            yield span(date(year, number + 1, 1), date(year, number + 1, calendar.monthrange(year, number + 1)[1]))
    else:
        for year in range(begins.year, last.year + 2):
            if "BYWEEKNO" in parts:
                yield span(first_week(year, starts), first_week(year + 1, starts) - DAY)
            else:
                yield span(date(year, 1, 1), date(year, 12, 31))


def span(first: date, last: date) -> list[date]:
    return [first + n * DAY for n in range((last - first).days + 1)]


@cache
def first_week(year: int, starts: int) -> date:
    """The first day of week 1: the fourth of January always lies in it."""
    day = date(year, 1, 4)
    while day.weekday() != starts:
        day -= DAY
    return day


def allowed(day: date, parts: dict[str, str], begins: date, starts: int) -> bool:
    def listed(name: str, *numbers: int) -> bool:
        return name not in parts or bool({int(n) for n in parts[name].split(",")} & set(numbers))

    month_days = calendar.monthrange(day.year, day.month)[1]
    year_day, year_days = day.timetuple().tm_yday, 366 if calendar.isleap(day.year) else 365
    week_year = next(y for y in (day.year + 1, day.year, day.year - 1) if first_week(y, starts) <= day)
    week = (day - first_week(week_year, starts)).days // 7 + 1
    weeks = (first_week(week_year + 1, starts) - first_week(week_year, starts)).days // 7
    return (
        listed("BYMONTH", day.month)
        and listed("BYWEEKNO", week, week - weeks - 1)
        and listed("BYYEARDAY", year_day, year_day - year_days - 1)
        and listed("BYMONTHDAY", day.day, day.day - month_days - 1)
        and on_weekday(day, parts)
        and as_the_first_day(day, parts, begins)
    )


def on_weekday(day: date, parts: dict[str, str]) -> bool:
    if "BYDAY" not in parts:
        return True
    by_month = parts["FREQ"] == "MONTHLY" or "BYMONTH" in parts
    scope = same_weekdays(day.year, day.month if by_month else None, day.weekday())
    place = scope.index(day)
    names = {NAMES[day.weekday()], f"{place + 1}{NAMES[day.weekday()]}", f"{place - len(scope)}{NAMES[day.weekday()]}"}
    return bool(names & set(parts["BYDAY"].split(",")))


@cache
def same_weekdays(year: int, month: int | None, weekday: int) -> list[date]:
    """Every Monday of a year, or of a month of it, and so on."""
    days = span(date(year, 1, 1), date(year, 12, 31))
    return [day for day in days if day.weekday() == weekday and month in (None, day.month)]


def as_the_first_day(day: date, parts: dict[str, str], begins: date) -> bool:
    """What the rule does not say is taken from its first day."""
    if parts["FREQ"] == "DAILY" or {"BYDAY", "BYMONTHDAY", "BYYEARDAY"} & set(parts):
        return True
    if parts["FREQ"] == "WEEKLY" or "BYWEEKNO" in parts:
        return day.weekday() == begins.weekday()
    if parts["FREQ"] == "YEARLY" and "BYMONTH" not in parts:
        return (day.month, day.day) == (begins.month, begins.day)
    return day.day == begins.day
