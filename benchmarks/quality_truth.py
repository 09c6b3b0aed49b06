"""How far models are from the truth, where it is known: the simulated provider.

Here: one world, trained on its first two months, judged at moments of the third whose true probability the simulator
states. Not here: real records (`quality`).
"""

import tempfile
import time
from datetime import UTC, datetime, timedelta

import polars as pl

from ml.problems.sla_breach.problem import TASK
from ml.problems.sla_breach.rule import RuleBaseline
from ml.problems.sla_breach.rule_inputs import inputs_of_features
from ml.training.candidates.every import candidates
from ml.training.train import train
from ml.training.tuning import Budget
from opsguard_assets.simulator.settings import SimulationSettings
from opsguard_assets.simulator.twin import simulate
from opsguard_assets.tables.registry import TABLES
from opsguard_assets.tables.versions import SEQUENCE
from opsguard_assets.tickets.learning.dataset import TicketDataset
from opsguard_assets.tickets.sla.clock_history import TicketHistory
from opsguard_assets.tickets.sla.snapshot_io import INPUTS, history_of
from resources.lake import Lake

START = datetime(2026, 1, 5, tzinfo=UTC)
UNTIL, END = START + timedelta(days=60), START + timedelta(days=90)
WORLD = SimulationSettings(seed=11, starts_at=START, load=0.9)
_HEAD = """
## Where the truth is known

The simulated provider states the true probability of urgent tickets in service ([the simulator](../docs/simulator.md)).
Learned from two months, judged at {n:,} moments of the third; true probabilities {mean:.3f} on average. The constant is
their mean, which nobody knows beforehand.

| forecast | mean absolute difference to the true probability | Brier | average precision |
|---|---|---|---|
"""


def truth_section() -> str:
    """The section of the page."""
    with tempfile.TemporaryDirectory() as folder:
        history, truth = _world(Lake(folder))
    then, now = TicketDataset.of(history, UNTIL), TicketDataset.of(history, END)
    budget = Budget(seconds=30, trials=4, clock=time.monotonic)
    trained = train(then.watched(), TASK, candidates(), until=UNTIL, budget=budget)
    asked = truth.filter(pl.col("as_of") >= UNTIL)
    rows = now.labelled(asked.select(TASK.key, "as_of")).join(
        asked, on=[TASK.key, "as_of"], how="left", maintain_order="left"
    )
    said = {each.candidate: each.model.predict(rows) for each in trained if each.model}
    said["rule_baseline"] = RuleBaseline().predict(inputs_of_features(rows)).alias("risk")
    exact = rows["true_breach_probability"]
    said["constant"] = pl.Series("risk", [exact.mean()] * len(rows), pl.Float64)
    said["the truth itself"] = exact.alias("risk")
    lines = sorted((_distance(risk, exact), name, rows.with_columns(risk.alias("risk"))) for name, risk in said.items())
    head = _HEAD.format(n=len(rows), mean=exact.mean())
    return head + "".join(_line(distance, name, scored) for distance, name, scored in lines)


def _world(lake: Lake) -> tuple[TicketHistory, pl.DataFrame]:
    world = simulate(WORLD, END)
    for table in INPUTS:
        rows = world.tables[table.name]
        sequence = [pl.col("sequence").alias(SEQUENCE)] if table.name == "tickets" else []
        missing = [
            pl.lit(None, dtype).alias(name)
            for name, dtype in TABLES[table.name].dtypes.items()
            if name not in rows.columns
        ]
        lake.record(table, rows.with_columns(missing).select(*table.columns, *sequence), loaded_at=END)
    return history_of(lake), world.truth


def _distance(risk: pl.Series, exact: pl.Series) -> float:
    return float((risk - exact).abs().mean())  # type: ignore[arg-type]


def _line(distance: float, name: str, scored: pl.DataFrame) -> str:
    from ml.evaluation.evaluate import evaluate

    figures = evaluate(scored)
    return f"| {name} | {distance:.3f} | {figures['brier']:.3f} | {figures['pr_auc']:.3f} |\n"


if __name__ == "__main__":
    print(truth_section())
