"""The local days of rosters, by RFC 5545 recurrence rules.

Here: rules and days. Not here: the text of a rule (`rule_text`), times of day, zones, who comes (`calendar`).

RFC 5545 decides what a rule means; a test compares all parts with a plain walk over 30 years. `python-dateutil` is not
used because it differs from the RFC: it omits days of weeks at the edges of a year (BYWEEKNO), takes all days of a week
that names none, and counts BYSETPOS in the first week from the first day instead of the week's. Nearly all rosters are
daily or weekly without further limits: these are computed for all rosters at once by arithmetic on dates. Every other
rule is a filter over days, applied once per distinct rule and first day.

A rule starts on `valid_from`, or on its own DTSTART. The time of day is the roster's, so a rule may not name hours, and
its UNTIL is compared with the start of the shift: a day with its whole local day, a local time as such, a UTC time with
the instant. EXDATE and RDATE name days, or starts of the roster's shifts.
"""

from dataclasses import asdict, dataclass
from datetime import date, timedelta

import polars as pl

from opsguard_assets.shifts.calendar.rule_text import WEEKDAYS, RuleError, RuleText, days, numbers, read_rule
from opsguard_assets.tables.local_time import to_utc
from opsguard_assets.tables.values import INSTANT

_SHAPES = ({"FREQ", "INTERVAL", "BYDAY"}, {"FREQ", "INTERVAL", "BYDAY", "WKST"})
# Without any of them weekday, day or month are those of the first day.
_DAYS_SAID = ("BYDAY", "BYMONTHDAY", "BYYEARDAY")
_MARK = pl.Struct({"kind": pl.String(), "day": pl.Date(), "local": pl.Datetime("us"), "at": INSTANT})
_RULES = pl.Schema(
    {
        "recurrence": pl.String(),
        "rule": pl.String(),
        "shape": pl.String(),
        "interval": pl.Int64(),
        "weekdays": pl.List(pl.Int64()),
        "week_starts": pl.Int64(),
        "is_free": pl.Boolean(),
        "until_local": pl.Datetime("us"),
        "until_at": INSTANT,
        "marks": pl.List(_MARK),
        "problem": pl.String(),
    }
)
_FOUND = ("roster_id", "on", "until_local", "until_at")


@dataclass(frozen=True)
class Days:
    """The days of rosters.

    Attributes:
        found: `roster_id`, `on`, and the rule's end: `until_local`, `until_at`, of which at most one is set.
        unreadable: `roster_id`, `recurrence`, `problem` of rosters whose rule cannot be read.
    """

    found: pl.DataFrame
    unreadable: pl.DataFrame


def days_of(rosters: pl.DataFrame, first: date, last: date) -> Days:
    """The local days from `first` to `last`, both included, on which rosters fall.

    Args:
        rosters: `roster_id` (unique), `recurrence` (null: every day), `valid_from`, `valid_until`, and what the times
            of EXDATE, RDATE and DTSTART are compared with: `starts_local` and `timezone`.
        first: First local day.
        last: Last local day.
    """
    rules = [_read(text) for text in rosters["recurrence"].unique().sort()]
    read = rosters.select("roster_id", "recurrence", "valid_from", "valid_until", "starts_local", "timezone").join(
        pl.DataFrame(rules, schema=_RULES, orient="row"), on="recurrence", how="left", nulls_equal=True
    )
    marks = _marks(read)
    misplaced = marks.filter(pl.col("problem").is_not_null()).unique("roster_id", keep="first", maintain_order=True)
    read = read.join(misplaced.select("roster_id", misplaced="problem"), on="roster_id", how="left").with_columns(
        problem=pl.coalesce("problem", "misplaced")
    )
    starts = marks.filter(kind="DTSTART").select("roster_id", starts="on")
    good = read.filter(pl.col("problem").is_null()).join(starts, on="roster_id", how="left")
    good = good.with_columns(begins=pl.coalesce("starts", "valid_from")).filter(pl.col("begins") <= last)
    every = pl.select(on=pl.date_range(first, last, "1d"))
    ruled = pl.concat([_plain(good, every).select(_FOUND), _by_rule(good, first, last).select(_FOUND)])
    named = good.select("roster_id").join(marks.filter(kind="RDATE"), on="roster_id").select("roster_id", "on")
    extra = named.unique().join(ruled, on=["roster_id", "on"], how="anti").filter(pl.col("on").is_between(first, last))
    found = pl.concat([ruled, extra], how="diagonal").join(
        marks.filter(kind="EXDATE").select("roster_id", "on"), on=["roster_id", "on"], how="anti"
    )
    bounds = good.select("roster_id", "valid_from", "valid_until")
    return Days(
        found.join(bounds, on="roster_id")
        .filter(pl.col("on") >= pl.col("valid_from"), (pl.col("on") <= pl.col("valid_until")).fill_null(value=True))
        .select(_FOUND),
        read.filter(pl.col("problem").is_not_null()).select("roster_id", "recurrence", "problem").sort("roster_id"),
    )


