"""The days of the calendar as a picture. Not here: the figures, and how it is drawn (`opsguard_assets.drawing`)."""

import polars as pl

from opsguard_assets.drawing import column, svg, text


def days_ahead(shifts: pl.DataFrame) -> bytes:
    """The number of parts in shifts per day of the calendar, and how many of them are not manned."""
    days = shifts.group_by("on").agg(
        planned=(pl.col("status") == "planned").sum(), short=(pl.col("status") == "excused").sum()
    )
    rows = days.sort("on")
    most = max([*(rows["planned"] + rows["short"]), 1])
    parts = []
    for place, row in enumerate(rows.iter_rows(named=True)):
        x, planned, short = 20 + place * 50, 160 * row["planned"] / most, 160 * row["short"] / most
        parts += [column(x, 210, 36, planned, "blue"), column(x, 210 - planned, 36, short, "red")]
        parts.append(text(x + 18, 226, row["on"].strftime("%d %b"), anchor="middle"))
        parts.append(text(x + 18, 204 - planned - short, f"{row['planned'] + row['short']:,}", anchor="middle"))
    title = "Shifts of each day; red: the person is excused and nobody comes instead"
    return svg(title, parts, max(40 + 50 * len(rows), 560), 240)
