"""How good probabilities are: ranking, accuracy, calibration, alerts, in the names that MLflow uses.

Here: labels and probabilities in, figures out. Not here: which rows to judge by.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import polars as pl

# Figures of all problems are told at these, so that they can be compared.
THRESHOLDS = (0.60, 0.70, 0.80, 0.85)
BUDGETS = (0.01, 0.05, 0.10)
_BINS = 10


def evaluate(
    scored: pl.DataFrame,
    *,
    key: str | None = None,
    visits_per_day: int | None = None,
    acting_from: Sequence[float] = (),
) -> dict[str, Any]:
    """The figures of one model on one set of moments.

    Args:
        scored: `risk` (0..1), `is_event` (what then happened), `lead_minutes` (from the moment to the missed deadline;
            null where it was kept); with `key` also `as_of`.
        key: The column that names entities; alerts per day are counted in them.
        visits_per_day: How many entities people can inspect per day; needs `key` and `as_of`.
        acting_from: Further thresholds: those of the problem, at which something is done.

    Returns:
        `n`, `base_rate`, `roc_auc`, `pr_auc` (average precision), `brier`, `brier_constant` (of the base rate),
        `log_loss`, `ece` (expected calibration error, ten bins of equal counts), `thresholds` and `budgets` (lists of
        precision, recall, flagged share, median lead time in minutes, and with `key` alerts per day: entities flagged
        at any of their moments, per day from the first to the last moment), `precision_at_half` (of the fewest
        greatest risks that hold half of the events), and with `visits_per_day` `precision_at_visits` and
        `recall_at_visits` (the entities of greatest risk of every day, each at its riskiest moment of it). Rows without
        a probability are left out; figures that need both labels are null where there is one.
    """
    rows = scored.drop_nulls(["risk", "is_event"])
    labels, risks = rows["is_event"].cast(pl.Int64).to_numpy(), rows["risk"].to_numpy()
    base = float(labels.mean()) if len(labels) else None
    thresholds = sorted({*THRESHOLDS, *acting_from})
    return {
        "n": len(rows),
        "base_rate": base,
        **_ranking(labels, risks),
        "brier": float(np.mean((risks - labels) ** 2)) if len(labels) else None,
        "brier_constant": base * (1 - base) if base is not None else None,
        "ece": calibration_error(rows),
        "precision_at_half": _at_half(labels, risks),
        **_visits(rows, visits_per_day, key),
        "thresholds": [{"threshold": t, **_alerts(rows, rows["risk"] >= t, key)} for t in thresholds],
        "budgets": [{"budget": b, **_alerts(rows, _top(rows, b), key)} for b in BUDGETS],
    }


def reliability(rows: pl.DataFrame) -> pl.DataFrame:
    """Predicted and observed rates in ten bins of about equal counts; ties share a bin: (`said`, `seen`, `n`)."""
    if rows.is_empty():
        return pl.DataFrame(schema={"said": pl.Float64, "seen": pl.Float64, "n": pl.Int64})
    place = (pl.col("risk").rank("average") - 0.5) / pl.len()
    bins = rows.with_columns(_bin=(place * _BINS).floor())
    return (
        bins.group_by("_bin")
        .agg(said=pl.col("risk").mean(), seen=pl.col("is_event").mean(), n=pl.len().cast(pl.Int64))
        .sort("_bin")
        .drop("_bin")
    )


def calibration_error(rows: pl.DataFrame) -> float | None:
    """The mean distance of predicted and observed rates, weighted by counts; null without rows."""
    bins = reliability(rows)
    if bins.is_empty():
        return None
    distance = (pl.col("said") - pl.col("seen")).abs()
    return float(bins.select((distance * pl.col("n")).sum() / pl.col("n").sum()).item())


def calibration_interval(rows: pl.DataFrame, *, draws: int = 200, seed: int = 7) -> dict[str, float | None]:
    """How precisely the calibration error can be measured with the given rows.

    Returns:
        `ece_low` and `ece_high`, the 5 % and 95 % quantiles of a bootstrap over rows, and `ece_floor`, the mean error
        of a perfect model, whose outcomes are drawn from the predicted probabilities. An error near the floor is no
        evidence of miscalibration.
    """
    judged = (
        rows.drop_nulls(["risk", "is_event"]).select("risk", is_event=pl.col("is_event").cast(pl.Float64)).sort("risk")
    )
    if judged.is_empty():
        return {"ece_low": None, "ece_high": None, "ece_floor": None}
    luck = np.random.default_rng(seed)
    risks, labels = judged["risk"].to_numpy(), judged["is_event"].to_numpy()
    drawn = [np.sort(luck.integers(len(risks), size=len(risks))) for _ in range(draws)]
    again = [_equal_bins(risks[places], labels[places]) for places in drawn]
    ideal = [_equal_bins(risks, (luck.random(len(risks)) < risks).astype(float)) for _ in range(draws)]
    low, high = np.quantile(again, [0.05, 0.95])
    return {"ece_low": float(low), "ece_high": float(high), "ece_floor": float(np.mean(ideal))}


def _equal_bins(risks: Any, labels: Any) -> float:
    """The calibration error of sorted risks, in bins of equal counts."""
    parts = np.array_split(np.arange(len(risks)), min(_BINS, len(risks)))
    return float(sum(abs(risks[p].mean() - labels[p].mean()) * len(p) for p in parts) / len(risks))


def comparison(results: Mapping[str, Mapping[str, Any]], columns: Sequence[str]) -> pl.DataFrame:
    """Models beside each other, the best average precision first."""
    rows = [{"model": name, **{c: figures[c] for c in columns}} for name, figures in results.items()]
    return pl.DataFrame(rows).sort("pr_auc", descending=True, nulls_last=True)


def _ranking(labels: Any, risks: Any) -> dict[str, float | None]:
    from sklearn.metrics import average_precision_score, log_loss, roc_auc_score  # noqa: PLC0415 - two seconds

    if len(set(labels.tolist())) < 2:  # noqa: PLR2004 - both labels
        return {"roc_auc": None, "pr_auc": None, "log_loss": None}
    return {
        "roc_auc": float(roc_auc_score(labels, risks)),
        "pr_auc": float(average_precision_score(labels, risks)),
        # One sure probability that was wrong would make it infinite.
        "log_loss": float(log_loss(labels, np.clip(risks, 1e-6, 1 - 1e-6))),
    }


def _at_half(labels: Any, risks: Any) -> float | None:
    """The precision at which half of the events are caught; ties are taken together."""
    if not labels.sum():
        return None
    order = np.argsort(-risks, kind="stable")
    caught = np.cumsum(labels[order])
    reached = risks[order][int(np.argmax(2 * caught >= caught[-1]))]
    flagged = risks >= reached
    return float(labels[flagged].sum() / flagged.sum())


def _visits(rows: pl.DataFrame, per_day: int | None, key: str | None) -> dict[str, float | None]:
    """Precision and recall of daily visits to the riskiest entities; each counts once a day, at its highest risk."""
    if per_day is None or key is None:
        return {}
    day = pl.col("as_of").dt.date()
    ranked = rows.sort("risk", descending=True, maintain_order=True).with_columns(_day=day)
    riskiest = ranked.unique([key, "_day"], keep="first", maintain_order=True)
    rank = pl.int_range(pl.len()).over("_day")
    result = _alerts(riskiest, riskiest.select(rank < per_day).to_series(), None)
    return {"precision_at_visits": result["precision"], "recall_at_visits": result["recall"]}


def _top(rows: pl.DataFrame, budget: float) -> pl.Series:
    """The share of rows with the highest risk; ties are taken in the given order."""
    rank = rows["risk"].rank("ordinal", descending=True)
    return rank <= max(1, round(budget * len(rows)))


def _alerts(rows: pl.DataFrame, flagged: pl.Series, key: str | None) -> dict[str, float | None]:
    chosen = rows.filter(flagged)
    hits = chosen.filter("is_event")
    late = int(rows["is_event"].sum())
    lead = hits["lead_minutes"].median()
    return {
        "precision": len(hits) / len(chosen) if len(chosen) else None,
        "recall": len(hits) / late if late else None,
        "flagged_share": len(chosen) / len(rows) if len(rows) else None,
        "median_lead_minutes": float(lead) if isinstance(lead, int | float) else None,
        **({"alerts_per_day": _per_day(rows, chosen, key)} if key else {}),
    }


def _per_day(rows: pl.DataFrame, chosen: pl.DataFrame, key: str) -> float | None:
    days = rows.select((pl.col("as_of").max() - pl.col("as_of").min()).dt.total_microseconds() / 86_400e6).item()
    return chosen[key].n_unique() / days if days else None
