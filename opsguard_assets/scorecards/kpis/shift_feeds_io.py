"""Verdicts on shifts for key figures: those that ticks recorded, and of days that no tick judged, computed.

Here: reading. Not here: verdicts (`shifts.verdicts`). Ticks judge shifts that run or ended within a day; an imported
history, and days on which no tick ran, have no verdict. They are judged by what is known at the moment.
"""

from datetime import datetime, timedelta

import dataframely as dy
import polars as pl

from opsguard_assets.config.settings import Settings
from opsguard_assets.shifts.calendar.calendar import PLANNED
from opsguard_assets.shifts.calendar.io import calendar_at
from opsguard_assets.shifts.calendar.schemas import SHIFT_CALENDAR
from opsguard_assets.shifts.verdicts.feeds import LEARNED_FROM
from opsguard_assets.shifts.verdicts.io import limits_of
from opsguard_assets.shifts.verdicts.schemas import SHIFT_COMPLIANCE, ShiftCompliance
from opsguard_assets.shifts.verdicts.verdicts import Attended, shift_compliance
from opsguard_assets.tables.registry import ATTENDANCE, PUNCH_FEEDS, SITES
from opsguard_assets.tables.values import INSTANT
from resources.lake import Lake

# Neighbours decide together; a month at a time bounds memory.
_BEFORE, _AFTER, _PORTION = timedelta(days=3), timedelta(hours=14), timedelta(days=31)
# A tick may still judge what ended within a day; learned delays of feeds are shorter.
_SETTLED = timedelta(days=1)


def verdicts_since(lake: Lake, settings: Settings, as_of: datetime, since: datetime) -> dy.LazyFrame[ShiftCompliance]:
    """The verdicts on all parts in shifts that are expected from an instant on.

    Verdicts are recorded at the moment of their tick, not of a load, so the limit of an as-of read does not apply.

    Args:
        lake: The lake.
        settings: The limits of verdicts.
        as_of: The moment.
        since: The first expected start.
    """
    expected = pl.col("expected_from_at")
    here = lake.as_recorded(None)
    recorded = here.known(SHIFT_COMPLIANCE, as_of).filter(expected >= pl.lit(since, INSTANT)).collect()
    settled = as_of - _SETTLED
    first = recorded["expected_from_at"].min()
    begins = min(first, settled) if isinstance(first, datetime) else settled
    planned = here.known(SHIFT_CALENDAR, as_of).filter(
        pl.col("status") == PLANNED,
        expected.is_between(pl.lit(begins, INSTANT), pl.lit(settled, INSTANT), closed="left"),
        pl.col("expected_until_at") < pl.lit(settled, INSTANT),
    )
    missed = planned.collect().join(recorded, on=SHIFT_COMPLIANCE.key, how="anti")["expected_from_at"]
    spans = [(since, begins)] if since < begins else []
    earliest, latest = missed.min(), missed.max()
    if isinstance(earliest, datetime) and isinstance(latest, datetime):
        spans.append((earliest, latest + timedelta(microseconds=1)))
    judged = [frame for start, end in spans for frame in _judged(lake, settings, as_of, start, end)]
    news = [frame.join(recorded, on=SHIFT_COMPLIANCE.key, how="anti") for frame in judged]
    return SHIFT_COMPLIANCE.typed(pl.concat([recorded, *news]).unique(SHIFT_COMPLIANCE.key, keep="first").lazy())


def _judged(lake: Lake, settings: Settings, as_of: datetime, start: datetime, end: datetime) -> list[pl.DataFrame]:
    """The verdicts on parts expected in [start, end), in portions; punches are read where there are any."""
    known: Attended | None = None
    found: list[pl.DataFrame] = []
    since = start
    while start < end:
        stop = min(start + _PORTION, end)
        shifts = calendar_at(lake, as_of, since=start - _BEFORE, until=stop + _AFTER).shifts
        own = pl.col("expected_from_at").is_between(pl.lit(start, INSTANT), pl.lit(stop, INSTANT), closed="left")
        if not shifts.filter(own).is_empty():
            known = known or _attended(lake, as_of, since)
            verdicts = shift_compliance(shifts, known, limits_of(settings), as_of)
            found.append(SHIFT_COMPLIANCE.rows(verdicts.filter(own).with_columns(known_at=pl.lit(as_of, INSTANT))))
        start = stop
    return found


def _attended(lake: Lake, as_of: datetime, start: datetime) -> Attended:
    """Punches that say anything about shifts from an instant on."""
    punches = lake.known(ATTENDANCE, as_of).filter(pl.col("punched_in_at") >= pl.lit(start - LEARNED_FROM, INSTANT))
    return Attended(
        ATTENDANCE.typed(punches).collect(),
        lake.known(PUNCH_FEEDS, as_of).collect(),
        SITES.typed(lake.known(SITES, as_of).unique("site_id")).collect(),
    )
