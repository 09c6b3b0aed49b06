"""A slow shift calendar that walks minute by minute, for comparison. Shares nothing with the one it judges."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from dateutil.rrule import rrulestr

MINUTE = timedelta(minutes=1)


def first_minute(wall: datetime, zone: ZoneInfo) -> datetime:
    """The first minute at which the wall clock of a zone reads this or a later time."""
    at = wall.replace(tzinfo=UTC) - timedelta(hours=27)
    while at.astimezone(zone).replace(tzinfo=None) < wall:
        at += MINUTE
    return at


def wall_time(day: date, text: str) -> datetime:
    hours, minutes = map(int, text.split(":"))
    return datetime.combine(day, time()) + timedelta(hours=hours, minutes=minutes)


def people_of(roster: dict[str, Any], day: date, substitutions: Iterable[dict[str, Any]]) -> list[str]:
    chain = [roster["person_id"]]
    moves = {
        s["person_id"]: s["substitute_id"]
        for s in substitutions
        if (s["roster_id"], s["on"]) == (roster["roster_id"], day)
    }
    while chain[-1] in moves and moves[chain[-1]] not in chain:
        chain.append(moves[chain[-1]])
    return chain


def shifts(
    rosters: Iterable[dict[str, Any]],
    zones: dict[str, str],
    absences: list[dict[str, Any]],
    substitutions: list[dict[str, Any]],
    since: datetime,
    until: datetime,
) -> set[tuple[Any, ...]]:
    """(roster, day, person, status, starts, ends, expected from, expected until) of the shifts that start in a span."""
    found = set()
    for roster in rosters:
        zone = ZoneInfo(zones[roster["site_id"]])
        rule = rrulestr(roster["recurrence"] or "FREQ=DAILY", dtstart=datetime.combine(roster["valid_from"], time()))
        window = [datetime.combine((since + timedelta(days=n)).date(), time()) for n in (-3, (until - since).days + 3)]
        for at in rule.between(*window, inc=True):
            day = at.date()
            if roster["valid_until"] is not None and day > roster["valid_until"]:
                continue
            opens, closes = wall_time(day, roster["starts_local"]), wall_time(day, roster["ends_local"])
            if closes <= opens:
                closes += timedelta(days=1)
            starts, ends = first_minute(opens, zone), first_minute(closes, zone)
            if starts >= ends or not since <= starts < until:
                continue
            chain = people_of(roster, day, substitutions)
            for before, person in zip([None, *chain], chain, strict=False):
                away = [(a["starts_at"], a["ends_at"]) for a in absences if a["person_id"] == person]
                away += [
                    (starts, s["expected_from_at"])
                    for s in substitutions
                    if (s["roster_id"], s["on"], s["person_id"]) == (roster["roster_id"], day, before)
                    and s.get("expected_from_at") is not None
                ]
                minutes = [starts + n * MINUTE for n in range(int((ends - starts) / MINUTE))]
                there = [m for m in minutes if not any(a <= m < b for a, b in away)]
                status = "replaced" if person != chain[-1] else "planned" if there else "excused"
                bounds = (there[0], there[-1] + MINUTE) if there else (starts, ends)
                found.add((roster["roster_id"], day, person, status, starts, ends, *bounds))
    return found
