"""Intervals of shares: the one home of their formula, for frames, arrays and single numbers.

Not here: what is counted, and intervals of differences (`evaluation.prevention`).
"""

from collections.abc import Mapping
from statistics import NormalDist
from typing import Any

import polars as pl

CONFIDENCE = 0.95
_FEW_CLUSTERS, _ROUNDING = 30, 1e-12


def z_of(confidence: float) -> float:
    """The quantile of the normal distribution that a two-sided interval of this confidence reaches to."""
    return NormalDist().inv_cdf((1 + confidence) / 2)


def wilson_ends(share: Any, number: Any, confidence: float = CONFIDENCE) -> tuple[Any, Any]:
    """The ends of the score interval of a share (Wilson, 1927): of numbers, arrays or expressions.

    Args:
        share: The share, 0..1.
        number: Of how many it is; at least one.
        confidence: Of the interval, 0..1.
    """
    z = z_of(confidence)
    middle = (share + z**2 / (2 * number)) / (1 + z**2 / number)
    reach = z / (1 + z**2 / number) * (share * (1 - share) / number + z**2 / (4 * number**2)) ** 0.5
    return middle - reach, middle + reach


def effective_number(clusters: str, number: str) -> pl.Expr:
    """Of how many independent ones a pooled share is worth, where its parts come in clusters that hang together.

    The share is a ratio of sums over clusters, with the variance of a ratio estimator (Cochran, Sampling Techniques
    1977, 6.3); the number is the one of which a simple share had that variance. Few clusters say too little of how they
    differ, since those that differ most are rare: below 30 the number is theirs, which is right were each all or
    nothing, and else too careful. `wilson_ends` of the result stays within 0 and 1.

    Args:
        clusters: The column with the number of clusters; beside it there are the sums over clusters of part `y` and
            whole `x`, and of their products `yy`, `xy` and `xx`.
        number: The column with the number of rows: the result is no greater.

    Returns:
        As many as clusters where they do not differ.
    """
    share, many = pl.col("y") / pl.col("x"), pl.col(clusters).cast(pl.Float64)
    spread = (pl.col("yy") - 2 * share * pl.col("xy") + share**2 * pl.col("xx")).clip(0)
    variance = spread * many / (many - 1) / pl.col("x") ** 2
    differ = (spread > _ROUNDING * pl.col("xx")) & share.is_between(0, 1, closed="none")
    found = pl.min_horizontal(share * (1 - share) / variance, pl.col(number).cast(pl.Float64))
    return pl.when(differ & (many >= _FEW_CLUSTERS)).then(found).otherwise(many)


def wilson(part: pl.Expr, whole: pl.Expr, confidence: float = CONFIDENCE) -> Mapping[str, pl.Expr]:
    """A share with the ends of its score interval: `share`, `low`, `high`.

    Args:
        part: How many.
        whole: Of how many. Of none the share is null, the interval 0 to 1.
        confidence: Of the interval, 0..1.
    """
    number = whole.cast(pl.Float64)
    share = part / number
    low, high = wilson_ends(share, number, confidence)
    is_known = number > 0
    return {
        "share": pl.when(is_known).then(share),
        "low": pl.when(is_known).then(low.clip(0, 1)).otherwise(0.0),
        "high": pl.when(is_known).then(high.clip(0, 1)).otherwise(1.0),
    }
