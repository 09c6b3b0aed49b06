"""Pictures of vendors for asset pages and reports, as SVG text that prints well.

Here: drawing. Not here: the figures, and pages around them.
"""

import polars as pl

from opsguard_assets.drawing import LINE, svg, text
from opsguard_assets.vendors.scores.jobs import PARTS
from opsguard_assets.vendors.scores.score import GRADES, WEIGHTS

PART_WORDS = {
    "sla": "done in time",
    "completion": "within the estimate",
    "quality": "rating",
    "rework": "no rework",
}
_BLUE, _PALE, _GREY = "#2f6690", "#a9c5db", "#999999"
_LEFT, _WIDTH, _ROW, _TOP = 230, 420, 24, 58
_MOST_ROWS = 40


def ranking_plot(scores: pl.DataFrame) -> bytes:
    """Every vendor as a dot with its interval, the best first; hollow and grey: too few jobs to be ranked."""
    rows = scores.drop_nulls("score").sort("score", "vendor_id", descending=[True, False])
    parts = [
        text(10, 22, f"Scores of {len(rows):,} vendors with their 90 % intervals; grey: too few jobs to rank", size=14)
    ]
    shown = rows.head(_MOST_ROWS)
    parts += _axis(_TOP + len(shown) * _ROW)
    for place, row in enumerate(shown.iter_rows(named=True)):
        y = _TOP + 12 + place * _ROW
        parts.append(text(10, y + 4, f"{row['name'][:28]} ({row['jobs']:,})"))
        parts.append(_dot(row["low"], row["score"], row["high"], y, is_ranked=row["rank"] is not None))
        parts.append(text(_LEFT + _WIDTH + 14, y + 4, f"{row['score']:.1f} {row['grade'] or ''}"))
    if len(rows) > _MOST_ROWS:
        parts.append(text(10, _TOP + len(shown) * _ROW + 34, f"and {len(rows) - _MOST_ROWS:,} more"))
    return svg(parts, _LEFT + _WIDTH + 80, _TOP + len(shown) * _ROW + 44)


def parts_plot(row: dict[str, float | None]) -> bytes:
    """The parts of one score: a dot drawn towards the peers with its interval, and a cross at the plain mean."""
    parts = [text(10, 22, "Parts of the score: dot and 90 % interval drawn towards the peers, x as it is", size=14)]
    parts += _axis(_TOP + len(PARTS) * _ROW)
    for place, part in enumerate(PARTS):
        y = _TOP + 12 + place * _ROW
        count = int(row[f"{part}_jobs"] or 0)
        parts.append(text(10, y + 4, f"{PART_WORDS[part]} ({WEIGHTS[part]:.0f} points, {count:,} jobs)"))
        score, low, high, raw = (row[f"{part}_{name}"] for name in ("score", "low", "high", "raw"))
        if score is None or low is None or high is None or raw is None:
            stands = "" if score is None else f"; counts as {score:.0f}"
            parts.append(text(_LEFT + 4, y + 4, f"not known{stands}"))
            continue
        parts.append(_dot(low, score, high, y, is_ranked=True))
        x = _x(raw)
        parts.append(f'<path d="M{x - 4:.1f} {y - 4}l8 8m-8 0l8 -8" stroke="#c0392b" stroke-width="1.5"/>')
        parts.append(text(_LEFT + _WIDTH + 14, y + 4, f"{score:.1f}"))
    return svg(parts, _LEFT + _WIDTH + 80, _TOP + len(PARTS) * _ROW + 30)


def trend_plot(months: pl.DataFrame, *, title: str = "Score of each month with its 90 % interval") -> bytes:
    """The score of every month with its range (`month`, `score`, `low`, `high`, `jobs`); months without stay empty."""
    rows = months.sort("month")
    whole = pl.date_ranges(pl.col("month").min(), pl.col("month").max(), "1mo")
    every = rows.select(whole).to_series()[0].to_list() if len(rows) else []
    height, step = 200, 80
    parts = [text(10, 22, title, size=14)]
    for points in (0, 20, 40, 60, 80, 100):
        y = 40 + height * (1 - points / 100)
        parts.append(f'<path d="M40 {y:.0f}h{max(len(every), 1) * step}" stroke="{LINE}" stroke-width="0.6"/>')
        parts.append(text(34, y + 4, str(points), anchor="end"))
    values = {row["month"]: row for row in rows.iter_rows(named=True)}
    before: tuple[float, float] | None = None
    for place, month in enumerate(every):
        x = 40 + step * (place + 0.5)
        parts.append(text(x, 40 + height + 18, month.strftime("%b %Y"), anchor="middle"))
        row = values.get(month)
        if row is None or row["score"] is None:
            before = None
            continue
        y, low, high = (40 + height * (1 - row[name] / 100) for name in ("score", "low", "high"))
        parts.append(f'<path d="M{x} {low:.1f}V{high:.1f}" stroke="{_PALE}" stroke-width="5"/>')
        if before:
            parts.append(f'<path d="M{before[0]} {before[1]:.1f}L{x} {y:.1f}" stroke="{_BLUE}"/>')
        parts.append(f'<circle cx="{x}" cy="{y:.1f}" r="4.5" fill="{_BLUE}"/>')
        parts.append(text(x + 9, y - 6, f"{row['score']:.0f}"))
        parts.append(text(x, 40 + height + 32, f"{row['jobs']:,} jobs", anchor="middle"))
        before = (x, y)
    return svg(parts, 60 + max(len(every), 1) * step, 40 + height + 44)


def _axis(bottom: float) -> list[str]:
    parts = []
    for points in sorted({0, 20, 40, 100, *(int(least) for least in GRADES.values())}):
        x = _x(points)
        parts.append(f'<path d="M{x:.0f} {_TOP}V{bottom}" stroke="{LINE}" stroke-width="0.6"/>')
        parts.append(text(x, _TOP - 6, str(points), anchor="middle"))
    return parts


def _dot(low: float, score: float, high: float, y: float, *, is_ranked: bool) -> str:
    fill, line = (_BLUE, _PALE) if is_ranked else ("white", "#dddddd")
    stroke = _BLUE if is_ranked else _GREY
    return (
        f'<path d="M{_x(low):.1f} {y}H{_x(high):.1f}" stroke="{line}" stroke-width="5"/>'
        f'<circle cx="{_x(score):.1f}" cy="{y}" r="5" fill="{fill}" stroke="{stroke}" stroke-width="1.5"/>'
    )


def _x(points: float) -> float:
    return _LEFT + _WIDTH * points / 100
