"""Texts, numbers and typed values as moments: wall-clock times, instants, and days without a time.

Here: reading one column by its formats or its unit, and placing wall-clock times in a zone. Not here: what a format
means (`formats`), and where columns come from (`origin`).

A value that names only a day means its first instant; in columns that say until when, the instant after its last.
Changes to and from daylight saving time follow `opsguard_assets.tables.local_time`.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import polars as pl

from opsguard_assets.config.mapping import ColumnMapping
from opsguard_assets.intake.mapping import zone_names
from opsguard_assets.intake.mapping.formats import AFTERNOON, MONTHS, WEEKDAYS, Format, read_format
from opsguard_assets.intake.mapping.values import as_text, kept, measurable, nulls
from opsguard_assets.tables.columns import FIRST, LAST
from opsguard_assets.tables.local_time import to_utc
from opsguard_assets.tables.values import INSTANT

_NAIVE = pl.Datetime("us")
# The contract's bounds as wall-clock times: naive and UTC times are compared alike, before and after conversion.
_FIRST_MOVABLE, _END_MOVABLE = datetime(1, 1, 2), datetime(9999, 12, 31)  # noqa: DTZ001 - wall-clock times
EARLIEST, LATEST = FIRST.replace(tzinfo=None), LAST.replace(tzinfo=None)
_ISO_DAY = "%Y-%m-%d"
_ISO = (
    "%Y-%m-%dT%H:%M:%S%.f%#z",
    "%Y-%m-%dT%H:%M:%S%.f",
    "%Y-%m-%d %H:%M:%S%.f%#z",
    "%Y-%m-%d %H:%M:%S%.f",
    _ISO_DAY,
    "%Y-%m-%dT%H:%M%#z",
    "%Y-%m-%dT%H:%M",
    "%Y-%m-%d %H:%M%#z",
    "%Y-%m-%d %H:%M",
)
_MIDNIGHT = r"^(\d{4}-\d\d-\d\d[T ])24(:00(?::00(?:\.0+)?)?(?:Z|[+-]\d\d(?::?\d\d)?)?)$"
_MICROSECONDS = {"s": 1_000_000, "ms": 1_000, "us": 1}
_DAY_US = 86_400_000_000
# Spreadsheets call 1900-01-01 day 1 and count a 29 February 1900 that never was; so days since March 1900 are counted
# from here.
_EXCEL_EPOCH = pl.date(1899, 12, 30).cast(_NAIVE)
_MONTH_NUMBERS = {m[:n]: i for i, m in enumerate(MONTHS, start=1) for n in (3, 4, len(m))}
_WEEKDAY_NUMBERS = {w[:n]: i for i, w in enumerate(WEEKDAYS) for n in (3, len(w))}


@dataclass(frozen=True)
class Moments:
    """A column of moments. A value is in at most one of `local` and `at`; in none where it cannot be read.

    Attributes:
        local: Wall-clock times without a zone.
        at: Instants, UTC.
        is_day: Whether the value names a day and no time.
        reason: Why a value that fits a format is still not a valid time; else null.
    """

    local: pl.Series
    at: pl.Series
    is_day: pl.Series
    reason: pl.Series

    @classmethod
    def none(cls, length: int) -> "Moments":
        """Nothing read yet."""
        return cls(
            nulls("local", _NAIVE, length),
            nulls("at", INSTANT, length),
            pl.Series("is_day", [False]).new_from_index(0, length),
            nulls("reason", pl.String(), length),
        )

    def filled(self, other: "Moments") -> "Moments":
        """With the other's values where this one has none."""
        unread = self.local.is_null() & self.at.is_null()
        return Moments(
            self.local.zip_with(~unread, other.local),
            self.at.zip_with(~unread, other.at),
            self.is_day.zip_with(~unread, other.is_day),
            self.reason.zip_with(self.reason.is_not_null(), other.reason),
        )


