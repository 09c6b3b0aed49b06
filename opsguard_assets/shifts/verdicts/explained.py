"""Whether every punch is accounted for: it attends a shift, or there is a reason why it does not.

Here: the account of punches. Not here: the assignment itself (`matching`).
"""

from datetime import datetime, timedelta

import polars as pl

from opsguard_assets.shifts.calendar.calendar import EXCUSED, HOLIDAY, PLANNED, REPLACED
from opsguard_assets.shifts.verdicts.matching import assigned
from opsguard_assets.shifts.verdicts.presence import presences
from opsguard_assets.tables.values import INSTANT

ATTENDS, RETURNED, ELSEWHERE = (
    "attend a shift",
    "belong to a shift attended already",
    "are at another site than planned",
)
TOO_SHORT = "touch a shift without attending it"
CAME_ANYWAY = {
    EXCUSED: "of people on leave who came anyway",
    REPLACED: "of people who were replaced and came anyway",
    HOLIDAY: "of people whose shift falls on a holiday",
}
UNEXPLAINED = "without an explanation"
_DAY, _NEAR = timedelta(days=1), timedelta(hours=4)


def punches_explained(shifts: pl.DataFrame, punches: pl.DataFrame, as_of: datetime) -> pl.DataFrame:
    """The presences of the last 24 hours, each with its explanation.

    Args:
        shifts: Rows of `shift_calendar` of the days around.
        punches: Rows of `attendance` that were known.
        as_of: Now, UTC.

    Returns:
        `person_id`, `site_id`, `in_at`, `out_at`, `explanation`; those that have none (`UNEXPLAINED`) first.
    """
    every = shifts.with_row_index("shift").select(
        "shift", "person_id", "site_id", "status", from_at="expected_from_at", until_at="expected_until_at"
    )
    parts = every.filter(pl.col("status") == PLANNED).drop("status")
    there = presences(punches.filter(pl.col("punched_in_at") > pl.lit(as_of - 3 * _DAY, INSTANT)), as_of)
    matched = assigned(parts, there)
    here = matched.filter(~pl.col("is_elsewhere"))
    near = there.join(every, on="person_id", suffix="_of_shift").filter(
        pl.col("in_at") < pl.col("until_at_of_shift") + _NEAR, pl.col("until_at") > pl.col("from_at") - _NEAR
    )
    meets = near.filter(pl.col("status") == PLANNED)
    at_site = meets.filter(pl.col("site_id") == pl.col("site_id_of_shift"))
    attended = at_site.join(here.select("shift").unique(), on="shift", how="semi")

    def among(rows: pl.DataFrame) -> pl.Expr:
        return pl.col("presence").is_in(rows["presence"].unique().implode())

    why = (
        pl.when(among(here))
        .then(pl.lit(ATTENDS))
        .when(among(matched))
        .then(pl.lit(ELSEWHERE))
        .when(among(attended))
        .then(pl.lit(RETURNED))
        .when(among(at_site))
        .then(pl.lit(TOO_SHORT))
        .when(among(meets))
        .then(pl.lit(ELSEWHERE))
    )
    for status, words in CAME_ANYWAY.items():
        why = why.when(among(near.filter(pl.col("status") == status))).then(pl.lit(words))
    recent = there.filter(pl.col("until_at") > pl.lit(as_of - _DAY, INSTANT))
    explained = recent.select("person_id", "site_id", "in_at", "out_at", explanation=why.otherwise(pl.lit(UNEXPLAINED)))
    return explained.sort(pl.col("explanation") != UNEXPLAINED, "in_at", "person_id")
