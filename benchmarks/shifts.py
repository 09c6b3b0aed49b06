"""The calendar of many guards, and the loop that a library's manual would have one write.

Here: rosters, and the two sides of the comparison. Not here: processes and medians (`timing`).
"""

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl
from dateutil.rrule import rrulestr

from opsguard_assets.shifts.calendar.calendar import Rosters, shift_calendar
from opsguard_assets.tables.registry import TABLES

SINCE = datetime(2026, 3, 20, tzinfo=UTC)
DAYS = 14
_ZONES = ("Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Sydney")
_DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")


def _rule(luck: np.random.Generator) -> str:
    days = ",".join(_DAYS[n] for n in sorted(luck.choice(7, size=luck.integers(1, 6), replace=False)))
    kind = luck.random()
    if kind < 0.7:
        return f"FREQ=WEEKLY;INTERVAL={luck.integers(1, 4)};BYDAY={days}"
    if kind < 0.95:
        return f"FREQ=DAILY;INTERVAL={luck.integers(1, 6)}"
    return f"FREQ=MONTHLY;BYDAY={luck.integers(1, 5)}{_DAYS[luck.integers(7)]}"


def rosters_of(guards: int) -> Rosters:
    """Random rosters: weekly, daily, a few monthly ones, over four zones and a change of the clock."""
    luck = np.random.default_rng(11)
    starts = luck.integers(0, 24, guards)
    frame = pl.DataFrame(
        {
            "roster_id": [f"r{n:06d}" for n in range(guards)],
            "person_id": [f"p{n:06d}" for n in range(guards)],
            "site_id": [f"s{n % 400:03d}" for n in range(guards)],
            "starts_local": [f"{hour:02d}:00" for hour in starts],
            "ends_local": [f"{(hour + 8) % 24:02d}:00" for hour in starts],
            "recurrence": [_rule(luck) for _ in range(guards)],
            "valid_from": [date(2026, 1, 1) + timedelta(days=int(n)) for n in luck.integers(0, 60, guards)],
            "known_at": SINCE,
        }
    )
    sites = pl.DataFrame(
        {
            "site_id": [f"s{n:03d}" for n in range(400)],
            "client_id": "c",
            "name": "s",
            "timezone": [_ZONES[n % len(_ZONES)] for n in range(400)],
            "known_at": SINCE,
        }
    )
    named = {"rosters": frame, "sites": sites}
    filled = {
        name: pl.concat([TABLES[name].empty(), rows], how="diagonal_relaxed").select(TABLES[name].columns)
        for name, rows in named.items()
    }
    others = {name: TABLES[name].empty() for name in ("absences", "substitutions", "calendars")}
    return Rosters(**(filled | others))


def calendar(guards: int) -> Callable[[], object]:
    """OpsGuard: two weeks of all rosters."""
    known, until = rosters_of(guards), SINCE + timedelta(days=DAYS)
    return lambda: shift_calendar(known, since=SINCE, until=until).shifts


def calendar_by_loop(guards: int) -> Callable[[], object]:
    """The library's own expansion, roster by roster, with the local times made instants one by one."""
    known = rosters_of(guards)
    zones = dict(known.sites.select("site_id", "timezone").iter_rows())
    rows = known.rosters.to_dicts()
    first, last = SINCE - timedelta(days=2), SINCE + timedelta(days=DAYS + 2)
    return lambda: [shift for row in rows for shift in _expanded(row, zones, first, last)]


def _expanded(
    row: dict[str, str | date], zones: dict[str, str], first: datetime, last: datetime
) -> list[tuple[str, datetime, datetime]]:
    zone = ZoneInfo(zones[str(row["site_id"])])
    begins = row["valid_from"]
    if not isinstance(begins, date):
        raise TypeError("a roster has no first day")
    starts, ends = (time.fromisoformat(str(row[name])) for name in ("starts_local", "ends_local"))
    rule = rrulestr(str(row["recurrence"]), dtstart=datetime.combine(begins, starts))
    found = []
    for local in rule.between(first.replace(tzinfo=None), last.replace(tzinfo=None)):
        end = datetime.combine(local.date() + timedelta(days=ends <= starts), ends)
        at, until = (each.replace(tzinfo=zone).astimezone(UTC) for each in (local, end))
        if SINCE <= at < SINCE + timedelta(days=DAYS):
            found.append((str(row["roster_id"]), at, until))
    return found


def difference(guards: int) -> int:
    """How many shifts one side has and the other has not."""
    ours = calendar(guards)()
    theirs = calendar_by_loop(guards)()
    if not isinstance(ours, pl.DataFrame) or not isinstance(theirs, list):
        raise TypeError("a side gave no shifts")
    entries = set(ours.select("roster_id", "starts_at", "ends_at").iter_rows())
    return len(entries ^ set(theirs))
