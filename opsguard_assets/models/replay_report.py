"""The report of a replay as one self-contained HTML page, and its plots.

Here: presenting `replay` results. Not here: the results, and where the report is stored.
"""

import base64
import importlib.resources
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import polars as pl

from ml.evaluation.replay import CAUGHT, FALSE_ALARM, MISSED, Period
from opsguard_assets.models.replay import Replayed, by_day

_COLOURS = {CAUGHT: "#4c78a8", MISSED: "#c0392b", FALSE_ALARM: "#d9b26f"}
_SHOWN = 50
_MONEY_NOTE = (
    "Net saved: the assumed savings of acting on alerts in time, minus the cost of handling all alerts, in the "
    "currency of the settings."
)
_COLUMNS = {
    "threshold": "{:.2f}",
    "alerted": "{:,}",
    "alerts_per_day": "{:,.1f}",
    "caught": "{:,}",
    "missed": "{:,}",
    "false_alarms": "{:,}",
    "not_known_yet": "{:,}",
    "precision": "{:.1%}",
    "recall": "{:.1%}",
    "net_saved": "{:,.0f}",
}


@dataclass(frozen=True)
class Asked:
    """The subject of a report.

    Attributes:
        problem: The problem.
        entity: What is scored, in one word.
        event: The predicted event, in the singular.
        period: Begin and end.
        step: Time between ticks.
        threshold: The alert threshold of the settings, used for the lists.
    """

    problem: str
    entity: str
    event: str
    period: Period
    step: timedelta
    threshold: float


def report(asked: Asked, results: Sequence[Replayed]) -> str:
    """The HTML page; lists and plots show the first result."""
    from jinja2 import Environment  # noqa: PLC0415 - only who writes a page needs it

    template = (importlib.resources.files("templates") / "replay.html.j2").read_text(encoding="utf-8")
    chosen = results[0]
    return (
        Environment(autoescape=True)
        .from_string(template)
        .render(
            problem=asked.problem,
            event=asked.event,
            begins=f"{asked.period.begins_at:%Y-%m-%d %H:%M}",
            ends=f"{asked.period.ends_at:%Y-%m-%d %H:%M}",
            every=span(asked.step.total_seconds() / 60),
            ticks=f"{chosen.ticks:,}",
            headline=headline(asked, chosen),
            columns=["model", *(name.replace("_", " ") for name in _COLUMNS), "median lead"],
            rows=[_row(r, f, chosen=f["threshold"] == asked.threshold) for r in results for f in r.figures],
            money_note=_MONEY_NOTE,
            pictures=[
                {"title": title, "data": base64.b64encode(picture).decode()}
                for title, picture in pictures(asked, results).items()
            ],
            lists=[_missed(asked, chosen), _false(asked, chosen)],
        )
    )


def headline(asked: Asked, result: Replayed) -> str:
    """The result in one sentence."""
    found = next((row for row in result.figures if row["threshold"] == asked.threshold), None)
    if found is None:
        return f"{result.model} {result.version} would have raised no alert at {asked.threshold:.0%}."
    lead = f", {span(found['lead_p50_minutes'])} before (median)" if found["caught"] else ""
    events = found["caught_in_time"] + found["missed"]
    return (
        f"At {asked.threshold:.0%}, {result.model} {result.version} would have raised {found['alerts_per_day']:,.1f} "
        f"alerts a day and caught {found['caught_in_time']:,} of {events:,} {asked.event}s{lead}; "
        f"{found['false_alarms']:,} alerts would have been false."
    )


def pictures(asked: Asked, results: Sequence[Replayed]) -> dict[str, bytes]:
    """The plots by title, as PNG."""
    chosen = results[0]
    return {
        f"{asked.event.capitalize()}s and alerts by day, at {asked.threshold:.0%}": _days(asked, chosen),
        f"How early alerts would have come, at {asked.threshold:.0%}": _leads(asked, chosen),
        "Recall over alerts per day": _frontier(results),
    }


