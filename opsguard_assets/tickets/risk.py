"""The risk of every open ticket at a tick, and the figures that a person wants to see of it.

Here: clocks and a model in, risks out. Not here: training, alerts, storage.
"""

from dataclasses import dataclass
from datetime import datetime

import polars as pl

from ml.model import RiskModel
from ml.sla_breach.features import features
from opsguard_assets.tickets.tick import BREACHED, clocks_at
from opsguard_assets.tickets.working_time import WorkingTime

# From these probabilities on a ticket is alerted and escalated; both are asked for by the mission.
ALERT_FROM, ESCALATE_FROM = 0.70, 0.80
RISKIEST = 20
_CLOCK = (
    "client_id",
    "site_id",
    "priority",
    "resolution_due_at",
    "remaining_minutes",
    "elapsed_minutes",
    "age_minutes",
    "fraction_used",
    "response_state",
    "response_due_at",
    "response_remaining_minutes",
)


@dataclass(frozen=True)
class RiskSummary:
    """The headline of one tick.

    Attributes:
        open_tickets: Rows of the tick.
        by_state: Tickets per state (running, paused, breached).
        share_to_alert: Share of the open tickets with a risk of at least 0.70, 0..1; null without tickets.
        share_to_escalate: Share of the open tickets with a risk of at least 0.80.
        riskiest: The 20 tickets of greatest risk that can still be saved, the soonest deadline first among equals.
    """

    open_tickets: int
    by_state: dict[str, int]
    share_to_alert: float | None
    share_to_escalate: float | None
    riskiest: pl.DataFrame


def sla_risk(
    tickets: pl.DataFrame, clocks: pl.DataFrame, work: WorkingTime, model: RiskModel, as_of: datetime
) -> pl.DataFrame:
    """The risk of every open ticket at `as_of`.

    Args:
        tickets: All tickets open at `as_of` (`ticket_id`, `assignee_id`).
        clocks: Their stored clocks (`sla_clocks`); those of ended tickets are left out.
        work: Working time of their calendars, covering `as_of`.
        model: What estimates the probability of missing the resolution deadline.
        as_of: The tick.

    Returns:
        One row per (`ticket_id`, `as_of`): `client_id`, `site_id`, `priority`, `state` (running, paused, breached),
        `risk` (0..1; null where the deadline has passed, because that is a fact, or where there is none), `reason`,
        `resolution_due_at`, `remaining_minutes`, `elapsed_minutes`, `age_minutes`, `fraction_used`, the response
        clock's `response_state`, `response_due_at` and `response_remaining_minutes`, `model_name`, `model_version`.

    Raises:
        ValueError: The model gave another number of rows, or a value that is no probability; or the clocks cannot be
            read at `as_of` (see `clocks_at`).
    """
    is_open = clocks["ended_at"].is_null()
    readings = clocks_at(clocks if is_open.all() else clocks.filter(is_open), work, as_of)
    known = features(tickets, readings, as_of)
    # A paused ticket has no deadline now but will have one again; one whose calendar never opens will not.
    without = pl.col("resolution_due_at").is_null() & pl.col("paused_since_at").is_null()
    held = (pl.lit("paused by ") + pl.col("paused_by") + ", ").fill_null("")
    reason = pl.concat_str(held, "reason")
    if readings.select(without.any()).item():
        why = pl.lit("no deadline: ") + pl.col("no_deadline_reason").fill_null("unknown")
        reason = pl.when(without).then(why).otherwise(reason)
    return readings.with_columns(_probabilities(model, known), model.reasons(known).alias("reason")).select(
        "ticket_id",
        "as_of",
        *_CLOCK[:3],
        pl.col("resolution_state").alias("state"),
        pl.when((pl.col("resolution_state") != BREACHED) & ~without).then("risk").alias("risk"),
        reason.alias("reason"),
        *_CLOCK[3:],
        model_name=pl.lit(model.name),
        model_version=pl.lit(model.version),
    )


def summary(risk: pl.DataFrame) -> RiskSummary:
    """The headline of the rows of one tick (`sla_risk`)."""
    counts = risk.group_by("state").len().sort("state")
    shares = risk.select(
        alert=(pl.col("risk") >= ALERT_FROM).fill_null(value=False).mean(),
        escalate=(pl.col("risk") >= ESCALATE_FROM).fill_null(value=False).mean(),
    ).row(0)
    riskiest = (
        risk.filter(pl.col("risk").is_not_null())
        .select(
            "ticket_id",
            "client_id",
            "site_id",
            "priority",
            "state",
            "risk",
            "resolution_due_at",
            "reason",
        )
        .sort("risk", "resolution_due_at", "ticket_id", descending=[True, False, False], nulls_last=True)
        .head(RISKIEST)
    )
    return RiskSummary(len(risk), dict(counts.iter_rows()), shares[0], shares[1], riskiest)


def _probabilities(model: RiskModel, known: pl.DataFrame) -> pl.Series:
    risks = model.predict(known).cast(pl.Float64).alias("risk")
    if len(risks) != len(known):
        raise ValueError(
            f"Model {model.name} {model.version} scored {len(risks)} of {len(known)} tickets. Every row of features "
            "needs one probability; null where the model cannot say."
        )
    wrong = risks.filter(~risks.is_between(0, 1) | risks.is_nan())
    if len(wrong):
        raise ValueError(
            f"Model {model.name} {model.version} gave {len(wrong)} values that are no probabilities, such as "
            f"{wrong[0]}. They must lie between 0 and 1."
        )
    return risks
