"""Numbers as a person would say them, for millions of rows at once.

Here: durations, counts, shares. Not here: which facts make a reason.
"""

from functools import lru_cache

import polars as pl

_HOUR, _DAY = 60, 1_440
_MOST = 100 * _DAY


def counted(number: pl.Expr, one: str, many: str | None = None) -> pl.Expr:
    """A whole number with its noun: "1 day", "3 days"; null where the number is."""
    whole = number.round(0).cast(pl.Int64)
    return pl.when(whole == 1).then(pl.lit(f"1 {one}")).otherwise(pl.format(f"{{}} {many or one + 's'}", whole))


def times(number: pl.Expr) -> pl.Expr:
    """How often: "once", "twice", "3 times"; null where the number is."""
    whole = number.round(0).cast(pl.Int64)
    said = pl.when(whole == 1).then(pl.lit("once")).when(whole == 2).then(pl.lit("twice"))  # noqa: PLR2004 - two
    return said.otherwise(pl.format("{} times", whole))


def rounded(number: pl.Expr, digits: int) -> pl.Expr:
    """A number to some digits; nobody reads "-0.0"."""
    near = number.round(digits)
    return pl.when(near == 0).then(0.0).otherwise(near)


def percent(share: pl.Expr, digits: int = 0) -> pl.Expr:
    """A share of 0..1 as "12 %"."""
    number = (share * 100).round(digits)
    return pl.format("{} %", number if digits else number.cast(pl.Int64))


def reached(share: pl.Expr) -> pl.Expr:
    """A probability as "69 %", rounded down: nobody shall read a threshold that was not reached."""
    return pl.format("{} %", (share * 100 + 1e-9).floor().cast(pl.Int64))


def likely(share: pl.Expr, happens: str, may: str) -> pl.Expr:
    """What is said of a probability: `happens` from one half on, `may` below."""
    return pl.when(share >= 0.5).then(pl.lit(happens)).otherwise(pl.lit(may))  # noqa: PLR2004 - one half


def durations(minutes: pl.Series, suffix: str = "") -> pl.Series:
    """Minutes in words, rounded down: "45 min", "2 h 10 min", "3 d 4 h", from 100 days on "more than 100 d".

    Args:
        minutes: Durations of at least 0 minutes. Null stays null.
        suffix: Text to put behind each, for free.
    """
    # A look-up table is ten times faster than formatting each row, and has few distinct entries.
    return _words(suffix).gather(minutes.clip(0, _MOST).cast(pl.UInt32)).rename("duration")


@lru_cache(maxsize=16)
def _words(suffix: str) -> pl.Series:
    """The words of every minute up to 100 days."""
    minute = pl.col("minute")
    days, hours, rest = minute // _DAY, minute % _DAY // _HOUR, minute % _HOUR
    return pl.select(minute=pl.int_range(_MOST + 1)).select(
        words=pl.when(minute >= _MOST)
        .then(pl.format("more than {} d", days))
        .when(minute >= _DAY)
        .then(pl.format("{} d {} h", days, hours))
        .when(minute >= _HOUR)
        .then(pl.format("{} h {} min", hours, rest))
        .otherwise(pl.format("{} min", rest))
        + suffix
    )["words"]
