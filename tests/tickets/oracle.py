"""A slow, independent opinion on SLA clocks: plain Python that looks at the clock on the wall minute by minute.

It shares no code with the product. All instants of its tickets lie on whole minutes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

import holidays

MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)
DEFAULTS = {"critical": (30, 240), "high": (60, 480), "medium": (240, 1440), "low": (480, 4320)}
OVER = {"resolved": {"resolved", "closed", "cancelled"}, "closed": {"closed", "cancelled"}}


def minute_of_day(text: str) -> int:
    hour, minute = text.split(":")
    return int(hour) * 60 + int(minute)


@lru_cache(maxsize=64)
def holidays_of(country: str, subdivision: str | None, year: int) -> dict[date, str]:
    return dict(holidays.country_holidays(country, subdiv=subdivision, years=year, language="en_US"))


def holiday_names(entries: Sequence[str], day: date) -> list[str]:
    names = set()
    for entry in entries:
        country, _, subdivision = entry.partition("/")
        if entry == day.isoformat():
            names.add(entry)
        elif len(country) == 2:
            found = holidays_of(country, subdivision or None, day.year)
            names |= {found[day]} if day in found else set()
    return sorted(names)


@dataclass
class Minutes:
    """What each minute from `start` is for one calendar in one zone: None when open, else why it is closed."""

    start: datetime
    why: list[str | None]

    @property
    def end(self) -> datetime:
        return self.start + len(self.why) * MINUTE


@lru_cache(maxsize=64)
def shown_by_the_clock(zone: str, start: datetime, days: int) -> list[int]:
    """The latest time that the wall clock has shown by each minute, in minutes from three days before `start`.

    A clock set back has shown those times already: it counts as standing until it is past them.
    """
    tz, first = ZoneInfo(zone), datetime.combine(start.date() - 3 * DAY, datetime.min.time())
    latest, seen = -1, []
    for minute in range(-2880, days * 1440):
        wall = (start + minute * MINUTE).astimezone(tz).replace(tzinfo=None)
        latest = max(latest, (wall - first) // MINUTE)
        seen.append(latest)
    return seen[2880:]


def walk(rows: Sequence[Mapping[str, Any]], zone: str, start: datetime, days: int) -> Minutes:
    """Looks at the wall clock of `zone` every minute for `days` days."""
    if not rows:
        return Minutes(start, [None] * (days * 1440))
    entries = sorted({e for row in rows for e in row["holidays"] or ()})
    worked = {row["weekday"] for row in rows}
    open_minutes: set[int] = set()
    closed_days: list[str] = []
    for number in range(days + 7):
        day = start.date() + (number - 3) * DAY
        found = holiday_names(entries, day)
        is_weekend = day.isoweekday() >= 6 and day.isoweekday() not in worked
        closed_days.append(f"holiday: {'; '.join(found)}" if found else "weekend" if is_weekend else "outside hours")
        for row in rows:
            if row["weekday"] == day.isoweekday() and not found:
                opens, closes = minute_of_day(row["opens"]), minute_of_day(row["closes"])
                closes += 1440 if closes <= opens else 0
                open_minutes.update(range(number * 1440 + opens, number * 1440 + closes))
    shown = shown_by_the_clock(zone, start, days)
    return Minutes(start, [None if wall in open_minutes else closed_days[wall // 1440] for wall in shown])


@dataclass
class Verdict:
    """What the oracle thinks of one ticket."""

    elapsed: int
    paused: int
    response_due_at: datetime | None
    resolution_due_at: datetime | None
    response_at: datetime | None
    ended_at: datetime | None
    response_state: str
    resolution_state: str
    intervals: list[tuple[datetime, datetime, str, str | None]]


def policy_of(ticket: Mapping[str, Any], policies: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    for client in (ticket["client_id"], None):
        mine = [p for p in policies if p["client_id"] == client and p["priority"] == ticket["priority"]]
        if mine:
            return min(mine, key=lambda p: p["policy_id"])
    response, resolution = DEFAULTS[ticket["priority"]]
    return {
        "response_minutes": response,
        "resolution_minutes": resolution,
        "calendar_id": None,
        "pauses_on": ["on_hold"],
        "stops_at": "resolved",
    }


def statuses_of(ticket: Mapping[str, Any], events: Sequence[Mapping[str, Any]]) -> list[tuple[datetime, str]]:
    """(since, status) of a ticket's life, the first at its opening."""
    opened, now = ticket["opened_at"], ticket["status"]
    mine = [e for e in events if e["ticket_id"] == ticket["ticket_id"] and e["field"] == "status"]
    mine.sort(key=lambda e: e["at"])
    first = (mine[0]["old"] or mine[0]["new"]) if mine else now
    life = [(opened, "open" if first in OVER["resolved"] else first)]
    for number, event in enumerate(mine):
        blind = number == 0 and event["old"] is None and event["new"] in OVER["resolved"]
        if not blind:
            life.append((max(event["at"], opened), event["new"]))
    if life[-1][1] != now:
        last = life[-1][0]
        if now in ("resolved", "closed") and ticket["resolved_at"] and life[-1][1] != "resolved":
            life.append((max(ticket["resolved_at"], last), "resolved"))
        ended = {"resolved": ticket["resolved_at"], "closed": ticket["closed_at"], "cancelled": ticket["closed_at"]}
        if now != life[-1][1]:
            life.append((max(ended.get(now) or ticket["updated_at"], last), now))
    return sorted(life, key=lambda change: change[0])


