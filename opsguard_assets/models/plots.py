"""Pictures of risks and models for asset pages, as SVG text.

Here: a histogram and lines drawn by hand, because importing a plotting library takes longer than the tick itself.
Not here: the numbers behind them, and plots that are drawn seldom (`ml.evaluation.pictures`).
"""

from dataclasses import dataclass

import polars as pl

_BINS = 20
_BLUE, _AMBER, _RED, _INK, _LINE = "#4c78a8", "#d98e04", "#c0392b", "#333333", "#cccccc"
_COLOURS = (_AMBER, _RED)
_WIDTH, _HEIGHT, _LEFT, _TOP = 760, 320, 60, 60
_LEAST_SHARE = 0.005


@dataclass(frozen=True)
class Captions:
    """The captions of a plot of risks.

    Attributes:
        title: Above it.
        entities: What is scored, in the plural.
        risk: What the probability means.
    """

    title: str
    entities: str
    risk: str


def risk_distribution(risks: pl.Series, thresholds: dict[str, float], captions: Captions) -> bytes:
    """How the risks of one tick are distributed, as an SVG.

    Args:
        risks: Probabilities; null where there is none.
        thresholds: What follows (one or two words) from which risk, ascending.
        captions: Its words, none of which come from outside.

    Returns:
        A histogram in steps of 5 % with the thresholds.
    """
    scored = risks.drop_nulls()
    # The bin of a risk is the one that starts at it, so that 0.70 stands to the right of its threshold.
    bins = (scored * _BINS + 1e-9).floor().clip(0, _BINS - 1).cast(pl.Int64).alias("bin")
    found = dict(bins.to_frame().group_by("bin").len().iter_rows())
    counts = [int(found.get(number, 0)) for number in range(_BINS)]
    places = list(thresholds.values())
    parts = [
        _text(_LEFT, 24, captions.title, size=15),
        *(_bar(number, count, max(counts), places) for number, count in enumerate(counts) if count),
        *(
            _mark(row, place, f"{word} from {place:.2f}: {int((scored >= place).sum()):,} {captions.entities}")
            for row, (word, place) in enumerate(thresholds.items())
        ),
        *_axis(captions.risk),
    ]
    return _svg(parts)


def _svg(parts: list[str]) -> bytes:
    size, height = _LEFT + _WIDTH + 30, _TOP + _HEIGHT + 50
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{size}" height="{height}" '
        f'font-family="sans-serif" fill="{_INK}"><rect width="100%" height="100%" fill="white"/>{"".join(parts)}</svg>'
    ).encode()


def _x(share: float) -> float:
    return _LEFT + share * _WIDTH


def _bar(number: int, count: int, most: int, places: list[float]) -> str:
    """One bin: its bar in the colour of what follows from it, and its count."""
    start = number / _BINS
    reached = sum(start >= place for place in places)
    colour = (_BLUE, *_COLOURS)[min(reached, len(_COLOURS))]
    height = (_HEIGHT - 20) * count / most
    top, width = _TOP + _HEIGHT - height, _WIDTH / _BINS
    bar = f'<rect x="{_x(start) + 1:.1f}" y="{top:.1f}" width="{width - 4:.1f}" height="{height:.1f}" fill="{colour}"/>'
    return bar + _text(_x(start) + width / 2, top - 4, f"{count:,}", size=10, anchor="middle")


def _mark(row: int, place: float, words: str) -> str:
    """A threshold as a dashed line, with how many lie beyond it."""
    colour = _COLOURS[min(row, len(_COLOURS) - 1)]
    line = f'<path d="M{_x(place):.1f} {_TOP - 8}V{_TOP + _HEIGHT}" stroke="{colour}" stroke-dasharray="5 4"/>'
    return line + f'<g fill="{colour}">{_text(_LEFT + row * 230, 46, words, size=12)}</g>'


def _axis(label: str) -> list[str]:
    """The axis of probabilities."""
    base = _TOP + _HEIGHT
    line = f'<path d="M{_LEFT} {base}H{_LEFT + _WIDTH}" stroke="{_LINE}"/>'
    ticks = [_text(_x(tick / 10), base + 18, f"{tick / 10:.1f}", size=11, anchor="middle") for tick in range(11)]
    return [line, *ticks, _text(_LEFT + _WIDTH / 2, base + 40, label, size=12, anchor="middle")]


def _text(x: float, y: float, words: str, *, size: int, anchor: str = "start") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" text-anchor="{anchor}">{words}</text>'


def quality_over_weeks(weeks: pl.DataFrame) -> bytes:
    """The Brier score of a model by week beside that of the base rate, as an SVG.

    Args:
        weeks: `week`, `brier`, `brier_constant`, `n`; one row per week.
    """
    lines = {"brier": "of the model", "brier_constant": "of the week's base rate"}
    return _over_weeks(weeks, lines, "Brier score by week, {} weeks; lower is better")


def expected_against_happened(weeks: pl.DataFrame) -> bytes:
    """The share of events that was expected by week beside the share that happened, as an SVG.

    Args:
        weeks: `week`, `said`, `base_rate`; one row per week.
    """
    return _over_weeks(weeks, {"said": "expected", "base_rate": "happened"}, "Share of events by week, {} weeks")


def _over_weeks(weeks: pl.DataFrame, lines: dict[str, str], title: str) -> bytes:
    rows = weeks.drop_nulls(list(lines))
    highest = rows.select(pl.max_horizontal(list(lines)).max()).item() if len(rows) else None
    most = max(float(highest or 0), _LEAST_SHARE)
    step = _WIDTH / max(len(rows) - 1, 1)
    parts = [_text(_LEFT, 24, title.format(len(rows)), size=15)]
    for place, (name, words) in enumerate(lines.items()):
        colour = (_BLUE, _AMBER)[place]
        heights = [_TOP + _HEIGHT - _HEIGHT * value / most for value in rows[name]]
        points = " ".join(f"{_LEFT + step * i:.1f},{height:.1f}" for i, height in enumerate(heights))
        parts.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts.append(f'<g fill="{colour}">{_text(_LEFT + place * 230, 46, words, size=12)}</g>')
    every = max(len(rows) // 8, 1)
    base = _TOP + _HEIGHT
    parts += [
        _text(_LEFT + step * i, base + 18, f"{week:%d %b}", size=11, anchor="middle")
        for i, week in enumerate(rows["week"])
        if i % every == 0
    ]
    parts += [
        _text(_LEFT - 8, _TOP + 4, f"{most:.3f}", size=11, anchor="end"),
        _text(_LEFT - 8, base, "0", size=11, anchor="end"),
    ]
    parts.append(f'<path d="M{_LEFT} {base}H{_LEFT + _WIDTH}" stroke="{_LINE}"/>')
    return _svg(parts)
