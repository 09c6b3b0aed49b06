"""Pictures of a tick for the asset's page.

Here: figures as PNG bytes. Not here: the numbers behind them (`risk`). matplotlib is imported only when one is drawn,
and used without its global state, so that runs in one process do not draw into each other's figures.
"""

import io

import polars as pl

from opsguard_assets.tickets.risk import ALERT_FROM, ESCALATE_FROM
from opsguard_assets.tickets.tick import BREACHED

_BINS = 20
_BLUE, _AMBER, _RED = "#4c78a8", "#d98e04", "#c0392b"


def risk_distribution(risk: pl.DataFrame) -> bytes:
    """How the risks of one tick are distributed, as a PNG.

    Args:
        risk: Rows of `sla_risk`.

    Returns:
        A histogram of `risk` in steps of 5 %, with the thresholds of alert and escalation; what has no probability
        (breached, without a deadline) is counted in the title.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg  # noqa: PLC0415 - costs 0.5 s, few runs draw
    from matplotlib.figure import Figure  # noqa: PLC0415

    scored = risk["risk"].drop_nulls()
    # The bin of a risk is the one that starts at it, so that 0.70 stands to the right of its threshold.
    bins = (scored * _BINS + 1e-9).floor().clip(0, _BINS - 1).cast(pl.Int64).alias("bin")
    counts = dict(bins.to_frame().group_by("bin").len().iter_rows())
    starts = [bin_ / _BINS for bin_ in range(_BINS)]
    figure = Figure(figsize=(8, 4), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    colours = [_RED if s >= ESCALATE_FROM else _AMBER if s >= ALERT_FROM else _BLUE for s in starts]
    axes.bar(starts, [counts.get(n, 0) for n in range(_BINS)], width=0.9 / _BINS, align="edge", color=colours)
    for threshold, colour, label in ((ALERT_FROM, _AMBER, "alert"), (ESCALATE_FROM, _RED, "escalate")):
        share = int((scored >= threshold).sum())
        axes.axvline(threshold, color=colour, linestyle="--", label=f"{label} from {threshold:.2f}: {share:,} tickets")
    breached = int((risk["state"] == BREACHED).sum())
    axes.set_title(
        f"SLA risk of {len(risk):,} open tickets: {breached:,} breached already, "
        f"{len(risk) - len(scored) - breached:,} without a deadline"
    )
    axes.set_xlim(0, 1)
    axes.set_xticks([tick / 10 for tick in range(11)])
    axes.set_xlabel("probability of missing the resolution deadline")
    axes.set_ylabel("open tickets")
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(loc="upper left", frameon=False)
    picture = io.BytesIO()
    figure.savefig(picture, format="png", dpi=120)
    return picture.getvalue()
