"""What a tick finds of vendors and their orders: falling scores, missed targets, orders overdue or at risk.

Here: scores, months, orders and risk in, findings out. Not here: any of these, and the alert lifecycle.

A finding on a vendor belongs to no client; a finding on an order belongs to the client who waits for it. Names of
vendors are foreign texts: titles hold them as they are, and every surface escapes them.
"""

from dataclasses import dataclass
from datetime import datetime

import polars as pl

from ml.words import counted, likely, reached, rounded
from opsguard_assets.alerts.finding import FINDING
from opsguard_assets.alerts.suppression import suppress_covered
from opsguard_assets.tables.values import INSTANT
from opsguard_assets.vendors.alerts.alert_types import AT_RISK, BELOW_TARGET, OVERDUE, SCORE_DROP
from opsguard_assets.vendors.scores.score import WEIGHTS

# What was raised is told until things are this much better: points, percentage points.
_HELD_POINTS, _HELD_PERCENT = 2.0, 2.0
_URGENT = ("critical", "high")


@dataclass(frozen=True)
class Levels:
    """The thresholds of findings; the fields of `opsguard_assets.config.vendors`."""

    fewest_jobs: int = 5
    score_drop: float = 10.0
    sla_target: float = 0.90
    late_alert_from: float = 0.5
    overdue_high_hours: float = 24.0
    late_clear_below: float = 0.4


@dataclass(frozen=True)
class Known:
    """What a tick knows.

    Attributes:
        scores: The last rows of `vendor_scores`.
        months: Rows of `vendor_months` of the last whole month.
        before: Those of the month before.
        overdue: Open orders past their due time: `work_order_id`, `vendor_id`, `site_id`, `client_id`, `category`,
            `priority`, `due_at`.
        risk: Rows of `work_order_risk` of the tick.
    """

    scores: pl.DataFrame
    months: pl.DataFrame
    before: pl.DataFrame
    overdue: pl.DataFrame
    risk: pl.DataFrame


def vendor_findings(known: Known, levels: Levels, as_of: datetime) -> pl.DataFrame:
    """The findings of one tick: rows of `FINDING`."""
    found = [
        _dropped(known, levels),
        _below(known.scores, levels),
        _overdue(known.overdue, levels, as_of),
        _at_risk(known.risk, levels),
    ]
    rows = pl.concat(found, how="diagonal_relaxed").with_columns(
        dedup_key=pl.concat_str("alert_type", pl.lit(":"), "entity_id")
    )
    nothing = [pl.lit(None, dtype).alias(name) for name, dtype in FINDING.items() if name not in rows.columns]
    return rows.with_columns(nothing).select(FINDING.names())


def suppress_repeated(findings: pl.DataFrame) -> pl.DataFrame:
    """Suppresses the risk of an order that is overdue already; all other marks are set before.

    Risk refers to the due time that was promised first. If the due time was brought forward, both findings can hold.
    """
    likely_late = findings.filter(pl.col("alert_type") == AT_RISK)
    return suppress_covered(
        findings, likely_late.select(told="dedup_key", by=pl.format(f"{OVERDUE}:{{}}", "entity_id"))
    )


def _dropped(known: Known, levels: Levels) -> pl.DataFrame:
    enough = known.before.filter(pl.col("jobs") >= levels.fewest_jobs).select(
        "vendor_id", was="score", was_of="jobs", was_plain=_plain()
    )
    both = known.months.filter(pl.col("jobs") >= levels.fewest_jobs).join(enough, on="vendor_id")
    # A score falls with that of the peers, too: the record itself must have fallen.
    drop = pl.min_horizontal(-pl.col("change"), (pl.col("was_plain") - _plain()).round(1))
    rows = both.filter(drop >= levels.score_drop - _HELD_POINTS).sort("vendor_id")
    return rows.select(
        alert_type=pl.lit(SCORE_DROP),
        entity_type=pl.lit("vendor"),
        entity_id="vendor_id",
        severity=pl.when(drop >= 2 * levels.score_drop).then(pl.lit("high")).otherwise(pl.lit("medium")),
        title=pl.format("The score of {} fell by {} points to {}", _vendor(), -pl.col("change"), "score"),
        reason=pl.when(pl.col("drivers").str.len_chars() > 0)
        .then("drivers")
        .otherwise(pl.lit("no single part moved it by half a point")),
        is_raising=drop >= levels.score_drop,
        evidence=pl.struct(
            "score", "low", "high", "jobs", "was", "was_of", month=pl.col("month").dt.strftime("%Y-%m")
        ).struct.json_encode(),
    )