def moments(received: pl.Series, mapping: ColumnMapping, zone: str) -> Moments:
    """A received column as moments.

    Args:
        received: Values of any type.
        mapping: Formats or unit.
        zone: Zone of the column, in which names such as `CET` are looked up first.
    """
    none = Moments.none(len(received))
    if isinstance(received.dtype, pl.Datetime):
        typed = received.dt.cast_time_unit("us")
        if received.dtype.time_zone:
            return Moments(none.local, typed.dt.convert_time_zone("UTC"), none.is_day, none.reason)
        return Moments(typed, none.at, none.is_day, none.reason)
    if received.dtype == pl.Date:
        return Moments(received.cast(_NAIVE), none.at, received.is_not_null(), none.reason)
    if mapping.unit is not None:
        return _counted(measurable(received, mapping), mapping.unit, none)
    text = as_text(received)
    if not mapping.format:
        return _iso(text, none)
    for form in mapping.format:
        unread = text.is_not_null() & none.local.is_null() & none.at.is_null()
        if not unread.any():
            break
        none = none.filled(_by_format(kept(text, unread), read_format(form), zone))
    return none


def _counted(numbers: pl.Series, unit: Literal["s", "ms", "us", "excel"], none: Moments) -> Moments:
    if unit != "excel":
        ticks = (numbers * _MICROSECONDS[unit]).round().cast(pl.Int64, strict=False)
        return Moments(none.local, ticks.cast(INSTANT), none.is_day, none.reason)
    # A spreadsheet's fractions of a day are exact to a few microseconds: 08:05 is 0.336805555…
    ticks = ((numbers * (_DAY_US / 1_000)).round() * 1_000).cast(pl.Int64, strict=False)
    # Adding more than that to the epoch would overflow.
    sane = kept(ticks, ticks.abs() < LATEST.year * 366 * _DAY_US)
    local = pl.select(_EXCEL_EPOCH + sane.cast(pl.Duration("us"))).to_series()
    return Moments(local, none.at, (numbers == numbers.floor()).fill_null(value=False), none.reason)


def _iso(text: pl.Series, none: Moments) -> Moments:
    is_midnight = text.str.contains(_MIDNIGHT).fill_null(value=False)
    if is_midnight.any():
        text = text.zip_with(~is_midnight, text.str.replace(_MIDNIGHT, "${1}00${2}"))
    found = none
    for form in _ISO:
        unread = text.is_not_null() & found.local.is_null() & found.at.is_null()
        if not unread.any():
            break
        times = kept(text, unread).str.to_datetime(form, time_unit="us", strict=False)
        is_day = times.is_not_null() if form == _ISO_DAY else none.is_day
        at, local = (times, none.local) if times.dtype == INSTANT else (none.at, times)
        found = found.filled(Moments(local, at, is_day, none.reason))
    if not is_midnight.any():
        return found
    later = pl.DataFrame({"local": found.local, "at": found.at}).select(
        pl.when(is_midnight).then(pl.all().dt.offset_by("1d")).otherwise(pl.all())
    )
    return Moments(later["local"], later["at"], found.is_day, found.reason)


def _by_format(text: pl.Series, form: Format, zone: str) -> Moments:
    """The texts that a format covers."""
    none = Moments.none(len(text))
    if form.is_fast:
        local = text.str.to_datetime(form.text, time_unit="us", strict=False)
        # chrono takes a sign for a part of the year.
        local = kept(local, plausible(local))
        none = Moments(local, none.at, none.is_day if form.has_time else local.is_not_null(), none.reason)
    unread = text.is_not_null() & none.local.is_null()
    return none.filled(_by_pattern(text.filter(unread), form, zone, unread)) if unread.any() else none


def _by_pattern(text: pl.Series, form: Format, zone: str, where: pl.Series) -> Moments:
    """Texts that chrono does not read, or reads otherwise; in the length of `where`."""
    parts = text.str.extract_groups(form.pattern).struct.unnest()
    whole = (parts["rest"] == "").fill_null(value=False)
    parts = parts.select(pl.when(whole).then(pl.all()))
    if "s" in form.parts:
        at = parts["s"].cast(pl.Int64, strict=False) * 1_000_000
        moment = pl.DataFrame({"at": at.cast(INSTANT)}).with_columns(local=pl.lit(None, _NAIVE))
    else:
        moment = parts.select(local=_local(set(parts.columns)), at=pl.lit(None, INSTANT))
    reason = nulls("reason", pl.String(), len(text))
    offset = _offset(parts["z"]) if "z" in form.parts else None
    if offset is not None:
        at = (moment["local"] - offset).dt.replace_time_zone("UTC")
        moment = moment.with_columns(at=at, local=pl.lit(None, _NAIVE))
    elif "Z" in form.parts or form.zone is not None:
        names = parts["Z"] if "Z" in form.parts else pl.Series([form.zone]).new_from_index(0, len(text))
        at, reason = _named(moment["local"], names, zone)
        moment = moment.with_columns(at=at, local=pl.lit(None, _NAIVE))
    is_day = whole & (not form.has_time)
    places = where.arg_true()

    def placed(values: pl.Series, empty: pl.Series) -> pl.Series:
        return empty.scatter(places, values)

    none = Moments.none(len(where))
    return Moments(
        placed(moment["local"], none.local),
        placed(moment["at"], none.at),
        placed(is_day, none.is_day),
        placed(reason, none.reason),
    )


