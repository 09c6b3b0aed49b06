"""Twelve months of a key figure as a small picture and as a larger one, for pages and for paper.

Here: where points go. Not here: shapes and colours (`drawing`), what a picture says in words (`figures.trend`).
"""

from collections.abc import Sequence
from decimal import Decimal

from opsguard_assets import drawing

_EDGE = 4  # so that a dot at the border is whole


def spark(
    values: Sequence[Decimal | None],
    title: str,
    *,
    target: Decimal | None = None,
    is_paper: bool = False,
    width: float = 120,
    height: float = 28,
) -> str:
    """A sparkline: months without data are gaps, the last month with data is a dot, the target a dashed line.

    Args:
        values: Oldest first.
        title: The picture in words.
        target: Where the figure is good.
        is_paper: Whether it stands alone on paper, with colours of its own (`drawing.inline`).
        width: Pixels.
        height: Pixels.
    """
    box = _Box(values, target, (_EDGE, width - _EDGE), (height - _EDGE, _EDGE))
    return drawing.inline(title, _shapes(box, values, target), width, height, is_paper=is_paper)


def plot(
    values: Sequence[Decimal | None],
    title: str,
    *,
    heading: str,
    names: Sequence[str],
    ends: tuple[str, str],
    target: Decimal | None = None,
    is_paper: bool = False,
) -> str:
    """The same, larger, with the names of its months and the words of its least and its greatest value.

    Args:
        values: Oldest first.
        title: The picture in words.
        heading: Stands above it.
        names: Of the months, as many as values.
        ends: The least and the greatest of values and target, in words.
        target: Where the figure is good.
        is_paper: As for `spark`.
    """
    width, height, left, base = 420.0, 160.0, 64.0, 130.0
    box = _Box(values, target, (left, width - 12), (base, 34))
    parts = [
        drawing.line((left, place), (width - 8, place), "line") for place in (box.y(box.least), box.y(box.greatest))
    ]
    parts += [
        drawing.text(0, 14, heading, size=13),
        drawing.text(left - 8, box.y(box.least) + 4, ends[0], anchor="end"),
        drawing.text(left - 8, box.y(box.greatest) + 4, ends[1], anchor="end"),
        *_shapes(box, values, target),
    ]
    parts += [drawing.text(box.x(place), base + 20, name, size=10, anchor="middle") for place, name in enumerate(names)]
    return drawing.inline(title, parts, width, height, is_paper=is_paper)


class _Box:
    """Where values stand: months from left to right, the least value below."""

    def __init__(
        self,
        values: Sequence[Decimal | None],
        target: Decimal | None,
        across: tuple[float, float],
        upwards: tuple[float, float],
    ) -> None:
        held = [one for one in (*values, target) if one is not None]
        self.least, self.greatest = min(held, default=Decimal(0)), max(held, default=Decimal(0))
        self._steps = max(len(values) - 1, 1)
        self._across, self._upwards = across, upwards

    def x(self, place: int) -> float:
        left, right = self._across
        return left + (right - left) * place / self._steps

    def y(self, value: Decimal) -> float:
        bottom, top = self._upwards
        if self.greatest == self.least:
            return (bottom + top) / 2
        return bottom + (top - bottom) * float((value - self.least) / (self.greatest - self.least))


def _shapes(box: _Box, values: Sequence[Decimal | None], target: Decimal | None) -> list[str]:
    places = [(place, value) for place, value in enumerate(values) if value is not None]
    if not places:
        return []
    parts = []
    if target is not None:
        parts.append(
            drawing.line((box.x(0), box.y(target)), (box.x(len(values) - 1), box.y(target)), "grey", dashes="3 3")
        )
    for run in _runs(places):
        points = [(box.x(place), box.y(value)) for place, value in run]
        # A single month between two gaps has no line.
        parts.append(drawing.curve(points, "blue") if len(points) > 1 else drawing.dot(*points[0], "blue", radius=1))
    last, value = places[-1]
    parts.append(drawing.dot(box.x(last), box.y(value), "blue", radius=2.5))
    return parts


def _runs(places: Sequence[tuple[int, Decimal]]) -> list[list[tuple[int, Decimal]]]:
    """Months that follow each other without a gap."""
    runs: list[list[tuple[int, Decimal]]] = []
    for place, value in places:
        if runs and runs[-1][-1][0] == place - 1:
            runs[-1].append((place, value))
        else:
            runs.append([(place, value)])
    return runs
