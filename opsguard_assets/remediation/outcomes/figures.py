"""What playbooks achieved, as figures: rates of auto-resolution, hours and money saved, and what to automate next.

Here: counting. Not here: verdicts (`verdicts`), comparison with alerts about which nothing acted (`comparison`),
reading (`io`).
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import polars as pl

from ml.evaluation.intervals import wilson
from opsguard_assets.alerts.finding import BY_PERSON
from opsguard_assets.config.learning import Money
from opsguard_assets.remediation.outcomes.verdicts import AUTO_RESOLVED, INCONCLUSIVE, NOT_RESOLVED
from opsguard_assets.tables.values import INSTANT

_WORDS: Final = {"auto_resolved": AUTO_RESOLVED, "not_resolved": NOT_RESOLVED, "inconclusive": INCONCLUSIVE}
_MINUTES: Final = 60
# What is expected of remediation: the share of alerts that playbooks resolve, as the product's plan states it.
EXPECTED_RATE: Final = (0.3, 0.6)


@dataclass(frozen=True)
class Assumed:
    """What saving is computed with; `opsguard.yaml` says it.

    Attributes:
        alert_minutes: What a person spends on an alert (`money.alert_minutes`).
        approval_minutes: What a decision on an approval takes (`remediation.approval_minutes`).
        hourly_cost: What an hour of a person costs (`money.hourly_cost`).
    """

    alert_minutes: float
    approval_minutes: float
    hourly_cost: float

    @classmethod
    def of(cls, money: Money, approval_minutes: float) -> "Assumed":
        """As the settings say."""
        return cls(money.alert_minutes, approval_minutes, money.hourly_cost)


def rates(judged: pl.DataFrame, by: list[str]) -> pl.DataFrame:
    """Executions and the share of them that resolved their alert, by playbook or by playbook and client.

    Args:
        judged: Rows of `verdicts.judged`.
        by: Columns to count by; none: all together.

    Returns:
        The columns of `by`, `executions` (also in shadow), `acted`, `auto_resolved`, `not_resolved`, `inconclusive`,
        `approvals` that people decided, and `rate` with `low` and `high`: of the conclusive ones, 95 % (Wilson);
        sorted by `by`.
    """
    verdict = pl.col("verdict")
    counted = [
        pl.len().alias("executions"),
        verdict.is_not_null().sum().alias("acted"),
        *((verdict == word).sum().alias(name) for name, word in _WORDS.items()),
        pl.col("approvals").sum(),
    ]
    rows = judged.group_by(by).agg(counted).sort(by) if by else judged.select(counted)
    part, whole = pl.col("auto_resolved"), pl.col("auto_resolved") + pl.col("not_resolved")
    return rows.with_columns(**wilson(part, whole)).rename({"share": "rate"})


def of_all(
    judged: pl.DataFrame, episodes: pl.DataFrame, by: list[str], as_of: datetime, within: timedelta
) -> pl.DataFrame:
    """Of all alerts that people could see, not only of those about which a playbook acted, the share that it resolved.

    Args:
        judged: Rows of `verdicts.judged`.
        episodes: Rows of `verdicts.EPISODE`.
        by: Columns of episodes to count by; none: all together.
        as_of: The moment.
        within: As in `judged`. An alert counts once it has been over for twice as long: what resolved it is known then.

    Returns:
        The columns of `by`; `ended`, alerts that were not suppressed and are over; `auto_resolved`, those of them that
        cleared after a playbook had acted, without a person; `by_person`, those that somebody took up or resolved; and
        `rate` with `low` and `high`: of all that ended, 95 % (Wilson); sorted by `by`.
    """
    key = ["alert_id", "opening"]
    resolved = judged.filter(pl.col("verdict") == AUTO_RESOLVED).select(key).unique()
    known = pl.col("over_at") <= pl.lit(as_of - 2 * within, INSTANT)
    ended = episodes.filter(~pl.col("was_suppressed"), known).join(
        resolved.with_columns(_by_playbook=pl.lit(value=True)), on=key, how="left", maintain_order="left"
    )
    counted = [
        pl.len().alias("ended"),
        pl.col("_by_playbook").fill_null(value=False).sum().alias("auto_resolved"),
        _was_person().sum().alias("by_person"),
    ]
    rows = ended.group_by(by).agg(counted).sort(by) if by else ended.select(counted)
    return rows.with_columns(**wilson(pl.col("auto_resolved"), pl.col("ended"))).rename({"share": "rate"})


def _was_person() -> pl.Expr:
    """Whether somebody took an alert up, or resolved it."""
    return (pl.col("taken_at").is_not_null() | (pl.col("resolution") == BY_PERSON)).fill_null(value=False)


def against_expected(low: float | None, high: float | None) -> str:
    """How a rate's interval lies to what is expected of remediation, in words."""
    least, most = EXPECTED_RATE
    said = f"expected are {least:.0%} to {most:.0%}"
    if low is None or high is None:
        return f"{said}; nothing is conclusive yet"
    if high < least:
        return f"{said}; it is surely less"
    if low > most:
        return f"{said}; it is surely more"
    if low >= least and high <= most:
        return f"{said}; it is surely within"
    return f"{said}; its interval does not decide it"


