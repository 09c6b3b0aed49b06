"""The model card: purpose, quality, weaknesses and limits of a model, as Markdown.

Here: figures in, text out, by a given template. Not here: reading the template, and the figures.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import polars as pl

from ml.dataset.task import Task
from ml.evaluation.segments import percent
from ml.tracking.report import Report

_MARKS = re.compile(r"([\\`*_{}\[\]<>()#+!|~])")
_SPACES = re.compile(r"\s+")
_HEADLINE = (
    ("precision_recall_auc", "ranking: average precision; the base rate is what chance reaches"),
    ("roc_auc", "ranking: chance that a moment before a {event} is above one without"),
    ("brier_score_loss", "mean squared error of probabilities"),
    ("brier_skill", "share of the constant's Brier score that is saved"),
    ("log_loss", "surprise per moment"),
    ("ece", "mean distance of said and seen shares"),
    ("ece_floor", "the same for a perfect model with as many moments"),
    ("base_rate", "share of the moments that a {event} followed"),
    ("precision_at_alert", "share of the moments from {alert} that a {event} followed"),
    ("recall_at_alert", "share of the moments before a {event} that were at {alert} or more"),
    ("lead_time_p50_min", "median minutes from a right flag at {alert} to the {event}"),
    ("net_cost", "money per entity at the cheapest threshold; negative saves"),
)
_WEAKER = 5


@dataclass(frozen=True)
class Subject:
    """What a card is of, beyond its figures."""

    candidate: str
    task: Task
    until: datetime
    rank: int
    of: int
    parameters: Mapping[str, Any]
    spans: Mapping[str, str]
    facts: Mapping[str, Any]
    data: Mapping[str, Any]
    revision: str | None


def model_card(template: str, subject: Subject, report: Report) -> str:
    """The card.

    Args:
        template: Text of the Jinja template.
        subject: What it is of.
        report: Its figures.

    Returns:
        Markdown. Texts that come from data are escaped: a client's name is shown, and nothing else.
    """
    from jinja2 import Environment, StrictUndefined  # noqa: PLC0415 - only training writes cards

    # Markdown is read by people and rendered by MLflow: `cell` escapes what comes from data, HTML included.
    environment = Environment(autoescape=False, undefined=StrictUndefined, keep_trailing_newline=True)  # noqa: S701
    environment.filters["cell"] = cell
    metrics, alert = report.metrics, f"{percent(subject.task.alert_from)} %"
    return environment.from_string(template).render(
        candidate=cell(subject.candidate),
        problem=cell(subject.task.problem),
        question=subject.task.question,
        is_best=subject.rank == 1,
        rank=subject.rank,
        of=subject.of,
        until=f"{subject.until:%Y-%m-%d %H:%M} UTC",
        facts={
            **{name: f"{subject.facts[name]:,}" for name in ("moments", "entities")},
            "late_share": f"{subject.facts['late_share']:.1%}",
        },
        metrics={"n": f"{metrics.get('n', 0):,.0f}"},
        data=list(subject.data.items()),
        revision=subject.revision and cell(subject.revision),
        event=cell(subject.task.event),
        headline=[
            (name, f"{metrics[name]:,.4g}", meaning.format(event=subject.task.event, alert=alert))
            for name, meaning in _HEADLINE
            if name in metrics
        ],
        threshold=report.money["threshold"] and f"{report.money['threshold']:.0%}",
        costs={name: f"{value:,.4g}" for name, value in report.money["costs"].items()},
        weaker=_weaker(report.segments),
        parameters=list(subject.parameters.items()),
        spans=subject.spans,
    )


def cell(value: object) -> str:
    """A text that Markdown and HTML show as it is, on one line."""
    return _MARKS.sub(r"\\\1", _SPACES.sub(" ", str(value)).replace("&", "&amp;")).replace("\\<", "&lt;")


def _weaker(segments: pl.DataFrame) -> list[dict[str, Any]]:
    left = pl.col("brier") / pl.col("brier_constant")
    worst = segments.with_columns(left=left).sort("left", descending=True, nulls_last=True).head(_WEAKER)
    return [{**row, "left": f"{row['left']:.0%}"} for row in worst.drop_nulls("left").iter_rows(named=True)]
