"""Verification of schedules: the cadences run by default, at the right instants, also where clocks change.

Here: the cadences as they are promised, and the instants that follow. Not here: which jobs there are (the records of
domains), and building schedules (`sensors.cadences`).

The instants are computed here from the local clock, one by one, and compared with those of Dagster's own scheduler.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time
from itertools import pairwise, takewhile
from typing import Any, Final
from zoneinfo import ZoneInfo

from dagster._utils.schedules import schedule_execution_time_iterator

from opsguard_assets.config.settings import Settings
from opsguard_assets.devices.job_names import SCORE_DEVICES_JOB
from opsguard_assets.domains import JOBS, SCORECARDS_JOB
from opsguard_assets.shifts.job_names import JUDGE_SHIFTS_JOB, PLAN_JOB
from opsguard_assets.tickets.job_names import ESCALATE_JOB, SCORE_JOB
from opsguard_assets.verification.planting import DAY, MINUTE
from opsguard_assets.verification.result import Found
from opsguard_assets.verification.verification import Verification
from opsguard_assets.verification.world_io import World

ZONE: Final = "Europe/Berlin"
# Of an installation with records for every domain, in a zone whose clocks change.
SETTINGS: Final = Settings.model_validate(
    {
        "sources": [{"name": "simulator", "kind": "simulator", "folder": "simulated"}],
        "operations": {"timezone": ZONE},
    }
)
# Every so many minutes of every hour, whatever clocks do.
_EVERY: Final = {SCORE_JOB: 15, ESCALATE_JOB: 30, JUDGE_SHIFTS_JOB: 30, SCORE_DEVICES_JOB: 60}
_DAILY_AT: Final = {PLAN_JOB: time(2)}
_MONTHLY_AT: Final = {SCORECARDS_JOB: time(3)}
# Nights in which the clocks of the zone change, in spring and in autumn, with the days around them.
_NIGHTS: Final = (date(2026, 3, 29), date(2025, 10, 26))
_AROUND = 2 * DAY


def check(world: World) -> Found:
    """The ticks of every promised cadence around both changes of clocks, and of a year for the monthly one."""
    found = Found("schedules", "compare `cadence` in the domain.py of the job with docs/architecture.md")
    by_job = {schedule.job_name: schedule for schedule in world.schedules()}
    ticks = 0
    for job in (*_EVERY, *_DAILY_AT, *_MONTHLY_AT):
        if not found.holds(job in by_job, f"{job} has no schedule", where=job):
            continue
        schedule = by_job[job]
        status = getattr(schedule.default_status, "value", schedule.default_status)
        found.equal("what the schedule does after the first start", status, "RUNNING", where=job)
        found.equal("the zone of the schedule", schedule.execution_timezone, ZONE, where=job)
        for begins, ends in _spans(job):
            planned = list(_ticks(schedule, begins, ends))
            ticks += len(planned)
            if job in _EVERY:
                _check_frequent(found, job, planned, begins, ends)
            else:
                _check_local(found, job, planned, begins, ends)
    stopped = [
        job for job, schedule in by_job.items()
        if job in JOBS and getattr(schedule.default_status, "value", schedule.default_status) != "RUNNING"
    ]  # fmt: skip
    found.equal("schedules that do not run by default", stopped, [])
    cadences = len(_EVERY) + len(_DAILY_AT) + len(_MONTHLY_AT)
    found.figure(
        f"{cadences} cadences, {ticks:,} ticks around {len(_NIGHTS)} changes of clocks; "
        f"{len(by_job) - len(stopped)} of {len(by_job)} schedules run by default"
    )
    return found


def _spans(job: str) -> Iterator[tuple[datetime, datetime]]:
    """What is looked at: days around changes of clocks, and a year where ticks are monthly."""
    if job in _MONTHLY_AT:
        yield datetime(2025, 9, 15, tzinfo=UTC), datetime(2026, 9, 15, tzinfo=UTC)
        return
    for night in _NIGHTS:
        middle = datetime.combine(night, time(12), UTC)
        yield middle - _AROUND, middle + _AROUND


def _ticks(schedule: Any, begins: datetime, ends: datetime) -> Iterator[datetime]:
    """When Dagster's scheduler runs it within a span (UTC), by the function that its daemon uses."""
    found = schedule_execution_time_iterator(
        begins.timestamp(), schedule.cron_schedule, schedule.execution_timezone, ascending=True
    )
    later = (at.astimezone(UTC) for at in found)
    yield from (at for at in takewhile(lambda at: at < ends, later) if at > begins)


def _check_frequent(found: Found, job: str, planned: list[datetime], begins: datetime, ends: datetime) -> None:
    every = _EVERY[job] * MINUTE
    gaps = {after - before for before, after in pairwise(planned)}
    found.equal(f"time between ticks from {begins:%Y-%m-%d}", sorted(gaps), [every], where=job)
    missing = (ends - begins) // every - len(planned)
    found.holds(abs(missing) <= 1, f"{missing} ticks are missing from {begins:%Y-%m-%d}", where=job)


def _check_local(found: Found, job: str, planned: list[datetime], begins: datetime, ends: datetime) -> None:
    at = _DAILY_AT.get(job) or _MONTHLY_AT[job]
    for day in _days(job, begins, ends):
        due = _instants(day, at)
        mine = [tick for tick in planned if tick.astimezone(ZoneInfo(ZONE)).date() == day]
        is_right = len(mine) == 1 and mine[0] in due
        words = f"on {day} it is due at {_said(due)} UTC, and runs at {_said(mine) or 'no time'}"
        found.holds(is_right, words, where=job)
    others = [tick for tick in planned if job in _MONTHLY_AT and tick.astimezone(ZoneInfo(ZONE)).day != 1]
    found.equal("ticks on other days", _said(others), "", where=job)


def _days(job: str, begins: datetime, ends: datetime) -> Iterator[date]:
    """The local days that lie within a span as a whole, and on which it is due."""
    first = begins.astimezone(ZoneInfo(ZONE)).date() + DAY
    days = (first + n * DAY for n in range((ends - begins) // DAY - 1))
    yield from (day for day in days if job in _DAILY_AT or day.day == 1)


def _instants(day: date, at: time) -> list[datetime]:
    """The instants of a day at which its clock shows this time: two where the clock is put back.

    Where it jumps over the time: the first instant after the jump.
    """
    zone = ZoneInfo(ZONE)
    midnight = datetime.combine(day, time(), zone).astimezone(UTC)
    minutes = [minute for n in range(25 * 60) if (minute := midnight + n * MINUTE).astimezone(zone).date() == day]
    exact = [minute for minute in minutes if minute.astimezone(zone).time() == at]
    return exact or [next(minute for minute in minutes if minute.astimezone(zone).time() > at)]


def _said(moments: list[datetime]) -> str:
    return ", ".join(at.strftime("%Y-%m-%d %H:%M") for at in moments)


VERIFICATION = Verification(
    name="schedules",
    asks="Every cadence runs by default, at the right local time, also where clocks change.",
    planted="6 cadences as promised, in a zone whose clocks change",
    check=check,
)
