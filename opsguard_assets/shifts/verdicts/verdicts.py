"""The verdict on each part in a shift, its minutes, and the rule that decided.

Here: shifts, presences and feeds in, verdicts out. Not here: how they are found (`calendar`, `presence`, `matching`,
`feeds`), what is kept (`verdicts.io`).

The limits are settings (`config.shifts`). By default an arrival is in time up to 15 minutes after the start; nobody by
then is late; nobody within 120 minutes, or until the end, is a no-show. Leaving more than 15 minutes before the end is
an early exit. A departure that nobody punched an hour after the end leaves the shift open.

The verdict is unknown while the feed of the site has not reported past the start of the shift; its learned delay is
allowed for. A verdict that accuses somebody rests on a missing punch, so the feed must have reported past the time of
that punch:

* no-show and wrong site: past the time at which an arrival would have been late. For a site whose clock sends
  heartbeats, this holds for every verdict;
* late arrival: past the arrival;
* early exit: past a short break after the departure;
* shift left open: past the hour after its end.

Until then the verdict is unknown.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

import dataframely as dy
import polars as pl

from opsguard_assets.shifts.calendar.calendar import EXCUSED, HOLIDAY, PLANNED, REPLACED
from opsguard_assets.shifts.calendar.schemas import PlannedShift
from opsguard_assets.shifts.verdicts.feeds import feeds
from opsguard_assets.shifts.verdicts.matching import assigned
from opsguard_assets.shifts.verdicts.presence import BREAK, presences, with_distance
from opsguard_assets.shifts.verdicts.schemas import SHIFT_COMPLIANCE, Verdict
from opsguard_assets.tables.reference import Sites
from opsguard_assets.tables.shifts import Attendance, PunchFeeds
from opsguard_assets.tables.table import rows_of
from opsguard_assets.tables.values import INSTANT

UPCOMING, UNKNOWN, ON_TIME, LATE, UNATTENDED, NO_SHOW = (
    "upcoming",
    "unknown",
    "on_time",
    "late",
    "unattended",
    "no_show",
)
WRONG_SITE, EARLY_EXIT, LEFT_OPEN = "wrong_site", "early_exit", "left_open"
_RETURNS_WITHIN = timedelta(hours=1)
COVERED, NOT_DUE = "covered_by_substitute", "not_due"
PRESENT = (ON_TIME, LATE, EARLY_EXIT, LEFT_OPEN)
VERDICTS = (*PRESENT, UNATTENDED, NO_SHOW, WRONG_SITE, UNKNOWN, UPCOMING, COVERED, EXCUSED, NOT_DUE)


@dataclass(frozen=True)
class Limits:
    """The limits of verdicts in minutes; the fields of `opsguard_assets.config.shifts`."""

    late_after: float = 15.0
    no_show_after: float = 120.0
    early_before: float = 15.0
    open_after: float = 60.0


@dataclass(frozen=True)
class Attended:
    """What was known of who came."""

    punches: dy.DataFrame[Attendance]
    heartbeats: dy.DataFrame[PunchFeeds]
    sites: dy.DataFrame[Sites]


def shift_compliance(
    shifts: dy.DataFrame[PlannedShift], known: Attended, limits: Limits, as_of: datetime
) -> dy.DataFrame[Verdict]:
    """The verdict on each part in a shift.

    Args:
        shifts: Parts in shifts; those of a person that lie next to each other decide together, so the days around
            those that are asked for belong to them.
        known: Punches, heartbeats and sites.
        limits: The limits of verdicts.
        as_of: Now, UTC.

    Returns:
        One verdict for each row of `shifts`.
    """
    parts = shifts.with_row_index("shift").with_columns(from_at="expected_from_at", until_at="expected_until_at")
    there = presences(known.punches, as_of)
    expected = parts.filter(pl.col("status") == PLANNED)
    matched = assigned(expected.select("shift", "person_id", "site_id", "from_at", "until_at"), there)
    rows = parts.join(_facts(expected, matched, there, known.sites), on="shift", how="left")
    frame = rows.join(feeds(known.punches, known.heartbeats, as_of), on="site_id", how="left")
    timed = _timed(frame, limits, as_of)
    judged = _with_cover(timed.with_columns(_verdict(limits, as_of)))
    named = judged.rename({"reported_upto_at": "feed_reported_upto_at", "delay_minutes": "feed_delay_minutes"})
    return rows_of(Verdict, named.with_columns(_rule(limits)).sort(SHIFT_COMPLIANCE.key))


def _facts(parts: pl.DataFrame, matched: pl.DataFrame, there: pl.DataFrame, sites: pl.DataFrame) -> pl.DataFrame:
    """What is known of attended shifts: arrival, departure, minutes inside, position."""
    places = there.rename({"site_id": "punched_site_id", "until_at": "_stays"})
    bounds = parts.select("shift", "person_id", "site_id", "from_at", "until_at")
    own = matched.join(bounds, on="shift").join(places, on=["presence", "person_id"])
    served = own.with_columns(_is_last=pl.col("until_at") == pl.col("until_at").max().over("presence"))
    located = with_distance(served, sites, "punched_site_id")
    # Further presences at the place where the person came belong to the shift, too: people go and come back.
    met = located.select(
        "shift", "person_id", "punched_site_id", "from_at", "until_at", "_is_last", _own="presence"
    ).join(places, on=["person_id", "punched_site_id"])
    columns = ("shift", "is_elsewhere", "punched_site_id", "distance_m", "accuracy_m", "is_outside")
    return located.select(columns).join(_sums(met), on="shift")


def _sums(met: pl.DataFrame) -> pl.DataFrame:
    """Arrival, departure and minutes inside of each shift, from all presences of the person at that place."""
    meets = (pl.col("in_at") < pl.col("until_at")) & (pl.col("_stays") > pl.col("from_at"))
    meets |= pl.col("presence") == pl.col("_own")
    returns = pl.col("in_at").is_between(pl.col("until_at"), pl.col("until_at") + _RETURNS_WITHIN)
    inside = pl.min_horizontal("_stays", "until_at") - pl.max_horizontal("in_at", "from_at")
    newest = pl.col("in_at") == pl.col("in_at").filter(meets).max()
    return met.group_by("shift").agg(
        arrived_at=pl.col("in_at").filter(meets).min(),
        last_out_at=pl.col("out_at").filter(meets).max(),
        is_open=(pl.col("out_at").is_null() & newest & meets).any(),
        # Who goes on into the next shift has not forgotten to punch out of this one.
        goes_on=~pl.col("_is_last").all() | returns.any(),
        present_minutes=(inside.dt.total_microseconds() / 60e6).filter(meets).clip(lower_bound=0).sum(),
    )


def _timed(rows: pl.DataFrame, limits: Limits, as_of: datetime) -> pl.DataFrame:
    """Minutes late and early, and what may be concluded at this moment."""
    now = pl.lit(as_of, INSTANT)

    def minutes(span: pl.Expr) -> pl.Expr:
        return span.dt.total_microseconds() / 60e6

    def reported(upto: pl.Expr) -> pl.Expr:
        return (pl.col("reported_upto_at") >= upto).fill_null(value=False)

    wait = pl.duration(microseconds=(pl.col("delay_minutes").fill_null(0) * 60e6).cast(pl.Int64))
    left = pl.when(~pl.col("is_open")).then("last_out_at")
    certain = reported(pl.col("from_at") + pl.duration(minutes=int(limits.late_after)))
    late = minutes(pl.col("arrived_at") - pl.col("from_at")).clip(lower_bound=0)
    early = minutes(pl.col("until_at") - left).clip(lower_bound=0)
    return rows.with_columns(
        left_at=left,
        is_here=pl.col("arrived_at").is_not_null() & ~pl.col("is_elsewhere").fill_null(value=False),
        late_minutes=late,
        early_minutes=early,
        is_late=(late > limits.late_after).fill_null(value=False),
        is_early=(early > limits.early_before).fill_null(value=False),
        waited=minutes(now - wait - pl.col("from_at")),
        has_ended=now - wait >= pl.col("until_at"),
        is_proven=certain | (~pl.col("has_heartbeat").fill_null(value=True) & reported(pl.col("from_at"))),
        is_certain=certain,
        is_arrival_certain=reported(pl.col("arrived_at")),
        is_departure_certain=reported(left + BREAK),
        is_open_for=minutes(now - wait - pl.col("until_at")),
        is_reported_after=reported(pl.col("until_at") + pl.duration(minutes=int(limits.open_after))),
    )


def _verdict(limits: Limits, as_of: datetime) -> pl.Expr:
    forgot = (
        pl.col("is_open")
        & ~pl.col("goes_on")
        & (pl.col("is_open_for") > limits.open_after)
        & pl.col("is_reported_after")
    )
    here, elsewhere = pl.col("is_here"), pl.col("is_elsewhere").fill_null(value=False)
    missing_long = (pl.col("waited") >= limits.no_show_after) | pl.col("has_ended")
    begins = pl.col("from_at") + pl.duration(minutes=int(limits.late_after)) >= pl.lit(as_of, INSTANT)
    return (
        pl.when(pl.col("status") == HOLIDAY)
        .then(pl.lit(NOT_DUE))
        .when(pl.col("status") == REPLACED)
        .then(pl.lit(COVERED))
        .when(pl.col("status") == EXCUSED)
        .then(pl.lit(EXCUSED))
        .when(here & pl.col("is_early") & pl.col("is_departure_certain"))
        .then(pl.lit(EARLY_EXIT))
        .when(here & pl.col("is_late") & pl.col("is_arrival_certain"))
        .then(pl.lit(LATE))
        .when(here & (pl.col("is_late") | pl.col("is_early")))
        .then(pl.lit(UNKNOWN))
        .when(here & forgot.fill_null(value=False))
        .then(pl.lit(LEFT_OPEN))
        .when(here)
        .then(pl.lit(ON_TIME))
        .when(begins)
        .then(pl.lit(UPCOMING))
        .when(~pl.col("is_proven") | (pl.col("waited") <= limits.late_after) | (elsewhere & ~pl.col("is_certain")))
        .then(pl.lit(UNKNOWN))
        .when(elsewhere)
        .then(pl.lit(WRONG_SITE))
        .when(missing_long & pl.col("is_certain"))
        .then(pl.lit(NO_SHOW))
        .otherwise(pl.lit(UNATTENDED))
        .alias("verdict")
    )


def _with_cover(rows: pl.DataFrame) -> pl.DataFrame:
    """A replaced person counts as covered unless the last substitute of the chain is missing."""
    last = pl.col("place") == pl.col("place").max().over("shift_id")
    fails = pl.col("verdict").is_in([NO_SHOW, UNATTENDED, EXCUSED, WRONG_SITE]) & last
    failed = fails.any().over("shift_id") & (pl.col("verdict") == COVERED)
    # Somebody else was to come: the gap is the substitute's, and the person who was replaced stays excused.
    return rows.with_columns(verdict=pl.when(failed).then(pl.lit(EXCUSED)).otherwise("verdict"))


def _rule(limits: Limits) -> pl.Expr:
    """The rule that decided, in words."""
    delays = pl.col("is_proven") & ~pl.col("is_here") & (pl.col("waited") <= limits.late_after)
    feed = (
        pl.when(pl.col("feed_reported_upto_at").is_null())
        .then(pl.lit("the site's punches were never heard of"))
        .when(delays)
        .then(pl.format("its punches take {} min to arrive", pl.col("feed_delay_minutes").ceil().cast(pl.Int64)))
        .otherwise(pl.format("the site's punches are reported up to {} only", _clock("feed_reported_upto_at")))
    )
    late_after, early_before, open_after, no_show_after = (
        pl.lit(f"{minutes:g}")
        for minutes in (limits.late_after, limits.early_before, limits.open_after, limits.no_show_after)
    )
    # Leave at the start, and taking over a shift that runs, move it.
    is_moved = pl.col("from_at") > pl.col("starts_at")
    start = pl.when(is_moved).then(_clock("from_at")).otherwise(pl.lit("the start"))
    gone = (
        pl.when(pl.col("waited") >= limits.no_show_after)
        .then(pl.format("nobody within {} min of {}", no_show_after, start))
        .otherwise(pl.lit("nobody until the end"))
    )
    late, early = (pl.col(name).floor().cast(pl.Int64) for name in ("late_minutes", "early_minutes"))
    words = {
        NOT_DUE: pl.format("no shift: {}", pl.col("holiday").fill_null("holiday")),
        COVERED: pl.lit("replaced by a substitute"),
        EXCUSED: pl.when(pl.col("status") == REPLACED)
        .then(pl.lit("replaced; the substitute did not come"))
        .otherwise(pl.lit("on leave for the whole shift")),
        WRONG_SITE: pl.format("punched at {} instead", "punched_site_id"),
        EARLY_EXIT: pl.format("left {} min before the end; limit {} min", early, early_before),
        LATE: pl.format("arrived {} min after {}; limit {} min", late, start, late_after),
        LEFT_OPEN: pl.format("no departure {} min after the end", open_after),
        ON_TIME: pl.format("arrived within {} min of {}", late_after, start),
        UPCOMING: pl.lit("not late yet"),
        UNKNOWN: pl.format("feed late: {}{}", feed, _heard_so_far()),
        NO_SHOW: gone,
        UNATTENDED: pl.format("nobody within {} min of {}", late_after, start),
    }
    return pl.coalesce(pl.when(pl.col("verdict") == name).then(text) for name, text in words.items()).alias("rule")


def _heard_so_far() -> pl.Expr:
    """What is known so far of a person whose verdict is still open."""
    return (
        pl.when(pl.col("is_here") & pl.col("left_at").is_not_null())
        .then(pl.format("; a departure at {} was heard", _clock("left_at")))
        .when("is_here")
        .then(pl.format("; an arrival at {} was heard", _clock("arrived_at")))
        .when(pl.col("is_elsewhere").fill_null(value=False))
        .then(pl.format("; a punch at {} was heard", "punched_site_id"))
        .otherwise(pl.lit(""))
    )


def is_there() -> pl.Expr:
    """Whether the person is at the site, of rows of `shift_compliance`: came, and has not left."""
    here = (pl.col("punched_site_id") == pl.col("site_id")) & pl.col("verdict").is_in([*PRESENT, UNKNOWN])
    return (here & pl.col("arrived_at").is_not_null() & pl.col("left_at").is_null()).fill_null(value=False)


def _clock(column: str) -> pl.Expr:
    return pl.col(column).dt.strftime("%Y-%m-%d %H:%M UTC")
