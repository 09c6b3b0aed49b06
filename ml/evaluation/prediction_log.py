"""The prediction log joined to labels: how good each version was in production, week by week.

Here: scores and lives in, figures out. Not here: reading either of them, and the evaluation of models on a dataset
(`evaluation.evaluate`).

An entity is scored many times and counts once. For probabilities (Brier score, calibration, ranking) all its scores in
a week and version share a weight of one, so that long-lived entities do not dominate. For alerts, the first score that
reaches the threshold counts, and it is right or wrong.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import polars as pl

from ml.values import INSTANT

BUDGETS = (0.01, 0.05, 0.10)
LABELLED, AHEAD, WITHOUT, UNKNOWN = "labelled", "not yet known", "without outcome", "unknown"
GROUP = ("week", "model_name", "model_version")
_BINS = 10
_FIGURES = (
    "base_rate", "said", "brier", "brier_constant", "calibration_error", "pr_auc", "roc_auc", "precision", "recall",
    "median_lead_minutes",
    *(f"{figure}_at_budget_{budget:.0%}".rstrip("%") for budget in BUDGETS for figure in ("precision", "recall")),
)  # fmt: skip
SCHEMA = {
    "week": pl.Date(), "model_name": pl.String(), "model_version": pl.String(), "scores": pl.Int64(),
    "entities": pl.Int64(), "late": pl.Int64(), "alerted": pl.Int64(), **dict.fromkeys(_FIGURES, pl.Float64()),
}  # fmt: skip


def with_outcomes(
    scores: pl.DataFrame, lives: pl.DataFrame, until: datetime, *, within: timedelta | None = None
) -> pl.DataFrame:
    """Joins labels to every recorded score, as far as they are known.

    Args:
        scores: `entity`, `as_of`, `risk` (0..1), `model_name`, `model_version`.
        lives: `entity`, `begins_at`, `ends_at` (when it was decided, or could not be acted on any more), `settled_at`
            (when the outcome has to be known; not read with `within`), `is_event` (null: none, or not known yet),
            `event_at` (when the event came or would have). Entities may live more than once; a score before all of
            these lives belongs to the first.
        until: The instant of knowledge; with `within` the end of the observation.
        within: How long after a score the event counts; None if an entity has one outcome at all moments.

    Returns:
        The scores with `unit` (the entity's life), `settled_at`, `week` (the Monday of it), `is_event`, `lead_minutes`
        (to the event, where it came) and `fate`: `LABELLED`; `AHEAD` (not mature yet); `WITHOUT` (it ended without an
        outcome, such as a cancelled ticket, or was decided before it was scored); `UNKNOWN` (the entity is in no
        table: something is wrong). Only `LABELLED` ones have `is_event`.
    """
    numbered = lives.sort("entity", "begins_at").with_row_index("unit")
    # What is moved to later after its score, or is dated ahead, begins after it: the score is of its first life.
    since = pl.when(pl.col("entity").is_first_distinct()).then(pl.lit(0).cast(INSTANT)).otherwise("begins_at")
    spans = numbered.with_columns(begins_at=since, _born=pl.col("begins_at")).sort("begins_at")
    joined = scores.sort("as_of").join_asof(
        spans, left_on="as_of", right_on="begins_at", by="entity", check_sortedness=False
    )
    last, late = pl.lit(until, INSTANT), pl.col("is_event")
    if within is not None:
        limit = pl.col("as_of") + within
        came = late.fill_null(value=False) & (pl.col("event_at") <= limit)
        stays = pl.col("ends_at") > limit
        joined = joined.with_columns(
            settled_at=limit, is_event=pl.when(came).then(statement=True).when(stays).then(statement=False)
        )
    fate = (
        pl.when(pl.col("_born").is_null())
        .then(pl.lit(UNKNOWN))
        .when(pl.col("settled_at") > last)
        .then(pl.lit(AHEAD))
        .when(late.is_null() | (pl.col("as_of") >= pl.col("ends_at")))
        .then(pl.lit(WITHOUT))
        .otherwise(pl.lit(LABELLED))
    )
    lead = (pl.col("event_at") - pl.col("as_of")).dt.total_microseconds() / 60e6
    labelled = joined.with_columns(fate=fate, week=pl.col("settled_at").dt.truncate("1w").dt.date())
    labelled = labelled.with_columns(is_event=pl.when(pl.col("fate") == LABELLED).then(late))
    return labelled.with_columns(lead_minutes=pl.when("is_event").then(lead)).select(
        *scores.columns, "unit", "settled_at", "week", "is_event", "lead_minutes", "fate"
    )


def weekly(labelled: pl.DataFrame, *, alert_from: float) -> pl.DataFrame:
    """The figures of every version, by the week in which labels became mature.

    Args:
        labelled: Scores as of `with_outcomes`; those without an outcome do not count.
        alert_from: The risk from which an alert is raised.

    Returns:
        `SCHEMA`: scores, entities, late entities, alerted ones; `base_rate`, `said`, `brier`, `brier_constant` (of the
        base rate), `calibration_error` (ten bins of equal weight), `pr_auc`, `roc_auc` (null where all outcomes are
        equal), all with a weight of one per entity; `precision` of the first alerts, `recall` (late entities with a
        right alert), `median_lead_minutes` of their first right alerts; precision and recall of the top 1, 5 and 10 %
        of the entities by the greatest risk that was said of them.
    """
    counted = labelled.filter(pl.col("fate") == LABELLED).sort(*GROUP, "unit", "as_of")
    weighted = counted.with_columns(weight=1 / pl.len().over(*GROUP, "unit"), late=pl.col("is_event").cast(pl.Float64))
    parts = weighted.partition_by(GROUP, as_dict=True, maintain_order=True)
    rows = [dict(zip(GROUP, name, strict=True)) | _figures(part, alert_from) for name, part in parts.items()]
    return pl.DataFrame(rows, schema=SCHEMA).sort(GROUP)


def calibration(labelled: pl.DataFrame) -> pl.DataFrame:
    """Predicted and observed rates by version: `model_name`, `model_version`, `said`, `seen`, `entities`, ten bins."""
    counted = labelled.filter(pl.col("fate") == LABELLED)
    version = list(GROUP[1:])
    weighted = counted.with_columns(
        weight=1 / pl.len().over(*version, "unit"), late=pl.col("is_event").cast(pl.Float64)
    )
    schema = {"model_name": pl.String(), "model_version": pl.String(), "said": pl.Float64(), "seen": pl.Float64()}
    found = [
        _bins(part).select(
            **{name: pl.lit(value) for name, value in zip(version, key, strict=True)},
            said="said",
            seen="seen",
            entities="w",
        )
        for key, part in sorted(weighted.partition_by(version, as_dict=True).items())
    ]
    return pl.concat(found) if found else pl.DataFrame(schema=schema | {"entities": pl.Float64()})


def _figures(part: pl.DataFrame, alert_from: float) -> dict[str, Any]:
    """The figures of one version in one week."""
    w, risk, late = pl.col("weight"), pl.col("risk"), pl.col("late")
    whole = part["weight"].sum()
    sums = part.select(base=(w * late).sum(), said=(w * risk).sum(), brier=(w * (risk - late) ** 2).sum())
    base, said, brier = (value / whole for value in sums.row(0))
    bins = _bins(part)
    distance = (pl.col("said") - pl.col("seen")).abs() * pl.col("w")
    return {
        "scores": len(part),
        "base_rate": base,
        "said": said,
        "brier": brier,
        "brier_constant": base * (1 - base),
        "calibration_error": bins.select(distance.sum() / pl.col("w").sum()).item(),
        **_ranking(part),
        **_alerts(part, alert_from),
    }


def _bins(part: pl.DataFrame) -> pl.DataFrame:
    """Ten bins of about equal weight, equal risks together: `said`, `seen`, `w`."""
    w = pl.col("weight")
    ties = part.group_by("risk").agg(w=w.sum(), seen=(w * pl.col("late")).sum()).sort("risk")
    place = (pl.col("w").cum_sum() - pl.col("w") / 2) / pl.col("w").sum()
    return (
        ties.group_by(_bin=(place * _BINS).floor().clip(0, _BINS - 1))
        .agg(said=(pl.col("risk") * pl.col("w")).sum(), seen=pl.col("seen").sum(), w=pl.col("w").sum())
        .sort("_bin")
        .select(pl.col("said", "seen") / pl.col("w"), "w")
    )


def _ranking(part: pl.DataFrame) -> dict[str, float | None]:
    from sklearn.metrics import average_precision_score, roc_auc_score  # noqa: PLC0415 - two seconds

    if part["is_event"].n_unique() < 2:  # noqa: PLR2004 - both outcomes
        return {"pr_auc": None, "roc_auc": None}
    labels, risks, weights = (part[name].to_numpy() for name in ("late", "risk", "weight"))
    return {
        "pr_auc": float(average_precision_score(labels, risks, sample_weight=weights)),
        "roc_auc": float(roc_auc_score(labels, risks, sample_weight=weights)),
    }


def _alerts(part: pl.DataFrame, alert_from: float) -> dict[str, Any]:
    """Alerts by entity; `part` is sorted by `as_of` within each."""
    over, late = pl.col("risk") >= alert_from, pl.col("is_event")
    entities = part.group_by("unit").agg(
        late=late.any(),
        first=late.filter(over).first(),
        lead=pl.col("lead_minutes").filter(over & late).first(),
        caught=(over & late).any(),
        risk=pl.col("risk").max(),
    )
    alerted = entities.drop_nulls("first")
    lead = entities["lead"].median()
    counts = {"entities": len(entities), "late": int(entities["late"].sum()), "alerted": len(alerted)}
    return {
        **counts,
        "precision": _share(int(alerted["first"].sum()), len(alerted)),
        "recall": _share(int(entities["caught"].sum()), counts["late"]),
        "median_lead_minutes": float(lead) if isinstance(lead, int | float) else None,
        **dict(_at_budgets(entities)),
    }


def _at_budgets(entities: pl.DataFrame) -> Iterator[tuple[str, float | None]]:
    """Precision and recall of the entities with the greatest risks."""
    ranked, late = entities.sort("risk", "unit", descending=[True, False])["late"], int(entities["late"].sum())
    for budget in BUDGETS:
        chosen = max(1, round(budget * len(entities)))
        hits = int(ranked.head(chosen).sum())
        name = f"at_budget_{budget:.0%}".rstrip("%")
        yield f"precision_{name}", _share(hits, chosen)
        yield f"recall_{name}", _share(hits, late)


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None
