"""One tick of a prediction problem: a model scores, its rows are stored, the tick is recorded, its alert is settled.

Here: the steps and their order, the same for all problems. Not here: the rows of a tick (each domain), choosing the
model (`serving`), the Dagster asset (`scoring_assets`).

A tick does not fail because of a model. Where the champion raises, gives another number of probabilities, one outside
0..1, or none for a row that needs one, the rule scores the whole tick and operators are alerted. A row to which the
rule itself gives nothing is an odd record: it is stored without a risk and named by a check, and the others go on.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

import polars as pl

from ml.models.model import RiskModel, ScoringError
from opsguard_assets.alerts.lifecycle import Monitor, settle
from opsguard_assets.models.champions import Champions
from opsguard_assets.models.findings import model_findings, model_monitor
from opsguard_assets.models.problem import Problem
from opsguard_assets.models.serving import Serving, scored_by, serving
from opsguard_assets.tables.table import Table
from resources.database import Database
from resources.lake import TABLES_LOCK, Lake
from resources.ticks import Tick, digest_of, record_tick


def nothing(_lake: Lake, _model: RiskModel) -> None:
    """Nothing has to be brought up to date."""


@dataclass(frozen=True)
class Scorer:
    """How the ticks of a problem are scored.

    Attributes:
        problem: The problem; its rows go to the table of its prediction log.
        job: The job that the ticks are recorded of.
        alert_type: The alert that no learned model can score.
        score: The rows of a tick by a model, from what a lake knew at a moment; it writes nothing. Columns about the
            model and the partition are added here.
        reads: The tables of which a tick reads what was known.
        risks: The columns that hold probabilities.
        needs_risk: Which rows need a probability; the others are facts.
        refresh: Brings derived tables up to date that a model reads; it writes.
        unwanted: Why nothing is scored by the settings; None where ticks are scored.
    """

    problem: Problem
    job: str
    alert_type: str
    score: Callable[[Lake, RiskModel, datetime], pl.DataFrame]
    reads: tuple[Table, ...]
    risks: tuple[str, ...] = ("risk",)
    needs_risk: pl.Expr = field(default_factory=lambda: pl.lit(value=True), compare=False)
    refresh: Callable[[Lake, RiskModel], None] = nothing
    unwanted: str | None = None

    @property
    def table(self) -> Table:
        """Where the rows go."""
        return self.problem.prediction_log.table

    @property
    def key(self) -> list[str]:
        """What identifies a row within a tick."""
        return [name for name in self.table.key if name != "as_of"]

    @property
    def monitor(self) -> Monitor:
        """Who alerts that no learned model can score."""
        return Monitor(model_monitor(self.problem.name), (self.alert_type,))

    def without_risk(self, rows: pl.DataFrame) -> pl.DataFrame:
        """The rows that need a probability and have none."""
        return rows.filter(self.needs_risk & pl.any_horizontal(pl.col(name).is_null() for name in self.risks))


@dataclass(frozen=True)
class ScoredTick:
    """A tick that was scored.

    Attributes:
        as_of: Its moment.
        served: What scored.
        rows: Its rows, as stored.
    """

    as_of: datetime
    served: Serving
    rows: pl.DataFrame


def score_tick(
    scorer: Scorer, lake: Lake, champions: Champions, as_of: datetime, *, served_at: datetime | None = None
) -> ScoredTick:
    """Scores a moment, stores its rows in place of those of the same moment, records the tick, settles the alert.

    Args:
        scorer: How.
        lake: Where records and scores lie.
        champions: Who is champion; ticks and alerts lie in the same database.
        as_of: The moment.
        served_at: The moment whose champion scores; `as_of` where left out.
    """
    problem, database = scorer.problem, champions.database
    champion = serving(champions, problem.name, problem.rule, served_at or as_of, makes=problem.makes)
    # A record that arrives while a tick reads would count as known before it, although the tick did not see it.
    with database.lock(TABLES_LOCK):
        scorer.refresh(lake, champion.model)
        served, rows = scored_by(champion, problem.name, problem.rule, lambda by: scored_rows(scorer, lake, by, as_of))
        upto = recorded_upto(lake, scorer.reads, as_of)
    where = {"date": as_of.date(), "as_of": as_of}
    lake.replace_slice(scorer.table.derived_name, rows, where=where, partition_by=["date"])
    model = served.model
    digest = digest_of(rows, key=scorer.key)
    record_tick(database, Tick(scorer.job, as_of, len(rows), digest, model.name, model.version, upto))
    settle(database, model_findings(served, problem.name, alert_type=scorer.alert_type), scorer.monitor, as_of)
    return ScoredTick(as_of, served, rows)


def skip_tick(scorer: Scorer, lake: Lake, database: Database, as_of: datetime) -> None:
    """Records a tick that scores nothing by the settings: zero rows, by no model."""
    with database.lock(TABLES_LOCK):
        upto = recorded_upto(lake, scorer.reads, as_of)
    digest = digest_of(scorer.table.empty(), key=scorer.key)
    record_tick(database, Tick(scorer.job, as_of, 0, digest, recorded_upto=upto))


def scored_rows(scorer: Scorer, lake: Lake, served: Serving, as_of: datetime) -> pl.DataFrame:
    """The rows of a tick as they are stored; nothing is written.

    Raises:
        ScoringError: When a learned model cannot score; of the rule, when it gives something else than probabilities.
    """
    model = served.model
    rows = scorer.score(lake, model, as_of).with_columns(
        model_name=pl.lit(model.name),
        model_version=pl.lit(model.version),
        model_run_id=pl.lit(served.run_id, pl.String),
        date=pl.lit(as_of.date()),
    )
    missing = 0 if model is scorer.problem.rule else len(scorer.without_risk(rows))
    if missing:
        raise ScoringError(f"Model {model.name} {model.version} gave {missing} of {len(rows)} rows no probability.")
    return rows.select(scorer.table.columns)


def recorded_upto(lake: Lake, tables: tuple[Table, ...], as_of: datetime) -> datetime | None:
    """The newest record that a tick can see; None for an imported history, of which nobody knows when it was seen."""
    if any(lake.has_hindsight(table, as_of) for table in tables):
        return None
    return max((at for table in tables if (at := lake.loaded_upto(table))), default=None)
