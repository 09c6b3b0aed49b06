"""The shift calendar as an asset. Not here: the calendar itself (`calendar`), keeping it (`calendar.io`)."""

from datetime import datetime, timedelta

import dagster as dg
import polars as pl

from opsguard_assets.config.settings import Settings
from opsguard_assets.metadata import (
    Materialized,
    check_spec,
    column_schema,
    figures,
    first_of,
    key_of,
    owners_of,
    picture,
    preview,
)
from opsguard_assets.moment import Moment
from opsguard_assets.shifts.calendar.calendar import EXCUSED, PLANNED
from opsguard_assets.shifts.calendar.io import Updated, update_calendar
from opsguard_assets.shifts.calendar.plot import days_ahead
from opsguard_assets.shifts.calendar.posts import coverage_ahead
from opsguard_assets.shifts.calendar.schemas import SHIFT_CALENDAR
from opsguard_assets.tables.values import INSTANT
from resources.database import Database
from resources.lake import TABLES_LOCK, Lake

SHIFT_CALENDAR_KEY = key_of(SHIFT_CALENDAR)
_REACHES, _READABLE = "calendar_reaches_its_last_day", "every_roster_can_be_read"


def shift_calendar_asset(settings: Settings, deps: list[dg.AssetKey]) -> dg.AssetsDefinition:
    """The asset of the calendar; it follows the tables of rosters (`deps`)."""
    days = settings.shifts.days_ahead

    @dg.asset(
        key=SHIFT_CALENDAR_KEY,
        deps=deps,
        group_name="shifts",
        kinds={"polars", "deltalake"},
        owners=owners_of("shifts"),
        metadata={
            "dagster/column_schema": column_schema(SHIFT_CALENDAR),
            "dagster/table_name": SHIFT_CALENDAR.derived_name,
        },
        description=f"Who should be where from when to when, {days} days ahead: rosters, leave, substitutes and "
        "holidays as UTC bounds. What was planned at any instant stays readable. Grain: shift_id, person_id.",
        check_specs=[
            check_spec(_REACHES, SHIFT_CALENDAR_KEY),
            check_spec(_READABLE, SHIFT_CALENDAR_KEY),
        ],
    )
    def shift_calendar(
        config: Moment, lake: dg.ResourceParam[Lake], database: dg.ResourceParam[Database]
    ) -> Materialized:
        as_of = config.instant()
        with database.lock(TABLES_LOCK):
            updated = update_calendar(lake, as_of, days_ahead=days)
            stored = _stored(lake, as_of, as_of + timedelta(days=days))
        ahead = updated.calendar.shifts.filter(pl.col("starts_at") >= pl.lit(as_of, INSTANT))
        return dg.MaterializeResult(
            metadata=_shown(updated, ahead, as_of), check_results=[_reaches(ahead, stored, days), _readable(updated)]
        )

    return shift_calendar


def _stored(lake: Lake, since: datetime, until: datetime) -> pl.DataFrame:
    bounds = pl.col("starts_at").is_between(pl.lit(since, INSTANT), pl.lit(until, INSTANT), closed="left")
    return lake.known(SHIFT_CALENDAR, since).filter(bounds).drop("known_at").collect()


def _reaches(ahead: pl.DataFrame, stored: pl.DataFrame, days: int) -> dg.AssetCheckResult:
    missing = len(ahead.join(stored, on=ahead.columns, how="anti", nulls_equal=True))
    stray = len(stored.join(ahead, on=ahead.columns, how="anti", nulls_equal=True))
    last = ahead.select(pl.col("on").max().cast(pl.String)).item() or "none"
    return dg.AssetCheckResult(
        check_name=_REACHES,
        passed=missing == stray == 0,
        description=f"{len(ahead):,} parts in shifts of the next {days} days, the last on {last}; of the stored ones "
        f"{missing} are missing and {stray} are not due",
    )


def _readable(updated: Updated) -> dg.AssetCheckResult:
    broken = updated.calendar.unreadable
    return dg.AssetCheckResult(
        check_name=_READABLE,
        passed=broken.is_empty(),
        severity=dg.AssetCheckSeverity.WARN,
        description="every rule and site is known"
        if broken.is_empty()
        else f"{len(broken)} rosters give no shifts: {first_of(broken['roster_id'])}. Correct them at their source; "
        "the others go on",
        metadata={"unreadable": preview(broken)},
    )


def _shown(updated: Updated, ahead: pl.DataFrame, as_of: datetime) -> dict[str, dg.MetadataValue]:
    short = coverage_ahead(updated.calendar.shifts, as_of)
    columns = ("site_id", "post", "starts_at", "ends_at", "required", "planned", "missing")
    by_status = {status: int((ahead["status"] == status).sum()) for status in (PLANNED, EXCUSED)}
    return {
        "headline": dg.MetadataValue.md(
            f"**{by_status[PLANNED]:,} parts in shifts ahead**, {by_status[EXCUSED]:,} excused; "
            f"{len(short):,} posts short within 24 hours."
        ),
        **figures(
            {
                "as_of": as_of,
                "dagster/row_count": len(ahead),
                "new_or_changed": updated.new,
                "withdrawn": updated.gone,
                "unreadable_rosters": len(updated.calendar.unreadable),
                "posts_short_within_24_h": len(short),
            }
        ),
        "short_posts": preview(short.select(columns)),
        "days": picture(days_ahead(ahead), "Shifts of each day"),
    }