def _plain() -> pl.Expr:
    """The score of the record as it is, not drawn towards anybody."""
    known = [pl.when(pl.col(f"{part}_raw").is_not_null()).then(weight) for part, weight in WEIGHTS.items()]
    points = [pl.col(f"{part}_raw") * weight for part, weight in WEIGHTS.items()]
    return pl.sum_horizontal(points) / pl.sum_horizontal(known)


def _below(scores: pl.DataFrame, levels: Levels) -> pl.DataFrame:
    target, share = 100 * levels.sla_target, pl.col("sla_raw")
    clears_at = min(target + _HELD_PERCENT, 100)
    rows = scores.filter(pl.col("sla_jobs") >= levels.fewest_jobs, share < clears_at).sort("vendor_id")
    return rows.select(
        alert_type=pl.lit(BELOW_TARGET),
        entity_type=pl.lit("vendor"),
        entity_id="vendor_id",
        severity=pl.lit("medium"),
        title=pl.format("{} did {} of {} in time", _vendor(), reached(share / 100), counted(pl.col("sla_jobs"), "job")),
        reason=pl.format(
            "the target is {} %; with 90 % certainty the vendor's rate lies between {} and {} %",
            pl.lit(f"{target:g}"),
            pl.col("sla_low").round(0).cast(pl.Int64),
            pl.col("sla_high").round(0).cast(pl.Int64),
        ),
        is_raising=share < target,
        evidence=pl.struct("sla_raw", "sla_score", "sla_low", "sla_high", "sla_jobs").struct.json_encode(),
    )


def _overdue(overdue: pl.DataFrame, levels: Levels, as_of: datetime) -> pl.DataFrame:
    hours = (pl.lit(as_of, INSTANT) - pl.col("due_at")).dt.total_microseconds() / 3.6e9
    priority = pl.col("priority").cast(pl.String)
    urgent = priority.is_in(list(_URGENT)).fill_null(value=False) | (hours > levels.overdue_high_hours)
    return overdue.sort("work_order_id").select(
        "client_id",
        "site_id",
        alert_type=pl.lit(OVERDUE),
        entity_type=pl.lit("work_order"),
        entity_id="work_order_id",
        severity=pl.when(urgent).then(pl.lit("high")).otherwise(pl.lit("medium")),
        title=pl.format("Work order {} is overdue", "work_order_id"),
        reason=pl.format(
            "due {}, {} h ago; vendor {}",
            _clock("due_at"),
            rounded(hours, 1),
            pl.col("vendor_id").fill_null("not known"),
        ),
        is_raising=pl.lit(value=True),
        evidence=pl.struct(
            "vendor_id", "category", priority=priority, due=_clock("due_at"), overdue_hours=hours.round(1)
        ).struct.json_encode(),
    )


def _at_risk(risk: pl.DataFrame, levels: Levels) -> pl.DataFrame:
    value = pl.col("risk")
    rows = risk.filter(value >= levels.late_clear_below).sort("work_order_id")
    return rows.select(
        "client_id",
        "site_id",
        "reason",
        "model_name",
        "model_version",
        "model_run_id",
        alert_type=pl.lit(AT_RISK),
        entity_type=pl.lit("work_order"),
        entity_id="work_order_id",
        severity=pl.lit("medium"),
        score=value,
        title=pl.format(
            "Work order {} {} late ({})", "work_order_id", likely(value, "is likely to be", "may be"), reached(value)
        ),
        is_raising=value >= levels.late_alert_from,
        evidence=pl.struct("vendor_id", "risk", due=_clock("due_at")).struct.json_encode(),
    )


def _vendor() -> pl.Expr:
    """The vendor's name, or its identifier if the source has no name."""
    return pl.coalesce("name", "vendor_id")


def _clock(column: str) -> pl.Expr:
    return pl.col(column).dt.strftime("%Y-%m-%d %H:%M UTC")
