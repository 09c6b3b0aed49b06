"""Calendars as working time: local hours, weekdays and holidays as exact UTC segments.

Here: the rules of local time. Not here: counting (`working_time`) and which ticket has which calendar (`promises`).

Rules, each of them tested against a slow independent walk over the minutes:

* A local time becomes an instant as `opsguard_assets.tables.local_time` says.
* `closes` at or before `opens` means the next day; `24:00` is midnight at the end of the day. A window belongs to the
  local day on which it starts: a night shift that starts on a working day runs into the holiday, one that would start
  on a holiday does not take place.
* Overlapping and adjoining windows merge, so that a calendar of seven days of 00:00 to 24:00 loses no minute.
"""

import hashlib
from datetime import datetime, timedelta

import dataframely as dy
import polars as pl

from opsguard_assets.tables.local_time import to_utc
from opsguard_assets.tables.public_holidays import holiday_days
from opsguard_assets.tables.reference import Calendars
from opsguard_assets.tables.values import INSTANT
from opsguard_assets.tickets.sla.working_time import EARLIEST, LATEST, ORIGIN, ROUND_THE_CLOCK, SEGMENTS, WorkingTime

OUTSIDE_HOURS, WEEKEND = "outside hours", "weekend"
_SATURDAY = 6
_DAY_MINUTES = 1_440


def calendar_keys(calendars: dy.DataFrame[Calendars], used: pl.DataFrame) -> pl.DataFrame:
    """A number for each calendar in a time zone that changes whenever its content does.

    Args:
        calendars: The `calendars` table.
        used: `calendar_id`, `timezone`, as they occur; nulls allowed.

    Returns:
        The distinct pairs of `used` with `calendar_key`; `ROUND_THE_CLOCK` where the calendar is null or unknown.
        Stored clocks keep the key, so that a clock of an outdated calendar is noticed instead of being wrong.
    """
    pairs = used.select("calendar_id", "timezone").unique().sort("calendar_id", "timezone")
    columns = [pl.col(c).cast(pl.String).fill_null("") for c in ("weekday", "opens", "closes")]
    entries = pl.col("holidays").cast(pl.List(pl.String)).list.join("+").fill_null("")
    content = (
        calendars.group_by("calendar_id")
        .agg(pl.concat_str(*columns, entries, separator=" ").unique().sort().str.join("\n").alias("content"))
        .drop_nulls("calendar_id")
    )
    contents = dict(content.iter_rows())
    keys = [
        ROUND_THE_CLOCK if calendar not in contents else _hash(calendar, timezone, contents[calendar])
        for calendar, timezone in pairs.iter_rows()
    ]
    return pairs.with_columns(calendar_key=pl.Series(keys, dtype=pl.Int64))


def working_time(
    calendars: dy.DataFrame[Calendars], used: pl.DataFrame, *, since: datetime, until: datetime
) -> WorkingTime:
    """Working time of the calendars in use.

    Args:
        calendars: The `calendars` table: one row per window (`calendar_id`, ISO `weekday`, `opens` and `closes` as
            local HH:MM, `holidays`).
        used: `calendar_id` and `timezone` of the tickets. Null or unknown calendars are open round the clock.
        since: First instant needed.
        until: Last instant needed. Both are widened to whole years, to hold `ORIGIN`, and limited to
            the years 1970 to 2100.

    Raises:
        ValueError: An unknown time zone, hours that are not HH:MM, or an unknown holiday entry.
    """
    first = min(max(since, EARLIEST), ORIGIN).replace(month=1, day=1, hour=0, minute=0, second=0, microsecond=0)
    after = max(min(until, LATEST), ORIGIN)
    last = min(after.replace(month=1, day=1, hour=0, minute=0, second=0, microsecond=0, year=after.year + 1), LATEST)
    pairs = calendar_keys(calendars, used).filter(pl.col("calendar_key") != ROUND_THE_CLOCK)
    if pairs.is_empty():
        return WorkingTime(pl.DataFrame(schema=SEGMENTS), first, last)
    days = pl.select(
        # A local day lies up to 14 hours off the UTC day, and a window may run into the day after its own.
        on=pl.date_range(first.date() - timedelta(days=3), last.date() + timedelta(days=3), interval="1d")
    ).with_columns(weekday=pl.col("on").dt.weekday())
    holidays = holiday_days(calendars, days["on"][0], days["on"][-1])
    hours = _hours(calendars).join(pairs, on="calendar_id")
    local = to_utc(_windows(hours, days, holidays), ["opens", "closes"])
    midnights = to_utc(
        pairs.join(days, how="cross").with_columns(midnight=pl.col("on").cast(pl.Datetime("us"))), ["midnight"]
    )
    # A window within the hour that the clock skips in spring is empty in UTC.
    windows = _merged(local.filter(pl.col("opens") < pl.col("closes")))
    segments = _segments(windows, midnights, (first, last))
    return WorkingTime(_counted(_explained(segments, hours, holidays)), first, last)


