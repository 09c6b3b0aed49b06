"""The risk of every open ticket at a tick, and the figures that a person wants to see of it.

Here: clocks and a model in, risks out. Not here: training, alerts, storage.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import dataframely as dy
import polars as pl

from ml.models.model import RiskModel
from ml.models.probabilities import probabilities
from ml.problems.sla_breach.rule import RuleBaseline
from ml.problems.sla_breach.rule_inputs import rule_inputs
from opsguard_assets.tickets.risk.schemas import SlaRisk
from opsguard_assets.tickets.sla.tick import BREACHED, clocks_at
from opsguard_assets.tickets.sla.working_time import WorkingTime

RISKIEST = 20
# Risks that read alike are ranked by what is lost soonest: working time first, because a deadline on Monday may be
# minutes away.
_SHOWN_DIGITS = 2
_URGENCY = ("remaining_minutes", "resolution_due_at", "ticket_id")
# What features add costs half a millisecond per ticket. Of more risky tickets than anybody will ask about, the riskiest
# are explained so; of the others the facts are told.
MOST_EXPLAINED = 20_000
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
class Marks:
    """From which probability a ticket is alerted and escalated; the defaults are those of `SlaThresholds`."""

    alert_from: float = 0.70
    escalate_from: float = 0.80


@dataclass(frozen=True)
class RiskSummary:
    """The headline of one tick.

    Attributes:
        open_tickets: Rows of the tick.
        by_state: Tickets per state (running, paused, breached).
        marks: From which risk what happens.
        share_to_alert: Share of the open tickets that are alerted, 0..1; null without tickets.
        share_to_escalate: Share of the open tickets that are escalated.
        riskiest: The 20 tickets of greatest risk that can still be saved; of risks equal to the percent, the
            one with the least working time left first (then the soonest deadline, then the name).
    """

    open_tickets: int
    by_state: dict[str, int]
    marks: Marks
    share_to_alert: float | None
    share_to_escalate: float | None
    riskiest: pl.DataFrame


def sla_risk(
    tickets: pl.DataFrame,
    clocks: pl.DataFrame,
    work: WorkingTime,
    model: RiskModel,
    as_of: datetime,
    *,
    reasons_from: float,
    describe: Callable[[pl.DataFrame], pl.DataFrame] | None = None,
) -> pl.DataFrame:
    """The risk of every open ticket at `as_of`.

    Args:
        tickets: All tickets open at `as_of` (`ticket_id`, `assignee_id`).
        clocks: Their stored clocks (`sla_clocks`); those of ended tickets are left out.
        work: Working time of their calendars, covering `as_of`.
        model: What estimates the probability of missing the resolution deadline.
        as_of: The tick.
        reasons_from: The risk from which a reason is told: every alert and escalation has one.
        describe: From the clocks read at `as_of` to the features of their tickets, row by row; for models that read
            features.

    Returns:
        One row per (`ticket_id`, `as_of`): `client_id`, `site_id`, `priority`, `state` (running, paused, breached),
        `risk` (0..1; null where the deadline has passed, because that is a fact, or where there is none), `reason`
        (null where the risk is below `reasons_from`), `resolution_due_at`, `remaining_minutes`, `elapsed_minutes`,
        `age_minutes`, `fraction_used`, the response clock's `response_state`, `response_due_at` and
        `response_remaining_minutes`, `model_name`, `model_version`.

    Raises:
        ScoringError: The model failed, gave another number of rows, or a value that is not a probability.
        ValueError: It reads features, and nothing describes tickets; or the clocks cannot be read at `as_of` (see
            `clocks_at`).
    """
    is_open = clocks["ended_at"].is_null()
    readings = clocks_at(clocks if is_open.all() else clocks.filter(is_open), work, as_of)
    facts = rule_inputs(tickets, readings, as_of)
    known = _described(model, readings, describe) if model.needs_features else facts
    # A paused ticket has no deadline now but will have one again; one whose calendar never opens will not.
    scored = readings.with_columns(
        probabilities(model, known),
        has_none=pl.col("resolution_due_at").is_null() & pl.col("paused_since_at").is_null(),
        is_late=pl.col("resolution_state") == BREACHED,
    ).with_columns(risk=pl.when(~pl.col("is_late") & ~pl.col("has_none")).then("risk"))
    return scored.with_columns(_reasons(model, known, facts, scored, reasons_from)).select(
        "ticket_id",
        "as_of",
        *_CLOCK[:3],
        pl.col("resolution_state").alias("state"),
        "risk",
        "reason",
        *_CLOCK[3:],
        model_name=pl.lit(model.name),
        model_version=pl.lit(model.version),
    )


def _described(
    model: RiskModel, readings: pl.DataFrame, describe: Callable[[pl.DataFrame], pl.DataFrame] | None
) -> pl.DataFrame:
    if describe is None:
        raise ValueError(f"Model {model.name} {model.version} reads features; pass `describe`.")
    return describe(readings)


def _reasons(
    model: RiskModel, known: pl.DataFrame, facts: pl.DataFrame, scored: pl.DataFrame, reasons_from: float
) -> pl.Series:
    """Words for the rows that somebody will ask about; texts cost more than scores, so few are touched twice."""
    is_risky = (pl.col("risk") >= reasons_from).fill_null(value=False)
    risky, asked = scored.select(risky=is_risky, asked=is_risky | pl.col("is_late") | pl.col("has_none"))
    held = scored.select("has_none", "paused_by", "no_deadline_reason").filter(asked)
    words = _words(model, known, facts, _riskiest(scored, risky), asked).alias("reason")
    special = held.select(pl.col("has_none") | pl.col("paused_by").is_not_null()).to_series()
    if special.any():
        words = words.scatter(special.arg_true(), _special(held.with_columns(words).filter(special)))
    if asked.all():
        return words
    # One null is put behind the words: rows that nobody asks about point at it.
    place = pl.select(pl.when(asked).then(asked.cast(pl.UInt32).cum_sum() - 1)).to_series()
    return words.extend_constant(None, 1).gather(place.fill_null(len(words))).alias("reason")


def _riskiest(scored: pl.DataFrame, risky: pl.Series) -> pl.Series:
    """Which of the risky tickets are explained by what their features add."""
    if risky.sum() <= MOST_EXPLAINED:
        return risky
    numbered = scored.select("risk", "ticket_id").with_row_index("_place").filter(risky)
    chosen = numbered.sort("risk", "ticket_id", descending=[True, False]).head(MOST_EXPLAINED)["_place"]
    return pl.select(pl.int_range(len(scored), dtype=pl.UInt32).is_in(chosen.implode())).to_series()


def _words(
    model: RiskModel, known: pl.DataFrame, facts: pl.DataFrame, explained: pl.Series, asked: pl.Series
) -> pl.Series:
    """What the model says of the tickets to explain; of the others that are asked for, facts are told."""
    if not model.needs_features:
        return model.reasons(facts.drop("ticket_id", "as_of").filter(asked))
    words = RuleBaseline().reasons(facts.drop("ticket_id", "as_of").filter(asked))
    if not explained.any():
        return words
    return words.scatter(explained.filter(asked).arg_true(), model.reasons(known.filter(explained)))


def _special(rows: pl.DataFrame) -> pl.Series:
    """The reasons of tickets that are paused, or have no deadline at all."""
    held = (pl.lit("paused by ") + pl.col("paused_by") + ", ").fill_null("")
    why = pl.lit("no deadline: ") + pl.col("no_deadline_reason").fill_null("unknown")
    return rows.select(pl.when("has_none").then(why).otherwise(pl.concat_str(held, "reason"))).to_series()


def summary(risk: dy.DataFrame[SlaRisk], marks: Marks) -> RiskSummary:
    """The headline of one tick."""
    counts = risk.group_by("state").len().sort("state")
    shares = risk.select(
        alert=(pl.col("risk") >= marks.alert_from).fill_null(value=False).mean(),
        escalate=(pl.col("risk") >= marks.escalate_from).fill_null(value=False).mean(),
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
            "remaining_minutes",
            "resolution_due_at",
            "reason",
        )
        .sort(pl.col("risk").round(_SHOWN_DIGITS), *_URGENCY, descending=[True, False, False, False], nulls_last=True)
        .head(RISKIEST)
    )
    return RiskSummary(len(risk), dict(counts.iter_rows()), marks, shares[0], shares[1], riskiest)
