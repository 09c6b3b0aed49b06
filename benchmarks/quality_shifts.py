"""`python -m benchmarks.quality_shifts`: no-shows of the twin, whose truth is known; its part of quality.md.

Here: one world, one training, one table. Not here: learning.
"""

import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl

from benchmarks.page import put
from ml.evaluation.evaluate import evaluate
from ml.problems.no_show.problem import TASK
from ml.problems.no_show.rule import NoShowRule
from ml.training.candidates.every import candidates
from ml.training.train import train
from ml.training.tuning import Budget
from opsguard_assets.shifts.no_show.dataset import ShiftDataset
from opsguard_assets.shifts.no_show.problem_io import parts_of
from opsguard_assets.simulator.settings import SimulationSettings
from opsguard_assets.simulator.twin import Simulation, simulate
from opsguard_assets.tables.registry import TABLES
from resources.lake import Lake

START = datetime(2026, 1, 1, tzinfo=UTC)
LEARNED, WATCHED = START + timedelta(days=110), START + timedelta(days=150)
_TABLES = (
    "rosters",
    "absences",
    "substitutions",
    "attendance",
    "punch_feeds",
    "people",
    "sites",
    "clients",
    "calendars",
)
_HEAD = """## No-shows, where their truth is known

Written by `python -m benchmarks.quality_shifts`. The twin, {sites} sites, {parts:,} parts in shifts: learned from what
was known on day 110, judged on the {judged:,} parts of the 38 days after it, at one moment within the day before each.
Nobody comes to {base:.2%} of them. The truth is each guard's habit, worse at night and at weekends.

| model | PR-AUC | ROC-AUC | Brier | of the base rate | calibration error | distance to the truth |
|---|---|---|---|---|---|---|
"""


def main() -> None:
    """Builds the world, learns, judges, writes its part of the page."""
    settings = SimulationSettings(starts_at=START, devices_per_site=0, tickets_per_day=5, sites=100, seed=3)
    world = simulate(settings, WATCHED)
    with tempfile.TemporaryDirectory() as folder:
        lake = _recorded(Lake(folder), world)
        then, now = (ShiftDataset(at, parts_of(lake, at)) for at in (LEARNED, WATCHED))
    budget = Budget(trials=10, seconds=240, clock=time.monotonic)
    trained = train(then.watched(), TASK, candidates(), until=LEARNED, budget=budget)
    rows = now.matured(LEARNED).join(_truth(world), on="part_id")
    judged = {each.model.name: each.model.predict(rows) for each in trained if each.model is not None}
    judged["the rule"] = NoShowRule().predict(rows)
    judged["the rate of all, as known then"] = rows["fleet_rate"]
    lines = sorted((_line(name, rows, risk) for name, risk in judged.items()), reverse=True)
    head = _HEAD.format(sites=100, parts=len(now.parts), judged=len(rows), base=rows["is_event"].mean())
    put("no-shows", head + "\n".join(line for _, line in lines) + "\n")


def _recorded(lake: Lake, world: Simulation) -> Lake:
    for name in _TABLES:
        frame = pl.concat([TABLES[name].empty(), world.tables[name]], how="diagonal_relaxed").select(
            TABLES[name].columns
        )
        recent = frame.filter(pl.col("known_at") > WATCHED - timedelta(days=60)) if name == "punch_feeds" else frame
        lake.record(TABLES[name], recent, loaded_at=WATCHED)
    return lake


def _truth(world: Simulation) -> pl.DataFrame:
    return world.shift_truth.select(part_id=pl.format("{}@{}/{}", "roster_id", "on", "person_id"), true="true_no_show")


def _line(name: str, rows: pl.DataFrame, risk: pl.Series) -> tuple[float, str]:
    result = evaluate(rows.with_columns(risk.alias("risk")), key=TASK.key)
    distance = float(np.abs(risk.to_numpy() - rows["true"].to_numpy()).mean())
    cells = [
        f"{result[n]:.{d}f}"
        for n, d in (("pr_auc", 3), ("roc_auc", 3), ("brier", 5), ("brier_constant", 5), ("ece", 4))
    ]
    return float(result["pr_auc"]), f"| {name} | {' | '.join(cells)} | {distance:.4f} |"


if __name__ == "__main__":
    if not Path("benchmarks").is_dir():
        raise SystemExit("run it from the folder of the project")
    main()
