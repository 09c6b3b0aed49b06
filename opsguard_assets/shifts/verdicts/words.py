"""Verdicts as people read them: how many there are of each, and those in trouble. Not here: verdicts."""

import polars as pl

from opsguard_assets.shifts.verdicts.verdicts import EARLY_EXIT, LATE, NO_SHOW, UNATTENDED, UNKNOWN, WRONG_SITE

WORST_FIRST = (NO_SHOW, UNATTENDED, WRONG_SITE, EARLY_EXIT, LATE, UNKNOWN)
_SHOWN = ("shift_id", "person_id", "post", "expected_from_at", "verdict", "rule")


def counted(verdicts: pl.DataFrame) -> list[tuple[str, int]]:
    """How many there are of each verdict, most first."""
    counts = verdicts.group_by("verdict").len().sort("len", "verdict", descending=[True, False])
    return list(counts.iter_rows())


def worst_first(verdicts: pl.DataFrame) -> pl.DataFrame:
    """Verdicts, those in trouble first, the worst before all; of equal ones the latest shift first."""
    place = pl.col("verdict").replace_strict({name: n for n, name in enumerate(WORST_FIRST)}, default=len(WORST_FIRST))
    return verdicts.sort(place, "expected_from_at", "shift_id", descending=[False, True, False])


def trouble(verdicts: pl.DataFrame) -> pl.DataFrame:
    """The shifts in trouble, the worst and latest first, in the columns that people read."""
    bad = verdicts.filter(pl.col("verdict").is_in(list(WORST_FIRST)))
    return worst_first(bad).select(_SHOWN).with_columns(pl.col("expected_from_at").dt.strftime("%Y-%m-%d %H:%M UTC"))
