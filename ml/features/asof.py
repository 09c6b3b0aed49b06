"""What was known last: as-of joins of moments with sorted streams.

Here: the join, running counts and trailing figures that all problems share. Not here: which streams a problem has.
"""

from collections.abc import Sequence

import polars as pl


def minutes(duration: pl.Expr) -> pl.Expr:
    """A duration in minutes; the same number for a row alone and among others.

    A division by a constant is done as a product for many rows and as a division for one: the last digit differs.
    """
    return duration.dt.total_microseconds() * (1 / 60e6)


def latest(moments: pl.DataFrame, stream: pl.DataFrame, *, by: Sequence[str], strictly: bool = False) -> pl.DataFrame:
    """For each moment the last row of a stream that was known by then.

    Args:
        moments: `as_of` and the columns of `by`.
        stream: `at`, the columns of `by`, and values.
        by: Columns that must be equal; null equals nothing.
        strictly: Only rows known before the moment, not at it.

    Returns:
        The values of the stream, one row per moment in the given order; null where nothing was known.
    """
    values = [column for column in stream.columns if column not in {*by, "at"}]
    rows = in_order(stream, [*by, "at"])
    if moments["as_of"].n_unique() == 1:
        return _at_one_moment(moments, rows, by, strictly=strictly).select(values)
    asked = moments.select(*by, "as_of").with_row_index("_place")
    is_sorted = asked["as_of"].is_sorted()
    found = (asked if is_sorted else asked.sort("as_of")).join_asof(
        rows,
        left_on="as_of",
        right_on="at",
        by=list(by) or None,
        strategy="backward",
        allow_exact_matches=not strictly,
        check_sortedness=False,
    )
    unknown = pl.any_horizontal(pl.col(key).is_null() for key in by) if by else pl.lit(value=False)
    placed = found if is_sorted else found.sort("_place")
    return placed.select(pl.when(~unknown).then(pl.col(value)).alias(value) for value in values)


def _at_one_moment(moments: pl.DataFrame, stream: pl.DataFrame, by: Sequence[str], *, strictly: bool) -> pl.DataFrame:
    """The same where all moments are one, as those of a tick: the last row of every key, looked up."""
    as_of = moments["as_of"][0]
    known = stream.filter(pl.col("at") < as_of if strictly else pl.col("at") <= as_of).drop("at")
    if not by:
        one = pl.lit(1, pl.Int8).alias("_one")
        return moments.select("as_of").with_columns(one).join(known.tail(1).with_columns(one), on="_one", how="left")
    last = known.filter(pl.any_horizontal(pl.col(key).ne_missing(pl.col(key).shift(-1)) for key in by))
    return moments.select(by).join(last, on=list(by), how="left", maintain_order="left")


def in_order(rows: pl.DataFrame, by: Sequence[str]) -> pl.DataFrame:
    """Rows sorted by columns, in the given order where these are equal; checking sorted rows is cheap."""
    is_sorted = pl.lit(value=True)
    for column in reversed(by):
        this, following = pl.col(column), pl.col(column).shift(-1)
        is_sorted = (this < following) | ((this == following) & is_sorted)
    pairs = rows.select(is_sorted.alias("sorted")).to_series().head(max(len(rows) - 1, 0))
    return rows if pairs.fill_null(value=False).all() else rows.sort(by, maintain_order=True)


def running_count(changes: pl.DataFrame, *, by: Sequence[str]) -> pl.DataFrame:
    """How many there are after each instant.

    Args:
        changes: `at`, the columns of `by`, `change` (+1, -1).
        by: Columns that tell one count from another.

    Returns:
        (`at`, by, `count`), one row per instant at which something changed.
    """
    per_instant = changes.group_by(*by, "at").agg(pl.col("change").sum()).sort(*by, "at")
    total = pl.col("change").cum_sum()
    return per_instant.select(*by, "at", count=total.over(list(by)) if by else total)


def windowed(rows: pl.DataFrame, *, by: Sequence[str]) -> pl.DataFrame:
    """The sum and number of the values that count at each instant, where every value counts for a span of time.

    Sums are of whole numbers, so what came before a window leaves nothing behind, not even in the last digit.

    Args:
        rows: The columns of `by`, `at` (from when the value counts), `ends_at` (until when), `value` (Int64). Rows that
            end before they begin never count, and neither do those without a value.
        by: Columns that tell one sum from another.

    Returns:
        (`at`, by, `total`, `number`), one row per instant at which something changed.
    """
    counted = rows.filter(pl.col("at") < pl.col("ends_at")).drop_nulls("value")
    ups = counted.select(*by, "at", total="value", number=pl.lit(1, pl.Int64))
    downs = counted.select(*by, at="ends_at", total=-pl.col("value"), number=pl.lit(-1, pl.Int64))
    sums = pl.concat([ups, downs]).group_by(*by, "at").agg(pl.col("total", "number").sum()).sort(*by, "at")
    running = pl.col("total", "number").cum_sum()
    return sums.select(*by, "at", running.over(list(by)) if by else running)


def trailing(
    outcomes: pl.DataFrame, value: str, *, by: Sequence[str], last: int, quantile: float | None = None
) -> pl.DataFrame:
    """A figure of the last outcomes that were known, at each of them.

    Args:
        outcomes: `at`, the columns of `by` and `value`.
        value: The column of numbers.
        by: Columns that tell one history from another.
        last: How many outcomes count.
        quantile: The quantile to take; the sum and number of values where absent.

    Returns:
        (`at`, by, `figure`), or (`at`, by, `total`, `number`); of equal instants the last row holds all of them. Which
        of equal instants are the last ones is decided by the order of `outcomes`.
    """
    ordered = outcomes.select(*by, "at", value).drop_nulls().sort(*by, "at", maintain_order=True)
    group = list(by)

    def over(figure: pl.Expr) -> pl.Expr:
        return figure.over(group) if group else figure

    column = pl.col(value).cast(pl.Float64)
    if quantile is not None:
        figure = over(column.rolling_quantile(quantile, window_size=last, min_samples=1, interpolation="linear"))
        rows = ordered.select(*by, "at", figure=figure)
    else:
        number = over(pl.int_range(1, pl.len() + 1).clip(upper_bound=last))
        total = over(column.rolling_sum(last, min_samples=1))
        rows = ordered.select(*by, "at", total=total, number=number)
    is_last = pl.any_horizontal(pl.col(c).ne_missing(pl.col(c).shift(-1)) for c in (*by, "at"))
    return rows.filter(is_last)