def savings(rated: pl.DataFrame, compared: pl.DataFrame, assumed: Assumed) -> pl.DataFrame:
    """Rates by playbook with what it changed and what that saved.

    Saved are only the alerts that cleared without a person and would not have cleared by themselves (`added`), each
    with the minutes that a person spends on an alert; what people spent on approvals is taken off.

    Returns:
        The columns of both, `hours_saved`, `money_saved`, each with `_low` and `_high`; null where nothing can be
        compared.
    """
    rows = rated.join(compared.drop("acted"), on="playbook", how="left", maintain_order="left")
    asked = pl.col("approvals") * assumed.approval_minutes
    hours = {
        f"hours_saved{end}": (pl.col(f"added{end}") * pl.col("acted") * assumed.alert_minutes - asked) / _MINUTES
        for end in ("", "_low", "_high")
    }
    with_hours = rows.with_columns(**hours)
    return with_hours.with_columns(
        (pl.col(name) * assumed.hourly_cost).alias(name.replace("hours", "money")) for name in hours
    )


def automate_next(episodes: pl.DataFrame, assumed: Assumed, days: float) -> pl.DataFrame:
    """Types of alerts that no playbook is about, the most frequent first.

    Args:
        episodes: Rows of `verdicts.EPISODE` with `is_covered`: whether any playbook's trigger is about them.
        assumed: What a person spends on an alert.
        days: Length of the period.

    Returns:
        `alert_type`, `alerts` without a playbook, `covered` (further ones of the type that some playbook is about),
        `per_week`, `taken_share` (a person took them up or resolved them), `hours` that people spent on these,
        `median_minutes` until they were over (null: none was).
    """
    bare, taken = ~pl.col("is_covered"), _was_person() & ~pl.col("is_covered")
    lasted = (pl.col("over_at") - pl.col("raised_at")).dt.total_seconds() / _MINUTES
    rows = episodes.filter(~pl.col("was_suppressed")).group_by("alert_type").agg(
        alerts=bare.sum(), covered=pl.col("is_covered").sum(), taken=taken.sum(),
        median_minutes=lasted.filter(bare).median(),
    )  # fmt: skip
    found = rows.filter(pl.col("alerts") > 0).sort("alerts", "alert_type", descending=[True, False])
    return found.select(
        "alert_type", "alerts", "covered",
        per_week=pl.col("alerts") / days * 7,
        taken_share=pl.col("taken") / pl.col("alerts"),
        hours=pl.col("taken") * assumed.alert_minutes / _MINUTES,
        median_minutes="median_minutes",
    )  # fmt: skip
