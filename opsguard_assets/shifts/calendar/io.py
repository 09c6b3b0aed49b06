"""The shift calendar in the lake: computed from what was known at a moment, kept where it changed.

Here: reading and keeping. Not here: the calendar itself (`calendar`).
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

import polars as pl

from opsguard_assets.shifts.calendar.calendar import Calendar, Rosters, shift_calendar
from opsguard_assets.shifts.calendar.schemas import SHIFT_CALENDAR
from opsguard_assets.tables.registry import ABSENCES, CALENDARS, ROSTERS, SITES, SUBSTITUTIONS
from opsguard_assets.tables.table import Table
from opsguard_assets.tables.values import INSTANT
from opsguard_assets.tables.versions import IS_WITHDRAWN
from resources.lake import Lake

INPUTS: tuple[Table, ...] = (ROSTERS, ABSENCES, SUBSTITUTIONS, SITES, CALENDARS)
# What is corrected afterwards: late words on leave and substitutes of the last two days.
_BACK = timedelta(days=2)


@dataclass(frozen=True)
class Updated:
    """The result of an update of the calendar.

    Attributes:
        calendar: The window as it is now.
        new: Rows that are new or changed.
        gone: Rows that are no longer planned.
    """

    calendar: Calendar
    new: int
    gone: int


def calendar_at(lake: Lake, as_of: datetime, *, since: datetime, until: datetime) -> Calendar:
    """The shifts that start in [`since`, `until`), by what was known at a moment."""
    known = Rosters(
        rosters=lake.known(ROSTERS, as_of).collect(),
        absences=lake.known(ABSENCES, as_of).collect(),
        substitutions=lake.known(SUBSTITUTIONS, as_of).collect(),
        sites=lake.known(SITES, as_of).collect(),
        calendars=lake.known(CALENDARS, as_of).collect(),
    )
    return shift_calendar(known, since=since, until=until)


def update_calendar(lake: Lake, as_of: datetime, *, days_ahead: int) -> Updated:
    """Computes the calendar from two days back to some days ahead and records what changed.

    What is no longer planned is withdrawn; what was planned at any instant before stays readable.
    """
    since, until = as_of - _BACK, as_of + timedelta(days=days_ahead)
    calendar = calendar_at(lake, as_of, since=since, until=until)
    bounds = pl.col("starts_at").is_between(pl.lit(since, INSTANT), pl.lit(until, INSTANT), closed="left")
    before = lake.known(SHIFT_CALENDAR, as_of).filter(bounds).drop("known_at").collect()
    key = list(SHIFT_CALENDAR.key)
    fresh = calendar.shifts.join(before, on=before.columns, how="anti", nulls_equal=True)
    gone = before.join(calendar.shifts, on=key, how="anti")
    rows = pl.concat(
        [
            fresh.with_columns(pl.lit(value=False).alias(IS_WITHDRAWN)),
            gone.select(fresh.columns).with_columns(pl.lit(value=True).alias(IS_WITHDRAWN)),
        ]
    ).with_columns(known_at=pl.lit(as_of, INSTANT))
    if len(rows):
        lake.record(SHIFT_CALENDAR, rows.select(*SHIFT_CALENDAR.columns, IS_WITHDRAWN), loaded_at=as_of)
    return Updated(calendar, len(fresh), len(gone))
