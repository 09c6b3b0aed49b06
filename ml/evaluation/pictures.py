"""Pictures of how good probabilities are, as PNG bytes. Not here: the figures (`evaluation.evaluate`)."""

import io
from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl

from ml.dataset.task import Task
from ml.evaluation.evaluate import reliability
from ml.evaluation.intervals import wilson_ends

_BLUE, _GREY, _INK = "#4c78a8", "#8a8a8a", "#333333"
_EQUAL = 1e-9


def precision_recall(scored: pl.DataFrame, title: str, *, events: str) -> bytes:
    """Precision over recall of events (their name in the plural), with the base rate.

    `scored` has `risk` and `is_event`, whether the event came.
    """
    from sklearn.metrics import precision_recall_curve  # noqa: PLC0415 - two seconds, and only training draws

    rows = scored.drop_nulls(["risk", "is_event"])
    precision, recall, _ = precision_recall_curve(rows["is_event"].cast(pl.Int64).to_numpy(), rows["risk"].to_numpy())
    figure, axes = axes_of(
        title, f"recall: share of the {events}", f"precision: share of the flagged that are {events}"
    )
    base = float(rows["is_event"].cast(pl.Int64).sum()) / max(len(rows), 1)
    axes.step(recall, precision, where="post", color=_BLUE)
    axes.axhline(base, color=_GREY, linestyle="--", label=f"base rate {base:.1%}")
    axes.legend(frameon=False, loc="upper right")
    return png_of(figure)


def reliability_diagram(scored: pl.DataFrame, title: str, *, events: str) -> bytes:
    """Predicted against observed rates of events (their name in the plural): 95 % intervals (Wilson), counts."""
    bins = reliability(scored.drop_nulls(["risk", "is_event"]))
    said, seen, n = (bins[name].to_numpy() for name in ("said", "seen", "n"))
    low, high = wilson_ends(seen, n)
    figure, axes = axes_of(title, "said: mean probability", f"seen: share of {events}")
    axes.plot([0, 1], [0, 1], color=_GREY, linestyle="--", label="calibrated")
    axes.fill_between(said, low, high, color=_BLUE, alpha=0.2, linewidth=0, label="95 % interval")
    axes.plot(said, seen, "o-", color=_BLUE)
    for x, y, count in zip(said, seen, n, strict=True):
        axes.annotate(f"{count:,}", (x, y), textcoords="offset points", xytext=(6, -10), fontsize=7, color=_GREY)
    axes.legend(frameon=False, loc="upper left")
    return png_of(figure)


def lead_times(scored: pl.DataFrame, title: str, *, task: Task) -> bytes:
    """How long before the event entities were flagged first; the title counts those never flagged."""
    key, threshold = task.key, task.alert_from
    rows = scored.drop_nulls(["risk", "is_event"]).filter("is_event").sort(key, "as_of")
    missed = rows[key].n_unique()
    flagged = rows.filter(pl.col("risk") >= threshold).unique(key, keep="first", maintain_order=True)
    hours = (flagged["lead_minutes"].drop_nulls() / 60).to_numpy()
    share = len(flagged) / max(missed, 1)
    figure, axes = axes_of(
        f"{title}: {share:.0%} of {missed:,} {task.events} flagged at {threshold:.0%}",
        f"hours before the {task.event}",
        "entities",
        shares=False,
    )
    if len(hours):
        axes.hist(hours, bins=30, color=_BLUE)
        axes.axvline(float(np.median(hours)), color=_INK, linestyle="--", label=f"median {np.median(hours):.1f} h")
        axes.legend(frameon=False, loc="upper right")
    return png_of(figure)


def cost_over_thresholds(
    curve: pl.DataFrame, title: str, *, chosen: float | None, acting_from: Sequence[float]
) -> bytes:
    """Net cost per entity of every threshold, with 95 % intervals; `curve` as of `ml.evaluation.money.cost_curve`."""
    figure, axes = axes_of(title, "threshold", "net cost per entity (negative saves)", shares=False)
    columns = {name: curve[name].to_numpy() for name in ("threshold", "net_cost", "low", "high")}
    axes.fill_between(columns["threshold"], columns["low"], columns["high"], color=_BLUE, alpha=0.2, linewidth=0)
    axes.plot(columns["threshold"], columns["net_cost"], color=_BLUE)
    axes.axhline(0, color=_GREY, linewidth=0.8)
    _marked(axes, chosen, acting_from)
    return png_of(figure)


def frontier(curve: pl.DataFrame, title: str, *, chosen: float | None, acting_from: Sequence[float]) -> bytes:
    """Net cost over the share of entities that are alerted: the value of one more alert."""
    figure, axes = axes_of(title, "share of entities alerted", "net cost per entity (negative saves)", shares=False)
    axes.plot(curve["alerts_share"].to_numpy(), curve["net_cost"].to_numpy(), ".-", color=_BLUE)
    for at in (*acting_from, *([chosen] if chosen is not None else [])):
        point = curve.filter((pl.col("threshold") - at).abs() < _EQUAL)
        if len(point):
            place = (point["alerts_share"][0], point["net_cost"][0])
            axes.plot(*place, "o", color=_INK)
            axes.annotate(f"{at:.0%}", place, textcoords="offset points", xytext=(6, 6), fontsize=8)
    return png_of(figure)


def feature_importance(importance: pl.DataFrame, title: str, *, most: int = 20) -> bytes:
    """The most important features; `importance` as of `ml.evaluation.importance.importance`."""
    top = importance.head(most).reverse()
    figure, axes = axes_of(title, "growth of the log loss when shuffled", "", shares=False)
    axes.barh(top["feature"].to_list(), top["importance"].to_list(), color=_BLUE)
    return png_of(figure)


def _marked(axes: Any, chosen: float | None, acting_from: Sequence[float]) -> None:
    for at in acting_from:
        axes.axvline(at, color=_GREY, linestyle=":", label=f"{at:.0%}")
    if chosen is not None:
        axes.axvline(chosen, color=_INK, linestyle="--", label=f"cheapest before: {chosen:.0%}")
    axes.legend(frameon=False, loc="upper right")


def axes_of(title: str, x: str, y: str, *, shares: bool = True) -> tuple[Any, Any]:
    """A figure with one pair of axes, from 0 to 1 where both are shares."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg  # noqa: PLC0415 - half a second
    from matplotlib.figure import Figure  # noqa: PLC0415

    # To make room for texts of any width draws a picture twice; the texts of shares are known.
    figure = Figure(figsize=(6, 5), layout=None if shares else "constrained")
    if shares:
        figure.subplots_adjust(left=0.12, right=0.97, bottom=0.11, top=0.92)
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    axes.set_title(title, fontsize=10)
    axes.set_xlabel(x)
    axes.set_ylabel(y)
    if shares:
        axes.set_xlim(0, 1)
        axes.set_ylim(0, 1.02)
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes


def png_of(figure: Any) -> bytes:
    """A figure as PNG."""
    picture = io.BytesIO()
    figure.savefig(picture, format="png", dpi=110)
    return picture.getvalue()