def _marks(read: pl.DataFrame) -> pl.DataFrame:
    """The days that EXDATE, RDATE and DTSTART name: `roster_id`, `kind`, `on`; `problem` where it is not a start."""
    named = (
        read.select("roster_id", "starts_local", "timezone", "marks")
        .explode("marks", empty_as_null=False)
        .unnest("marks")
    ).filter(pl.col("kind").is_not_null())
    if named.is_empty():
        return named.select("roster_id", "kind", on="day", problem=pl.lit(None, pl.String))
    hours, minutes = (pl.col("starts_local").str.split(":").list.get(i).cast(pl.Int64) for i in (0, 1))
    start = pl.duration(hours=hours, minutes=minutes)
    zoned = pl.concat(
        part.with_columns(
            there=pl.col("at").dt.convert_time_zone(part["timezone"][0] or "UTC").dt.replace_time_zone(None)
        )
        for part in named.partition_by("timezone", maintain_order=True)
    ).with_columns(on=pl.coalesce("day", pl.col("local").dt.date(), pl.col("there").dt.date()))
    begun = zoned.with_columns(begins=pl.col("on").cast(pl.Datetime("us")) + start)
    instants = to_utc(begun.with_columns(pl.col("timezone").fill_null("UTC")), ["begins"])["begins"]
    is_start = (pl.col("local") == pl.col("begins")) | (pl.col("at") == instants)
    wrong = pl.col("day").is_null() & ~is_start.fill_null(value=False)
    said = pl.coalesce(pl.col("local").dt.to_string("%Y-%m-%d %H:%M"), pl.col("at").dt.to_string("%Y-%m-%d %H:%M UTC"))
    return begun.select(
        "roster_id",
        "kind",
        "on",
        problem=pl.when(wrong).then(
            pl.format("{} {} is not the start of a shift, which is {}", "kind", said, pl.col("starts_local"))
        ),
    )


def _plain(rosters: pl.DataFrame, every: pl.DataFrame) -> pl.DataFrame:
    """Daily and weekly rules, by arithmetic on dates."""
    pairs = rosters.filter(pl.col("shape").is_not_null()).join(every, how="cross")
    weekday, begins = pl.col("on").dt.weekday().cast(pl.Int64) - 1, pl.col("begins")
    own_weekday = begins.dt.weekday().cast(pl.Int64) - 1
    named = pl.col("weekdays").list.contains(weekday)

    def week(day: pl.Expr, number: pl.Expr) -> pl.Expr:
        """Days since the epoch on which the week of a day starts."""
        return day.cast(pl.Int32).cast(pl.Int64) - (number - pl.col("week_starts")) % 7

    daily = ((pl.col("on") - begins).dt.total_days() % pl.col("interval") == 0) & named.fill_null(value=True)
    weeks = (week(pl.col("on"), weekday) - week(begins, own_weekday)) // 7
    weekly = (weeks % pl.col("interval") == 0) & named.fill_null(weekday == own_weekday)
    falls = pl.when(pl.col("shape") == "daily").then(daily).otherwise(weekly)
    return pairs.filter(pl.col("on") >= begins, falls)


