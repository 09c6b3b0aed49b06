"""Whether every post has the people that it needs: now, in the last 24 hours, and as planned for the next day.

Here: counting. Not here: verdicts, alerts.
"""

from datetime import datetime

import dataframely as dy
import polars as pl

from opsguard_assets.shifts.calendar.calendar import HOLIDAY, PLANNED
from opsguard_assets.shifts.calendar.posts import AHEAD, CHANGES, NEEDED, POST, covers, of_post, with_missing
from opsguard_assets.shifts.calendar.schemas import PlannedShift, PostStaffing
from opsguard_assets.shifts.coverage.schemas import SHIFT_COVERAGE, ShiftCoverage
from opsguard_assets.shifts.verdicts.schemas import ShiftCompliance
from opsguard_assets.shifts.verdicts.verdicts import UNKNOWN, UPCOMING, is_there
from opsguard_assets.tables.table import rows_of
from opsguard_assets.tables.values import INSTANT

# Columns of the stored table, and what they are called while they are counted.
_PEOPLE = {
    "required": "required",
    "scheduled": "planned",
    "present": "present",
    "unknown": "unknown",
    "missing": "missing",
}
_MINUTES = {"needed_minutes": "needed", "scheduled_minutes": "planned", "manned_minutes": "manned"}
_DIGITS = 3


def coverage_now(
    shifts: dy.DataFrame[PlannedShift], verdicts: dy.DataFrame[ShiftCompliance], as_of: datetime
) -> dy.DataFrame[PostStaffing]:
    """The posts of the shifts that run, and who is there.

    Args:
        shifts: Parts in shifts.
        verdicts: The verdicts of the same moment.
        as_of: Now, UTC.

    Returns:
        One row per post. `unknown` counts people who are not late yet, or of whom a late feed says nothing.
    """
    now = pl.lit(as_of, INSTANT)
    key = ["shift_id", "person_id"]
    said = verdicts.select(*key, "verdict", _there=is_there())
    running = (
        shifts.filter(pl.col("starts_at") <= now, pl.col("ends_at") > now, pl.col("status") != HOLIDAY)
        .join(said, on=key, how="left")
        .with_columns(
            _unclear=pl.col("verdict").is_in([UNKNOWN, UPCOMING]) & (pl.col("status") == PLANNED) & ~pl.col("_there"),
        )
    )
    staffed = with_missing(
        running.group_by(POST).agg(
            *of_post(),
            planned=(pl.col("status") == PLANNED).sum(),
            present=pl.col("_there").fill_null(value=False).sum(),
            unknown=pl.col("_unclear").fill_null(value=False).sum(),
        )
    )
    return rows_of(PostStaffing, staffed)


def person_minutes(
    shifts: dy.DataFrame[PlannedShift], verdicts: dy.DataFrame[ShiftCompliance], as_of: datetime
) -> pl.DataFrame:
    """Person-minutes of each post in the last 24 hours: needed, planned and manned.

    Args:
        shifts: Parts in shifts, those of the day before too.
        verdicts: The verdicts of the same moment.
        as_of: Now, UTC.

    Returns:
        `site_id`, `post`, `needed_minutes`, `scheduled_minutes`, `manned_minutes`. People beyond those that are needed
        do not count, and neither do stays without a punch.
    """
    now, since = pl.lit(as_of, INSTANT), pl.lit(as_of - AHEAD, INSTANT)
    rows = shifts.filter(pl.col("status") != HOLIDAY, pl.col("starts_at") < now, pl.col("ends_at") > since)
    stays = verdicts.filter(pl.col("punched_site_id") == pl.col("site_id")).select(
        "shift_id", "person_id", came_at="arrived_at", went_at=pl.coalesce("left_at", "expected_until_at")
    )
    known = rows.join(stays, on=["shift_id", "person_id"], how="left")
    points = pl.concat(known.select(*POST, _at=pl.col(name)) for name in (*CHANGES, "came_at", "went_at"))
    inside = points.drop_nulls("_at").with_columns(pl.col("_at").clip(since, now)).unique().sort(*POST, "_at")
    spans = inside.with_columns(_next=pl.col("_at").shift(-1).over(POST)).drop_nulls("_next")
    during = spans.join(known, on=POST, nulls_equal=True).filter(covers("starts_at", "ends_at"))
    counted = during.group_by(*POST, "_at", "_next").agg(
        needed=NEEDED.max(),
        planned=(covers("expected_from_at", "expected_until_at") & (pl.col("status") == PLANNED)).sum(),
        manned=covers("came_at", "went_at").fill_null(value=False).sum(),
    )
    minutes = (pl.col("_next") - pl.col("_at")).dt.total_microseconds() / 60e6
    return (
        counted.group_by(POST)
        .agg(
            (pl.min_horizontal(people, "needed") * minutes).sum().round(_DIGITS).alias(name)
            for name, people in _MINUTES.items()
        )
        .sort(POST)
    )


def shift_coverage(
    shifts: dy.DataFrame[PlannedShift], verdicts: dy.DataFrame[ShiftCompliance], as_of: datetime
) -> dy.DataFrame[ShiftCoverage]:
    """The state of every post of a shift that runs or ran within 24 hours.

    Args:
        shifts: Parts in shifts, those of the day before too.
        verdicts: The verdicts of the same moment.
        as_of: Now, UTC.

    Returns:
        Rows of `shift_coverage`.
    """
    # Shifts without a post share one, and null equals nothing in joins.
    named = rows_of(PlannedShift, shifts.with_columns(pl.col("post").fill_null("")))
    now = coverage_now(named, verdicts, as_of).select(*POST, *_PEOPLE.values())
    minutes = person_minutes(named, verdicts, as_of)
    owned = named.group_by(POST).agg(pl.col("client_id").first(), pl.col("is_critical").fill_null(value=False).any())
    both = minutes.join(now.rename({of: name for name, of in _PEOPLE.items()}), on=POST, how="full", coalesce=True)
    counted = both.with_columns(
        *(pl.col(name).cast(pl.Int64).fill_null(0) for name in _PEOPLE),
        *(pl.col(name).fill_null(0) for name in _MINUTES),
    )
    short = (pl.col("needed_minutes") - pl.col("manned_minutes")).round(_DIGITS)
    placed = counted.join(owned, on=POST, how="left").with_columns(
        as_of=pl.lit(as_of, INSTANT), date=pl.lit(as_of.date()), short_minutes=short
    )
    return SHIFT_COVERAGE.rows(placed.sort(POST))


def with_shares(coverage: pl.DataFrame, *by: str) -> pl.DataFrame:
    """Person-minutes of the groups named, with the shares of what was needed: `scheduled_share`, `manned_share`, 0..1.

    What was not needed at all has no share.
    """
    summed = coverage.group_by(by).agg(pl.col(*_MINUTES, "short_minutes").sum()).sort(by)
    needed = pl.when(pl.col("needed_minutes") > 0).then("needed_minutes")
    return summed.with_columns(
        scheduled_share=pl.col("scheduled_minutes") / needed, manned_share=pl.col("manned_minutes") / needed
    )
