"""The days of the calendar as SVG text. Not here: the figures."""

import polars as pl

from opsguard_assets.drawing import svg, text

_PLANNED, _SHORT = "#4c78a8", "#c0392b"


def days_ahead(shifts: pl.DataFrame) -> bytes:
    """How many parts of shifts each day of the calendar has, and how many of them nobody comes to."""
    days = shifts.group_by("on").agg(
        planned=(pl.col("status") == "planned").sum(), short=(pl.col("status") == "excused").sum()
    )
    rows = days.sort("on")
    most = max([*(rows["planned"] + rows["short"]), 1])
    parts = [text(10, 24, "Shifts of each day; red: the person is excused and nobody comes instead", size=15)]
    for place, row in enumerate(rows.iter_rows(named=True)):
        x, planned, short = 20 + place * 50, 160 * row["planned"] / most, 160 * row["short"] / most
        parts += [_column(x, 210 - planned, planned, _PLANNED), _column(x, 210 - planned - short, short, _SHORT)]
        parts.append(text(x + 18, 226, row["on"].strftime("%d %b"), anchor="middle"))
        parts.append(text(x + 18, 204 - planned - short, f"{row['planned'] + row['short']:,}", anchor="middle"))
    return svg(parts, 40 + 50 * max(len(rows), 8), 240)


def _column(x: float, top: float, height: float, colour: str) -> str:
    return f'<rect x="{x}" y="{top:.1f}" width="36" height="{height:.1f}" fill="{colour}"/>'
