"""How much of every hour a device was online, wherever in the hour its reports lie.

Here: hours with the ends of what was heard in them in, one share per hour out. Not here: what it weighs
(`health.score`).

A report vouches for the interval around it. Reports on the edge of an hour fall now on one side of it and now on the
other, so what an hour counts says little by itself: six intervals of ten minutes, or five, or seven. What is missing
is therefore looked for where it lies. Between the first and the last report of an hour it is the share of intervals
that were filled. Between hours it is what the last report before and the first one after do not vouch for, once they
lie more than one and a half intervals apart: then one was missed.
"""

import polars as pl

_MISSED_INTERVALS = 1.5
_MINUTE_US = 60e6
_HOUR = 60.0


def online_share(as_of: pl.Expr) -> pl.Expr:
    """The share of an hour in which the device was online, of the minutes expected.

    Rows are those hours of devices that have reports, in order of `_place` (of the device) and `hour_at`, with
    `first_at`, `last_at`, `online_minutes`, `expected_minutes` and `_every` (minutes between reports).

    Args:
        as_of: The moment.

    Returns:
        0 to 1; null without an interval.
    """
    first, last = _minutes(pl.col("first_at")), _minutes(pl.col("last_at"))
    slots = ((last - first) / pl.col("_every") + 0.5).floor() + 1
    filled = (pl.col("online_minutes") / (slots * pl.col("_every"))).clip(0, 1)
    expected = pl.col("expected_minutes")
    begins = _HOUR - expected
    # Nobody knows what was before the first hour and what comes after the moment: a report right there, at best.
    before = _missed(_neighbour(1, "last_at").fill_null(begins), first)
    after = _missed(last, _neighbour(-1, "first_at").fill_null(_minutes(as_of)))
    missed = (_within(before, begins) + _within(after, begins)) / expected
    return filled * (1 - missed.fill_nan(0.0)).clip(0, 1)


def _minutes(at: pl.Expr) -> pl.Expr:
    """Minutes since the hour began."""
    return (at - pl.col("hour_at")).dt.total_microseconds() / _MINUTE_US


def _neighbour(rows: int, name: str) -> pl.Expr:
    """A time in the previous or next hour of the same device, in minutes relative to this hour."""
    return pl.when(pl.col("_place") == pl.col("_place").shift(rows)).then(_minutes(pl.col(name).shift(rows)))


def _missed(last: pl.Expr, following: pl.Expr) -> tuple[pl.Expr, pl.Expr]:
    """The gap between two reports that neither vouches for; none if no report was missed."""
    half = pl.col("_every") / 2
    is_missed = following - last > _MISSED_INTERVALS * pl.col("_every")
    return pl.when(is_missed).then(last + half).otherwise(0.0), pl.when(is_missed).then(following - half).otherwise(0.0)


def _within(span: tuple[pl.Expr, pl.Expr], begins: pl.Expr) -> pl.Expr:
    """The minutes of a span that lie in the expected part of the hour."""
    begin, end = span
    return (end.clip(upper_bound=_HOUR) - pl.max_horizontal(begin, begins)).clip(lower_bound=0)
