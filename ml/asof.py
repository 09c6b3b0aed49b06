"""What was known last: as-of joins of moments with sorted streams.

Here: the join, running counts and trailing figures that all problems share. Not here: which streams a problem has.
"""

from collections.abc import Sequence

import polars as pl

INSTANT = pl.Datetime("us", "UTC")


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
    ordered = moments.select(*by, "as_of").with_row_index("_place").sort(*by, "as_of")
    found = ordered.join_asof(
        stream.sort(*by, "at"),
        left_on="as_of",
        right_on="at",
        by=list(by) or None,
        strategy="backward",
        allow_exact_matches=not strictly,
        check_sortedness=False,
    )
    unknown = pl.any_horizontal(pl.col(key).is_null() for key in by) if by else pl.lit(value=False)
    return found.sort("_place").select(pl.when(~unknown).then(pl.col(value)).alias(value) for value in values)


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
    ordered = outcomes.drop_nulls([*by, value]).sort(*by, "at", maintain_order=True)
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
    return rows.unique([*by, "at"], keep="last", maintain_order=True)
