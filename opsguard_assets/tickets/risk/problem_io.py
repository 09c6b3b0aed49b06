"""The prediction problem of SLA breaches.

Here: the declaration. Not here: features (`ml.problems.sla_breach`), moments and labels (`learning.dataset`).
"""

from dataclasses import replace
from datetime import datetime, timedelta

import polars as pl

from ml.evaluation import prediction_log
from ml.models.model import RiskModel
from ml.problems.sla_breach.features import FEATURES
from ml.problems.sla_breach.problem import TASK
from ml.problems.sla_breach.rule import RuleBaseline
from ml.problems.sla_breach.rule_inputs import inputs_of_features
from opsguard_assets.config.settings import Settings
from opsguard_assets.models.problem import PredictionLog, Problem, costs_of
from opsguard_assets.tickets.learning.dataset import TicketDataset, as_known
from opsguard_assets.tickets.learning.outcomes import lives_of
from opsguard_assets.tickets.risk.alert_types import BREACH_RISK
from opsguard_assets.tickets.risk.schemas import SLA_RISK
from opsguard_assets.tickets.sla.clock_history import clock_history
from opsguard_assets.tickets.sla.snapshot_io import INPUTS, history_of
from resources.lake import Lake


def sla_breach(settings: Settings) -> Problem:
    """Will an open ticket miss its resolution deadline?"""
    sla = settings.sla
    task = replace(TASK, acting_from=(sla.alert_from, sla.escalate_from))
    return Problem(
        name=TASK.problem,
        entity="ticket",
        event="missed deadline",
        group="tickets",
        inputs=INPUTS,
        dataset=lambda lake, until: TicketDataset.of(history_of(lake), until, task),
        rule=RuleBaseline(),
        makes=frozenset(FEATURES).__contains__,
        costs=costs_of(settings, settings.money.breach_cost),
        alert_from=sla.alert_from,
        clear_below=sla.clear_below,
        alert_type=BREACH_RISK,
        step=timedelta(minutes=15),
        prediction_log=PredictionLog(SLA_RISK, pl.col("ticket_id"), with_outcomes),
        risk=risk,
    )


def with_outcomes(lake: Lake, scores: pl.DataFrame, until: datetime) -> pl.DataFrame:
    """Recorded scores with their fates (`prediction_log.with_outcomes`); only the tickets that were scored are read."""
    asked = scores.select(ticket_id="entity").unique()
    lives = lives_of(clock_history(as_known(history_of(lake, asked), until), until), until)
    return prediction_log.with_outcomes(
        scores, lives.rename({"ticket_id": "entity"}).with_columns(event_at="ends_at"), until
    )


def risk(model: RiskModel, rows: pl.DataFrame) -> pl.Series:
    """The risk that a tick would show; nothing can be said of a ticket that has no deadline at all."""
    inputs = inputs_of_features(rows) if isinstance(model, RuleBaseline) else rows
    has_none = pl.col("remaining_minutes").is_null() & (pl.col("is_paused") != 1)
    return rows.with_columns(model.predict(inputs).alias("_risk")).select(pl.when(~has_none).then("_risk")).to_series()