def _hash(calendar: str, timezone: str, content: str) -> int:
    digest = hashlib.sha256(f"{calendar}\0{timezone}\0{content}".encode()).digest()
    return int.from_bytes(digest[:7]) + 1  # 7 bytes: positive in Int64, and never ROUND_THE_CLOCK


def _hours(calendars: pl.DataFrame) -> pl.DataFrame:
    """One row per window: `calendar_id`, `weekday`, `opens_minute`, `closes_minute` (above 1440: next day)."""

    def minute(column: str) -> pl.Expr:
        parts = pl.col(column).str.extract_groups(r"^\s*(\d{1,2}):(\d{2})(?::\d{2})?\s*$")
        hour, minutes = (parts.struct.field(n).cast(pl.Int64) for n in ("1", "2"))
        whole = hour * 60 + minutes
        return pl.when((minutes < 60) & (whole <= _DAY_MINUTES)).then(whole)  # noqa: PLR2004 - minutes of an hour

    given = calendars.drop_nulls(["calendar_id", "weekday", "opens", "closes"])
    parsed = given.select(
        "calendar_id",
        "opens",
        "closes",
        pl.col("weekday").cast(pl.Int8),
        opens_minute=minute("opens"),
        closes_minute=minute("closes"),
    )
    broken = parsed.filter(pl.any_horizontal(pl.col("opens_minute", "closes_minute").is_null()))
    if len(broken):
        calendar, opens, closes = broken.select("calendar_id", "opens", "closes").row(0)
        raise ValueError(
            f"calendars: the hours {opens!r} to {closes!r} of calendar {calendar!r} are not times of day. "
            "Write HH:MM, at most 24:00."
        )
    ends = pl.col("closes_minute")
    overnight = ends <= pl.col("opens_minute")
    return parsed.with_columns(closes_minute=ends + pl.when(overnight).then(_DAY_MINUTES).otherwise(0)).drop(
        "opens", "closes"
    )


def _windows(hours: pl.DataFrame, days: pl.DataFrame, holidays: pl.DataFrame) -> pl.DataFrame:
    """Every window of every working day in naive local time."""
    return (
        hours.join(days, on="weekday")
        .join(holidays, on=["calendar_id", "on"], how="anti")
        .select(
            "calendar_key",
            "calendar_id",
            "timezone",
            opens=pl.col("on").cast(pl.Datetime("us")) + pl.duration(minutes="opens_minute"),
            closes=pl.col("on").cast(pl.Datetime("us")) + pl.duration(minutes="closes_minute"),
        )
    )


