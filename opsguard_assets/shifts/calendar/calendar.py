"""The shift calendar: who should be where and when, made of rosters, absences, substitutions and holidays.

Here: known rows in, shifts out. Not here: the days of a recurrence rule (`recurrence`), how local times become instants
(`opsguard_assets.tables.local_time`), what is kept (`calendar.io`).

* A shift is one roster on one local day. Its people are the roster's person and, where somebody is replaced, the chain
  of substitutes, one row each; the last of the chain is expected to come.
* Times are local to the site. An end that is not after the start lies on the next day. A shift whose hours all fall
  into the gap of a change to daylight saving time does not take place.
* On a holiday of the site's calendar only critical posts are manned: the other shifts are kept as `holiday`.
* A substitute may be expected later than the shift starts: who takes it over while it runs has to come first.
* Leave that covers the start of a shift moves the expected start, leave that covers the end moves the expected end;
  where nothing remains, the person is excused.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

import dataframely as dy
import polars as pl

from opsguard_assets.shifts.calendar.recurrence import days_of
from opsguard_assets.shifts.calendar.schemas import SHIFT_CALENDAR, PlannedShift
from opsguard_assets.tables import reference, shifts
from opsguard_assets.tables.local_time import to_utc
from opsguard_assets.tables.public_holidays import holiday_days
from opsguard_assets.tables.table import rows_of
from opsguard_assets.tables.values import INSTANT

PLANNED, REPLACED, EXCUSED, HOLIDAY = "planned", "replaced", "excused", "holiday"
# So much earlier or later than UTC may a local day begin, with a shift that passes midnight.
_MARGIN = timedelta(days=2)
_LONGEST_CHAIN = 8


@dataclass(frozen=True)
class Rosters:
    """What was known of who should work."""

    rosters: dy.DataFrame[shifts.Rosters]
    absences: dy.DataFrame[shifts.Absences]
    substitutions: dy.DataFrame[shifts.Substitutions]
    sites: dy.DataFrame[reference.Sites]
    calendars: dy.DataFrame[reference.Calendars]


@dataclass(frozen=True)
class Calendar:
    """Shifts, and rosters that cannot be read.

    Attributes:
        shifts: The parts in shifts.
        unreadable: `roster_id`, `recurrence`, `problem`.
    """

    shifts: dy.DataFrame[PlannedShift]
    unreadable: pl.DataFrame


def shift_calendar(known: Rosters, *, since: datetime, until: datetime) -> Calendar:
    """The shifts that start in [`since`, `until`).

    Args:
        known: Rosters, absences, substitutions, sites, calendars.
        since: First instant, UTC.
        until: The instant after the last, UTC.
    """
    first, last = (since - _MARGIN).date(), (until + _MARGIN).date()
    columns = ("site_id", "client_id", "timezone", "calendar_id")
    rosters = known.rosters.join(known.sites.select(columns), on="site_id", how="left")
    days = days_of(rosters, first, last)
    placed = rosters.drop("valid_from", "valid_until", "recurrence", "known_at", strict=False)
    homeless = placed.filter(pl.col("timezone").is_null()).select(
        "roster_id", recurrence=pl.lit(None, pl.String), problem=pl.format("site {} is not known", "site_id")
    )
    located = days.found.join(placed.drop_nulls("timezone"), on="roster_id")
    timed = _timed(located).filter(pl.col("starts_at").is_between(since, until, closed="left"))
    named = _with_holidays(timed, known.calendars, first, last)
    parts = _with_absences(_with_substitutes(named, known.substitutions), known.absences)
    return Calendar(
        rows_of(PlannedShift, parts.sort("starts_at", *SHIFT_CALENDAR.key)),
        pl.concat([days.unreadable, homeless]).unique("roster_id", keep="first").sort("roster_id"),
    )


def _timed(days: pl.DataFrame) -> pl.DataFrame:
    """Shifts with UTC bounds, as long as the roster's rule lasts."""

    def minutes(column: str) -> pl.Expr:
        parts = pl.col(column).str.split(":")
        return parts.list.get(0).cast(pl.Int64) * 60 + parts.list.get(1).cast(pl.Int64)

    begins, ends, day = minutes("starts_local"), minutes("ends_local"), pl.col("on").cast(pl.Datetime("us"))
    next_day = pl.when(ends <= begins).then(24 * 60).otherwise(0)
    local = days.with_columns(
        starts_at=day + pl.duration(minutes=begins), ends_at=day + pl.duration(minutes=ends + next_day)
    ).filter((pl.col("starts_at") <= pl.col("until_local")).fill_null(value=True))
    return (
        to_utc(local, ["starts_at", "ends_at"])
        .filter((pl.col("starts_at") <= pl.col("until_at")).fill_null(value=True))
        .filter(pl.col("starts_at") < pl.col("ends_at"))
        .with_columns(shift_id=pl.format("{}@{}", "roster_id", "on"))
    )