def _by_rule(rosters: pl.DataFrame, first: date, last: date) -> pl.DataFrame:
    """All other rules, once per distinct rule and first day."""
    # Where the first day says nothing about the days that follow, a rule is expanded once for all who follow it.
    own = pl.when("is_free").then(pl.lit(first)).otherwise("begins")
    others = rosters.filter(pl.col("shape").is_null(), pl.col("rule").is_not_null()).with_columns(base=own)
    distinct = others.select("rule", "base").unique().sort("rule", "base")
    found = [
        expanded(dict(part.split("=") for part in rule.split(";")), base, first, last).with_columns(
            rule=pl.lit(rule), base=pl.lit(base)
        )
        for rule, base in distinct.iter_rows()
    ]
    schema = {"on": pl.Date, "rule": pl.String, "base": pl.Date}
    joined = others.join(pl.concat(found) if found else pl.DataFrame(schema=schema), on=["rule", "base"])
    return joined.filter(pl.col("on") >= pl.col("begins"))


def expanded(parts: dict[str, str], begins: date, first: date, last: date) -> pl.DataFrame:
    """The days of one rule that starts on `begins`, from `first` to `last`: one column `on`.

    Args:
        parts: Parts that `rule_text` has read.
        begins: First day of the rule; not necessarily one of its days.
        first: First day that is asked for.
        last: Last day that is asked for.
    """
    # Whole periods, with the weeks that reach beyond a year: BYSETPOS counts in them. COUNT counts from the beginning.
    since = begins if "COUNT" in parts else max(begins, first)
    lower, upper = date(since.year, 1, 1) - timedelta(days=7), date(max(last, since).year, 12, 31) + timedelta(days=7)
    known = _numbered(lower, upper, WEEKDAYS[parts.get("WKST", "MO")], period(parts))
    base = _numbered(begins, begins, WEEKDAYS[parts.get("WKST", "MO")], period(parts))
    started = begins.year if parts["FREQ"] == "YEARLY" else base["period"].item()
    interval = int(parts.get("INTERVAL", "1"))
    fits = [(pl.col("period") - started) % interval == 0, *_limits(parts, begins)]
    found = known.filter(*fits)
    if "BYSETPOS" in parts:
        place = pl.int_range(1, pl.len() + 1).over("period")
        chosen = numbers(parts, "BYSETPOS")
        found = found.filter(place.is_in(chosen) | (place - pl.len().over("period") - 1).is_in(chosen))
    found = found.filter(pl.col("on") >= begins)
    if "COUNT" in parts:
        found = found.head(int(parts["COUNT"]))
    return found.filter(pl.col("on").is_between(first, last)).select("on")


def period(parts: dict[str, str]) -> pl.Expr:
    """The number of the day, week, month or year in which a rule chooses its days."""
    number = {
        "DAILY": pl.col("on").cast(pl.Int32).cast(pl.Int64),
        "WEEKLY": (pl.col("on").cast(pl.Int32).cast(pl.Int64) - pl.col("day_of_week")) // 7,
        "MONTHLY": pl.col("year") * 12 + pl.col("month"),
        # A week belongs to one year, also with the days that lie in another.
        "YEARLY": pl.col("week_year") if "BYWEEKNO" in parts else pl.col("year"),
    }
    return number[parts["FREQ"]]


def _numbered(first: date, last: date, week_starts: int, number: pl.Expr) -> pl.DataFrame:
    """Days with every number that a rule may ask for, from the front and from the end."""
    on, middle = pl.col("on"), pl.col("middle")
    return (
        pl.select(on=pl.date_range(first, last, "1d"))
        .with_columns(
            year=on.dt.year().cast(pl.Int64),
            month=on.dt.month().cast(pl.Int64),
            month_day=on.dt.day().cast(pl.Int64),
            month_days=on.dt.month_end().dt.day().cast(pl.Int64),
            year_day=on.dt.ordinal_day().cast(pl.Int64),
            year_days=365 + on.dt.is_leap_year().cast(pl.Int64),
            weekday=on.dt.weekday().cast(pl.Int64) - 1,
        )
        .with_columns(day_of_week=(pl.col("weekday") - week_starts) % 7)
        # A week is of the year that has at least four of its days, and so its fourth.
        .with_columns(middle=on + pl.duration(days=3 - pl.col("day_of_week")))
        .with_columns(
            week_year=middle.dt.year().cast(pl.Int64),
            week=(middle.dt.ordinal_day().cast(pl.Int64) - 1) // 7 + 1,
            weeks_left=(365 + middle.dt.is_leap_year().cast(pl.Int64) - middle.dt.ordinal_day().cast(pl.Int64)) // 7,
        )
        .with_columns(period=number)
    )


