"""`python -m benchmarks.quality_alerts`: alerts that need a person, on pages and the twin; its part of quality.md.

Here: one protocol on a production pager stream, one on the twin. Not here: learning, priorities.
"""

import tempfile
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
from sklearn.metrics import ndcg_score

from benchmarks.page import put
from ml.dataset.task import Task
from ml.evaluation.evaluate import evaluate
from ml.problems.alert_action.problem import TASK
from ml.problems.alert_action.rule import AlertRule
from ml.training.candidates.every import candidates
from ml.training.train import Trained, train
from ml.training.tuning import Budget
from opsguard_assets.config.settings import Settings
from opsguard_assets.simulator.settings import SimulationSettings
from opsguard_assets.simulator.twin import simulate
from opsguard_assets.tables.registry import TABLES
from opsguard_assets.tables.values import INSTANT
from opsguard_assets.triage.learning.dataset import AlertDataset
from opsguard_assets.triage.learning.problem_io import dataset_at
from resources.lake import Lake

PAGES = Path("../shared/datasets/alerts/velocity_2013_pagerduty_alerts.csv.gz")
SPLIT, END = datetime(2013, 8, 1, tzinfo=UTC), datetime(2013, 10, 8, tzinfo=UTC)
START = datetime(2026, 1, 1, tzinfo=UTC)
LEARNED, WATCHED, SITES = START + timedelta(days=110), START + timedelta(days=150), 100
# So many alerts can a shift of eight hours handle; about 32 are raised in one.
HANDLED, SHIFT = 8, "8h"
_HOUR = timedelta(hours=1)
_TABLES = ("sites", "clients", "duty", "external_alerts")
_HEAD = """## Which alerts need a person

Written by `python -m benchmarks.quality_alerts`.

**A production pager stream** of 2013 (velocity-ny-2013: {count:,} triggers with hashed names and services). An alert
needed a person if an acknowledgement of the same name follows within four hours. That is a reading of the file, whose
events are not linked. Stamps are full hours: within an hour the order is that of the incident numbers, and an
acknowledgement counts as known at the end of its hour. Learned from what was known on 1 August, judged at the opening
of every later alert; the last column has precision and recall of the top fifth. Features and their constants were not
changed for this file; the split is that of the reference.

| model | n | base rate | PR-AUC | ROC-AUC | Brier | of the base rate | calibration error | top fifth |
|---|---|---|---|---|---|---|---|---|
"""
_PAGES_NOTE = """
Models stand in the order of the training's own comparison, on the latest fifth of 899 alerts. It puts the logistic
regression first, which ranks well here and states probabilities that are far too high: its Brier score is worse than
that of the base rate. So little data choose a model badly, and monitoring, which disables a model that is worse than
the trailing rate, needs 200 outcomes to see it. The boosted trees are ahead of the reference in average precision,
ROC area and Brier score, and behind it in the top fifth. Base rates are those of one small file.
"""
_TWIN = """
**On the twin** ({sites} sites; alarms of another system, whose true probabilities are known): learned from what was
known on day 110, judged on the {judged:,} alarms of the 40 days after it, {base:.1%} of which needed a person. A shift
of eight hours can handle {handled} of about {per_shift:.0f} alarms: precision is the share of the first {handled} that
needed a person, NDCG is over whole shifts, both averaged over {shifts} shifts.

| order | precision of the first {handled} | NDCG | PR-AUC | Brier | calibration error | distance to the truth |
|---|---|---|---|---|---|---|
"""


def main() -> None:
    """Builds both histories, learns, judges, writes the part of the page."""
    if not PAGES.exists():
        raise SystemExit(f"{PAGES} is not here; the pager stream is not part of the project")
    with tempfile.TemporaryDirectory() as folder:
        pages = _pages(Lake(f"{folder}/pages"))
        twin = _twin(Lake(f"{folder}/twin"))
    put("alerts", f"{pages}{twin}\n{datetime.now(UTC).date()}\n")


