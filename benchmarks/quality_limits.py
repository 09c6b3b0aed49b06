"""What the incident log can support: how much more data would help, how much the world moves, what an oracle reaches.

Here: the sections on limits of quality.md. Not here: the protocol itself (`quality`).
"""

from collections.abc import Mapping
from pathlib import Path

import polars as pl

from benchmarks.quality_frames import SINCE, judged_by, pasts
from ml.dataset.examples import Examples
from ml.evaluation.evaluate import calibration_interval, evaluate
from ml.models.learned import LearnedModel, numbers
from ml.models.model_files import load
from ml.problems.sla_breach.problem import TASK
from ml.training.candidates.hazard import hazard

_SEED, _SHARES = 7, (8, 4, 2, 1)
_BAND = (0.70, 0.80)
_CALIBRATION = """
## Do the probabilities hold?

Of the best model of the training (`{name}`), on the same moments. The floor is the calibration error that a perfect
model would show with so many moments; an error of at most .02 is the aim. The band is what happened to tickets scored
70 to 80 %; 68 to 82 % is the aim.

| moment | calibration error (5 to 95 %) | floor | said on average | seen | in the band | of them late |
|---|---|---|---|---|---|---|
"""
_WEEKS = """
Said and seen per week of opening. What is left of the error is not noise: the share that is late moves from week to
week, and nothing known by 1 May announces it. Labels take more than a week to become known, so that no calibration on
outcomes can follow.

| week | n | said | seen |
|---|---|---|---|
"""
_ORACLE = """
## What an oracle reaches

The same survival model that also learned from half of the tickets of the judged weeks, and is judged on the other half:
it knows how the world moved, and nobody can. Where even its calibration error is above .02, or the floor is, the aim
asks for more than these records hold.

| moment | model | average precision | Brier | calibration error | floor |
|---|---|---|---|---|---|
"""
_CURVE = """
## Would more data help?

The survival model learned from a share of the tickets, chosen by a stable hash, judged at the opening. Where the last
doubling gains little, more tickets of the same weeks would not help: what is missing is not in these columns.

| share | tickets | average precision | ROC-AUC | Brier |
|---|---|---|---|---|
"""


def limits(home: Path, model_folder: Path) -> str:
    """The sections.

    Args:
        home: The installation that the protocol ran in.
        model_folder: The model that won.
    """
    then, now = pasts(home)
    rows, judged, model = then.watched(), judged_by(now), load(model_folder)
    scored = {moment: part.with_columns(model.predict(part)) for moment, part in judged.items()}
    return "".join(
        [
            _calibration(model, scored),
            _ORACLE,
            *_oracle(rows, now.watched().filter(pl.col("begins_at") >= SINCE), scored),
            _CURVE,
            *_curve(rows, judged["opening"]),
        ]
    )


def _calibration(model: LearnedModel, scored: Mapping[str, pl.DataFrame]) -> str:
    lines = []
    for moment, rows in scored.items():
        span, band = calibration_interval(rows), rows.filter(pl.col("risk").is_between(*_BAND, closed="left"))
        error = evaluate(rows)["ece"]
        said, seen, late = rows["risk"].mean(), rows["is_event"].mean(), band["is_event"].mean()
        lines.append(
            f"| {moment} | {error:.3f} ({span['ece_low']:.3f} to {span['ece_high']:.3f}) | {span['ece_floor']:.3f} "
            f"| {said:.3f} | {seen:.3f} | {len(band)} | {late:.1%} |\n"
        )
    weeks = (
        scored["opening"]
        .group_by(week=pl.col("begins_at").dt.truncate("1w").dt.date())
        .agg(n=pl.len(), said=pl.col("risk").mean(), seen=pl.col("is_event").mean())
        .filter(pl.col("n") >= 50)
        .sort("week")
    )
    told_weeks = [f"| {week} | {n:,} | {said:.3f} | {seen:.3f} |\n" for week, n, said, seen in weeks.iter_rows()]
    return _CALIBRATION.format(name=model.name) + "".join(lines) + _WEEKS + "".join(told_weeks)


def _oracle(rows: pl.DataFrame, later: pl.DataFrame, scored: Mapping[str, pl.DataFrame]) -> list[str]:
    """Two halves, each judged by the model that learned from the other."""
    half = pl.col(TASK.key).hash(_SEED) % 2
    lines = []
    said: dict[str, list[pl.DataFrame]] = {moment: [] for moment in scored}
    for part in (0, 1):
        scores = _fitted(pl.concat([rows, later.filter(half != part)]))
        for moment, judged in scored.items():
            own = judged.filter(half == part)
            said[moment].append(own.with_columns(risk=scores(own)))
    for moment, parts in said.items():
        for name, result in (("as learned by 1 May", scored[moment]), ("oracle", pl.concat(parts))):
            figures, floor = evaluate(result), calibration_interval(result)["ece_floor"]
            lines.append(
                f"| {moment} | {name} | {figures['pr_auc']:.3f} | {figures['brier']:.3f} | {figures['ece']:.3f} "
                f"| {floor:.3f} |\n"
            )
    return lines


def _curve(rows: pl.DataFrame, judged: pl.DataFrame) -> list[str]:
    lines = []
    for share in _SHARES:
        some = rows.filter(pl.col(TASK.key).hash(_SEED) % share == 0)
        figures = evaluate(judged.with_columns(risk=_fitted(some)(judged)))
        lines.append(
            f"| 1/{share} | {some[TASK.key].n_unique():,} | {figures['pr_auc']:.3f} | {figures['roc_auc']:.3f} "
            f"| {figures['brier']:.3f} |\n"
        )
    return lines


def _fitted(rows: pl.DataFrame):  # noqa: ANN202 - a function of rows to probabilities
    """The survival model with its defaults, not calibrated."""
    candidate, examples = hazard(), Examples.of(rows, TASK)
    scorer = candidate.fit(examples, candidate.parameters, _SEED).scorer
    return lambda part: pl.Series("risk", scorer.scores(numbers(part, examples.features)))
