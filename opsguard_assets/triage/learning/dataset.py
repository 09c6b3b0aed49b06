"""The point-in-time dataset of alerts: when each could be asked about, whether it needed a person, rows of features.

Here: moments, labels, what is known of an alert at a moment. Not here: outcomes (`outcomes`), features
(`ml.problems.alert_action`), reading from the lake (`problem_io`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property

import polars as pl

from ml.dataset.drawn import DrawnDataset
from ml.dataset.task import Task
from ml.features.asof import latest
from ml.features.moments import sampled
from ml.problems.alert_action.features import Streams, features, streams
from ml.problems.alert_action.problem import KEY, STORM, TASK
from opsguard_assets.tables.values import INSTANT
from opsguard_assets.triage.learning.outcomes import episodes_of, outcomes_of

_PER_ALERT, _SEED = 2, 17
# Working hours where an alert is: Monday to Friday, 8 to 18.
_OPENS, _CLOSES, _FRIDAY = 8, 18, 5
_UTC = "UTC"


@dataclass(frozen=True)
class Known:
    """What was known of alerts and of those who handle them.

    Attributes:
        versions: Rows of `outcomes.VERSION`.
        sites: `site_id`, `timezone`.
        plans: `client_id`, `at` (when it was known), `plan`.
        duty: `starts_at`, `ends_at`: stretches of people on duty, from when they were known.
    """

    versions: pl.DataFrame
    sites: pl.DataFrame
    plans: pl.DataFrame
    duty: pl.DataFrame


@dataclass(frozen=True)
class AlertDataset(DrawnDataset):
    """What was known of alerts by an instant.

    Attributes:
        until: The instant.
        known: What was known by then.
        matures: How long after an alert was known its outcome is mature.
        life_safety: The types that protect lives.
        task: What is learned.
    """

    until: datetime
    known: Known
    matures: timedelta
    life_safety: Sequence[str] = ()
    task: Task = TASK

    @cached_property
    def episodes(self) -> pl.DataFrame:
        """One row per alert (`outcomes.episodes_of`), with `hour` and `weekday` where it is, and `storm_id`."""
        # Alerts of one type, site and hour are one storm, whose outcomes are alike: no split parts them.
        rows = episodes_of(self.known.versions, self.until, self.matures)
        return _where_it_is(rows, self.known.sites).with_columns(
            pl.format(
                "{}/{}/{}", "alert_type", pl.col("site_id").fill_null(""), pl.col("begins_at").dt.epoch("s") // 3600
            ).alias(STORM)
        )

    @cached_property
    def streams(self) -> Streams:
        """The streams of features."""
        hours = self.episodes.select(KEY, "hour")
        settled = outcomes_of(self.known.versions, self.matures).filter(pl.col("at") <= pl.lit(self.until, INSTANT))
        return streams(self.episodes, settled.join(hours, on=KEY, how="left"), self.known.duty)

    @cached_property
    def lives(self) -> pl.DataFrame:
        """From when to when each alert can be asked about: the key, `begins_at`, `ends_at`, `is_event`, `due_at`.

        A life ends when a person took the alert up, when it was over, or when its outcome is mature.
        """
        ends = pl.min_horizontal("acted_at", "gone_at", "matures_at")
        rows = self.episodes.select(
            KEY, "begins_at", "is_event", "event_at", ends_at=ends, due_at="matures_at", settled_at="matures_at"
        )
        return rows.filter(pl.col("begins_at") < pl.col("ends_at"))

    @property
    def decided(self) -> pl.DataFrame:
        """Lives as recorded scores meet them (`ml.evaluation.prediction_log.with_outcomes`).

        Alerts that were taken up the moment they were known have no life, and are here all the same.
        """
        ends = pl.min_horizontal("acted_at", "gone_at", "matures_at")
        return self.episodes.select(
            "begins_at", "is_event", "event_at", entity=KEY, ends_at=ends, settled_at="matures_at"
        )

    def matured(self, since: datetime) -> pl.DataFrame:
        """Labelled rows of alerts that came after an instant, with `settled_at` and `trailing_rate`."""
        return self._labelled_since(since).with_columns(settled_at="matures_at", trailing_rate="all_share")

    def at(self, episodes: pl.DataFrame, as_of: datetime) -> pl.DataFrame:
        """Features of some of `episodes` at one moment."""
        return features(self.streams, self._asked(episodes.select(KEY, as_of=pl.lit(as_of, INSTANT))))

    def _drawn(self, lives: pl.DataFrame) -> pl.DataFrame:
        return sampled(lives, key=KEY, per_entity=_PER_ALERT, longest=self.matures, seed=_SEED)

    def _rows(self, moments: pl.DataFrame) -> pl.DataFrame:
        """Features and what happened, one row per moment."""
        described = features(self.streams, self._asked(moments.select(KEY, "as_of")))
        lead = (pl.col("event_at") - pl.col("as_of")).dt.total_microseconds() / 60e6
        return described.with_columns(lead_minutes=pl.when("is_event").then(lead))

    def _asked(self, moments: pl.DataFrame) -> pl.DataFrame:
        """Moments with what was known of their alerts then."""
        placed = moments.join(self.episodes, on=KEY, how="left", maintain_order="left")
        changes = self.known.versions.select(KEY, "severity", "score", at="known_at")
        said = latest(placed, changes, by=[KEY])
        plan = latest(placed, self.known.plans, by=["client_id"])
        working = (pl.col("weekday") <= _FRIDAY) & (pl.col("hour") >= _OPENS) & (pl.col("hour") < _CLOSES)
        return pl.concat([placed, said, plan], how="horizontal").with_columns(
            is_working_hours=working, is_life_safety=pl.col("alert_type").is_in(list(self.life_safety))
        )


def _where_it_is(episodes: pl.DataFrame, sites: pl.DataFrame) -> pl.DataFrame:
    """Episodes with the local hour and ISO weekday of their beginning; in UTC where the zone is not known."""
    zoned = episodes.join(sites, on="site_id", how="left", maintain_order="left").with_columns(
        pl.col("timezone").fill_null(_UTC)
    )
    parts = [
        part.with_columns(_local=pl.col("begins_at").dt.convert_time_zone(zone).dt.replace_time_zone(None))
        for (zone,), part in zoned.partition_by("timezone", as_dict=True).items()
    ]
    local = pl.concat(parts) if parts else zoned.with_columns(_local=pl.lit(None, pl.Datetime("us")))
    return (
        local.with_columns(hour=pl.col("_local").dt.hour(), weekday=pl.col("_local").dt.weekday())
        .drop("_local", "timezone")
        .sort("begins_at", KEY)
    )
