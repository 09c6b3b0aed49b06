"""`python -m benchmarks.quality_ranking`: does a training pick the model that the next month proves?

Here: trainings on the public incident log as of several instants, their ranking beside that of the thirty days after
each; its part of quality.md. Not here: how good the models are (`quality`).

`--home FOLDER` uses an installation that has loaded the log before.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
from scipy.stats import kendalltau

from benchmarks.page import put
from benchmarks.quality import CONFIG, OPSGUARD
from benchmarks.quality_frames import END
from ml.dataset.split import TooLittleDataError
from ml.evaluation.evaluate import evaluate
from ml.problems.sla_breach.problem import TASK
from ml.problems.sla_breach.rule import RuleBaseline
from ml.problems.sla_breach.rule_inputs import inputs_of_features
from ml.tracking.report import Report, ranked
from ml.training.candidates.every import candidates
from ml.training.train import Trained, rule_as_trained, train
from ml.training.tuning import Budget
from opsguard_assets.tickets.learning.dataset import TicketDataset
from opsguard_assets.tickets.sla.clock_history import TicketHistory
from opsguard_assets.tickets.sla.snapshot_io import history_of
from resources.lake import Lake

INSTANTS = ("2016-04-01", "2016-04-15", "2016-05-01", "2016-05-15", "2016-06-01")
MONTH = timedelta(days=30)
_HEAD = """# Does a training pick the better model?

Written by `python -m benchmarks.quality_ranking`. The public incident log, learned as of several instants without
tuning. The order of all candidates, the rule among them, in the training's own comparison, beside their order on the
tickets that came in the thirty days after it, at moments drawn alike: Kendall's tau of average precision (AP) and of
the Brier score (1 is the same order, -1 the reverse), and what is lost by the choice of the training against the best
of that month.

| learned as of | picked | best AP | best Brier | tau of AP | tau of Brier | lost AP | lost Brier |
|---|---|---|---|---|---|---|---|
"""


def main() -> None:
    """Loads, learns at each instant, compares, writes its part of the page."""
    reader = argparse.ArgumentParser(description=__doc__)
    reader.add_argument("--home", type=Path, help="an installation that has loaded the log")
    home = reader.parse_args().home
    with tempfile.TemporaryDirectory() as fresh:
        if home is None:
            home = Path(fresh)
            environment = {**os.environ, "OPSGUARD_HOME": str(home)}
            subprocess.run([str(OPSGUARD), "sync", "--config", str(CONFIG)], env=environment, check=True)
        history = history_of(Lake(str(home / "lake")))
        later = TicketDataset.of(history, END).watched().drop_nulls("is_event")
        lines = [_told(_line(history, later, instant)) for instant in INSTANTS]
    put("ranking", f"{_HEAD}{''.join(lines)}\n{datetime.now(UTC).date()}\n")


def _told(line: str) -> str:
    """A line, said at once: each takes minutes."""
    sys.stdout.write(line)
    sys.stdout.flush()
    return line


def _line(history: TicketHistory, later: pl.DataFrame, instant: str) -> str:
    until = datetime.fromisoformat(instant).replace(tzinfo=UTC)
    rows = TicketDataset.of(history, until).watched()
    try:
        trained = _trained(rows, until)
    except TooLittleDataError as error:
        return f"| {instant} | none: {error} | | | | | | |\n"
    month = later.filter(pl.col("begins_at").is_between(until, until + MONTH, closed="left"))
    values = {each.candidate: each.figures for each in trained}
    came = {each.candidate: evaluate(month.with_columns(_risks(each, month)), key=TASK.key) for each in trained}
    picked = ranked({name: _report(figures) for name, figures in values.items()})[0]
    best, sharpest = max(came, key=lambda n: came[n]["pr_auc"]), min(came, key=lambda n: came[n]["brier"])
    taus = [
        kendalltau(*([figures[n][of] for n in values] for figures in (values, came)))[0] for of in ("pr_auc", "brier")
    ]
    lost = (came[best]["pr_auc"] - came[picked]["pr_auc"], came[picked]["brier"] - came[sharpest]["brier"])
    cells = (instant, picked, best, sharpest, *(f"{tau:.2f}" for tau in taus), *(f"{loss:.3f}" for loss in lost))
    return f"| {' | '.join(cells)} |\n"


def _trained(rows: pl.DataFrame, until: datetime) -> list[Trained]:
    budget = Budget(seconds=0, trials=0, clock=lambda: 0.0)
    rule = rule_as_trained("rule_baseline", _rule, rows, TASK)
    return [*train(rows, TASK, candidates(), until=until, budget=budget), rule]


def _rule(rows: pl.DataFrame) -> pl.Series:
    return RuleBaseline().predict(inputs_of_features(rows)).alias("risk")


def _risks(trained: Trained, rows: pl.DataFrame) -> pl.Series:
    return trained.model.predict(rows) if trained.model else _rule(rows)


def _report(figures: Mapping[str, Any]) -> Report:
    """What a ranking reads of a report."""
    names = {"precision_recall_auc": "pr_auc", "brier_score_loss": "brier", "log_loss": "log_loss"}
    return Report({name: figures[ours] for name, ours in names.items()}, pl.DataFrame(), pl.DataFrame(), {}, None)


if __name__ == "__main__":
    main()
