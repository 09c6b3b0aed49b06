"""Coverage of posts in the lake: counted from the calendar and from what was said, kept by tick.

Here: reading and keeping. Not here: counting (`coverage`).
"""

from datetime import datetime, timedelta

import dataframely as dy
import polars as pl

from opsguard_assets.shifts.calendar.io import calendar_at
from opsguard_assets.shifts.calendar.posts import AHEAD
from opsguard_assets.shifts.coverage.coverage import shift_coverage
from opsguard_assets.shifts.coverage.schemas import SHIFT_COVERAGE, ShiftCoverage
from opsguard_assets.shifts.verdicts.schemas import SHIFT_COMPLIANCE
from opsguard_assets.tables.values import INSTANT
from resources.lake import Lake

_LONGEST_SHIFT = timedelta(days=1)
# The end of a calendar is excluded, and a shift that starts at the moment itself runs.
_SOON = timedelta(microseconds=1)


def coverage_at(lake: Lake, as_of: datetime) -> dy.DataFrame[ShiftCoverage]:
    """The rows of `shift_coverage` of a moment, by the calendar and the verdicts that were known."""
    shifts = calendar_at(lake, as_of, since=as_of - AHEAD - _LONGEST_SHIFT, until=as_of + _SOON).shifts
    since = pl.lit(as_of - AHEAD, INSTANT)
    verdicts = lake.known(SHIFT_COMPLIANCE, as_of).filter(pl.col("expected_until_at") > since)
    return shift_coverage(shifts, SHIFT_COMPLIANCE.typed(verdicts).collect(), as_of)


def record_coverage(lake: Lake, rows: dy.DataFrame[ShiftCoverage], as_of: datetime) -> None:
    """Stores the rows of a tick, replacing those of an earlier run."""
    where = {"date": as_of.date(), "as_of": as_of}
    lake.replace_slice(SHIFT_COVERAGE.derived_name, rows, where=where, partition_by=["date"])