def _merged(windows: pl.DataFrame) -> pl.DataFrame:
    """Windows of each calendar without overlaps and without seams."""
    ordered = windows.sort("calendar_key", "opens")
    reach = pl.col("closes").cum_max().shift(1).over("calendar_key")
    begins = (pl.col("opens") > reach).fill_null(value=True)
    return (
        ordered.with_columns(run=begins.cum_sum())
        .group_by("run", maintain_order=True)
        .agg(pl.col("calendar_key").first(), pl.col("opens").min(), pl.col("closes").max())
        .drop("run")
    )


def _segments(windows: pl.DataFrame, midnights: pl.DataFrame, span: tuple[datetime, datetime]) -> pl.DataFrame:
    """[since, until) of each calendar cut at every opening, closing and local midnight, with the local day of each."""
    calendars = midnights.select("calendar_key", "calendar_id", "timezone").unique("calendar_key")
    ends = calendars.select("calendar_key").join(pl.DataFrame({"at": span}, schema={"at": INSTANT}), how="cross")
    cuts = [windows.select("calendar_key", at=c) for c in ("opens", "closes")]
    inside = pl.col("at").is_between(pl.lit(span[0], INSTANT), pl.lit(span[1], INSTANT))
    at = pl.concat([*cuts, midnights.select("calendar_key", at="midnight"), ends]).filter(inside)
    at = at.unique().sort("calendar_key", "at")
    opened = windows.sort("calendar_key", "opens")
    begun = midnights.select("calendar_key", "midnight", "on").sort("calendar_key", "midnight")
    return (
        at.join_asof(opened, left_on="at", right_on="opens", by="calendar_key", check_sortedness=False)
        .join_asof(begun, left_on="at", right_on="midnight", by="calendar_key", check_sortedness=False)
        .with_columns(
            is_open=(pl.col("at") < pl.col("closes")).fill_null(value=False),
            ends_at=pl.col("at").shift(-1).over("calendar_key"),
        )
        .drop_nulls("ends_at")
        .join(calendars, on="calendar_key", maintain_order="left")
        .rename({"at": "starts_at"})
    )


def _explained(segments: pl.DataFrame, hours: pl.DataFrame, holidays: pl.DataFrame) -> pl.DataFrame:
    """Closed segments with their reason; neighbours of the same kind become one."""
    working = hours.select("calendar_id", "weekday", works=pl.lit(value=True)).unique()
    reason = (
        pl.when("is_open")
        .then(None)
        .when(pl.col("holiday").is_not_null())
        .then(pl.format("holiday: {}", "holiday"))
        .when((pl.col("weekday") >= _SATURDAY) & pl.col("works").is_null())
        .then(pl.lit(WEEKEND))
        .otherwise(pl.lit(OUTSIDE_HOURS))
    )
    return (
        segments.with_columns(weekday=pl.col("on").dt.weekday())
        .join(holidays, on=["calendar_id", "on"], how="left", maintain_order="left")
        .join(working, on=["calendar_id", "weekday"], how="left", maintain_order="left")
        .with_columns(reason=reason)
        .with_columns(run=pl.struct("calendar_key", "is_open", "reason").rle_id())
        .group_by("run", maintain_order=True)
        .agg(
            pl.col("calendar_key", "calendar_id", "timezone", "starts_at", "is_open", "reason").first(),
            pl.col("ends_at").last(),
        )
    )


def _counted(segments: pl.DataFrame) -> pl.DataFrame:
    """`worked_us` before each segment, counted from `ORIGIN`."""

    def length(end: pl.Expr) -> pl.Expr:
        return (end - pl.col("starts_at")).dt.total_microseconds()

    opened = pl.when("is_open").then(length(pl.col("ends_at"))).otherwise(0)
    by_origin = pl.when("is_open").then(
        length(pl.min_horizontal("ends_at", pl.lit(ORIGIN, INSTANT))).clip(lower_bound=0)
    )
    before = opened.cum_sum().over("calendar_key") - opened
    return segments.with_columns(worked_us=before - by_origin.otherwise(0).sum().over("calendar_key")).select(
        pl.col(name).cast(dtype) for name, dtype in SEGMENTS.items()
    )