def _named(local: pl.Series, names: pl.Series, zone: str) -> tuple[pl.Series, pl.Series]:
    """Times beside the name of a zone, or beside an offset that the format itself spells."""
    if names.str.contains(r"^[+-]").any():
        at = (local - _offset(names)).dt.replace_time_zone("UTC")
        return at, nulls("reason", pl.String(), len(names))
    return zone_names.to_utc(local, names, zone)


def _offset(texts: pl.Series) -> pl.Series:
    """Offsets such as `+01:00`, `-0330`, `+02` and `Z` as durations."""
    parts = texts.str.extract_groups(r"^(?P<sign>[+-])(?P<h>\d\d):?(?P<m>\d\d)?:?(?P<s>\d\d)?(?:\.(?P<f>\d+))?$")
    read = parts.struct.unnest().select(
        pl.duration(
            hours=_number("h"), minutes=_number("m"), seconds=_number("s"), microseconds=_fraction(), time_unit="us"
        )
        * pl.when(pl.col("sign") == "-").then(-1).otherwise(1)
    )
    is_z = texts.str.to_uppercase() == "Z"
    return read.to_series().zip_with(
        ~is_z.fill_null(value=False), pl.select(pl.duration(time_unit="us")).to_series().new_from_index(0, len(texts))
    )


def _number(part: str) -> pl.Expr:
    return pl.col(part).str.strip_chars().cast(pl.Int64, strict=False).fill_null(0)


def _fraction() -> pl.Expr:
    """Digits behind a point as microseconds; what is finer is cut off."""
    return pl.col("f").str.pad_end(6, "0").str.slice(0, 6).cast(pl.Int64, strict=False).fill_null(0)


def _local(parts: set[str]) -> pl.Expr:
    """Wall-clock times of the parts of a text; null where they are not a time."""
    hour = _number("H") if "H" in parts else _twelve_hours() if "I" in parts else pl.lit(0)
    minute, second = (_number(p) if p in parts else pl.lit(0) for p in ("M", "S"))
    fraction = _fraction() if "f" in parts else pl.lit(0)
    time = pl.duration(hours=hour, minutes=minute, seconds=second, microseconds=fraction, time_unit="us")
    return pl.when(time <= pl.duration(hours=24)).then(_day(parts).cast(_NAIVE) + time)


def _twelve_hours() -> pl.Expr:
    is_afternoon = pl.col("p").str.contains(f"(?i)^(?:{AFTERNOON})$")
    return _number("I") % 12 + pl.when(is_afternoon).then(12).otherwise(0)


def _day(parts: set[str]) -> pl.Expr:
    """The day, by one of the ways in which a format says it."""
    if "G" in parts:
        return _iso_week(parts)
    year = pl.col("Y").cast(pl.Int32) if "Y" in parts else _short_year()
    new_year = pl.date(year, 1, 1)
    if "j" in parts:
        day = new_year + pl.duration(days=_number("j") - 1)
        return pl.when(day.dt.year() == year).then(day)
    if "U" in parts or "W" in parts:
        return _counted_week(parts, new_year)
    month = (
        _number("m") if "m" in parts else pl.col("b").str.to_lowercase().replace_strict(_MONTH_NUMBERS, default=None)
    )
    day = pl.date(year, month, 1) + pl.duration(days=_number("d") - 1)
    return pl.when(day.dt.month() == month).then(day)


