"""Pictures of health for asset pages.

Here: what is drawn. Not here: the figures, and how it is drawn (`opsguard_assets.drawing`).
"""

from datetime import datetime

import polars as pl

from opsguard_assets.devices.health.outcomes import ALL, BANDS, THEN, UP, WITHIN
from opsguard_assets.devices.health.score import CRITICAL, WARNING
from opsguard_assets.drawing import Colour, bar, column, curve, line, svg, text

_BINS, _WIDTH, _HEIGHT, _LEFT, _TOP = 20, 760, 260, 50, 46
_ROW, _CURVE, _HOURS = 34, 420, 72
_WITHIN_COLOURS: dict[str, Colour] = {THEN: "grey", "24h": "blue", "7d": "amber"}
_RATES_LEFT, _RATES_TOP, _RATES_HEIGHT, _GROUP, _BAR = 60, 50, 240, 260, 70


def fleet_histogram(scores: pl.Series) -> bytes:
    """How the scores of all devices are distributed, in the colours of their bands."""
    counts = [0] * _BINS
    for place, count in (scores.clip(0, 99.999) // (100 / _BINS)).cast(pl.Int64).value_counts().iter_rows():
        counts[place] = count
    most = max([*counts, 1])
    base, width = _TOP + _HEIGHT, _WIDTH / _BINS
    parts = [line((_LEFT, base), (_LEFT + _WIDTH, base))]
    for place, count in enumerate(counts):
        x, height = _LEFT + place * width, (_HEIGHT - 20) * count / most
        parts.append(column(x + 1, base, width - 3, height, _band(place * 100 / _BINS)))
        parts += [text(x + width / 2, base - height - 4, f"{count:,}", size=10, anchor="middle")] if count else []
    parts += [text(_LEFT + _WIDTH * n / 10, base + 18, str(n * 10), anchor="middle") for n in range(11)]
    return svg(f"Health of {len(scores):,} devices", parts, _LEFT + _WIDTH + 30, base + 30)


def worst_sparklines(worst: pl.DataFrame, hours: pl.DataFrame) -> bytes:
    """The worst devices, each with its minutes online and its charge over 72 hours.

    Args:
        worst: Rows of health, the worst first.
        hours: Rollups of these devices (`device_id`, `hour_at`, `online_minutes`, `battery_last_pct`).
    """
    parts = []
    for row, device in enumerate(worst.iter_rows(named=True)):
        top = 44 + row * _ROW
        own = hours.filter(pl.col("device_id") == device["device_id"])
        parts += [
            text(10, top + 18, device["device_id"][:28], size=12),
            text(225, top + 18, f"{device['score']:.0f}", size=12, anchor="end", colour=_band(device["score"])),
            *_online(own, device["as_of"], top),
            _charge(own, device["as_of"], top),
            line((240, top + 24), (240 + _CURVE, top + 24)),
        ]
    title = "The worst devices over 72 hours: minutes online an hour (bars), charge (line)"
    return svg(title, parts, 240 + _CURVE + 20, 60 + len(worst) * _ROW)


def _band(score: float) -> Colour:
    return "red" if score < CRITICAL else "amber" if score < WARNING else "blue"


def _place(hours: pl.DataFrame, as_of: datetime) -> pl.Series:
    age = (pl.lit(as_of) - pl.col("hour_at")).dt.total_hours()
    return hours.select(240 + _CURVE * (1 - age / _HOURS)).to_series()


def _online(hours: pl.DataFrame, as_of: datetime, top: float) -> list[str]:
    heights = hours["online_minutes"].fill_null(60.0).clip(0, 60) / 60 * 22
    return [
        bar(x, top + 24 - height, 4.6, height, "mist") for x, height in zip(_place(hours, as_of), heights, strict=True)
    ]


def _charge(hours: pl.DataFrame, as_of: datetime, top: float) -> str:
    known = hours.filter(pl.col("battery_last_pct").is_not_null()).sort("hour_at")
    points = [
        (x + 2, top + 24 - charge / 100 * 22)
        for x, charge in zip(_place(known, as_of), known["battery_last_pct"], strict=True)
    ]
    return curve(points, "blue")


def rates_picture(rates: pl.DataFrame) -> bytes:
    """The shares by band as bars with their intervals: down then, and of those up what came."""
    shown = rates.filter(pl.when(pl.col("within") == THEN).then(pl.lit(ALL)).otherwise(pl.lit(UP)) == pl.col("state"))
    most = max(float(shown["high"].max() or 0.0), 0.01)  # type: ignore[arg-type]
    base, wide = _RATES_TOP + _RATES_HEIGHT, len(BANDS) * _GROUP
    parts = []
    for row in shown.iter_rows(named=True):
        place = BANDS.index(row["band"]) * _GROUP + list(WITHIN).index(row["within"]) * (_BAR + 8) + _RATES_LEFT + 20
        low, high = (base - _RATES_HEIGHT * row[name] / most for name in ("low", "high"))
        middle, when = place + _BAR / 2, THEN if row["within"] == THEN else f"in {row['within']}"
        parts += [
            column(place, base, _BAR, _RATES_HEIGHT * row["rate"] / most, _WITHIN_COLOURS[row["within"]]),
            line((middle, low), (middle, high), "ink"),
            text(middle, high - 6, f"{row['rate']:.1%} {when}", size=10, anchor="middle"),
            text(middle, base + 16, f"{row['failed']:,} of {row['devices']:,}", size=10, anchor="middle"),
        ]
    for number, name in enumerate(BANDS):
        parts.append(text(_RATES_LEFT + number * _GROUP + 28 + 1.5 * _BAR, base + 36, name, size=12, anchor="middle"))
    parts.append(line((_RATES_LEFT, base), (_RATES_LEFT + wide, base)))
    title = "By band of health: devices that were down then; of those up, which failed or went offline afterwards"
    return svg(title, parts, _RATES_LEFT + wide + 20, base + 50)
