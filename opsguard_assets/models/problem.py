"""A prediction problem: its names, dataset, rule baseline, costs and thresholds.

Here: the declaration, the same for all problems; training, gate, monitoring and replay are built from it. Not here:
the problems themselves (each domain declares its own), and learning (`ml`).
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import polars as pl

from ml.dataset.dataset import Dataset
from ml.evaluation.money import Costs
from ml.models.model import RiskModel
from opsguard_assets.config.settings import Settings
from opsguard_assets.tables.table import Table
from resources.lake import Lake

# The difference of two decimal fractions is none itself: 0.7 - 0.6 is 0.09999999999999998.
_DIGITS = 9


def costs_of(settings: Settings, miss: float) -> Costs:
    """The costs of decisions, given the cost of one miss."""
    money = settings.money
    return Costs(miss, money.alert_cost, money.prevented_share, money.lead_minutes)


def said(model: RiskModel, rows: pl.DataFrame) -> pl.Series:
    """The probabilities of a model for rows of features."""
    return model.predict(rows)


def up_to_date(_lake: Lake) -> None:
    """Nothing has to be brought up to date."""


@dataclass(frozen=True)
class PredictionLog:
    """Where the scores of a problem's ticks are stored, and how outcomes are joined to them.

    Attributes:
        table: Their table: `as_of`, `model_name`, `model_version`, `date`.
        entity: The identifier of what was scored.
        with_outcomes: Joins outcomes, as known at an instant, to scores: `entity`, `as_of`, `risk`, the model
            (`ml.evaluation.prediction_log.with_outcomes`).
        risk: The probability that counts; null where it is undecided.
    """

    table: Table
    entity: pl.Expr
    with_outcomes: Callable[[Lake, pl.DataFrame, datetime], pl.DataFrame]
    risk: pl.Expr = field(default_factory=lambda: pl.col("risk"))


@dataclass(frozen=True)
class Problem:
    """A prediction problem.

    Attributes:
        name: Its name, also that of its experiment, its models and its commands.
        entity: What is scored, in one word: "ticket".
        event: What is predicted: "missed deadline".
        group: The Dagster group of its domain.
        inputs: The tables it reads, which it cannot do without.
        dataset: The point-in-time dataset as known at an instant; reading it writes nothing.
        rule: The rule baseline, which needs no training.
        makes: Whether a feature of this name can be computed.
        costs: The costs of misses and alerts.
        alert_from: The risk from which an alert is raised.
        clear_below: The risk below which it clears.
        alert_type: The type of these alerts; None where scores raise none of their own.
        step: Time between ticks.
        prediction_log: The scores of its ticks, and how labels are joined to them.
        risk: Scores rows of features with a model; the rule may need them in another shape.
        refresh: Brings the derived tables behind the dataset up to date, so that the next reader does not compute them
            anew; it writes, and is what a training does first.
        further: Tables that it also reads where a source fills them.
    """

    name: str
    entity: str
    event: str
    group: str
    inputs: tuple[Table, ...]
    dataset: Callable[[Lake, datetime], Dataset]
    rule: RiskModel
    makes: Callable[[str], bool]
    costs: Costs
    alert_from: float
    clear_below: float
    alert_type: str | None
    step: timedelta
    prediction_log: PredictionLog = field(compare=False)
    risk: Callable[[RiskModel, pl.DataFrame], pl.Series] = said
    refresh: Callable[[Lake], None] = up_to_date
    further: tuple[Table, ...] = ()

    @property
    def hysteresis(self) -> float:
        """The distance from the risk that raises an alert down to the one that clears it."""
        return round(self.alert_from - self.clear_below, _DIGITS)

    @property
    def entities(self) -> str:
        """The entity in the plural."""
        return f"{self.entity}s"

    @property
    def scored_name(self) -> str:
        """The prefix of its checks: "sla" of `sla_risk`."""
        return self.prediction_log.table.name.removesuffix("_risk")

    @property
    def train_job(self) -> str:
        """The training job."""
        return f"train_{self.name}_job"

    @property
    def monitoring_job(self) -> str:
        """The job that monitors the active model."""
        return f"watch_{self.name}_job"

    @property
    def replay_job(self) -> str:
        """The job that replays a period."""
        return f"replay_{self.name}_job"
