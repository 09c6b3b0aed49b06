"""Random little worlds for the clocks: tickets with histories, calendars and policies around a night that matters."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from random import Random
from typing import Any

import polars as pl

from tests.tickets.frames import hours, tables, utc
from tests.tickets.oracle import Minutes, Verdict, judge, policy_of, walk

# Nights on which a clock changes, and a week of holidays; Lord Howe changes by 30 minutes, Kathmandu is 5:45 ahead.
NIGHTS = {
    "Berlin in spring": ("Europe/Berlin", utc(2026, 3, 29)),
    "Berlin in autumn": ("Europe/Berlin", utc(2026, 10, 25)),
    "New York in spring": ("America/New_York", utc(2026, 3, 8)),
    "New York in autumn": ("America/New_York", utc(2026, 11, 1)),
    "Lord Howe in autumn": ("Australia/Lord_Howe", utc(2026, 4, 5)),
    "Lord Howe in spring": ("Australia/Lord_Howe", utc(2026, 10, 4)),
    "Kathmandu": ("Asia/Kathmandu", utc(2026, 10, 20)),
    "Christmas": ("Europe/Berlin", utc(2026, 12, 25)),
}
DAYS = 34
BEFORE = timedelta(days=8)
CALENDARS = {
    "office": hours("office", range(1, 6), "08:00", "17:00", ["DE/BY", "2026-10-22"]),
    "night": hours("night", range(1, 8), "22:00", "06:00"),
    "early": hours("early", range(1, 8), "01:30", "02:30"),
    "whole": hours("whole", range(1, 8), "00:00", "24:00"),
    "late": hours("late", [5, 6, 7], "18:00", "24:00") + hours("late", [6, 7, 1], "00:00", "03:15", ["US", "NP"]),
    "overlap": hours("overlap", range(1, 8), "09:00", "15:00") + hours("overlap", [2, 4], "14:00", "02:15"),
    "round": hours("round", [1, 3, 6, 7], "02:45", "02:45"),
    "never": [],
}
STATUSES = ["new", "open", "in_progress", "on_hold", "resolved", "closed", "cancelled"]
WEIGHTS = [2, 4, 6, 5, 3, 1, 0.3]


@dataclass
class World:
    """Tables as rows, and what the oracle needs of them."""

    tickets: list[dict[str, Any]]
    events: list[dict[str, Any]]
    policies: list[dict[str, Any]]
    calendars: dict[str, list[dict[str, Any]]]
    zone: str
    start: datetime
    as_of: datetime

    @property
    def tables(self) -> tuple[pl.DataFrame, ...]:
        rows = [row for calendar in self.calendars.values() for row in calendar]
        sites = [
            {"site_id": "plain", "client_id": "a", "timezone": self.zone},
            {"site_id": "office", "client_id": "a", "timezone": self.zone, "calendar_id": "office"},
            {"site_id": "utc", "client_id": "a", "timezone": "UTC", "calendar_id": "night"},
        ]
        clients = [{"client_id": "a", "timezone": self.zone}, {"client_id": "b", "timezone": "UTC"}]
        return tables(self.tickets, self.events, self.policies, rows, sites, clients)

    def verdicts(self, as_of: datetime) -> dict[str, Verdict]:
        """The oracle's opinion on every ticket opened by `as_of`."""
        found = {}
        for ticket in self.tickets:
            if ticket["opened_at"] > as_of:
                continue
            policy = policy_of(ticket, self.policies)
            of_site = {"office": "office", "utc": "night"}.get(ticket["site_id"])
            zone = {None: self.zone if ticket["client_id"] == "a" else "UTC", "utc": "UTC"}.get(
                ticket["site_id"], self.zone
            )
            minutes = self._minutes(policy["calendar_id"] or of_site, zone)
            found[ticket["ticket_id"]] = judge(ticket, self.events, policy, minutes, as_of)
        return found

    def _minutes(self, calendar: str | None, zone: str) -> Minutes:
        if calendar == "random":
            key = (tuple(map(repr, self.calendars["random"])), zone, self.start)
            if key not in _RANDOM:
                _RANDOM.clear()
                _RANDOM[key] = walk(self.calendars["random"], zone, self.start, DAYS)
            return _RANDOM[key]
        return _walked(calendar, zone, self.start)


