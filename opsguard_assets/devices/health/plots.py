"""Pictures of health for asset pages, as SVG text.

Here: drawing. Not here: the figures. Names of devices come from outside and are escaped.
"""

from datetime import datetime
from html import escape

import polars as pl

from opsguard_assets.devices.health.score import CRITICAL, WARNING

_RED, _AMBER, _BLUE, _INK, _LINE = "#c0392b", "#d98e04", "#4c78a8", "#333333", "#cccccc"
_BINS, _WIDTH, _HEIGHT, _LEFT, _TOP = 20, 760, 260, 50, 46
_ROW, _CURVE, _HOURS = 34, 420, 72


def fleet_histogram(scores: pl.Series) -> bytes:
    """How the scores of all devices are distributed, in the colours of their bands."""
    counts = [0] * _BINS
    for place, count in (scores.clip(0, 99.999) // (100 / _BINS)).cast(pl.Int64).value_counts().iter_rows():
        counts[place] = count
    most = max([*counts, 1])
    bars = [_bar(place, count, most) for place, count in enumerate(counts) if count]
    base = _TOP + _HEIGHT
    ticks = [_text(_LEFT + _WIDTH * n / 10, base + 18, str(n * 10), anchor="middle") for n in range(11)]
    line = f'<path d="M{_LEFT} {base}H{_LEFT + _WIDTH}" stroke="{_LINE}"/>'
    title = _text(_LEFT, 24, f"Health of {len(scores):,} devices", size=15)
    return _svg([title, line, *bars, *ticks], _LEFT + _WIDTH + 30, base + 30)


def worst_sparklines(worst: pl.DataFrame, hours: pl.DataFrame) -> bytes:
    """The worst devices, each with its minutes online and its charge over 72 hours.

    Args:
        worst: Rows of health, the worst first.
        hours: Rollups of these devices (`device_id`, `hour_at`, `online_minutes`, `battery_last_pct`).
    """
    parts = [_text(10, 24, "The worst devices over 72 hours: minutes online an hour (bars), charge (line)", size=15)]
    for row, device in enumerate(worst.iter_rows(named=True)):
        top = 44 + row * _ROW
        own = hours.filter(pl.col("device_id") == device["device_id"])
        colour = _RED if device["score"] < CRITICAL else _AMBER if device["score"] < WARNING else _BLUE
        name, score = device["device_id"][:28], f"{device['score']:.0f}"
        parts += [
            _text(10, top + 18, name),
            f'<g fill="{colour}">{_text(225, top + 18, score, anchor="end")}</g>',
            *_online(own, device["as_of"], top),
            _charge(own, device["as_of"], top),
            f'<path d="M240 {top + 24}h{_CURVE}" stroke="{_LINE}"/>',
        ]
    return _svg(parts, 240 + _CURVE + 20, 60 + len(worst) * _ROW)


def _place(hours: pl.DataFrame, as_of: datetime) -> pl.Series:
    age = (pl.lit(as_of) - pl.col("hour_at")).dt.total_hours()
    return hours.select(240 + _CURVE * (1 - age / _HOURS)).to_series()


def _online(hours: pl.DataFrame, as_of: datetime, top: float) -> list[str]:
    heights = hours["online_minutes"].fill_null(60.0).clip(0, 60) / 60 * 22
    return [
        f'<rect x="{x:.1f}" y="{top + 24 - height:.1f}" width="4.6" height="{height:.1f}" fill="#dbe6f1"/>'
        for x, height in zip(_place(hours, as_of), heights, strict=True)
    ]


def _charge(hours: pl.DataFrame, as_of: datetime, top: float) -> str:
    known = hours.filter(pl.col("battery_last_pct").is_not_null()).sort("hour_at")
    points = " ".join(
        f"{x + 2:.1f},{top + 24 - charge / 100 * 22:.1f}"
        for x, charge in zip(_place(known, as_of), known["battery_last_pct"], strict=True)
    )
    return f'<polyline points="{points}" fill="none" stroke="{_BLUE}" stroke-width="1.5"/>'


def _bar(place: int, count: int, most: int) -> str:
    start = place * 100 / _BINS
    colour = _RED if start < CRITICAL else _AMBER if start < WARNING else _BLUE
    height, width = (_HEIGHT - 20) * count / most, _WIDTH / _BINS
    x, top = _LEFT + place * width, _TOP + _HEIGHT - height
    bar = f'<rect x="{x + 1:.1f}" y="{top:.1f}" width="{width - 3:.1f}" height="{height:.1f}" fill="{colour}"/>'
    return bar + _text(x + width / 2, top - 4, f"{count:,}", size=10, anchor="middle")


def _text(x: float, y: float, words: str, *, size: int = 12, anchor: str = "start") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" text-anchor="{anchor}">{escape(words)}</text>'


def _svg(parts: list[str], width: float, height: float) -> bytes:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height:.0f}" font-family="sans-serif" '
        f'fill="{_INK}"><rect width="100%" height="100%" fill="white"/>{"".join(parts)}</svg>'
    ).encode()
