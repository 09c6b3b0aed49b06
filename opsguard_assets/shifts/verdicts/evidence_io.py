"""The evidence of a verdict, for people who dispute it.

Here: reading it together. Not here: how it is printed (`opsguard_assets.commands.shifts`).
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

import dataframely as dy
import polars as pl

from opsguard_assets.shifts.calendar.io import calendar_at
from opsguard_assets.shifts.calendar.schemas import SHIFT_CALENDAR, PlannedShift
from opsguard_assets.shifts.verdicts.io import compliance_at
from opsguard_assets.shifts.verdicts.presence import with_distance
from opsguard_assets.shifts.verdicts.schemas import SHIFT_COMPLIANCE, ShiftCompliance
from opsguard_assets.shifts.verdicts.verdicts import Limits
from opsguard_assets.tables.registry import ATTENDANCE, SITES
from opsguard_assets.tables.table import Table, rows_of
from opsguard_assets.tables.values import INSTANT
from opsguard_assets.tables.versions import IS_WITHDRAWN
from resources.lake import Lake

_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Evidence:
    """The evidence of a verdict.

    Attributes:
        schedule: The people of the shift by what is known at the moment.
        planned: Every version of the calendar that was recorded by then, the oldest first.
        punches: Every version of the punches of these people around the shift, with the distance to the site.
        verdicts: The verdict at the moment, with feed, minutes and the rule that decided.
        said: Every version of the verdicts that was recorded by then, the oldest first.
    """

    schedule: dy.DataFrame[PlannedShift]
    planned: pl.DataFrame
    punches: pl.DataFrame
    verdicts: dy.DataFrame[ShiftCompliance]
    said: pl.DataFrame


def evidence_of(lake: Lake, shift_id: str, as_of: datetime, limits: Limits) -> Evidence:
    """The evidence of a shift at a moment.

    Raises:
        LookupError: When no such shift is known.
    """
    day = _day_of(shift_id)
    noon = datetime.combine(day, datetime.min.time(), as_of.tzinfo) + _DAY / 2
    around = calendar_at(lake, as_of, since=noon - 2 * _DAY, until=noon + 2 * _DAY).shifts
    schedule = rows_of(PlannedShift, around.filter(pl.col("shift_id") == shift_id))
    planned = _versions(lake, SHIFT_CALENDAR, shift_id, as_of)
    if schedule.is_empty() and planned.is_empty():
        raise LookupError(f"no shift {shift_id} is known at {as_of:%Y-%m-%d %H:%M} UTC; see `opsguard shifts list`")
    people = pl.concat([schedule.select("person_id"), planned.select("person_id")]).unique()
    return Evidence(
        schedule,
        planned,
        _punches(lake, people, noon, as_of),
        _verdicts(lake, schedule, as_of, limits),
        _versions(lake, SHIFT_COMPLIANCE, shift_id, as_of),
    )


def _day_of(shift_id: str) -> date:
    _, _, day = shift_id.rpartition("@")
    try:
        return date.fromisoformat(day)
    except ValueError:
        raise LookupError(f"{shift_id} is not a shift; write ROSTER@YYYY-MM-DD, see `opsguard shifts list`") from None


def _versions(lake: Lake, table: Table, shift_id: str, as_of: datetime) -> pl.DataFrame:
    was_known = pl.col("known_at") <= pl.lit(as_of, INSTANT)
    rows = lake.versions(table).filter(pl.col("shift_id") == shift_id, was_known)
    return rows.sort("known_at", "person_id").collect()


def _punches(lake: Lake, people: pl.DataFrame, noon: datetime, as_of: datetime) -> pl.DataFrame:
    near = pl.col("punched_in_at").is_between(pl.lit(noon - 2 * _DAY, INSTANT), pl.lit(noon + 2 * _DAY, INSTANT))
    rows = lake.versions(ATTENDANCE).filter(near, pl.col("known_at") <= pl.lit(as_of, INSTANT))
    own = rows.join(people.lazy(), on="person_id", how="semi").sort("known_at").collect()
    sites = lake.known(SITES, as_of).unique("site_id").collect()
    return with_distance(own, sites, "site_id").drop(IS_WITHDRAWN)


def _verdicts(
    lake: Lake, schedule: dy.DataFrame[PlannedShift], as_of: datetime, limits: Limits
) -> dy.DataFrame[ShiftCompliance]:
    """The verdict at the moment; of a shift long past, that of the last moment at which it was judged."""
    if schedule.is_empty():
        return SHIFT_COMPLIANCE.empty()
    ends = schedule["expected_until_at"].max()
    last = ends + _DAY - timedelta(minutes=1) if isinstance(ends, datetime) else as_of
    judged = compliance_at(lake, min(as_of, last), limits).verdicts
    own = judged.join(schedule.select(SHIFT_COMPLIANCE.key), on=SHIFT_COMPLIANCE.key, how="semi")
    return SHIFT_COMPLIANCE.rows(own)