def span(minutes: float | None) -> str:
    """A duration in words: 45 min, 3 h 20 min, 5 d 2 h."""
    if minutes is None:
        return ""
    whole = round(minutes)
    if whole < 60:  # noqa: PLR2004 - minutes of an hour
        return f"{whole} min"
    hours, rest = divmod(whole, 60)
    if hours < 48:  # noqa: PLR2004 - two days
        return f"{hours} h {rest} min" if rest else f"{hours} h"
    days, hours = divmod(hours, 24)
    return f"{days} d {hours} h" if hours else f"{days} d"


def _row(result: Replayed, figures: Mapping[str, Any], *, chosen: bool) -> dict[str, Any]:
    cells = [f"{result.model} {result.version}"]
    cells += ["" if figures[name] is None else shape.format(figures[name]) for name, shape in _COLUMNS.items()]
    return {"chosen": chosen, "cells": [*cells, span(figures["lead_p50_minutes"])]}


def _missed(asked: Asked, result: Replayed) -> dict[str, Any]:
    rows = result.fates.filter(pl.col("threshold") == asked.threshold, pl.col("fate") == MISSED)
    shown = rows.select(pl.nth(0), pl.col("ends_at").dt.strftime("%Y-%m-%d %H:%M"))
    return _list(
        f"{asked.event.capitalize()}s that no alert came before", [asked.entity, f"{asked.event} (UTC)"], shown
    )


def _false(asked: Asked, result: Replayed) -> dict[str, Any]:
    rows = result.fates.filter(pl.col("threshold") == asked.threshold, pl.col("fate") == FALSE_ALARM)
    shown = rows.sort("raised_at").select(pl.nth(0), pl.col("raised_at", "ends_at").dt.strftime("%Y-%m-%d %H:%M"))
    return _list(f"Alerts that no {asked.event} followed", [asked.entity, "alert (UTC)", "ended (UTC)"], shown)


def _list(title: str, columns: list[str], rows: pl.DataFrame) -> dict[str, Any]:
    more = f"{len(rows) - _SHOWN:,}" if len(rows) > _SHOWN else ""
    return {"title": title, "columns": columns, "rows": rows.head(_SHOWN).rows(), "more": more}


def _days(asked: Asked, result: Replayed) -> bytes:
    counts = by_day(result, asked.threshold)
    figure, axes = _axes("day", f"{asked.entity}s")
    days = counts.select(pl.col("day").unique().sort()).to_series()
    base = pl.Series([0] * len(days))
    for fate, colour in _COLOURS.items():
        own = pl.DataFrame({"day": days}).join(counts.filter(fate=fate), on="day", how="left", maintain_order="left")
        heights = own["n"].fill_null(0).cast(pl.Int64)
        axes.bar(days.to_list(), heights.to_list(), bottom=base.to_list(), color=colour, label=fate, width=0.8)
        base = base + heights
    axes.legend(frameon=False)
    figure.autofmt_xdate()
    return _png(figure)


def _leads(asked: Asked, result: Replayed) -> bytes:
    hours = result.fates.filter(pl.col("threshold") == asked.threshold)["lead_minutes"].drop_nulls() / 60
    figure, axes = _axes(f"hours from the first alert to the {asked.event}", f"{asked.entity}s")
    axes.hist(hours.to_list(), bins=40, color=_COLOURS[CAUGHT])
    return _png(figure)


def _frontier(results: Sequence[Replayed]) -> bytes:
    figure, axes = _axes("alerts per day", "recall: share of what happened that was caught")
    for result in results:
        points = [(row["alerts_per_day"], row["recall"], row["threshold"]) for row in result.figures]
        known = sorted(point for point in points if point[1] is not None)
        axes.plot([p[0] for p in known], [p[1] for p in known], "o-", label=result.model, markersize=4)
        for x, y, threshold in known:
            axes.annotate(f"{threshold:.2f}", (x, y), textcoords="offset points", xytext=(4, -10), fontsize=7)
    axes.set_ylim(0, 1.02)
    axes.set_xlim(left=0)
    axes.legend(frameon=False)
    return _png(figure)


def _axes(x: str, y: str) -> tuple[Any, Any]:
    from matplotlib.figure import Figure  # noqa: PLC0415 - slow to import

    figure = Figure(figsize=(9, 3.6), layout="constrained")
    axes = figure.subplots()
    axes.set_xlabel(x)
    axes.set_ylabel(y)
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes


def _png(figure: Any) -> bytes:
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=130)
    return buffer.getvalue()