def _pages(lake: Lake) -> str:
    alerts = pager_versions(pl.read_csv(PAGES, infer_schema=False))
    lake.record(TABLES["external_alerts"], alerts, loaded_at=END)
    then, now = (dataset_at(lake, at, Settings()) for at in (SPLIT, END))
    rows = openings(now, SPLIT)
    lines = [
        _page_line(name, rows, risk)
        for name, risk in {**learned(then, SPLIT, rows), "the rule": AlertRule().predict(rows),
                           "trailing share per rule": rows["rule_share"], "first come": first_come(rows)}.items()
    ]  # fmt: skip
    reference = (
        "| logistic regression as known, reference | 324 | 0.222 | 0.504 | 0.784 | 0.139 | 0.173 | | 0.69, 0.61 |"
    )
    leak = "| share per name with the leak of early labels, reference | 324 | 0.222 | 0.659 | 0.787 | | | | |"
    head = _HEAD.format(count=alerts["alert_id"].n_unique())
    return head + "\n".join([*lines, reference, leak]) + "\n" + _PAGES_NOTE


def pager_versions(raw: pl.DataFrame) -> pl.DataFrame:
    """The pager stream as versions of `external_alerts`: raised, acknowledged, resolved; each with when it was known.

    Args:
        raw: The rows of the file as texts.
    """
    events = raw.drop_nulls("name").with_columns(
        pl.col("ts").str.to_datetime("%Y-%m-%d %H:%M:%S", time_unit="us", time_zone="UTC"),
        pl.col("pd_id").cast(pl.Int64),
    )
    raised = events.filter(typ="error").sort("ts", "pd_id")
    for name, kind, within in (("acknowledged_at", "warning", 4), ("resolved_at", "success", 24 * 7)):
        others = events.filter(typ=kind).select("name", "ts", pl.col("ts").alias(name)).sort("ts")
        raised = raised.join_asof(
            others, on="ts", by="name", strategy="forward", tolerance=within * _HOUR, check_sortedness=False
        )
    order = pl.int_range(pl.len()).over("ts")
    base = raised.select(
        "acknowledged_at",
        "resolved_at",
        alert_id="id",
        site_id="service",
        at="ts",
        kind="name",
        severity=pl.lit("medium"),
        known_at=pl.col("ts") + pl.duration(seconds=order),
    )
    nothing = pl.lit(None, INSTANT)
    taken = base.drop_nulls("acknowledged_at").with_columns(
        resolved_at=nothing, known_at=pl.col("acknowledged_at") + _HOUR
    )
    over = base.drop_nulls("resolved_at").with_columns(
        acknowledged_at=pl.when(pl.col("acknowledged_at") <= pl.col("resolved_at")).then("acknowledged_at"),
        known_at=pl.col("resolved_at") + _HOUR,
    )
    table = TABLES["external_alerts"]
    raised_only = base.with_columns(acknowledged_at=nothing, resolved_at=nothing)
    versions = pl.concat([table.empty(), raised_only, taken, over], how="diagonal_relaxed")
    return versions.select(pl.col(name).cast(dtype) for name, dtype in table.dtypes.items())


def _twin(lake: Lake) -> str:
    settings = SimulationSettings(
        starts_at=START, sites=SITES, devices_per_site=0, tickets_per_day=5, orders_per_day=0, guards=False, seed=3
    )
    world = simulate(settings, WATCHED)
    for name in _TABLES:
        table = TABLES[name]
        frame = pl.concat([table.empty(), world.tables[name]], how="diagonal_relaxed").select(table.columns)
        lake.record(table, frame, loaded_at=WATCHED)
    then, now = (dataset_at(lake, at, Settings()) for at in (LEARNED, WATCHED))
    truth = world.alarm_truth.select(episode_id=pl.format("external/{}", "alert_id"), true="true_action")
    rows = openings(now, LEARNED).join(truth, on="episode_id", maintain_order="left")
    orders = {
        **learned(then, LEARNED, rows),
        "the rule": AlertRule().predict(rows),
        "severity, then first come": rows["severity_rank"] + first_come(rows) / 10,
        "first come": first_come(rows),
        "trailing share per rule": rows["rule_share"],
        "the truth": rows["true"],
    }
    lines = sorted((_twin_line(name, rows, risk) for name, risk in orders.items()), reverse=True)
    shifts = rows.select(pl.col("begins_at").dt.truncate(SHIFT)).n_unique()
    head = _TWIN.format(
        sites=SITES, judged=len(rows), base=rows["is_event"].mean(), handled=HANDLED, per_shift=len(rows) / shifts,
        shifts=shifts,
    )  # fmt: skip
    return head + "\n".join(line for _, line in lines) + "\n"