def _limits(parts: dict[str, str], begins: date) -> list[pl.Expr]:
    """The days that the parts of a rule allow; parts that it leaves out are taken from its first day."""
    frequency, limits = parts["FREQ"], list[pl.Expr]()
    ends = {
        "BYMONTH": ("month", None),
        "BYWEEKNO": ("week", -pl.col("weeks_left") - 1),
        "BYYEARDAY": ("year_day", pl.col("year_day") - pl.col("year_days") - 1),
        "BYMONTHDAY": ("month_day", pl.col("month_day") - pl.col("month_days") - 1),
    }
    for name, (column, from_the_end) in ends.items():
        if name in parts:
            chosen = numbers(parts, name)
            limit = pl.col(column).is_in(chosen)
            limits.append(limit if from_the_end is None else limit | from_the_end.is_in(chosen))
    if "BYDAY" in parts:
        in_month = frequency == "MONTHLY" or "BYMONTH" in parts
        limits.append(pl.any_horizontal(_is_weekday(nth, day, in_month=in_month) for nth, day in days(parts)))
    if any(name in parts for name in _DAYS_SAID) or frequency == "DAILY":
        return limits
    if frequency == "WEEKLY" or "BYWEEKNO" in parts:
        return [*limits, pl.col("weekday") == begins.weekday()]
    limits.append(pl.col("month_day") == begins.day)
    if frequency == "YEARLY" and "BYMONTH" not in parts:
        limits.append(pl.col("month") == begins.month)
    return limits


def _is_weekday(nth: int | None, weekday: int, *, in_month: bool) -> pl.Expr:
    """Whether a day is such a weekday, or the nth of its month or year."""
    is_one = pl.col("weekday") == weekday
    if nth is None:
        return is_one
    day, length = ("month_day", "month_days") if in_month else ("year_day", "year_days")
    number = (pl.col(day) - 1) // 7 + 1 if nth > 0 else -((pl.col(length) - pl.col(day)) // 7) - 1
    return is_one & (number == nth)


def _read(recurrence: str | None) -> dict[str, object]:
    """A rule in the columns of `_RULES`."""
    row: dict[str, object] = dict.fromkeys(_RULES) | {"recurrence": recurrence, "marks": []}
    try:
        text = read_rule(recurrence)
    except RuleError as error:
        return row | {"problem": str(error)}
    row |= {"marks": [asdict(mark) for mark in text.marks]}
    if text.parts is None:
        return row
    rule = ";".join(f"{name}={value}" for name, value in text.parts.items())
    ends = {"until_local": text.until_local, "until_at": text.until_at}
    return row | {"rule": rule, "is_free": _is_free(text.parts)} | ends | _shape(text)


def _shape(text: RuleText) -> dict[str, object]:
    """The columns of a rule that is arithmetic; none for the others."""
    parts = text.parts or {}
    named = days(parts) if "BYDAY" in parts else None
    if not any(set(parts) <= shape for shape in _SHAPES) or parts["FREQ"] not in ("DAILY", "WEEKLY"):
        return {}
    return {
        "shape": parts["FREQ"].lower(),
        "interval": int(parts.get("INTERVAL", "1")),
        "weekdays": None if named is None else [day for _, day in named],
        "week_starts": WEEKDAYS[parts.get("WKST", "MO")],
    }


def _is_free(parts: dict[str, str]) -> bool:
    """Whether the days of a rule do not depend on its first day."""
    says_days = parts["FREQ"] == "DAILY" or any(name in parts for name in _DAYS_SAID)
    return says_days and "COUNT" not in parts and int(parts.get("INTERVAL", "1")) == 1
