"""A day of telemetry as a picture for the asset page, as SVG text.

Here: bars drawn by hand, because importing a plotting library takes longer than the rollup. Not here: the numbers.
"""

import polars as pl

_BLUE, _AMBER, _INK = "#4c78a8", "#d98e04", "#333333"
_WIDTH, _HEIGHT, _LEFT, _TOP, _STEP = 760, 300, 20, 60, 30


def hours_of_day(counts: pl.DataFrame, title: str) -> bytes:
    """Reports by hour, those that came late at the foot of their bar.

    Args:
        counts: (`hour`, `reports`, `late_reports`), one row per hour of the day.
        title: Above it; nothing in it comes from outside.
    """
    most = max(int(counts["reports"].max() or 0), 1)  # type: ignore[arg-type]
    parts = [_text(_LEFT, 24, title, size=15), _text(_LEFT, 44, "reports by the hour (UTC); amber: came late", size=12)]
    for hour, reports, late in counts.select("hour", "reports", "late_reports").iter_rows():
        x = _LEFT + hour * _STEP
        parts += [
            _bar(x, reports, most, _BLUE, f"{hour:02d}:00 {reports:,} reports"),
            _bar(x, late, most, _AMBER, f"{late:,} late"),
        ]
        parts.append(_text(x + _STEP // 2, _HEIGHT - 8, f"{hour}", size=11, anchor="middle"))
    view = f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{_HEIGHT}" font-family="sans-serif">'
    return "".join([view, *parts, "</svg>"]).encode()


def _bar(x: float, count: int, most: int, colour: str, words: str) -> str:
    if not count:
        return ""
    height = (_HEIGHT - _TOP - 30) * count / most
    y = _HEIGHT - 28 - height
    shape = f'<rect x="{x + 2}" y="{y:.1f}" width="{_STEP - 4}" height="{height:.1f}" fill="{colour}">'
    return f"{shape}<title>{words}</title></rect>"


def _text(x: float, y: float, words: str, *, size: int, anchor: str = "start") -> str:
    return f'<text x="{x}" y="{y}" font-size="{size}" fill="{_INK}" text-anchor="{anchor}">{words}</text>'
