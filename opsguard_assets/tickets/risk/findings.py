"""What a tick of SLA risk finds: tickets likely to miss their deadline, and tickets that have missed it.

Here: risks in, findings out. Not here: suppression, and the alert lifecycle (`opsguard_assets.alerts`).
"""

from dataclasses import dataclass

import polars as pl

from ml.words import likely, reached
from opsguard_assets.alerts.finding import FINDING
from opsguard_assets.tickets.risk.alert_types import BREACH_RISK, SLA_BREACHED
from opsguard_assets.tickets.sla.tick import BREACHED

_EVIDENCE = (
    "priority",
    "state",
    "risk",
    "resolution_due_at",
    "remaining_minutes",
    "elapsed_minutes",
    "age_minutes",
    "fraction_used",
    "response_state",
)


@dataclass(frozen=True)
class RiskLevels:
    """From which risk what happens, each 0..1 and `clear_below <= alert_from <= high_from`.

    Attributes:
        alert_from: An alert is raised.
        high_from: It is of high severity instead of medium.
        clear_below: It clears.
    """

    alert_from: float = 0.70
    high_from: float = 0.85
    clear_below: float = 0.60


def sla_findings(risk: pl.DataFrame, levels: RiskLevels) -> pl.DataFrame:
    """The findings of one tick.

    Args:
        risk: Rows of `sla_risk` of one `as_of`: every open ticket. `model_run_id` is taken over where there is one.
        levels: From which risk what happens.

    Returns:
        Rows of `FINDING`: `sla_breach_risk` for risks from `clear_below`, which raise from `alert_from`;
        `sla_breached` past the deadline: high, and critical for tickets of critical priority.
    """
    result = risk if "model_run_id" in risk.columns else risk.with_columns(model_run_id=pl.lit(None, pl.String))
    late = (pl.col("state") == BREACHED).fill_null(value=False)
    return pl.concat(
        [
            _found(result.filter(~late & (pl.col("risk") >= levels.clear_below)), BREACH_RISK, *_likely(levels)),
            _found(result.filter(late), SLA_BREACHED, *_missed()),
        ]
    )


def _likely(levels: RiskLevels) -> tuple[pl.Expr, pl.Expr, pl.Expr]:
    """Severity, title and whether it raises, of tickets likely to miss their deadline."""
    severity = pl.when(pl.col("risk") >= levels.high_from).then(pl.lit("high")).otherwise(pl.lit("medium"))
    risk = pl.col("risk")
    title = pl.format(
        "Ticket {} {} its deadline ({})", "ticket_id", likely(risk, "is likely to miss", "may miss"), reached(risk)
    )
    return severity, title, pl.col("risk") >= levels.alert_from


def _missed() -> tuple[pl.Expr, pl.Expr, pl.Expr]:
    critical = (pl.col("priority") == "critical").fill_null(value=False)
    severity = pl.when(critical).then(pl.lit("critical")).otherwise(pl.lit("high"))
    return severity, pl.format("Ticket {} has missed its deadline", "ticket_id"), pl.lit(value=True)


def _found(rows: pl.DataFrame, alert_type: str, severity: pl.Expr, title: pl.Expr, raising: pl.Expr) -> pl.DataFrame:
    due = pl.col("resolution_due_at").dt.strftime("%Y-%m-%dT%H:%M:%S+00:00")
    facts = pl.struct(*[due if name == "resolution_due_at" else pl.col(name) for name in _EVIDENCE])
    return (
        rows.with_columns(
            alert_type=pl.lit(alert_type),
            entity_type=pl.lit("ticket"),
            entity_id="ticket_id",
            severity=severity,
            score="risk",
            title=title,
            evidence=facts.struct.json_encode(),
            is_raising=raising,
            withheld=pl.lit(None, pl.String),
            told_by=pl.lit(None, pl.String),
        )
        .with_columns(dedup_key=pl.concat_str(pl.lit(f"{alert_type}:"), "entity_id"))
        .select(*FINDING)
    )
