"""Risks of devices beside their true probabilities: are they as great as the truth, and do they find where it is great?

Here: pure arithmetic on risks and truths of the same moments, and its part of the page. Not here: the world, its models
and the distance to the truth (`quality_fleet`).
"""

import numpy as np
import polars as pl

BINS, VISITED = 10, 0.05


def reliability(risk: pl.Series, truth: pl.Series) -> pl.DataFrame:
    """What was said and what was true, in bins of equal counts by what was said.

    Args:
        risk: What a model says, 0..1.
        truth: The true probabilities of the same moments.

    Returns:
        `bin`, `moments`, `said`, `true`: at most ten rows, the smallest risks first.
    """
    order = risk.rank("ordinal") - 1
    rows = pl.DataFrame({"bin": order * BINS // max(len(risk), 1), "risk": risk, "truth": truth})
    frame = rows.group_by("bin").agg(moments=pl.len(), said=pl.col("risk").mean(), true=pl.col("truth").mean())
    return frame.sort("bin")


def miscalibration(risk: pl.Series, truth: pl.Series) -> float:
    """The mean distance between what was said and what was true over the bins of `reliability`."""
    apart = (pl.col("said") - pl.col("true")).abs()
    return float(reliability(risk, truth).select((apart * pl.col("moments")).sum() / pl.col("moments").sum()).item())


def recall(risk: pl.Series, truth: pl.Series, share: float = VISITED) -> float:
    """The share of all failures to be expected that lies in the moments of greatest risk.

    Args:
        risk: What a model says.
        truth: The true probabilities of the same moments.
        share: How many moments are looked at, 0..1.
    """
    most = max(round(share * len(risk)), 1)
    chosen = np.argsort(-risk.to_numpy(), kind="stable")[:most]
    return float(truth.to_numpy()[chosen].sum() / truth.sum())


def truth_section(said: dict[str, pl.Series], truth: pl.Series, within: str) -> str:
    """The part of the page: calibration and recall of models by the truth, and those of the truth itself.

    Args:
        said: What each model says.
        truth: The true probabilities of the same moments.
        within: The horizon, in words.
    """
    lines = [
        f"| {name} | {miscalibration(risk, truth):.4f} | {recall(risk, truth):.3f} |"
        for name, risk in {**said, "the truth itself": truth}.items()
    ]
    return (
        f"\nAre risks within {within} as great as the truth, and do they find where it is great? Calibration: the mean "
        f"distance between risk and truth over ten bins. Recall: the share of all failures to be expected in the "
        f"{VISITED:.0%} of moments of greatest risk.\n\n| model | calibration | recall |\n|---|---|---|\n"
        + "\n".join(lines)
        + "\n"
    )
