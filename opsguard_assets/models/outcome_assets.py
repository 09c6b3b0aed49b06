"""The prediction log with its outcomes as an asset: figures per version and week, plots, and that nothing is lost.

Here: one run every day, its record, its plots. Not here: reading and weeks (`outcomes`), figures
(`ml.evaluation.prediction_log`).
"""

from datetime import datetime

import dagster as dg
import polars as pl

from ml.evaluation.prediction_log import AHEAD, LABELLED, UNKNOWN, WITHOUT, calibration
from ml.evaluation.prediction_log_pictures import calibration_by_version, over_weeks
from opsguard_assets.metadata import Materialized, check_spec, figures, key_of, owners_of, png, preview
from opsguard_assets.models.outcomes import Judged, judge, keep_weeks, outcomes_name
from opsguard_assets.models.problem import Problem
from opsguard_assets.moment import Moment
from resources.lake import Lake

COMPLETE = "every_score_met_its_outcome"
_WEEKS_SHOWN = 26
_SHOWN = (
    "week", "model_name", "model_version", "scores", "entities", "late", "base_rate", "said", "brier", "brier_constant",
    "calibration_error", "pr_auc", "roc_auc", "alerted", "precision", "recall", "median_lead_minutes",
    "precision_at_budget_5", "recall_at_budget_5",
)  # fmt: skip


def outcomes_key(problem: Problem) -> dg.AssetKey:
    """The key of the outcomes of a problem's prediction log."""
    return dg.AssetKey(outcomes_name(problem).split("/"))


def outcomes_asset(problem: Problem) -> dg.AssetsDefinition:
    """The asset of the outcomes of the prediction log."""
    key = outcomes_key(problem)

    @dg.asset(
        key=key,
        deps=[key_of(problem.prediction_log.table), *(key_of(table) for table in problem.inputs)],
        group_name="models",
        kinds={"polars", "deltalake"},
        owners=owners_of("models"),
        metadata={"dagster/table_name": outcomes_name(problem)},
        description=f"Every recorded risk of a {problem.event} with its outcome: precision, recall, lead time, "
        "calibration and ranking, per version of the model and week of the outcome. "
        "Grain: week, model_name, model_version.",
        check_specs=[check_spec(COMPLETE, key)],
    )
    def outcomes(config: Moment, lake: dg.ResourceParam[Lake]) -> Materialized:
        as_of = config.instant()
        judged = judge(problem, lake, as_of)
        if judged is None:
            words = "no score is recorded yet"
            return dg.MaterializeResult(metadata={"headline": words}, check_results=[_check(words, passed=True)])
        weeks = keep_weeks(problem, lake, judged, as_of)
        return dg.MaterializeResult(
            metadata=_shown(problem, judged, weeks, as_of),
            check_results=[_check(words_of(judged), passed=judged.adds_up)],
        )

    return outcomes


def words_of(judged: Judged) -> str:
    """The number of recorded scores per fate, in words."""
    parts = (f"{judged.fates.get(fate, 0):,} {words}" for fate, words in _FATES.items())
    return f"{judged.recorded:,} scores recorded: {', '.join(parts)}"


_FATES = {
    LABELLED: "met their outcome",
    AHEAD: "wait for it",
    WITHOUT: "ended without one",
    UNKNOWN: "are of unknown entities",
}


def _check(words: str, *, passed: bool) -> dg.AssetCheckResult:
    return dg.AssetCheckResult(
        check_name=COMPLETE, passed=passed, severity=dg.AssetCheckSeverity.WARN, description=words
    )


def _shown(problem: Problem, judged: Judged, weeks: pl.DataFrame, as_of: datetime) -> dict[str, dg.MetadataValue]:
    last = weeks.filter(pl.col("week").is_in(weeks["week"].unique().sort().tail(_WEEKS_SHOWN).implode()))
    shown = last.select(_SHOWN).sort("week", "model_name", "model_version", descending=[True, False, False])
    newest = weeks.tail(1).to_dicts()[0] if len(weeks) else {}
    named = ("precision", "recall", "median_lead_minutes", "calibration_error", "brier")
    calibrated = calibration_by_version(calibration(judged.labelled), f"{problem.name}: predicted and observed")
    title = f"{problem.name}: alerts from {problem.alert_from:.0%}, by week of the outcome"
    return {
        "headline": dg.MetadataValue.text(words_of(judged)),
        **figures(
            {
                "as_of": as_of,
                "dagster/row_count": len(weeks),
                "scores_judged": judged.fates.get(LABELLED, 0),
                **{name: newest.get(name) for name in named},
            }
        ),
        "weeks": preview(shown.with_columns(pl.col(pl.Float64).round(3)), limit=100),
        "calibration": png(calibrated, "Predicted and observed"),
        "alerts_over_weeks": png(over_weeks(last, ("precision", "recall"), title), "Precision and recall"),
    }
