"""On which local days a roster's rule falls: RFC 5545 recurrence rules read once each, days found for all rosters.

Here: rules and days. Not here: times of day, zones, who comes (`calendar`).

`python-dateutil` is the judge of what a rule means. The two shapes of nearly all rosters, daily and weekly without
further limits, are arithmetic on dates and are computed for all rosters at once, with the same outcome (a property test
compares them on random rules); every other rule is expanded by the library once per distinct rule and first day.

A rule starts on `valid_from`. The time of day is the roster's, so a rule may not name hours, and its UNTIL is compared
with the start of the shift: a day with its whole local day, a local time as such, a UTC time with the instant.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time

import polars as pl
from dateutil.rrule import rrulestr

_WEEKDAYS = {name: number for number, name in enumerate(("MO", "TU", "WE", "TH", "FR", "SA", "SU"))}
_OF_ROSTERS = {
    "FREQ",
    "INTERVAL",
    "COUNT",
    "WKST",
    "BYDAY",
    "BYMONTH",
    "BYMONTHDAY",
    "BYYEARDAY",
    "BYWEEKNO",
    "BYSETPOS",
}
_FREQUENCIES = {"DAILY", "WEEKLY", "MONTHLY", "YEARLY"}
_SHAPES = ({"FREQ", "INTERVAL", "BYDAY"}, {"FREQ", "INTERVAL", "BYDAY", "WKST"})
# Without any of them the library takes weekday, day or month from the first day.
_DAYS_SAID = ("BYDAY", "BYMONTHDAY", "BYYEARDAY", "BYWEEKNO")
_EVERY_DAY = "FREQ=DAILY"
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
        "until_at": pl.Datetime("us", "UTC"),
        "problem": pl.String(),
    }
)


@dataclass(frozen=True)
class Days:
    """The days of rosters.

    Attributes:
        found: `roster_id`, `on`, and the rule's end: `until_local`, `until_at`, of which at most one is set.
        unreadable: `roster_id`, `recurrence`, `problem` of rosters whose rule says nothing.
    """

    found: pl.DataFrame
    unreadable: pl.DataFrame


def days_of(rosters: pl.DataFrame, first: date, last: date) -> Days:
    """The local days from `first` to `last`, both included, on which rosters fall.

    Args:
        rosters: `roster_id` (unique), `recurrence` (null: every day), `valid_from`, `valid_until`.
        first: First local day.
        last: Last local day.
    """
    rules = [_read(text) for text in rosters["recurrence"].unique().sort()]
    read = rosters.select("roster_id", "recurrence", "valid_from", "valid_until").join(
        pl.DataFrame(rules, schema=_RULES, orient="row"), on="recurrence", how="left", nulls_equal=True
    )
    good = read.filter(pl.col("problem").is_null(), pl.col("valid_from") <= last)
    days = pl.select(on=pl.date_range(first, last, "1d"))
    found = pl.concat([_plain(good, days), _by_library(good, first, last)])
    return Days(
        found.filter(
            pl.col("on") >= pl.col("valid_from"), (pl.col("on") <= pl.col("valid_until")).fill_null(value=True)
        ).select("roster_id", "on", "until_local", "until_at"),
        read.filter(pl.col("problem").is_not_null()).select("roster_id", "recurrence", "problem").sort("roster_id"),
    )


def _plain(rosters: pl.DataFrame, days: pl.DataFrame) -> pl.DataFrame:
    """Daily and weekly rules, by arithmetic on dates."""
    pairs = rosters.filter(pl.col("shape").is_not_null()).join(days, how="cross")
    weekday, begins = pl.col("on").dt.weekday().cast(pl.Int64) - 1, pl.col("valid_from")
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


def _by_library(rosters: pl.DataFrame, first: date, last: date) -> pl.DataFrame:
    """All other rules, once per distinct rule and first day."""
    # Where the first day says nothing about the days that follow, a rule is expanded once for all who follow it.
    same, own = pl.lit(first.replace(month=1, day=1)), pl.col("valid_from")
    others = rosters.filter(pl.col("shape").is_null()).with_columns(begins=pl.when("is_free").then(same).otherwise(own))
    since, until = datetime.combine(first, time()), datetime.combine(last, time())
    distinct = others.select("rule", "begins").unique().sort("rule", "begins")
    found = [
        {"rule": rule, "begins": begins, "on": at.date()}
        for rule, begins in distinct.iter_rows()
        for at in rrulestr(rule, dtstart=datetime.combine(begins, time())).between(since, until, inc=True)
    ]
    schema = {"rule": pl.String, "begins": pl.Date, "on": pl.Date}
    return others.join(pl.DataFrame(found, schema=schema), on=["rule", "begins"]).drop("begins")


def _read(recurrence: str | None) -> dict[str, object]:
    """A rule in the columns of `_RULES`."""
    row: dict[str, object] = dict.fromkeys(_RULES) | {"recurrence": recurrence}
    text = (recurrence or _EVERY_DAY).strip().upper().removeprefix("RRULE:")
    pairs = [part.partition("=") for part in text.split(";") if part.strip()]
    parts = {name.strip(): value.strip() for name, _, value in pairs}
    problem = "a part is given twice" if len(parts) < len(pairs) else _problem(parts)
    if problem:
        return row | {"problem": problem}
    until = parts.pop("UNTIL", None)
    rule = ";".join(f"{name}={value}" for name, value in parts.items())
    try:
        rrulestr(rule, dtstart=datetime(2026, 1, 1))  # noqa: DTZ001 - local days have no zone
        ends = _until(until)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        return row | {"problem": f"not a rule of RFC 5545: {error}"}
    return row | {"rule": rule, "is_free": _is_free(parts)} | ends | _shape(parts)


def _problem(parts: dict[str, str]) -> str | None:
    """What is wrong with the parts of a rule, in words."""
    unknown = sorted(set(parts) - _OF_ROSTERS - {"UNTIL"})
    if parts.get("FREQ") not in _FREQUENCIES:
        return "FREQ is none of DAILY, WEEKLY, MONTHLY, YEARLY; the time of day belongs into starts_local"
    if unknown:
        return f"{', '.join(unknown)} cannot be used in a roster; the time of day belongs into starts_local"
    if "COUNT" in parts and "UNTIL" in parts:
        return "COUNT and UNTIL exclude each other"
    if parts.get("INTERVAL") is not None and not (parts["INTERVAL"].isdecimal() and int(parts["INTERVAL"]) > 0):
        return "INTERVAL is no positive number"
    return None


def _shape(parts: dict[str, str]) -> dict[str, object]:
    """The columns of a rule that is arithmetic; none for the library's."""
    days = parts["BYDAY"].split(",") if "BYDAY" in parts else None
    is_plain = any(set(parts) <= shape for shape in _SHAPES) and parts["FREQ"] in ("DAILY", "WEEKLY")
    if not is_plain or not all(day in _WEEKDAYS for day in days or []):
        return {}
    return {
        "shape": parts["FREQ"].lower(),
        "interval": int(parts.get("INTERVAL", "1")),
        "weekdays": None if days is None else [_WEEKDAYS[day] for day in days],
        "week_starts": _WEEKDAYS[parts.get("WKST", "MO")],
    }


def _is_free(parts: dict[str, str]) -> bool:
    """Whether the days of a rule do not depend on its first day."""
    says_days = parts["FREQ"] == "DAILY" or any(name in parts for name in _DAYS_SAID)
    return says_days and "COUNT" not in parts and int(parts.get("INTERVAL", "1")) == 1


def _until(text: str | None) -> dict[str, object]:
    """The end of a rule."""
    if text is None:
        return {}
    if text.endswith("Z"):
        return {"until_at": datetime.strptime(text, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)}
    if "T" in text:
        return {"until_local": datetime.strptime(text, "%Y%m%dT%H%M%S")}  # noqa: DTZ007 - local, of the site
    day = datetime.strptime(text, "%Y%m%d").date()  # noqa: DTZ007 - a day has no zone
    return {"until_local": datetime.combine(day, time.max)}
