"""Pictures of the prediction log with labels, one line per version, as PNG bytes.

Here: drawing. Not here: the figures (`evaluation.prediction_log`), and pictures of one model on one set of moments
(`pictures`).
"""

from collections.abc import Iterator, Sequence

import polars as pl

from ml.evaluation.pictures import axes_of, png_of

_GREY = "#8a8a8a"
_VERSION = ["model_name", "model_version"]
_SHARES = (0.0, 1.02)
_MOST = 6


def calibration_by_version(bins: pl.DataFrame, title: str) -> bytes:
    """What was said against what came; `bins` as of `prediction_log.calibration`. The versions with most entities."""
    figure, axes = axes_of(title, "said: mean recorded probability", "seen: share of events")
    axes.plot([0, 1], [0, 1], color=_GREY, linestyle="--", label="calibrated")
    most = bins.group_by(_VERSION).agg(pl.col("entities").sum()).sort("entities", descending=True).head(_MOST)
    for name, part in _versions(bins.join(most, on=_VERSION, how="semi")):
        count = float(part["entities"].sum())
        axes.plot(part["said"].to_list(), part["seen"].to_list(), "o-", label=f"{name} ({count:,.0f})")
    axes.legend(frameon=False, fontsize=8)
    return png_of(figure)


def over_weeks(weeks: pl.DataFrame, names: Sequence[str], title: str) -> bytes:
    """Some shares by week, a colour per version and a style per figure; `weeks` as of `prediction_log.weekly`."""
    figure, axes = axes_of(title, "", "share", shares=False)
    for number, (version, part) in enumerate(_versions(weeks.sort("week"))):
        for name, style in zip(names, ("o-", "s--", "^:"), strict=False):
            rows = part.drop_nulls(name)
            values = (rows["week"].to_list(), rows[name].to_list())
            axes.plot(*values, style, color=f"C{number % 10}", label=f"{name} of {version}")
    axes.set_ylim(*_SHARES)
    axes.tick_params(axis="x", rotation=45)
    if len(weeks):
        axes.legend(frameon=False, fontsize=8)
    return png_of(figure)


def _versions(rows: pl.DataFrame) -> Iterator[tuple[str, pl.DataFrame]]:
    for key, part in sorted(rows.partition_by(_VERSION, as_dict=True).items()):
        yield " ".join(map(str, key)), part