def _with_holidays(shifts: pl.DataFrame, calendars: pl.DataFrame, first: date, last: date) -> pl.DataFrame:
    days = holiday_days(calendars, first, last)
    marked = shifts.join(days, on=["calendar_id", "on"], how="left")
    closed = pl.col("holiday").is_not_null() & ~pl.col("is_critical").fill_null(value=False)
    return marked.with_columns(status=pl.when(closed).then(pl.lit(HOLIDAY)).otherwise(pl.lit(PLANNED)))


def _with_substitutes(shifts: pl.DataFrame, substitutions: pl.DataFrame) -> pl.DataFrame:
    """One row for each person of a chain of substitutes; nobody comes twice in it."""
    rows = shifts.with_columns(
        replaces_id=pl.lit(None, pl.String),
        place=pl.lit(0, pl.Int64),
        _comes_at=pl.lit(None, INSTANT),
        _chain=pl.concat_list("person_id"),
    )
    chain = [rows]
    moves = substitutions.select("roster_id", "on", "person_id", "substitute_id", "expected_from_at")
    for place in range(1, _LONGEST_CHAIN):
        before = chain[-1].filter(pl.col("status") == PLANNED)
        after = (
            before.join(moves, on=["roster_id", "on", "person_id"])
            .filter(~pl.col("_chain").list.contains(pl.col("substitute_id")))
            .with_columns(
                replaces_id="person_id",
                person_id="substitute_id",
                place=pl.lit(place, pl.Int64),
                _comes_at="expected_from_at",
                _chain=pl.col("_chain").list.concat(pl.col("substitute_id")),
            )
            .select(before.columns)
        )
        if after.is_empty():
            break
        chain.append(after)
    everyone = pl.concat(chain)
    is_last = pl.col("place") == pl.col("place").max().over("shift_id")
    replaced = ~is_last & (pl.col("status") == PLANNED)
    return everyone.with_columns(status=pl.when(replaced).then(pl.lit(REPLACED)).otherwise("status")).drop("_chain")


def _with_absences(shifts: pl.DataFrame, absences: pl.DataFrame) -> pl.DataFrame:
    """The time for which each person is expected, and who is excused."""
    away = merged(absences)
    joined = (
        shifts.with_columns(_begins_at=pl.max_horizontal("starts_at", "_comes_at"))
        .sort("_begins_at")
        .join_asof(
            away.select("person_id", _from="from_at", _until="ends_at"),
            left_on="_begins_at",
            right_on="_from",
            by="person_id",
            check_sortedness=False,
        )
        .sort("ends_at")
        .join_asof(
            away.select("person_id", _away_from="from_at", _away_until="ends_at"),
            left_on="ends_at",
            right_on="_away_from",
            by="person_id",
            # Leave that begins when the shift ends takes nothing of it.
            allow_exact_matches=False,
            check_sortedness=False,
        )
    )
    comes_late = pl.col("_until") > pl.col("_begins_at")
    leaves_early = pl.col("_away_until") >= pl.col("ends_at")
    bounded = joined.with_columns(
        expected_from_at=pl.when(comes_late).then("_until").otherwise("_begins_at"),
        expected_until_at=pl.when(leaves_early).then(pl.col("_away_from")).otherwise("ends_at"),
    )
    nothing_left = pl.col("expected_from_at") >= pl.col("expected_until_at")
    excused = nothing_left & (pl.col("status") == PLANNED)
    return bounded.with_columns(
        status=pl.when(excused).then(pl.lit(EXCUSED)).otherwise("status"),
        expected_from_at=pl.when(nothing_left).then("starts_at").otherwise("expected_from_at"),
        expected_until_at=pl.when(nothing_left).then("ends_at").otherwise("expected_until_at"),
    )


def merged(absences: pl.DataFrame) -> pl.DataFrame:
    """Stretches of absence of each person without overlaps and seams: `person_id`, `from_at`, `ends_at`."""
    ordered = absences.select("person_id", "starts_at", "ends_at").sort("person_id", "starts_at")
    reach = pl.col("ends_at").cum_max().shift(1).over("person_id")
    begins = (pl.col("starts_at") > reach).fill_null(value=True)
    return (
        ordered.with_columns(run=begins.cum_sum())
        .group_by("run", maintain_order=True)
        .agg(pl.col("person_id").first(), pl.col("starts_at").min().alias("from_at"), pl.col("ends_at").max())
        .drop("run")
        .with_columns(pl.col("from_at", "ends_at").cast(INSTANT))
        .sort("from_at")
    )
