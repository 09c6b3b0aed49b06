"""Verdicts as people read them: how many there are of each, and those in trouble. Not here: verdicts."""

import polars as pl

from opsguard_assets.shifts.verdicts import EARLY_EXIT, LATE, NO_SHOW, UNATTENDED, UNKNOWN, WRONG_SITE

_WORST_FIRST = (NO_SHOW, UNATTENDED, WRONG_SITE, EARLY_EXIT, LATE, UNKNOWN)
_SHOWN = ("shift_id", "person_id", "post", "expected_from_at", "verdict", "rule")


def counted(verdicts: pl.DataFrame) -> list[tuple[str, int]]:
    """How many there are of each verdict, most first."""
    counts = verdicts.group_by("verdict").len().sort("len", "verdict", descending=[True, False])
    return list(counts.iter_rows())


def trouble(verdicts: pl.DataFrame) -> pl.DataFrame:
    """The shifts in trouble, the worst and latest first, in the columns that people read."""
    bad = verdicts.filter(pl.col("verdict").is_in(list(_WORST_FIRST)))
    order = pl.col("verdict").cast(pl.Enum(_WORST_FIRST))
    ranked = bad.sort(order, "expected_from_at", "shift_id", descending=[False, True, False])
    return ranked.select(_SHOWN).with_columns(pl.col("expected_from_at").dt.strftime("%Y-%m-%d %H:%M"))
