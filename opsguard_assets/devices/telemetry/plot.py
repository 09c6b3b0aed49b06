"""A day of telemetry as a picture for the asset page.

Here: what is drawn. Not here: the numbers, and how it is drawn (`opsguard_assets.drawing`).
"""

import polars as pl

from opsguard_assets.drawing import column, svg, text

_WIDTH, _HEIGHT, _LEFT, _TOP, _STEP = 760, 300, 20, 60, 30


def hours_of_day(counts: pl.DataFrame, title: str) -> bytes:
    """Reports by hour, those that came late at the foot of their bar.

    Args:
        counts: (`hour`, `reports`, `late_reports`), one row per hour of the day.
        title: Above it.
    """
    most = max(int(counts["reports"].max() or 0), 1)  # type: ignore[arg-type]
    scale, base = (_HEIGHT - _TOP - 30) / most, _HEIGHT - 28
    parts = [text(10, 44, "reports by the hour (UTC); amber: came late", size=12)]
    for hour, reports, late in counts.select("hour", "reports", "late_reports").iter_rows():
        x = _LEFT + hour * _STEP
        parts += [
            column(x + 2, base, _STEP - 4, scale * reports, "blue", words=f"{hour:02d}:00 {reports:,} reports"),
            column(x + 2, base, _STEP - 4, scale * late, "amber", words=f"{late:,} late"),
            text(x + _STEP // 2, _HEIGHT - 8, f"{hour}", anchor="middle"),
        ]
    return svg(title, parts, _WIDTH, _HEIGHT)
