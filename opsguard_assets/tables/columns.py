"""The kinds of columns that the contract is made of, with the bounds and names of rules that all tables share.

Here: identifiers, texts, instants, measures, choices. Not here: which table has which column.
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime

import dataframely as dy
import polars as pl

from opsguard_assets.tables.local_time import known_zones

# Dates that no record of ours can bear are typing errors or fillers (year 0001, 9999), not knowledge.
FIRST, LAST = datetime(1970, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
_IS_END = "a_day_means_its_end"
# Beyond it lie no quantities of facilities, and sums and squares of what is within it are numbers, too.
MOST = 1e18
_ZONES = sorted(known_zones())
_CONTROL = r"[\x00-\x1f\x7f-\x9f]"
_CLOCK = r"^([01]\d|2[0-3]):[0-5]\d$"
_CLOCK_OR_MIDNIGHT = r"^(([01]\d|2[0-3]):[0-5]\d|24:00)$"


def identifier(description: str, *, required: bool = False) -> dy.String:
    """A name that systems use: not blank, at most 200 characters, none of them invisible."""
    return dy.String(
        nullable=not required,
        description=description,
        max_length=200,
        check={
            "not_blank": lambda column: column.str.strip_chars() != "",
            "printable": lambda column: ~column.str.contains(_CONTROL),
        },
    )


def line(description: str, *, required: bool = False, max_length: int = 1_000) -> dy.String:
    """A short text for people. It is hostile until it is escaped for where it is shown."""
    return dy.String(nullable=not required, description=description, max_length=max_length)


def prose(description: str) -> dy.String:
    """A long text for people, at most 100,000 characters."""
    return dy.String(nullable=True, description=description, max_length=100_000)


def choice(description: str, options: Sequence[str], *, required: bool = False) -> dy.String:
    """One of a few words."""
    return dy.String(
        nullable=not required,
        description=f"{description}: {', '.join(options)}",
        check={"known": lambda column: column.is_in(list(options))},
    )


def zone(description: str, *, required: bool = False) -> dy.String:
    """An IANA time zone."""
    return dy.String(
        nullable=not required,
        description=f"{description} (IANA time zone)",
        check={"known_zone": lambda column: column.is_in(_ZONES)},
    )


def instant(description: str, *, required: bool = False) -> dy.Datetime:
    """A moment in UTC, to the microsecond, between 1970 and 2200."""
    return dy.Datetime(
        nullable=not required, time_zone="UTC", time_unit="us", min=FIRST, max_exclusive=LAST, description=description
    )


def until(description: str, *, required: bool = False) -> dy.Datetime:
    """A moment by or until which something holds: where a source names only a day, all of that day is meant."""
    return dy.Datetime(
        nullable=not required,
        time_zone="UTC",
        time_unit="us",
        min=FIRST,
        max_exclusive=LAST,
        description=f"{description}; a day without a time means the end of that local day",
        metadata={_IS_END: True},
    )


def is_end(column: dy.Column) -> bool:
    """Whether a column says until when, so that a day means its end."""
    return bool((column.metadata or {}).get(_IS_END))


def day(description: str, *, required: bool = False) -> dy.Date:
    """A calendar date without a zone, between 1970 and 2200."""
    return dy.Date(nullable=not required, min=date(1970, 1, 1), max=date(2199, 12, 31), description=description)


def clock_time(description: str, *, midnight_closes: bool = False, required: bool = True) -> dy.String:
    """A local time `HH:MM`; `24:00` where a day may end with it."""
    pattern = _CLOCK_OR_MIDNIGHT if midnight_closes else _CLOCK
    return dy.String(
        nullable=not required,
        description=f"{description} (local HH:MM{', 24:00 allowed' if midnight_closes else ''})",
        regex=pattern,
    )


def measure(
    description: str, *, low: float | None = None, high: float | None = None, required: bool = False
) -> dy.Float64:
    """A number with a unit, of no more than `MOST` either way; NaN and infinities are not measurements."""
    return dy.Float64(
        nullable=not required,
        min=low,
        max=high,
        allow_inf=False,
        allow_nan=False,
        check={"within_reason": _within_reason} if low is None or high is None else None,
        description=description,
    )


def _within_reason(column: pl.Expr) -> pl.Expr:
    # NaN and infinities break rules of their own, and shall be told once.
    return ~column.is_finite() | (column.abs() <= MOST)


def count(description: str, *, low: int = 0, high: int | None = None, required: bool = False) -> dy.Int64:
    """A whole number."""
    return dy.Int64(nullable=not required, min=low, max=high, description=description)


def flag(description: str) -> dy.Bool:
    """True, false or unknown."""
    return dy.Bool(nullable=True, description=description)


def texts(description: str) -> dy.List:
    """A list of short texts."""
    return dy.List(dy.String(nullable=False, max_length=1_000), nullable=True, description=description)


def known_at() -> dy.Datetime:
    """The second clock of every row."""
    return instant("when OpsGuard knew this state of the row (UTC)", required=True)


def not_before(later: str, earlier: str) -> pl.Expr:
    """True where both are known and `later` is not before `earlier`, or one is unknown."""
    return (pl.col(later) >= pl.col(earlier)).fill_null(value=True)


def after(later: str, earlier: str) -> pl.Expr:
    """True where `later` lies after `earlier`, or one is unknown."""
    return (pl.col(later) > pl.col(earlier)).fill_null(value=True)