def _short_year() -> pl.Expr:
    """POSIX: 69 to 99 are of the 20th century, 00 to 68 of the 21st."""
    digits = pl.col("y").cast(pl.Int32)
    return digits + pl.when(digits < 69).then(2000).otherwise(1900)  # noqa: PLR2004 - POSIX


def _weekday(parts: set[str]) -> pl.Expr:
    """0 Monday to 6 Sunday."""
    if "u" in parts:
        return _number("u") - 1
    if "w" in parts:
        return (_number("w") + 6) % 7
    return pl.col("a").str.to_lowercase().replace_strict(_WEEKDAY_NUMBERS, default=None)


def _counted_week(parts: set[str], new_year: pl.Expr) -> pl.Expr:
    """Weeks from the first Sunday (`%U`) or Monday (`%W`) of the year; the days before are of week 0."""
    shift = 1 if "U" in parts else 0
    week = _number("U" if "U" in parts else "W")
    first = (new_year.dt.weekday().cast(pl.Int64) - 1 + shift) % 7
    day = (_weekday(parts) + shift) % 7
    days = pl.when(week == 0).then(day - first).otherwise((7 - first) % 7 + 7 * (week - 1) + day)
    return new_year + pl.duration(days=days)


def _iso_week(parts: set[str]) -> pl.Expr:
    year, week = pl.col("G").cast(pl.Int32), _number("V")
    # 4 January lies in week 1 of every year (ISO 8601).
    fourth = pl.date(year, 1, 4)
    monday = fourth - pl.duration(days=fourth.dt.weekday().cast(pl.Int64) - 1)
    day = monday + pl.duration(days=7 * (week - 1) + _weekday(parts))
    return pl.when(day.dt.iso_year() == year).then(day)


def placed(found: Moments, zone: str, *, is_end: bool) -> pl.Series:
    """Moments as instants.

    Args:
        found: Moments.
        zone: Zone of the wall-clock times.
        is_end: Whether a day stands for the instant after its last one, and not for its first.

    Returns:
        UTC; null where nothing was read, or where the clock skips the time. Of a time that the clock repeats the first.
    """
    days = kept(found.local, found.is_day)
    ends = pl.DataFrame({"local": days, "at": kept(found.at, found.is_day)})
    if is_end:
        ends = ends.select(pl.all().dt.offset_by("1d"))
    at = found.at.zip_with(~found.is_day, ends["at"])
    if found.is_day.any():
        at = at.zip_with(at.is_not_null(), first_instants(ends["local"], zone))
    return at.zip_with(at.is_not_null(), localised(kept(found.local, ~found.is_day), zone))


def first_instants(local: pl.Series, zone: str) -> pl.Series:
    """The first instants at which the clocks of a zone show wall-clock times or later ones: never null for a time."""
    frame = movable(local).rename("at").to_frame().with_columns(timezone=pl.lit(zone))
    return to_utc(frame, ["at"])["at"]


def localised(local: pl.Series, zone: str) -> pl.Series:
    """Wall-clock times of a zone as instants; null in the gap of spring, the earlier instant in autumn."""
    if zone == "UTC":
        return local.dt.replace_time_zone("UTC")
    found = movable(local).dt.replace_time_zone(zone, ambiguous="earliest", non_existent="null")
    return found.dt.convert_time_zone("UTC")


def movable(times: pl.Series) -> pl.Series:
    """The times that can be moved between zones; null beyond the years 1 to 9999, where Polars would stop."""
    wall = times.dt.replace_time_zone(None)
    return kept(times, (wall >= _FIRST_MOVABLE) & (wall < _END_MOVABLE))


def later(at: pl.Series, days: float, zone: str) -> pl.Series:
    """Instants a number of local days later, at the same time of day; a fraction of a day counts as hours."""
    whole = int(days)
    if whole:
        local = at.dt.convert_time_zone(zone).dt.replace_time_zone(None)
        at = first_instants(pl.select(local + pl.duration(days=whole)).to_series(), zone)
    rest = pl.duration(microseconds=round((days - whole) * _DAY_US), time_unit="us")
    return pl.select(at + rest).to_series()


def plausible(times: pl.Series) -> pl.Series:
    """Whether times, naive or in UTC, lie within the years that the contract knows."""
    return (times >= EARLIEST) & (times < LATEST)