def openings(dataset: AlertDataset, since: datetime) -> pl.DataFrame:
    """Rows of the openings of all alerts since an instant, as they came."""
    lives = dataset.lives.filter(pl.col("begins_at") >= pl.lit(since, INSTANT))
    return dataset.of_lives(lives, "opening").sort("begins_at", "episode_id")


def learned(then: AlertDataset, until: datetime, rows: pl.DataFrame, task: Task = TASK) -> Mapping[str, pl.Series]:
    """Probabilities of every candidate that was learned, the best of the training's own comparison first."""
    budget = Budget(trials=4, seconds=60, clock=time.monotonic)
    trained: list[Trained] = train(then.watched(), task, candidates(), until=until, budget=budget)
    best = sorted((each for each in trained if each.model is not None), key=lambda each: -each.figures["pr_auc"])
    return {each.candidate: each.model.predict(rows) for each in best if each.model is not None}


def first_come(rows: pl.DataFrame) -> pl.Series:
    """A score between 0 and 1 that falls with time."""
    return rows.select(1 - pl.int_range(pl.len()) / pl.len()).to_series()


def _page_line(name: str, rows: pl.DataFrame, risk: pl.Series) -> str:
    found = evaluate(rows.with_columns(risk.clip(0, 1).alias("risk")), key=TASK.key)
    top = rows.with_columns(risk.alias("risk")).sort("risk", descending=True).head(round(len(rows) / 5))
    hits, all_hits = int(top["is_event"].sum()), int(rows["is_event"].sum())
    figures = " | ".join(f"{found[each]:.3f}" for each in ("base_rate", "pr_auc", "roc_auc"))
    proper = " | ".join(f"{found[each]:.3f}" for each in ("brier", "brier_constant", "ece"))
    proper = proper if name != "first come" else " | | "
    return f"| {name} | {len(rows)} | {figures} | {proper} | {hits / len(top):.2f}, {hits / all_hits:.2f} |"


def _twin_line(name: str, rows: pl.DataFrame, risk: pl.Series) -> tuple[float, str]:
    scored = rows.with_columns(risk.alias("risk"), shift=pl.col("begins_at").dt.truncate(SHIFT))
    ranked = scored.sort("risk", "episode_id", descending=[True, False])
    shares = ranked.group_by("shift").agg(pl.col("is_event").head(HANDLED).mean())["is_event"]
    first = float(shares.to_numpy().mean())
    ndcg = np.mean([
        ndcg_score([part["is_event"].cast(pl.Float64).to_numpy()], [part["risk"].to_numpy()])
        for part in scored.partition_by("shift")
        if len(part) > 1 and part["is_event"].any()
    ])  # fmt: skip
    found = evaluate(scored.with_columns(pl.col("risk").clip(0, 1)), key=TASK.key)
    is_probability = not name.endswith("first come")
    distance = np.abs(risk.to_numpy() - rows["true"].to_numpy()).mean()
    proper = f"{found['brier']:.3f} | {found['ece']:.3f} | {distance:.3f}" if is_probability else "| |"
    return float(ndcg), f"| {name} | {first:.3f} | {ndcg:.3f} | {found['pr_auc']:.3f} | {proper} |"


if __name__ == "__main__":
    if not Path("benchmarks").is_dir():
        raise SystemExit("run it from the folder of the project")
    main()
