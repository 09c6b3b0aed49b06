"""What the learning house needs of a problem beside its past: names, the rule, money, thresholds.

Here: the declaration, the same for all problems; trainings, gates, looks and replays are made of it. Not here: any
problem (each domain declares its own), and what is learned (`ml`).
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import polars as pl

from ml.dataset.dataset import Past
from ml.evaluation.money import Costs
from ml.models.model import RiskModel
from opsguard_assets.config.settings import Settings
from opsguard_assets.tables.table import Table
from resources.lake import Lake


def costs_of(settings: Settings, miss: float) -> Costs:
    """What is at stake where one miss costs so much."""
    money = settings.money
    return Costs(miss, money.alert_cost, money.prevented_share, money.lead_minutes)


def said(model: RiskModel, rows: pl.DataFrame) -> pl.Series:
    """What a model says of rows of features."""
    return model.predict(rows)


@dataclass(frozen=True)
class Recorded:
    """Where the scores of a problem's ticks lie, and how they meet what came of them.

    Attributes:
        table: Their table: `as_of`, `model_name`, `model_version`, `date`.
        entity: Who was scored.
        met: From the lake, scores (`entity`, `as_of`, `risk`, the model) and an instant of knowledge to the scores with
            their fates (`ml.evaluation.prediction_log.met`).
        risk: What was said; null where nothing can be.
    """

    table: Table
    entity: pl.Expr
    met: Callable[[Lake, pl.DataFrame, datetime], pl.DataFrame]
    risk: pl.Expr = field(default_factory=lambda: pl.col("risk"))


@dataclass(frozen=True)
class Problem:
    """A problem that models are learned for.

    Attributes:
        name: Its name, also that of its experiment, its models and its commands.
        entity: What has a risk, in one word: "ticket".
        event: What may come: "missed deadline".
        group: The Dagster group of its domain.
        inputs: The tables that it reads.
        past: What was known by an instant.
        rule: The model that needs no training.
        makes: Whether a feature of some name can be made.
        costs: What is at stake.
        alert_from: The risk from which an alert is raised.
        alert_type: The type of these alerts.
        step: Time between ticks.
        recorded: The scores of its ticks.
        risk: What a model says of rows of features; the rule wants them in its own words.
    """

    name: str
    entity: str
    event: str
    group: str
    inputs: tuple[Table, ...]
    past: Callable[[Lake, datetime], Past]
    rule: RiskModel
    makes: Callable[[str], bool]
    costs: Costs
    alert_from: float
    alert_type: str
    step: timedelta
    recorded: Recorded = field(compare=False)
    risk: Callable[[RiskModel, pl.DataFrame], pl.Series] = said

    @property
    def entities(self) -> str:
        """More than one of them."""
        return f"{self.entity}s"

    @property
    def scored_name(self) -> str:
        """What its checks are named by: "sla" of `sla_risk`."""
        return self.recorded.table.name.removesuffix("_risk")

    @property
    def train_job(self) -> str:
        """The job that learns."""
        return f"train_{self.name}_job"

    @property
    def watch_job(self) -> str:
        """The job that looks at the model in force."""
        return f"watch_{self.name}_job"

    @property
    def replay_job(self) -> str:
        """The job that replays a period."""
        return f"replay_{self.name}_job"
