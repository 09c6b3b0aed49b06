"""Intervals of shares and of differences, in which everything that playbooks achieve is stated.

Here: the formulas. Not here: what is counted (`figures`, `comparison`).
"""

from collections.abc import Mapping
from statistics import NormalDist

import polars as pl

CONFIDENCE = 0.95


def z_of(confidence: float) -> float:
    """The quantile of the normal distribution that a two-sided interval of this confidence reaches to."""
    return NormalDist().inv_cdf((1 + confidence) / 2)


def wilson(part: pl.Expr, whole: pl.Expr, confidence: float = CONFIDENCE) -> Mapping[str, pl.Expr]:
    """A share with the ends of its score interval (Wilson, 1927): `share`, `low`, `high`.

    Args:
        part: How many.
        whole: Of how many. Of none the share is null, the interval 0 to 1.
        confidence: Of the interval, 0..1.
    """
    z = z_of(confidence)
    number = whole.cast(pl.Float64)
    share = part / number
    middle = (share + z**2 / (2 * number)) / (1 + z**2 / number)
    reach = z / (1 + z**2 / number) * (share * (1 - share) / number + z**2 / (4 * number**2)).sqrt()
    is_known = number > 0
    return {
        "share": pl.when(is_known).then(share),
        "low": pl.when(is_known).then((middle - reach).clip(0, 1)).otherwise(0.0),
        "high": pl.when(is_known).then((middle + reach).clip(0, 1)).otherwise(1.0),
    }
