"""Drift of features since training: the population stability index.

Here: two samples of features in, an index per feature out. Not here: which samples, and what follows.

PSI sums (now - then) x ln(now / then) over bins of equal counts of the reference; unknown values have a bin of their
own. The usual reading: below 0.1 no shift; from 0.25 a shift beyond which the model cannot be trusted.
"""

from collections.abc import Sequence

import numpy as np
import polars as pl

SHIFTED = 0.25
_BINS, _LEAST = 10, 1e-4


def stability(reference: pl.DataFrame, current: pl.DataFrame, features: Sequence[str]) -> pl.DataFrame:
    """The drift of each feature.

    Args:
        reference: Rows that the model was trained on.
        current: Current rows.
        features: The columns to compare.

    Returns:
        `feature`, `psi`, `median_then`, `median_now`, `unknown_then`, `unknown_now` (shares), the most shifted first;
        empty when one of the samples is.
    """
    names = ("feature", "psi", "median_then", "median_now", "unknown_then", "unknown_now")
    schema = {"feature": pl.String, **dict.fromkeys(names[1:], pl.Float64)}
    if reference.is_empty() or current.is_empty():
        return pl.DataFrame(schema=schema)
    rows = [(name, *_compared(reference[name], current[name])) for name in features]
    return pl.DataFrame(rows, schema=schema, orient="row").sort("psi", "feature", descending=[True, False])


def _compared(then: pl.Series, now: pl.Series) -> tuple[float | None, ...]:
    known = [series.cast(pl.Float64).fill_nan(None).drop_nulls() for series in (then, now)]
    cuts = np.linspace(0, 1, _BINS + 1)[1:-1]
    # Quantiles of a feature with few values coincide; it gets fewer bins.
    edges = np.unique(np.quantile(known[0].to_numpy(), cuts)) if len(known[0]) else np.empty(0)
    shares = [
        np.append(np.bincount(np.searchsorted(edges, part.to_numpy(), side="left"), minlength=len(edges) + 1), gap)
        for part, gap in zip(known, (len(then) - len(known[0]), len(now) - len(known[1])), strict=True)
    ]
    # One empty bin would make the index infinite.
    before, after = (np.maximum(counts / counts.sum(), _LEAST) for counts in shares)
    psi = float(np.sum((after - before) * np.log(after / before)))
    medians = [None if part.is_empty() else float(np.median(part.to_numpy())) for part in known]
    gaps = [1 - len(part) / len(whole) for part, whole in zip(known, (then, now), strict=True)]
    return (psi, *medians, *gaps)
