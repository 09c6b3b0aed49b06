"""Outcomes are joined to the prediction log: which weeks are judged, from which scores, and where the figures lie.

Here: reading recorded scores, weeks in the lake. Not here: outcomes (a problem's `PredictionLog`) and the figures
(`ml.evaluation.prediction_log`).

Outcomes become known late and records are corrected, so the weeks that ended within the last 28 days are judged anew
every day; older ones stay as they are. The cost of a day depends on these weeks, and not on the history.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

import polars as pl

from ml.evaluation.prediction_log import GROUP, LABELLED, SCHEMA, UNKNOWN, weekly
from opsguard_assets.models.problem import Problem
from opsguard_assets.tables.values import INSTANT
from resources.lake import Lake

CHANGES_FOR = timedelta(days=28)
# Scores of this many days before the first judged week count, for entities that were at risk for longer.
LONGEST = timedelta(days=60)
_SCORE = {
    "entity": pl.String(),
    "as_of": INSTANT,
    "risk": pl.Float64(),
    "model_name": pl.String(),
    "model_version": pl.String(),
}


@dataclass(frozen=True)
class Judged:
    """Recorded scores with their outcomes.

    Attributes:
        since: The first week that was judged, a Monday.
        recorded: Number of scores recorded in the span that was read.
        labelled: These scores with their outcomes (`ml.evaluation.prediction_log.with_outcomes`).
        weeks: The figures of the judged weeks (`ml.evaluation.prediction_log.weekly`).
    """

    since: date
    recorded: int
    labelled: pl.DataFrame
    weeks: pl.DataFrame

    @property
    def fates(self) -> dict[str, int]:
        """The number of scores per fate."""
        return dict(self.labelled.group_by("fate").len().sort("fate").iter_rows())

    @property
    def adds_up(self) -> bool:
        """Whether every recorded score with a mature outcome was joined to it exactly once."""
        fates = self.fates
        return (
            self.recorded == sum(fates.values()) and not fates.get(UNKNOWN) and self._counted == fates.get(LABELLED, 0)
        )

    @property
    def _counted(self) -> int:
        """The number of scores in the figures and of those read for earlier weeks."""
        before = self.labelled.filter((pl.col("fate") == LABELLED) & (pl.col("week") < self.since))
        return int(self.weeks["scores"].sum()) + len(before)


def outcomes_name(problem: Problem) -> str:
    """The lake table of a problem's figures."""
    return outcomes_of(problem.name)


def outcomes_of(name: str) -> str:
    """The lake table of the figures of the problem with this name."""
    return f"models/{name}_outcomes"


def judge(problem: Problem, lake: Lake, as_of: datetime) -> Judged | None:
    """Judges the recorded scores of the weeks whose outcomes can still change; None before the first score."""
    name = problem.prediction_log.table.derived_name
    if not lake.exists(name):
        return None
    days = lake.scan(name).filter(pl.col("date") <= as_of.date())
    first = days.select(pl.col("date").min()).collect().item()
    if first is None:
        return None
    since = _since(stored_weeks(problem, lake), first, as_of)
    begins = since - LONGEST
    rows = (
        days.filter(pl.col("date") >= begins, pl.col("as_of") <= pl.lit(as_of, INSTANT))
        .select(
            "as_of",
            "model_name",
            "model_version",
            entity=problem.prediction_log.entity,
            risk=problem.prediction_log.risk,
        )
        .drop_nulls("risk")
    )
    scores = rows.select(pl.col(column).cast(dtype) for column, dtype in _SCORE.items()).collect()
    labelled = problem.prediction_log.with_outcomes(lake, scores, as_of)
    weeks = weekly(labelled.filter(pl.col("week") >= since), alert_from=problem.alert_from)
    return Judged(since, len(scores), labelled, weeks)


def keep_weeks(problem: Problem, lake: Lake, judged: Judged, as_of: datetime) -> pl.DataFrame:
    """Replaces the judged weeks in the lake, each in one commit, unless figures of a later moment are stored.

    Returns:
        All weeks in the lake.
    """
    before = stored_weeks(problem, lake)
    rows = judged.weeks.with_columns(as_of=pl.lit(as_of, INSTANT))
    later = set(before.filter(pl.col("as_of") > pl.lit(as_of, INSTANT))["week"])
    stood = set(before.filter(pl.col("week") >= judged.since)["week"])
    # A week of which corrections took every outcome has no rows any more: its old figures go.
    for week in sorted((stood | set(rows["week"])) - later):
        slice_ = rows.filter(pl.col("week") == week)
        lake.replace_slice(outcomes_name(problem), slice_, where={"week": week}, partition_by=["week"])
    return stored_weeks(problem, lake)


def stored_weeks(problem: Problem, lake: Lake) -> pl.DataFrame:
    """The stored figures: `ml.evaluation.prediction_log.SCHEMA` and `as_of` (when they were computed for); sorted."""
    name = outcomes_name(problem)
    if not lake.exists(name):
        return pl.DataFrame(schema=SCHEMA | {"as_of": INSTANT})
    return lake.scan(name).collect().sort(GROUP)


def _since(stored: pl.DataFrame, first: date, as_of: datetime) -> date:
    """The first week to judge: that of the first score, or the first one that could still change at the last run."""
    looked = stored.filter(pl.col("as_of") <= pl.lit(as_of, INSTANT))["as_of"].max()
    if not isinstance(looked, datetime):
        return _monday(first)
    return max(_monday(first), _monday((looked - CHANGES_FOR).date()))


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())
