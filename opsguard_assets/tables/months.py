"""Calendar months, each named by its first day. Not here: when a month begins in a zone (`scorecards.kpis.months`)."""

from datetime import date, datetime
from zoneinfo import ZoneInfo


def month_of(moment: datetime, zone: str) -> date:
    """The month of a moment in a zone."""
    return moment.astimezone(ZoneInfo(zone)).date().replace(day=1)


def month_after(day: date, number: int = 1) -> date:
    """The month so many months after that of a day; before it, where the number is negative."""
    place = day.year * 12 + day.month - 1 + number
    return date(place // 12, place % 12 + 1, 1)


def months_between(first: date, last: date) -> int:
    """How many months there are from that of one day to that of another, both counted."""
    return (last.year - first.year) * 12 + last.month - first.month + 1


def months_to(first: date, last: date) -> list[date]:
    """The months from one to another, both included."""
    return [month_after(first, number) for number in range(months_between(first, last))]
