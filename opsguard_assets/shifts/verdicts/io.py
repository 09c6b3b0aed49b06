"""Verdicts in the lake: computed from what was known at a moment, stored where they changed.

Here: reading and writing. Not here: verdicts (`verdicts`). A later verdict is a further version and replaces nothing,
so that corrections stay visible.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

import dataframely as dy
import polars as pl

from opsguard_assets.config.settings import Settings
from opsguard_assets.shifts.calendar.io import calendar_at
from opsguard_assets.shifts.calendar.schemas import PlannedShift
from opsguard_assets.shifts.verdicts.feeds import LEARNED_FROM
from opsguard_assets.shifts.verdicts.schemas import SHIFT_COMPLIANCE, ShiftCompliance
from opsguard_assets.shifts.verdicts.verdicts import NOT_DUE, UPCOMING, Attended, Limits, shift_compliance
from opsguard_assets.tables.registry import ATTENDANCE, PUNCH_FEEDS, SITES
from opsguard_assets.tables.values import INSTANT
from resources.lake import Lake

_DAY = timedelta(days=1)
# Neighbours decide together: the shifts of the day before, and of the hours in which somebody may come early.
_BEFORE, _AFTER = timedelta(days=3), timedelta(hours=14)
_SAID = ("verdict", "arrived_at", "left_at", "punched_site_id", "expected_from_at", "expected_until_at")


@dataclass(frozen=True)
class Judged:
    """The verdicts of a tick.

    Attributes:
        shifts: The rows of the calendar that were looked at.
        verdicts: Rows of `shift_compliance` of shifts that run or ended within 24 hours.
        corrected: Those of them that differ from the recorded verdict: with `said`, `said_at`.
    """

    shifts: dy.DataFrame[PlannedShift]
    verdicts: dy.DataFrame[ShiftCompliance]
    corrected: pl.DataFrame


def limits_of(settings: Settings) -> Limits:
    """The limits of verdicts, by the settings."""
    chosen = settings.shifts
    return Limits(
        late_after=chosen.late_after_minutes,
        no_show_after=chosen.no_show_after_minutes,
        early_before=chosen.early_before_minutes,
        open_after=chosen.open_after_minutes,
    )


def compliance_at(lake: Lake, as_of: datetime, limits: Limits) -> Judged:
    """The verdicts on all shifts that run or ended in the last 24 hours, by what was known at a moment."""
    shifts = calendar_at(lake, as_of, since=as_of - _BEFORE, until=as_of + _AFTER).shifts
    verdicts = shift_compliance(shifts, attended_at(lake, as_of), limits, as_of)
    now = pl.lit(as_of, INSTANT)
    asked = verdicts.filter(
        pl.col("expected_until_at") > now - _DAY,
        (pl.col("starts_at") <= now) | ~pl.col("verdict").is_in([UPCOMING, NOT_DUE]),
    ).with_columns(known_at=now)
    key = list(SHIFT_COMPLIANCE.key)
    before = lake.known(SHIFT_COMPLIANCE, as_of).join(asked.lazy().select(key), on=key, how="semi")
    said = before.select(*key, said="verdict", said_at="known_at").collect()
    corrected = asked.join(said, on=key).filter(pl.col("said") != pl.col("verdict"))
    return Judged(shifts, SHIFT_COMPLIANCE.rows(asked), corrected)


def last_said(lake: Lake, as_of: datetime) -> dy.LazyFrame[ShiftCompliance]:
    """The last verdicts on shifts that are no longer judged.

    Verdicts are recorded at the moment of their tick, not of a load, so the limit of an as-of read does not apply.
    """
    ended = pl.col("expected_until_at") <= pl.lit(as_of - _DAY, INSTANT)
    return SHIFT_COMPLIANCE.typed(lake.as_recorded(None).known(SHIFT_COMPLIANCE, as_of).filter(ended))


def attended_at(lake: Lake, as_of: datetime) -> Attended:
    """Punches and feeds of the last four weeks, as known at a moment."""
    since = pl.lit(as_of - LEARNED_FROM, INSTANT)
    return Attended(
        ATTENDANCE.typed(lake.known(ATTENDANCE, as_of).filter(pl.col("punched_in_at") >= since)).collect(),
        lake.known(PUNCH_FEEDS, as_of).collect(),
        SITES.typed(lake.known(SITES, as_of).unique("site_id")).collect(),
    )


def record_compliance(lake: Lake, verdicts: dy.DataFrame[ShiftCompliance], as_of: datetime) -> int:
    """Records the verdicts that changed; returns how many.

    Minutes that grow while somebody works, and the state of a feed, are not changes.
    """
    key = list(SHIFT_COMPLIANCE.key)
    columns = [*key, *_SAID]
    before = (
        lake.known(SHIFT_COMPLIANCE, as_of)
        .join(verdicts.lazy().select(key), on=key, how="semi")
        .select(columns)
        .collect()
    )
    news = verdicts.join(before, on=columns, how="anti", nulls_equal=True)
    if len(news):
        lake.record(SHIFT_COMPLIANCE, news, loaded_at=as_of)
    return len(news)