def judge(  # noqa: C901 - one walk, read from top to bottom
    ticket: Mapping[str, Any],
    events: Sequence[Mapping[str, Any]],
    policy: Mapping[str, Any],
    minutes: Minutes,
    as_of: datetime,
) -> Verdict:
    """Walks the life of one ticket."""
    life = [(at, status) for at, status in statuses_of(ticket, events) if at <= as_of]
    over = OVER[policy["stops_at"]]
    ended_at = None
    for at, status in reversed(life):
        if status not in over:
            break
        ended_at = at
    answers = [at for at, status in life if status in ("resolved", "closed")][:1]
    if ticket["first_response_at"] and ticket["first_response_at"] <= as_of:
        answers.append(max(ticket["first_response_at"], ticket["opened_at"]))
    response_at = min(answers, default=None)
    pausing = set(policy["pauses_on"]) | over
    response_stop = min((t for t in (response_at, ended_at) if t), default=None)

    opened = ticket["opened_at"]
    end = ended_at or as_of
    # What holds the clock in each minute of the life, None when nothing does; the last entry is for `end` itself.
    held: list[str | None] = []
    for (since, status), (until, _) in zip(life, [*life[1:], (as_of + MINUTE, "")], strict=True):
        held += [status if status in pausing else None] * ((until - since) // MINUTE)
    offset = (opened - minutes.start) // MINUTE

    def due(target: int, stop: datetime | None) -> datetime | None:
        lived, done = ((stop or as_of + MINUTE) - opened) // MINUTE, 0
        for number in range(len(minutes.why) - offset):
            # After its stop a clock is looked at as if it went on; after as_of an open one stays as it is.
            paused = held[number] if number < lived else None if stop else held[-1]
            if paused is None and done >= target:
                return opened + number * MINUTE
            if paused is not None and stop is None and number >= lived:
                return None
            done += paused is None and minutes.why[offset + number] is None
        return minutes.end  # not before the end of what was walked

    labels: list[tuple[str, str | None]] = []
    for number in range((end - opened) // MINUTE):
        closed = minutes.why[offset + number]
        state = (
            ("paused", held[number])
            if held[number]
            else ("closed_by_calendar", closed)
            if closed
            else ("running", None)
        )
        labels.append(state)
    intervals: list[tuple[datetime, datetime, str, str | None]] = []
    for number, label in enumerate(labels):
        since = opened + number * MINUTE
        if intervals and intervals[-1][2:] == label:
            intervals[-1] = (intervals[-1][0], since + MINUTE, *label)
        else:
            intervals.append((since, since + MINUTE, *label))
    response_due = due(policy["response_minutes"], response_stop)
    resolution_due = ticket["due_at"] or due(policy["resolution_minutes"], ended_at)
    is_paused = ended_at is None and held[-1] is not None
    cancelled = ended_at is not None and life[-1][1] == "cancelled"

    def state(deadline: datetime | None, stop: datetime | None, *, void: bool) -> str:
        if void:
            return "cancelled"
        if deadline is not None and (stop or as_of) > deadline:
            return "breached"
        if stop:
            return "met"
        return "paused" if is_paused and deadline is None else "running"

    return Verdict(
        elapsed=sum(state == "running" for state, _ in labels),
        paused=sum(state == "paused" for state, _ in labels),
        response_due_at=response_due,
        resolution_due_at=resolution_due,
        response_at=response_at,
        ended_at=ended_at,
        response_state=state(response_due, response_at, void=cancelled and response_at is None),
        resolution_state=state(resolution_due, ended_at, void=cancelled),
        intervals=intervals,
    )
