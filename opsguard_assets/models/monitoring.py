"""Model monitoring: a model against outcomes that became known after its training.

Here: figures per week, drift of features. Not here: which moments count (a problem's dataset), the records
(`opsguard_assets.models.monitoring_records`) and what follows from them.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

import polars as pl

from ml.dataset.dataset import Dataset
from ml.dataset.task import Task
from ml.evaluation.drift import SHIFTED, stability
from ml.evaluation.evaluate import calibration_error, evaluate
from ml.evaluation.prevention import Group, Prevention, prevention
from ml.evaluation.skill import SkillScore, skill_score
from ml.models.learned import LearnedModel
from opsguard_assets.tables.values import INSTANT

MATURE = timedelta(days=28)
_RECENT = timedelta(days=7)
# A predicted 70 % that is in truth below 65 % or above 75 % is no longer usable.
MOST_CALIBRATION_ERROR = 0.05
_FIGURES = ("n", "base_rate", "pr_auc", "roc_auc", "brier", "brier_constant", "ece")
_AT_ALERT = ("precision", "recall", "median_lead_minutes")


@dataclass(frozen=True)
class MonitoringResult:
    """What monitoring found about one model.

    Attributes:
        skill_score: Against the trailing rate, on outcomes of the last 28 days.
        calibration_error: On the same moments; null without any.
        weeks: Figures per week in which outcomes became known.
        drift: Features, the most shifted first (`ml.evaluation.drift.stability`); those that the model reads.
    """

    skill_score: SkillScore
    calibration_error: float | None
    weeks: pl.DataFrame
    drift: pl.DataFrame

    @property
    def holds(self) -> bool:
        """Whether probabilities are calibrated; too few outcomes count as calibrated."""
        return not self.skill_score.is_known or (self.calibration_error or 0.0) <= MOST_CALIBRATION_ERROR

    @property
    def shifted(self) -> list[str]:
        """The features whose distribution has shifted too far."""
        return self.drift.filter(pl.col("psi") >= SHIFTED)["feature"].to_list()

    @property
    def wants_training(self) -> bool:
        """Whether to retrain before the weekly training."""
        return not self.skill_score.is_useful or not self.holds or len(self.shifted) * 2 > max(len(self.drift), 1)


def monitor(dataset: Dataset, model: LearnedModel, learned_until: datetime) -> MonitoringResult:
    """Compares a model with what is known at `dataset.until`.

    Args:
        dataset: The dataset as known at its `until`.
        model: The model.
        learned_until: The end of its training data. Only later outcomes are used.
    """
    rows = dataset.task.headlined(dataset.matured(learned_until))
    judged = rows.with_columns(model.predict(rows))
    recent = judged.filter(pl.col("settled_at") > pl.lit(dataset.until - MATURE, INSTANT))
    return MonitoringResult(
        skill_score=skill_score(recent, key=dataset.task.group),
        calibration_error=calibration_error(recent.drop_nulls(["risk", "is_event"])),
        weeks=_weeks(judged, dataset.task),
        drift=_drift(dataset, model, learned_until),
    )


def prevented(dataset: Dataset, treated: pl.DataFrame) -> Prevention:
    """The effect of acting on alerts, measured against the hold-out.

    Only mature outcomes count. Acting makes tickets end sooner, so among recent tickets more of the treated ones would
    have ended.

    Args:
        dataset: The dataset as known at its `until`.
        treated: `entity_id`, `is_held_back` of entities that reached the threshold.
    """
    labelled = treated.join(dataset.lives, left_on="entity_id", right_on=dataset.task.key).drop_nulls("is_event")
    groups = [labelled.filter(pl.col("is_held_back") == held)["is_event"] for held in (True, False)]
    return prevention(*(Group(len(late), int(late.sum())) for late in groups))


def _weeks(judged: pl.DataFrame, task: Task) -> pl.DataFrame:
    """The metrics of each week; `…_at_alert` are those at the alert threshold."""
    weeks = judged.with_columns(week=pl.col("settled_at").dt.truncate("1w").dt.date()).partition_by(
        "week", as_dict=True
    )
    rows = []
    for (week,), part in sorted(weeks.items()):
        found = evaluate(part, key=task.key, acting_from=task.acting_from)
        at = {row["threshold"]: row for row in found["thresholds"]}[task.alert_from]
        alerted = {f"{name}_at_alert": at[name] for name in _AT_ALERT}
        rows.append({"week": week, "said": part["risk"].mean(), **{n: found[n] for n in _FIGURES}, **alerted})
    floats = dict.fromkeys(("said", *_FIGURES[1:], *(f"{name}_at_alert" for name in _AT_ALERT)), pl.Float64)
    return pl.DataFrame(rows, schema={"week": pl.Date, "said": pl.Float64, "n": pl.Int64, **floats})


def _drift(dataset: Dataset, model: LearnedModel, learned_until: datetime) -> pl.DataFrame:
    """Compares the features of the last week with those of the last four weeks of training data."""
    then = dataset.between(learned_until - MATURE, learned_until)
    now = dataset.between(max(dataset.until - _RECENT, learned_until), dataset.until)
    return stability(then, now, model.features)
