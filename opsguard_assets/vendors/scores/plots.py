"""Pictures of vendors for asset pages and reports; they print well.

Here: what is drawn. Not here: how (`opsguard_assets.drawing`), the figures, and pages around them.
"""

import polars as pl

from opsguard_assets.drawing import cross, curve, dot, line, svg, text
from opsguard_assets.vendors.scores.jobs import PARTS
from opsguard_assets.vendors.scores.score import GRADES, WEIGHTS

PART_WORDS = {
    "sla": "done in time",
    "completion": "within the estimate",
    "quality": "rating",
    "rework": "no rework",
}
_LEFT, _WIDTH, _ROW, _TOP = 230, 420, 24, 58
_MOST_ROWS = 40


def ranking_plot(scores: pl.DataFrame) -> bytes:
    """Every vendor as a dot with its interval, the best first; hollow and grey: too few jobs to be ranked."""
    rows = scores.drop_nulls("score").sort("score", "vendor_id", descending=[True, False])
    shown = rows.head(_MOST_ROWS)
    bottom = _TOP + len(shown) * _ROW
    parts = _axis(bottom)
    for place, row in enumerate(shown.iter_rows(named=True)):
        y = _TOP + 12 + place * _ROW
        parts.append(text(10, y + 4, f"{row['name'][:28]} ({row['jobs']:,})"))
        parts += _interval(row["low"], row["score"], row["high"], y, is_ranked=row["rank"] is not None)
        parts.append(text(_LEFT + _WIDTH + 14, y + 4, f"{row['score']:.1f} {row['grade'] or ''}"))
    if len(rows) > _MOST_ROWS:
        parts.append(text(10, bottom + 34, f"and {len(rows) - _MOST_ROWS:,} more"))
    title = f"Scores of {len(rows):,} vendors with their 90 % intervals; grey: too few jobs to rank"
    return svg(title, parts, _LEFT + _WIDTH + 80, bottom + 44)


def parts_plot(row: dict[str, float | None]) -> bytes:
    """The parts of one score: a dot drawn towards the peers with its interval, and a cross at the plain mean."""
    bottom = _TOP + len(PARTS) * _ROW
    parts = _axis(bottom)
    for place, part in enumerate(PARTS):
        y = _TOP + 12 + place * _ROW
        count = int(row[f"{part}_jobs"] or 0)
        parts.append(text(10, y + 4, f"{PART_WORDS[part]} ({WEIGHTS[part]:.0f} points, {count:,} jobs)"))
        score, low, high, raw = (row[f"{part}_{name}"] for name in ("score", "low", "high", "raw"))
        if score is None or low is None or high is None or raw is None:
            stands = "" if score is None else f"; counts as {score:.0f}"
            parts.append(text(_LEFT + 4, y + 4, f"not known{stands}"))
            continue
        parts += [*_interval(low, score, high, y, is_ranked=True), cross(_x(raw), y, "red")]
        parts.append(text(_LEFT + _WIDTH + 14, y + 4, f"{score:.1f}"))
    title = "Parts of the score: dot and 90 % interval drawn towards the peers, x as it is"
    return svg(title, parts, _LEFT + _WIDTH + 80, bottom + 30)


def trend_plot(months: pl.DataFrame, *, title: str = "Score of each month with its 90 % interval") -> bytes:
    """The score of every month with its range (`month`, `score`, `low`, `high`, `jobs`); months without stay empty."""
    rows = months.sort("month")
    whole = pl.date_ranges(pl.col("month").min(), pl.col("month").max(), "1mo")
    every = rows.select(whole).to_series()[0].to_list() if len(rows) else []
    height, step, top = 200, 80, 48
    wide, base = max(len(every), 1) * step, top + height
    parts = []
    for points in (0, 20, 40, 60, 80, 100):
        y = base - height * points / 100
        parts += [line((40, y), (40 + wide, y), width=0.6), text(34, y + 4, str(points), anchor="end")]
    values = {row["month"]: row for row in rows.iter_rows(named=True)}
    before: tuple[float, float] | None = None
    for place, month in enumerate(every):
        x = 40 + step * (place + 0.5)
        parts.append(text(x, base + 18, month.strftime("%b %Y"), anchor="middle"))
        row = values.get(month)
        if row is None or row["score"] is None:
            before = None
            continue
        y, low, high = (base - height * row[name] / 100 for name in ("score", "low", "high"))
        parts.append(line((x, low), (x, high), "pale", width=5))
        if before:
            parts.append(curve([before, (x, y)], "blue"))
        parts += [dot(x, y, "blue", radius=4.5), text(x + 9, y - 6, f"{row['score']:.0f}")]
        parts.append(text(x, base + 32, f"{row['jobs']:,} jobs", anchor="middle"))
        before = (x, y)
    return svg(title, parts, max(60 + wide, 420), base + 44)


def _axis(bottom: float) -> list[str]:
    parts = []
    for points in sorted({0, 20, 40, 100, *(int(least) for least in GRADES.values())}):
        x = _x(points)
        parts += [line((x, _TOP), (x, bottom), width=0.6), text(x, _TOP - 6, str(points), anchor="middle")]
    return parts


def _interval(low: float, score: float, high: float, y: float, *, is_ranked: bool) -> list[str]:
    band = line((_x(low), y), (_x(high), y), "pale" if is_ranked else "line", width=5)
    return [band, dot(_x(score), y, "blue" if is_ranked else "grey", is_hollow=not is_ranked)]


def _x(points: float) -> float:
    return _LEFT + _WIDTH * points / 100
