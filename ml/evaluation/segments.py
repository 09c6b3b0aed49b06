"""Figures per part of the entities: priority, client, site, whatever a problem names.

Here: which parts are large enough, and their figures. Not here: the figures themselves (`evaluation.evaluate`).
"""

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from ml.evaluation.evaluate import evaluate

_KINDS = ("precision", "recall")
LEAST_ROWS, LEAST_OF_EACH, MOST_VALUES = 50, 5, 10
_FIGURES = ("n", "base_rate", "pr_auc", "roc_auc", "brier", "brier_constant", "log_loss", "ece")


def by_segment(scored: pl.DataFrame, segments: Mapping[str, pl.Expr], acting_from: Sequence[float]) -> pl.DataFrame:
    """The figures of one model in every part that is large enough.

    Args:
        scored: As of `ml.evaluation.evaluate`, and what the segments read.
        segments: Name to expression.
        acting_from: The thresholds of precision and recall.

    Returns:
        `segment`, `value`, the figures of `evaluate`, and `precision_at_70`, `recall_at_70` and so on of these
        thresholds. Each segment has its ten largest values with at least 50 rows and 5 of each label.
    """
    rows = scored.drop_nulls(["risk", "is_event"])
    found = [
        {"segment": name, "value": value, **_figures(part, acting_from)}
        for name, expression in segments.items()
        for value, part in _parts(rows, expression)
    ]
    schema = {"segment": pl.String, "value": pl.String, "n": pl.Int64}
    rates = [*_FIGURES[1:], *(f"{kind}_at_{percent(at)}" for at in acting_from for kind in _KINDS)]
    return pl.DataFrame(found, schema={**schema, **dict.fromkeys(rates, pl.Float64)})


def _parts(rows: pl.DataFrame, expression: pl.Expr) -> list[tuple[str, pl.DataFrame]]:
    named = rows.with_columns(_value=expression.cast(pl.String))
    late = pl.col("is_event").cast(pl.Int64).sum()
    sizes = (
        named.drop_nulls("_value")
        .group_by("_value")
        .agg(n=pl.len(), late=late)
        .filter(pl.col("n") >= LEAST_ROWS, pl.col("late").is_between(LEAST_OF_EACH, pl.col("n") - LEAST_OF_EACH))
        .sort("n", "_value", descending=[True, False])
        .head(MOST_VALUES)
    )
    return [(value, named.filter(pl.col("_value") == value)) for value in sizes["_value"]]


def percent(threshold: float) -> str:
    """A threshold in percent, as in the names of figures: `70`, or `62.5`."""
    return f"{threshold * 100:g}"


def _figures(part: pl.DataFrame, acting_from: Sequence[float]) -> dict[str, Any]:
    result = evaluate(part, acting_from=acting_from)
    at = {row["threshold"]: row for row in result["thresholds"]}
    alerts = {f"{kind}_at_{percent(t)}": at[t][kind] for t in acting_from for kind in _KINDS}
    return {**{name: result[name] for name in _FIGURES}, **alerts}
