"""How a model does on outcomes that became known after it had learned.

Here: its figures over weeks, how far its features have moved. Not here: which moments it is judged on (a problem's
past), the record of looks (`opsguard_assets.models.watches`) and what follows from them.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

import polars as pl

from ml.dataset.dataset import Past
from ml.evaluation.drift import SHIFTED, stability
from ml.evaluation.evaluate import calibration_error, evaluate
from ml.evaluation.prevention import Group, Prevention, prevention
from ml.evaluation.skill import Usefulness, usefulness
from ml.models.learned import LearnedModel
from opsguard_assets.tables.versions import INSTANT

MATURE = timedelta(days=28)
_RECENT = timedelta(days=7)
# A probability of 70 % that means less than 65 % or more than 75 % has lost its meaning.
MOST_CALIBRATION_ERROR = 0.05
_FIGURES = ("n", "base_rate", "pr_auc", "roc_auc", "brier", "brier_constant", "ece")


@dataclass(frozen=True)
class Look:
    """What was found of a model.

    Attributes:
        usefulness: Beside the trailing rate, on outcomes of the last 28 days.
        calibration_error: On the same moments; null without any.
        weeks: Figures per week in which outcomes became known.
        drift: Features, the most shifted first (`ml.evaluation.drift.stability`); those that the model reads.
    """

    usefulness: Usefulness
    calibration_error: float | None
    weeks: pl.DataFrame
    drift: pl.DataFrame

    @property
    def holds(self) -> bool:
        """Whether probabilities hold; unproven ones get the benefit."""
        return not self.usefulness.is_known or (self.calibration_error or 0.0) <= MOST_CALIBRATION_ERROR

    @property
    def shifted(self) -> list[str]:
        """The features that have moved too far."""
        return self.drift.filter(pl.col("psi") >= SHIFTED)["feature"].to_list()

    @property
    def wants_training(self) -> bool:
        """Whether to learn anew before the week is over."""
        return not self.usefulness.is_useful or not self.holds or len(self.shifted) * 2 > max(len(self.drift), 1)


def look(past: Past, model: LearnedModel, learned_until: datetime) -> Look:
    """Looks at a model by what is known at `past.until`.

    Args:
        past: What is known.
        model: The model.
        learned_until: What was known by then it has learned from; only what came later can judge it.
    """
    rows = past.task.headlined(past.matured(learned_until))
    judged = rows.with_columns(model.predict(rows))
    recent = judged.filter(pl.col("settled_at") > pl.lit(past.until - MATURE, INSTANT))
    return Look(
        usefulness=usefulness(recent, key=past.task.group),
        calibration_error=calibration_error(recent.drop_nulls(["risk", "is_late"])),
        weeks=_weeks(judged, past.task.key),
        drift=_drift(past, model, learned_until),
    )


def prevented(past: Past, treated: pl.DataFrame) -> Prevention:
    """What acting on alerts prevented, by the tickets that were held back.

    Only those count whose outcome had to be known: acting makes tickets end sooner, so of the youngest more of those
    that were acted on would have ended.

    Args:
        past: What is known.
        treated: `entity_id`, `is_held_back` of entities that reached the threshold.
    """
    told = treated.join(past.lives, left_on="entity_id", right_on=past.task.key).drop_nulls("is_late")
    groups = [told.filter(pl.col("is_held_back") == held)["is_late"] for held in (True, False)]
    return prevention(*(Group(len(late), int(late.sum())) for late in groups))


def _weeks(judged: pl.DataFrame, key: str) -> pl.DataFrame:
    """The figures of each week."""
    weeks = judged.with_columns(week=pl.col("settled_at").dt.truncate("1w").dt.date()).partition_by(
        "week", as_dict=True
    )
    rows = []
    for (week,), part in sorted(weeks.items()):
        found = evaluate(part, key=key)
        at = {row["threshold"]: row for row in found["thresholds"]}[0.70]
        names = ("precision", "recall", "median_lead_minutes")
        said = part["risk"].mean()
        rows.append(
            {"week": week, "said": said, **{n: found[n] for n in _FIGURES}, **{f"{n}_at_70": at[n] for n in names}}
        )
    floats = dict.fromkeys(
        ("said", *_FIGURES[1:], "precision_at_70", "recall_at_70", "median_lead_minutes_at_70"), pl.Float64
    )
    return pl.DataFrame(rows, schema={"week": pl.Date, "said": pl.Float64, "n": pl.Int64, **floats})


def _drift(past: Past, model: LearnedModel, learned_until: datetime) -> pl.DataFrame:
    """The features of the last week beside those of the four weeks before the training ended."""
    then = past.between(learned_until - MATURE, learned_until)
    now = past.between(max(past.until - _RECENT, learned_until), past.until)
    return stability(then, now, model.features)
