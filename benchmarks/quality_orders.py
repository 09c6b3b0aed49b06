"""`python -m benchmarks.quality_orders`: late work orders, on real deliveries and on the twin; its part of quality.md.

Here: one protocol on the public deliveries, one on the twin. Not here: learning, scores of vendors.

`--home FOLDER` uses an installation that has loaded and learned before.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl

from benchmarks.page import put
from ml.evaluation.evaluate import evaluate
from ml.evaluation.segments import by_segment
from ml.models.model_files import load
from ml.problems.work_order_late.problem import KEY
from ml.problems.work_order_late.rule import WorkOrderRule
from opsguard_assets.simulator.contractors import contracted
from opsguard_assets.simulator.settings import SimulationSettings
from opsguard_assets.tables.registry import TABLES
from opsguard_assets.vendors.orders.dataset import OrderDataset
from opsguard_assets.vendors.orders.problem_io import orders_of
from resources.lake import Lake

OPSGUARD = Path(sys.executable).parent / "opsguard"
CONFIG = Path(__file__).parent.parent / "examples/deliveries/opsguard.yaml"
SINCE, END = datetime(2013, 7, 1, tzinfo=UTC), datetime(2016, 1, 1, tzinfo=UTC)
# Made once elsewhere, on the 3,134 lines with a moment after the cut: 155 of them had arrived by then, and nobody asks.
REFERENCE = (
    ("vendor-country rate as of then, reference", 3134, 0.155, 0.355, 0.782, 0.119, 0.131),
    ("LightGBM, reference", 3134, 0.155, 0.379, 0.803, 0.124, 0.131),
)
_COLUMNS = ("model", "n", "base rate", "PR-AUC", "ROC-AUC", "Brier", "of the base rate", "calibration error")
_HEAD = f"""# Late work orders

Written by `python -m benchmarks.quality_orders`. Public deliveries (10,324 lines, 73 vendors, 43 countries) through the
public mapping alone: learned from what was known on {SINCE:%Y-%m-%d}, judged on every line that was open thirty days
before it was due, from then on. Was it delivered by the day that was scheduled?

"""
_READING = """
In average precision the rule is ahead of what was learned, and of the reference figures: how often a vendor was late
for a country, drawn to its rate anywhere and that of all, by the last hundred shipments. In ROC-AUC it stands beside
the best learned model; the vendor's rate alone has the best Brier score. What happened before 2013 taught little: the
schedule of the first years looks revised (nearly nothing was late), vendors and their habits changed, and a model
that is fitted to years with half of the lateness understates it. No model passes the gate here, so the rule scores.
The lines of a shipment share their fate: they count once in a rate, and lie on one side of a split. The lines of the
references are not quite the same: ours leave out those that had arrived by the moment.
"""
_START, _DAYS = datetime(2026, 1, 1, tzinfo=UTC), 300


def main() -> None:
    """Loads, learns, judges, writes its part of the page."""
    reader = argparse.ArgumentParser(description=__doc__)
    reader.add_argument("--home", type=Path, help="an installation that has loaded and learned")
    home = reader.parse_args().home
    with tempfile.TemporaryDirectory() as fresh:
        if home is None:
            home = Path(fresh) / "home"
            _run(home, "sync")
            _run(home, "train", "work_order_late", "--until", f"{SINCE:%Y-%m-%d}", "--json")
        text = _HEAD + _deliveries(home) + _READING + _twin(Path(fresh) / "twin")
    put("orders", f"{text}\n{datetime.now(UTC).date()}\n")
    sys.stdout.write(text)


def _deliveries(home: Path) -> str:
    dataset = OrderDataset(END, orders_of(Lake(str(home / "lake")), END, ()))
    later = dataset.lives.filter(pl.col("begins_at") >= pl.lit(SINCE))
    rows = dataset.of_lives(later, "opening")
    (folder,) = (home / "models/work_order_late").glob(f"{SINCE:%Y%m%d}*Z")
    names = json.loads((folder / "ranking.json").read_text(encoding="utf-8"))
    judged = {"the rule": rows.with_columns(WorkOrderRule().predict(rows).alias("risk"))}
    judged["the vendor's rate alone"] = rows.with_columns(rows["vendor_rate"].alias("risk"))
    judged |= {name: rows.with_columns(load(folder / name).predict(rows).alias("risk")) for name in names}
    lines = [_row(name, scored) for name, scored in judged.items()]
    lines += [
        f"| {name} | {n:,} | {base:.3f} | {pr:.3f} | {roc:.3f} | {brier:.4f} | {constant:.4f} | |"
        for name, n, base, pr, roc, brier, constant in REFERENCE
    ]
    known = by_segment(
        judged["the rule"],
        {
            "vendor": pl.when(pl.col("vendor_batches") < 10).then(pl.lit("few shipments")).otherwise(pl.lit("known")),
            "year due": pl.col("due_at").dt.year().cast(pl.String),
        },
        (),
    )
    parts = [
        f"| {r['segment']}: {r['value']} | {r['n']:,} | {r['base_rate']:.3f} | {r['pr_auc']:.3f} | {r['roc_auc']:.3f} |"
        for r in known.iter_rows(named=True)
    ]
    return (
        "\n".join([f"| {' | '.join(_COLUMNS)} |", f"|{'---|' * len(_COLUMNS)}", *lines])
        + "\n\nThe rule, part by part:\n\n| part | n | base rate | PR-AUC | ROC-AUC |\n|---|---|---|---|---|\n"
        + "\n".join(parts)
        + "\n"
    )


def _row(name: str, scored: pl.DataFrame) -> str:
    result = evaluate(scored, key=KEY)
    cells = [f"{result['n']:,}", *(f"{result[n]:.3f}" for n in ("base_rate", "pr_auc", "roc_auc"))]
    cells += [f"{result[n]:.4f}" for n in ("brier", "brier_constant")] + [f"{result['ece']:.3f}"]
    return f"| {name} | {' | '.join(cells)} |"


def _twin(folder: Path) -> str:
    until = _START + timedelta(days=_DAYS)
    sites = pl.DataFrame({"site_id": [f"s{n}" for n in range(40)], "client_id": ["acme"] * 40})
    world = contracted(SimulationSettings(starts_at=_START, orders_per_day=20), 0, sites, until)
    lake, orders = Lake(str(folder)), TABLES["work_orders"]
    rows = pl.concat([orders.empty(), world.work_orders], how="diagonal_relaxed").select(orders.columns)
    lake.record(orders, rows, loaded_at=until)
    dataset = OrderDataset(until, orders_of(lake, until, ("cancelled",)))
    late = dataset.lives.filter(pl.col("begins_at") > pl.lit(_START + timedelta(days=200)))
    frame = dataset.of_lives(late, "opening").join(world.truth.select(KEY, "true_late"), on=KEY)
    said, true = WorkOrderRule().predict(frame).to_numpy(), frame["true_late"].to_numpy()
    return (
        f"\nOn the twin, whose probabilities are known ({len(frame):,} orders of its last hundred days, "
        f"{true.mean():.1%} late): the rule's distance to the truth is {np.abs(said - true).mean():.3f}, that of one "
        f"rate for all {np.abs(true.mean() - true).mean():.3f}.\n"
    )


def _run(home: Path, *words: str) -> None:
    command = [str(OPSGUARD), *words, "--config", str(CONFIG)]
    subprocess.run(command, check=True, env=os.environ | {"OPSGUARD_HOME": str(home)}, stdout=sys.stderr)


if __name__ == "__main__":
    main()
