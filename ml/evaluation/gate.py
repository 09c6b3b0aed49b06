"""The gate: whether a challenger replaces the champion, with every reason in words.

Here: the conditions, and their order. Not here: promoting (`registry`), and choosing the moments to judge by.

Both are evaluated on the same moments, which the challenger has not seen. The conditions: enough moments; a better
average precision and Brier score than rule and champion; calibrated probabilities; no segment much worse.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from ml.evaluation.evaluate import evaluate

LEAST_ROWS, LEAST_OF_EACH = 200, 20
# A forecast of 70 % that means 65 % or 75 % is still understood; beyond that thresholds lose their meaning.
MOST_CALIBRATION_ERROR = 0.05
# A segment is much worse when its Brier score grows by so much of itself, and by so many points at least.
SEGMENT_SHARE, SEGMENT_POINTS, SEGMENT_ROWS = 0.10, 0.01, 200
ENOUGH = "enough moments to judge by"
RULE, CHAMPION, CHALLENGER = "risk_of_rule", "risk_of_champion", "risk"


@dataclass(frozen=True)
class Condition:
    """One condition of the gate, whether it holds, and what was found in words."""

    name: str
    holds: bool
    found: str


@dataclass(frozen=True)
class Verdict:
    """What the gate says: all conditions, in their order."""

    conditions: tuple[Condition, ...]

    @property
    def passes(self) -> bool:
        """Whether the challenger may become champion."""
        return all(condition.holds for condition in self.conditions)

    @property
    def is_undecided(self) -> bool:
        """Whether there were too few moments, so that no other condition was checked."""
        return self.conditions[0].name == ENOUGH and not self.conditions[0].holds

    @property
    def reasons(self) -> list[str]:
        """Every condition in words, those that failed marked."""
        return [f"{'' if c.holds else 'NOT: '}{c.name}: {c.found}" for c in self.conditions]


def judge(rows: pl.DataFrame, *, segments: Sequence[str] = (), event: str = "event") -> Verdict:
    """Judges a challenger.

    Args:
        rows: Moments that the challenger has not seen: `risk` (the challenger's), `risk_of_rule`, `risk_of_champion`
            (left out where there is no champion), `is_event`, `lead_minutes`, and the columns of `segments`.
        segments: Columns whose values are evaluated separately.
        event: The predicted event, in words.
    """
    known = [name for name in (CHALLENGER, RULE, CHAMPION) if name in rows.columns]
    common = rows.drop_nulls([*known, "is_event"])
    enough = _enough(common, event)
    if not enough.holds:
        return Verdict((enough,))
    figures = {name: evaluate(common.with_columns(risk=pl.col(name))) for name in known}
    rivals = {"the rule": RULE, "the champion": CHAMPION}
    conditions = [enough]
    for rival, column in rivals.items():
        if column in figures:
            conditions += [
                _better(f"average precision above that of {rival}", figures, column, "pr_auc", sign=1),
                _better(f"Brier score below that of {rival}", figures, column, "brier", sign=-1),
            ]
    conditions.append(_calibrated(figures[CHALLENGER]["ece"]))
    if CHAMPION in figures:
        conditions += [_segment(common, column) for column in segments]
    return Verdict(tuple(conditions))


def _enough(rows: pl.DataFrame, event: str) -> Condition:
    late = int(rows["is_event"].sum())
    holds = len(rows) >= LEAST_ROWS and min(late, len(rows) - late) >= LEAST_OF_EACH
    found = (
        f"{len(rows):,} moments, {late:,} of them before a {event} ({LEAST_ROWS} moments are needed, and "
        f"{LEAST_OF_EACH} of each outcome)"
    )
    return Condition(ENOUGH, holds, found)


def _better(name: str, figures: dict[str, dict[str, float]], rival: str, figure: str, *, sign: int) -> Condition:
    own, other = figures[CHALLENGER][figure], figures[rival][figure]
    return Condition(name, sign * (own - other) > 0, f"{own:.4f} against {other:.4f}")


def _calibrated(error: float) -> Condition:
    return Condition(
        "probabilities hold",
        error <= MOST_CALIBRATION_ERROR,
        f"calibration error {error:.3f}, {MOST_CALIBRATION_ERROR} at most",
    )


def _segment(rows: pl.DataFrame, column: str) -> Condition:
    """No value of a column with enough moments may have become much worse."""
    late = pl.col("is_event").cast(pl.Float64)
    per_value = (
        rows.group_by(pl.col(column).cast(pl.String).alias("value"))
        .agg(
            own=((pl.col(CHALLENGER) - late) ** 2).mean(),
            other=((pl.col(CHAMPION) - late) ** 2).mean(),
            n=pl.len(),
        )
        .filter(pl.col("n") >= SEGMENT_ROWS)
    )
    growth = pl.col("own") - pl.col("other")
    worse = per_value.filter(growth > SEGMENT_POINTS, growth > SEGMENT_SHARE * pl.col("other")).sort(
        "n", descending=True
    )
    words = [f"{r['value']}: {r['own']:.3f} against {r['other']:.3f}" for r in worse.head(3).iter_rows(named=True)]
    found = "; ".join(words) or f"{len(per_value)} compared, none much worse"
    return Condition(f"no {column.removeprefix('segment_')} much worse", worse.is_empty(), found)
