"""Pictures of risks and models for asset pages.

Here: what is drawn. Not here: the numbers behind it, how it is drawn (`opsguard_assets.drawing`), and plots that are
drawn seldom (`ml.evaluation.pictures`).
"""

from dataclasses import dataclass

import polars as pl

from opsguard_assets.drawing import Colour, column, curve, line, svg, text

_BINS = 20
_COLOURS: tuple[Colour, ...] = ("amber", "red")
_WIDTH, _HEIGHT, _LEFT, _TOP = 760, 320, 60, 60
_SIZE = _LEFT + _WIDTH + 30, _TOP + _HEIGHT + 50
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
        *(part for number, count in enumerate(counts) if count for part in _bar(number, count, max(counts), places)),
        *(
            part
            for row, (word, place) in enumerate(thresholds.items())
            for part in _mark(
                row, place, f"{word} from {place:.2f}: {int((scored >= place).sum()):,} {captions.entities}"
            )
        ),
        *_axis(captions.risk),
    ]
    return svg(captions.title, parts, *_SIZE)


def _x(share: float) -> float:
    return _LEFT + share * _WIDTH


def _bar(number: int, count: int, most: int, places: list[float]) -> list[str]:
    """One bin: its bar in the colour of what follows from it, and its count."""
    start = number / _BINS
    reached = sum(start >= place for place in places)
    colours: tuple[Colour, ...] = ("blue", *_COLOURS)
    height, width, base = (_HEIGHT - 20) * count / most, _WIDTH / _BINS, _TOP + _HEIGHT
    return [
        column(_x(start) + 1, base, width - 4, height, colours[min(reached, len(_COLOURS))]),
        text(_x(start) + width / 2, base - height - 4, f"{count:,}", size=10, anchor="middle"),
    ]


def _mark(row: int, place: float, words: str) -> list[str]:
    """A threshold as a dashed line, with how many lie beyond it."""
    colour = _COLOURS[min(row, len(_COLOURS) - 1)]
    return [
        line((_x(place), _TOP - 8), (_x(place), _TOP + _HEIGHT), colour, dashes="5 4"),
        text(10 + row * 230, 46, words, size=12, colour=colour),
    ]


def _axis(label: str) -> list[str]:
    """The axis of probabilities."""
    base = _TOP + _HEIGHT
    ticks = [text(_x(tick / 10), base + 18, f"{tick / 10:.1f}", anchor="middle") for tick in range(11)]
    name = text(_LEFT + _WIDTH / 2, base + 40, label, size=12, anchor="middle")
    return [line((_LEFT, base), (_LEFT + _WIDTH, base)), *ticks, name]


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
    parts: list[str] = []
    colours: tuple[Colour, ...] = ("blue", "amber")
    for place, (name, words) in enumerate(lines.items()):
        heights = [_TOP + _HEIGHT - _HEIGHT * value / most for value in rows[name]]
        points = [(_LEFT + step * i, height) for i, height in enumerate(heights)]
        parts.append(curve(points, colours[place], width=2))
        parts.append(text(10 + place * 230, 46, words, size=12, colour=colours[place]))
    every = max(len(rows) // 8, 1)
    base = _TOP + _HEIGHT
    parts += [
        text(_LEFT + step * i, base + 18, f"{week:%d %b}", anchor="middle")
        for i, week in enumerate(rows["week"])
        if i % every == 0
    ]
    parts += [
        text(_LEFT - 8, _TOP + 4, f"{most:.3f}", anchor="end"),
        text(_LEFT - 8, base, "0", anchor="end"),
    ]
    parts.append(line((_LEFT, base), (_LEFT + _WIDTH, base)))
    return svg(title.format(len(rows)), parts, *_SIZE)