_RANDOM: dict[Any, Minutes] = {}


@lru_cache(maxsize=256)
def _walked(calendar: str | None, zone: str, start: datetime) -> Minutes:
    return walk(CALENDARS.get(calendar or "", []), zone, start, DAYS)


def world(seed: int, size: int = 40) -> World:
    """A world of `size` tickets."""
    random = Random(seed)  # noqa: S311 - a test world is no secret
    zone, night = NIGHTS[random.choice(sorted(NIGHTS))]
    start = night - BEFORE
    as_of = start + timedelta(minutes=random.randrange(5 * 1440, 14 * 1440))
    calendars = {**CALENDARS, "random": _calendar(random)}
    policies = [_policy(random, number) for number in range(random.randrange(9))]
    tickets, events = [], []
    for number in range(size):
        ticket, changes = _ticket(random, f"t{number:03}", start, as_of)
        tickets.append(ticket)
        events += changes
    random.shuffle(tickets)
    return World(tickets, events, policies, calendars, zone, start, as_of)


def _time(random: Random) -> str:
    return f"{random.randrange(24):02}:{random.choice([0, 0, 15, 30, 59]):02}"


def _calendar(random: Random) -> list[dict[str, Any]]:
    days = random.sample(range(1, 8), random.randrange(1, 8))
    free = random.choice([[], ["DE"], ["US"], ["2026-03-29", "2026-11-01", "2026-10-04"]])
    return [
        row
        for day in days
        for row in hours("random", [day], _time(random), random.choice([_time(random), "24:00"]), free)
    ]


def _policy(random: Random, number: int) -> dict[str, Any]:
    return {
        "policy_id": f"p{number}",
        "client_id": random.choice(["a", None, "b"]),
        "priority": random.choice(["critical", "high", "medium", "low"]),
        "response_minutes": random.choice([1, 15, 60, 240]),
        "resolution_minutes": random.choice([30, 60, 480, 540, 1080, 1440]),
        "calendar_id": random.choice([None, *CALENDARS, "random", "random"]),
        "pauses_on": random.choice([[], ["on_hold"], ["on_hold", "new"], ["resolved"]]),
        "stops_at": random.choice(["resolved", "closed"]),
    }


def _ticket(random: Random, name: str, start: datetime, as_of: datetime) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    longest = (as_of - start) // timedelta(minutes=1)

    def soon(after: datetime) -> datetime:
        return after + timedelta(minutes=random.choice([0, 1, 30, 60 * random.randrange(60), random.randrange(4000)]))

    opened = start + timedelta(minutes=random.randrange(longest))
    history, at = [(opened, "new")], opened
    for _ in range(random.choice([0, 1, 2, 3, 5])):
        at = max(soon(at), at + timedelta(minutes=1))
        status = random.choices(STATUSES, WEIGHTS)[0]
        if status != history[-1][1]:
            history.append((at, status))
    status = history[-1][1]
    reached = {status: at for at, status in history}
    ticket = {
        "ticket_id": name,
        "client_id": random.choice(["a", "a", "b"]),
        "site_id": random.choice([None, "plain", "office", "utc"]),
        "priority": random.choice(["critical", "high", "medium", "low"]),
        "status": status,
        "opened_at": opened,
        "first_response_at": random.choice([None, soon(opened), soon(opened)]),
        "resolved_at": reached.get("resolved"),
        "closed_at": reached.get("closed"),
        "due_at": soon(opened) if random.random() < 0.1 else None,
        "updated_at": history[-1][0],
    }
    olds = [None, *(status for _, status in history)]
    changes = [
        {"ticket_id": name, "at": at, "field": "status", "old": old, "new": new}
        for old, (at, new) in zip(olds, history, strict=False)
    ]
    kept = random.choice(["all", "all", "all", "without creation", "none", "first half"])
    if kept == "without creation":
        changes = changes[1:]
    elif kept != "all":
        changes = changes[: len(changes) // 2] if kept == "first half" else []
    noise = {"ticket_id": name, "at": opened, "field": "assignee_id", "old": None, "new": "on_hold"}
    return ticket, [*changes, noise]
