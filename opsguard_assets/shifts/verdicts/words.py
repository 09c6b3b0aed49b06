"""Verdicts as people read them: how many there are of each, and those in trouble. Not here: verdicts."""

import dataframely as dy
import polars as pl

from opsguard_assets.shifts.verdicts.schemas import SHIFT_COMPLIANCE, ShiftCompliance
from opsguard_assets.shifts.verdicts.verdicts import EARLY_EXIT, LATE, NO_SHOW, UNATTENDED, UNKNOWN, WRONG_SITE

WORST_FIRST = (NO_SHOW, UNATTENDED, WRONG_SITE, EARLY_EXIT, LATE, UNKNOWN)
_SHOWN = ("shift_id", "person_id", "post", "expected_from_at", "verdict", "rule")


def counted(verdicts: dy.DataFrame[ShiftCompliance]) -> list[tuple[str, int]]:
    """How many there are of each verdict, most first."""
    counts = verdicts.group_by("verdict").len().sort("len", "verdict", descending=[True, False])
    return list(counts.iter_rows())


def worst_first(verdicts: dy.DataFrame[ShiftCompliance]) -> dy.DataFrame[ShiftCompliance]:
    """Verdicts, those in trouble first, the worst before all; of equal ones the latest shift first."""
    place = pl.col("verdict").replace_strict({name: n for n, name in enumerate(WORST_FIRST)}, default=len(WORST_FIRST))
    return SHIFT_COMPLIANCE.rows(verdicts.sort(place, "expected_from_at", "shift_id", descending=[False, True, False]))


def trouble(verdicts: dy.DataFrame[ShiftCompliance]) -> pl.DataFrame:
    """The shifts in trouble, the worst and latest first, in the columns that people read."""
    bad = SHIFT_COMPLIANCE.rows(verdicts.filter(pl.col("verdict").is_in(list(WORST_FIRST))))
    return worst_first(bad).select(_SHOWN).with_columns(pl.col("expected_from_at").dt.strftime("%Y-%m-%d %H:%M UTC"))
