"""Pictures of shifts for asset pages.

Here: what is drawn. Not here: the figures, and how it is drawn (`opsguard_assets.drawing`).
"""

from datetime import datetime, timedelta

import dataframely as dy
import polars as pl

from opsguard_assets.drawing import Colour, bar, legend, line, svg, text
from opsguard_assets.shifts.calendar.calendar import EXCUSED
from opsguard_assets.shifts.verdicts.schemas import ShiftCompliance
from opsguard_assets.shifts.verdicts.verdicts import (
    COVERED,
    EARLY_EXIT,
    LATE,
    LEFT_OPEN,
    NO_SHOW,
    ON_TIME,
    UNATTENDED,
    UNKNOWN,
    WRONG_SITE,
)

_COLOURS: dict[str, Colour] = {
    ON_TIME: "blue",
    LATE: "amber",
    EARLY_EXIT: "sand",
    LEFT_OPEN: "pale",
    UNATTENDED: "rose",
    NO_SHOW: "red",
    WRONG_SITE: "violet",
    UNKNOWN: "grey",
    COVERED: "mist",
    EXCUSED: "line",
}
_TROUBLE = (NO_SHOW, UNATTENDED, WRONG_SITE, LATE, EARLY_EXIT, UNKNOWN)
_LEFT, _TOP, _WIDTH, _ROW, _SITES, _LANES = 190, 84, 720, 9, 15, 8
_SPAN = timedelta(hours=30)


def compliance_strip(verdicts: dy.DataFrame[ShiftCompliance], as_of: datetime) -> bytes:
    """The sites with the most trouble: every shift of the last 30 hours as a bar in the colour of its verdict."""
    frame = verdicts.filter(pl.col("verdict").is_in(list(_COLOURS)))
    trouble = pl.col("verdict").is_in(list(_TROUBLE)).sum()
    worst = frame.group_by("site_id").agg(_bad=trouble).sort("_bad", "site_id", descending=[True, False]).head(_SITES)
    parts, top = legend(((verdict.replace("_", " "), colour) for verdict, colour in _COLOURS.items()), 38), _TOP
    for site in worst["site_id"]:
        rows = frame.filter(pl.col("site_id") == site).sort("expected_from_at", "shift_id").head(_LANES)
        parts.append(text(10, top + 10, site[:26]))
        parts += [_bar(row, as_of, top + lane * _ROW) for lane, row in enumerate(rows.iter_rows(named=True))]
        top += max(len(rows), 1) * _ROW + 10
        parts.append(line((_LEFT, top - 6), (_LEFT + _WIDTH, top - 6), width=0.5))
    for hours in range(0, 31, 6):
        x = _x(as_of - timedelta(hours=hours), as_of)
        parts.append(line((x, _TOP - 6), (x, top)))
        parts.append(text(x, _TOP - 12, (as_of - timedelta(hours=hours)).strftime("%d %H:%M"), anchor="middle"))
    title = f"Shifts of {frame['site_id'].n_unique():,} sites, the most trouble first"
    return svg(title, parts, _LEFT + _WIDTH + 60, top + 20)


def coverage_bars(coverage: pl.DataFrame) -> bytes:
    """The posts with the largest gaps in 24 hours: hours needed as a frame, scheduled pale, manned filled."""
    worst = coverage.sort("short_minutes", "site_id", "post", descending=[True, False, False]).head(_SITES)
    most = max([*worst["needed_minutes"], 60.0])
    parts = []
    for place, row in enumerate(worst.iter_rows(named=True)):
        top = 44 + place * 22
        wide = {name: _WIDTH * row[f"{name}_minutes"] / most for name in ("needed", "scheduled", "manned")}
        named = f"{row['site_id']} {row['post']}".strip()
        hours = f"{row['manned_minutes'] / 60:.1f} of {row['needed_minutes'] / 60:.1f} h"
        parts += [
            text(10, top + 12, named[:28]),
            bar(_LEFT, top, wide["scheduled"], 15, "mist"),
            bar(_LEFT, top, wide["manned"], 15, "blue"),
            bar(_LEFT, top, wide["needed"], 15, "grey", is_frame=True),
            text(_LEFT + wide["needed"] + 6, top + 12, hours),
        ]
    title = "Hours of one person in the last 24: needed (frame), scheduled (pale), manned (blue)"
    return svg(title, parts, _LEFT + _WIDTH + 110, 60 + 22 * max(len(worst), 1))


def _bar(row: dict[str, datetime | str], as_of: datetime, top: float) -> str:
    starts, ends = row["expected_from_at"], row["expected_until_at"]
    if not isinstance(starts, datetime) or not isinstance(ends, datetime):
        raise TypeError("a shift has no bounds")
    left, right = _x(starts, as_of), _x(min(ends, as_of + timedelta(hours=2)), as_of)
    words = f"{row['shift_id']} {row['person_id']}: {row['verdict']}"
    return bar(left, top, max(right - left, 2), _ROW - 2, _COLOURS[str(row["verdict"])], words=words)


def _x(at: datetime, as_of: datetime) -> float:
    return _LEFT + _WIDTH * (1 - max(min((as_of - at) / _SPAN, 1.0), -0.06))
