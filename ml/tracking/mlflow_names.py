"""Names and values as MLflow accepts them. Not here: what is logged (`tracking`).

A segment's value comes from data and may hold any character; MLflow refuses most. What is replaced gets a short hash,
so that two clients never share a metric.
"""

import re
import zlib
from collections.abc import Mapping
from typing import Any

import polars as pl

_REFUSED = re.compile(r"[^\w\-. :]", re.ASCII)
_LONGEST_NAME, _LONGEST_VALUE = 60, 500
_RENAMED = {"pr_auc": "precision_recall_auc", "brier": "brier_score_loss"}


def safe_name(text: str) -> str:
    """A text as part of a metric's name."""
    plain = _REFUSED.sub("_", text).strip(" .")[:_LONGEST_NAME]
    return plain if plain == text else f"{plain}-{zlib.crc32(text.encode()):08x}"


def metrics_of(segments: pl.DataFrame) -> dict[str, float]:
    """Figures of segments as metrics: `priority/high/precision_recall_auc`."""
    values: dict[str, float] = {}
    for row in segments.iter_rows(named=True):
        place = f"{safe_name(row['segment'])}/{safe_name(row['value'])}"
        values |= {
            f"{place}/{_RENAMED.get(name, name)}": float(value)
            for name, value in row.items()
            if name not in {"segment", "value"} and value is not None
        }
    return values


def parameters_of(values: Mapping[str, Any]) -> dict[str, str]:
    """Parameters as MLflow keeps them: texts of limited length."""
    return {name: str(value)[:_LONGEST_VALUE] for name, value in values.items()}
