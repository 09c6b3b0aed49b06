"""Rates of few outcomes, drawn towards what is usual: as if some outcomes more had been seen, at the usual rate.

Here: the rate, and back from it to the number. Not here: which rates are features, how heavy the usual is.
The posterior mean of a Beta prior of a fixed weight (Gelman et al., Bayesian Data Analysis, section 2.4).
"""

import polars as pl


def drawn(happened: pl.Expr, number: pl.Expr, *, prior: float, towards: pl.Expr) -> pl.Expr:
    """The rate of what happened among `number`, drawn towards another rate as if by `prior` more at it.

    Where nothing is known (null), it is the other rate.
    """
    return (happened.fill_null(0) + prior * towards) / (number.fill_null(0) + prior)


def drawn_from(rate: pl.Expr, number: pl.Expr, *, prior: float, towards: pl.Expr | float) -> pl.Expr:
    """How many of `number` there were before their rate was drawn towards another one, as if by `prior` more at it."""
    usual = towards if isinstance(towards, pl.Expr) else pl.lit(towards)
    return (rate * (number + prior) - usual * prior).round(0).cast(pl.Int64)
