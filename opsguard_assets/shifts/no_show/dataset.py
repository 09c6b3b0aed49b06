"""The point-in-time dataset of shifts: who was expected, who came, and labelled rows of features.

Here: parts, labels, moments. Not here: features (`ml.problems.no_show`), reading them from the lake
(`no_show.problem_io`).

A part is scored from a day before its start, or from when it became known. Its label is mature a day after the end of
the shift; parts whose feed has not reported by then are left out.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property

import polars as pl

from ml.dataset.drawn import DrawnDataset
from ml.dataset.task import Task
from ml.problems.no_show.features import Streams, features, streams
from ml.problems.no_show.problem import KEY, TASK
from opsguard_assets.shifts.verdicts.verdicts import EARLY_EXIT, LATE, LEFT_OPEN, NO_SHOW, ON_TIME, WRONG_SITE, Limits
from opsguard_assets.tables.values import INSTANT

AHEAD = timedelta(hours=24)
_SETTLES = timedelta(hours=24)
_KNOWN_VERDICTS = (ON_TIME, LATE, EARLY_EXIT, LEFT_OPEN, WRONG_SITE, NO_SHOW)
_HOURS_AHEAD = (23.5, 12.0, 4.0, 1.0)
USUAL_LIMITS = Limits()
_SEED = 9
PART = (
    KEY, "shift_id", "person_id", "site_id", "client_id", "from_at", "until_at", "planned_at", "start_hour", "weekday",
    "place", "is_critical", "distance_km",
)  # fmt: skip


@dataclass(frozen=True)
class ShiftDataset(DrawnDataset):
    """What was known of shifts by an instant.

    Attributes:
        until: The instant.
        parts: Parts in shifts of people who were expected (`PART`), with `verdict`, `arrived_at`, `late_minutes` and
            `arrival_known_at` (null where nobody came yet).
        limits: When somebody counts as late, and as a no-show.
        task: What is learned.
    """

    until: datetime
    parts: pl.DataFrame
    limits: Limits = USUAL_LIMITS
    task: Task = TASK

    @cached_property
    def known(self) -> Streams:
        """The streams of features."""
        return streams(part_outcomes(self.parts, self.limits))

    @cached_property
    def lives(self) -> pl.DataFrame:
        """The time in which each part is scored: `part_id`, `begins_at`, `ends_at`, `is_event`."""
        settled = pl.col("until_at") + _SETTLES <= pl.lit(self.until, INSTANT)
        is_known = settled & pl.col("verdict").is_in(list(_KNOWN_VERDICTS)).fill_null(value=False)
        return self.parts.select(
            KEY,
            begins_at=pl.max_horizontal(pl.col("from_at") - AHEAD, "planned_at"),
            ends_at="from_at",
            is_event=pl.when(is_known).then(pl.col("verdict") == NO_SHOW),
        ).filter(pl.col("begins_at") < pl.col("ends_at"))

    @property
    def decided(self) -> pl.DataFrame:
        """Lives in the form that `ml.evaluation.prediction_log.with_outcomes` joins to scores."""
        times = self.parts.select(
            KEY, settled_at=pl.col("until_at") + _SETTLES, event_at=pl.col("from_at") + self._misses_after
        )
        return self.lives.join(times, on=KEY, how="left", maintain_order="left").rename({KEY: "entity"})

    @property
    def _misses_after(self) -> timedelta:
        return timedelta(minutes=self.limits.no_show_after)

    def matured(self, since: datetime) -> pl.DataFrame:
        """Labelled rows of parts that came after an instant, with `settled_at` and `trailing_rate`."""
        return self._labelled_since(since).with_columns(
            settled_at=pl.col("until_at") + _SETTLES, trailing_rate="fleet_rate"
        )

    def _drawn(self, lives: pl.DataFrame) -> pl.DataFrame:
        place = pl.col(KEY).hash(_SEED) % len(_HOURS_AHEAD)
        ahead = place.replace_strict(list(range(len(_HOURS_AHEAD))), list(_HOURS_AHEAD), return_dtype=pl.Float64)
        moment = pl.col("ends_at") - pl.duration(microseconds=(ahead * 3.6e9).cast(pl.Int64))
        return lives.select(KEY, as_of=pl.max_horizontal(moment, "begins_at")).sort("as_of", KEY)

    def _rows(self, moments: pl.DataFrame) -> pl.DataFrame:
        """Features and what happened, one row per moment."""
        placed = moments.select(KEY, "as_of").join(self.parts.select(PART), on=KEY, how="left", maintain_order="left")
        described = features(self.known, placed)
        outcome = self.lives.select(KEY, "begins_at", "is_event")
        joined = described.join(outcome, on=KEY, how="left", maintain_order="left")
        lead = (pl.col("from_at") + self._misses_after - pl.col("as_of")).dt.total_microseconds() / 60e6
        return joined.with_columns(lead_minutes=pl.when("is_event").then(lead))


def part_outcomes(parts: pl.DataFrame, limits: Limits = USUAL_LIMITS) -> pl.DataFrame:
    """The outcomes of past parts, with the time they became known: rows for `ml.problems.no_show.features.streams`."""
    ended = parts.filter(pl.col("verdict").is_in(list(_KNOWN_VERDICTS)))
    missed = pl.col("verdict") == NO_SHOW
    # Only what an arrival says when it becomes known: how the shift ended was not known then.
    seen = pl.when(~missed).then("arrived_at")
    return ended.select(
        "person_id",
        "site_id",
        at=pl.when(missed).then(pl.col("until_at") + _SETTLES).otherwise("arrival_known_at"),
        is_no_show=missed,
        is_late=pl.col("late_minutes") > limits.late_after,
        seen_at=seen,
    ).drop_nulls("at")
