"""Intervals of shares: the one home of their formula, for frames, arrays and single numbers.

Not here: what is counted, and intervals of differences (`evaluation.prevention`).
"""

from collections.abc import Mapping
from statistics import NormalDist
from typing import Any

import polars as pl

CONFIDENCE = 0.95


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
