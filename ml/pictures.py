"""Pictures of how good probabilities are, as PNG bytes. Not here: the figures (`evaluation`)."""

import io
from typing import Any

import numpy as np
import polars as pl

from ml.evaluation import reliability

_BLUE, _GREY = "#4c78a8", "#8a8a8a"


def precision_recall(scored: pl.DataFrame, title: str) -> bytes:
    """Precision over recall, with the base rate; `scored` has `risk` and `is_late`."""
    from sklearn.metrics import precision_recall_curve  # noqa: PLC0415 - two seconds, and only training draws

    rows = scored.drop_nulls(["risk", "is_late"])
    precision, recall, _ = precision_recall_curve(rows["is_late"].cast(pl.Int64).to_numpy(), rows["risk"].to_numpy())
    figure, axes = _axes(
        title, "recall: share of the missed deadlines", "precision: share of the flagged that are missed"
    )
    base = float(rows["is_late"].cast(pl.Int64).sum()) / max(len(rows), 1)
    axes.step(recall, precision, where="post", color=_BLUE)
    axes.axhline(base, color=_GREY, linestyle="--", label=f"base rate {base:.1%}")
    axes.legend(frameon=False)
    return _png(figure)


def reliability_diagram(scored: pl.DataFrame, title: str) -> bytes:
    """What was said against what was seen, with 95 % intervals (Wilson) and counts."""
    bins = reliability(scored.drop_nulls(["risk", "is_late"]))
    said, seen, n = (bins[name].to_numpy() for name in ("said", "seen", "n"))
    low, high = _wilson(seen, n)
    figure, axes = _axes(title, "said: mean probability", "seen: share of missed deadlines")
    axes.plot([0, 1], [0, 1], color=_GREY, linestyle="--", label="calibrated")
    axes.errorbar(
        said, seen, yerr=[np.maximum(seen - low, 0), np.maximum(high - seen, 0)], fmt="o-", color=_BLUE, capsize=3
    )
    for x, y, count in zip(said, seen, n, strict=True):
        axes.annotate(f"{count:,}", (x, y), textcoords="offset points", xytext=(6, -10), fontsize=7, color=_GREY)
    axes.legend(frameon=False)
    return _png(figure)


def _wilson(share: Any, n: Any) -> tuple[Any, Any]:
    """The Wilson score interval of a share, 95 %."""
    z = 1.96
    centre = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * np.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    return centre - half, centre + half


def _axes(title: str, x: str, y: str) -> tuple[Any, Any]:
    from matplotlib.backends.backend_agg import FigureCanvasAgg  # noqa: PLC0415 - half a second
    from matplotlib.figure import Figure  # noqa: PLC0415

    figure = Figure(figsize=(6, 5), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    axes.set_title(title)
    axes.set_xlabel(x)
    axes.set_ylabel(y)
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1.02)
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes


def _png(figure: Any) -> bytes:
    picture = io.BytesIO()
    figure.savefig(picture, format="png", dpi=110)
    return picture.getvalue()
