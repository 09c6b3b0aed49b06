"""The point-in-time dataset of devices: their lives, and labelled rows of features.

Here: which moments are sampled, each with two horizons. Not here: features and lives
(`ml.problems.device_failure`), reading them from the lake (`failure.problem_io`).
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cached_property

import polars as pl

from ml.dataset.task import Task
from ml.evaluation import prediction_log
from ml.features.asof import latest
from ml.features.moments import moments_of, ticks_of
from ml.problems.device_failure.features import HORIZON, features
from ml.problems.device_failure.lives import after, lives, observed_until
from ml.problems.device_failure.problem import HORIZONS, asked, task_of
from ml.problems.device_failure.streams import Streams, streams
from opsguard_assets.tables.values import INSTANT

# Maximum number of training moments; every device contributes equally many.
MOST_MOMENTS, MOST_LOOKED_AT = 250_000, 60_000
_STEPS = tuple(timedelta(hours=hours) for hours in (1, 3, 6, 12, 24, 72, 168, 336, 720))
_SEED = 5


@dataclass(frozen=True)
class History:
    """All versions of what is known of devices.

    Attributes:
        hourly: Versions of hourly rollups.
        devices: Versions of devices.
        events: Versions of device events.
    """

    hourly: pl.DataFrame
    devices: pl.DataFrame
    events: pl.DataFrame

    def known(self, until: datetime) -> "History":
        """The versions that were known at an instant."""
        moment = pl.lit(until, INSTANT)
        return History(**{name: rows.filter(pl.col("known_at") <= moment) for name, rows in vars(self).items()})


@dataclass(frozen=True)
class Asked:
    """How devices are judged.

    Attributes:
        within: The horizon of the figures, a key of `ml.problems.device_failure.problem.HORIZONS`.
        visits_per_day: How many devices people can visit in a day.
        alert_from: The risk from which an alert is raised.
    """

    within: str = "24h"
    visits_per_day: int = 10
    alert_from: float = 0.65


@dataclass(frozen=True)
class DeviceDataset:
    """What was known of devices by an instant, prepared for any moment before it.

    Attributes:
        until: The instant.
        history: What was known by then.
        judged: How devices are judged.
    """

    until: datetime
    history: History
    judged: Asked

    @classmethod
    def of(cls, history: History, until: datetime, judged: Asked) -> "DeviceDataset":
        """Prepares a history as it was known at `until`."""
        return cls(until, history.known(until), judged)

    @cached_property
    def known(self) -> Streams:
        """The streams of features."""
        return streams(self.history.hourly, self.history.devices, self.history.events)

    @property
    def task(self) -> Task:
        """What is learned, with the channels that these devices have."""
        names = self.known.channel_names
        task = task_of(names, judged_within=self.judged.within, visits_per_day=self.judged.visits_per_day)
        return replace(task, acting_from=(self.judged.alert_from,))

    @cached_property
    def lives(self) -> pl.DataFrame:
        """The lives of devices (`ml.problems.device_failure.lives`)."""
        hours = self.history.hourly.sort("known_at").unique(["device_id", "hour_at"], keep="last", maintain_order=True)
        newest = self.history.devices.sort("known_at").unique("device_id", keep="last", maintain_order=True)
        return lives(hours, newest, self.history.events, self.until)

    @cached_property
    def _seen_until(self) -> datetime:
        return observed_until(self.history.hourly, self.history.events, self.until)

    def with_outcomes(self, scores: pl.DataFrame) -> pl.DataFrame:
        """Joins outcomes to scores: whether the device failed within the judged horizon."""
        lives = self.lives.select("begins_at", "ends_at", "is_event", entity="device_id", event_at="ends_at")
        return prediction_log.with_outcomes(
            scores, lives, self._seen_until, within=timedelta(minutes=HORIZONS[self.judged.within])
        )

    def watched(self) -> pl.DataFrame:
        """Rows to learn from: every life at even steps, each moment with two horizons."""
        return self._rows(self._spread(self.lives, MOST_MOMENTS), two=True)

    def of_lives(self, some: pl.DataFrame, protocol: str) -> pl.DataFrame:
        """Labelled rows of some lives at moments chosen by a protocol, each with two horizons.

        Raises:
            ProtocolError: When the protocol is not known.
        """
        moments = moments_of(some.select("life_id", "device_id", "begins_at", "ends_at"), protocol, key="life_id")
        return self._rows(moments, two=True).drop_nulls("is_event")

    def ticks(self, some: pl.DataFrame, step: timedelta) -> pl.DataFrame:
        """Rows of all ticks of some lives, for the judged horizon."""
        return self._rows(ticks_of(some, step, key="life_id"), two=False)

    def matured(self, since: datetime) -> pl.DataFrame:
        """Labelled rows whose moments lie after an instant, with `settled_at` and `trailing_rate`."""
        begins = pl.lit(since, INSTANT)
        later = self.lives.filter(pl.col("ends_at") > begins).with_columns(
            begins_at=pl.max_horizontal("begins_at", begins)
        )
        rows = self._rows(self._spread(later, MOST_LOOKED_AT), two=False).drop_nulls("is_event")
        return rows.with_columns(trailing_rate=self._trailing(rows))

    def between(self, begins: datetime, ends: datetime) -> pl.DataFrame:
        """A sample of rows in a span."""
        first, last = pl.lit(begins, INSTANT), pl.lit(ends, INSTANT)
        cut = self.lives.with_columns(
            begins_at=pl.max_horizontal("begins_at", first), ends_at=pl.min_horizontal("ends_at", last)
        )
        spans = cut.filter(pl.col("begins_at") < pl.col("ends_at"))
        return self._rows(self._spread(spans, MOST_LOOKED_AT), two=False)

    def at(self, moments: pl.DataFrame) -> pl.DataFrame:
        """Rows of moments (`life_id`, `as_of`) for the judged horizon, with their labels as far as they are known."""
        return self._rows(moments, two=False)

    def _rows(self, moments: pl.DataFrame, *, two: bool) -> pl.DataFrame:
        """Features and labels, one row per moment and horizon."""
        units = self.lives.select("life_id", "device_id")
        placed = moments.select("life_id", "as_of").join(units, on="life_id", how="left", maintain_order="left")
        described = features(self.known, placed)
        judged = HORIZONS[self.judged.within]
        rows = (
            asked(described, judged_within=self.judged.within)
            if two
            else described.with_columns(pl.lit(judged).alias(HORIZON))
        )
        return after(rows, self.lives, pl.col(HORIZON), self._seen_until)

    def _spread(self, some: pl.DataFrame, most: int) -> pl.DataFrame:
        """Moments at even steps, each life with its own phase, so that failing devices are sampled like all others."""
        spans = some.select("life_id", "begins_at", "ends_at")
        length = (pl.col("ends_at") - pl.col("begins_at")).dt.total_seconds()
        whole = spans.select(length.sum()).item() or 0
        step = next((step for step in _STEPS if whole / step.total_seconds() <= most), _STEPS[-1])
        phase = pl.col("life_id").hash(_SEED).cast(pl.Float64) / 2.0**64 * step.total_seconds() * 1e6
        first = (pl.col("begins_at") + pl.duration(microseconds=phase.cast(pl.Int64))).dt.truncate("1h")
        begins = pl.when(first < pl.col("begins_at")).then(first + timedelta(hours=1)).otherwise(first)
        last = pl.col("ends_at").dt.offset_by("-1us")
        every = f"{int(step.total_seconds())}s"
        drawn = spans.select("life_id", as_of=pl.datetime_ranges(begins, last, interval=every, closed="both"))
        return drawn.explode("as_of", empty_as_null=False).drop_nulls("as_of").sort("as_of", "life_id")

    def _trailing(self, rows: pl.DataFrame) -> pl.Series:
        """The base rate as known at the moment: failures of all devices so far per time at risk."""
        ended = self.lives.filter(pl.col("is_event").fill_null(value=False))
        changes = pl.concat(
            [
                self.lives.select(at="begins_at", present=pl.lit(1), events=pl.lit(0)),
                self.lives.select(at="ends_at", present=pl.lit(-1), events=pl.lit(0)),
                ended.select(at="ends_at", present=pl.lit(0), events=pl.lit(1)),
            ]
        )
        per_instant = changes.group_by("at").agg(pl.col("present", "events").sum()).sort("at")
        passed = (pl.col("at") - pl.col("at").shift(1)).dt.total_microseconds() / 60e6
        at_risk = (pl.col("present").cum_sum().shift(1) * passed).fill_null(0.0).cum_sum()
        stream = per_instant.select("at", hazard=pl.col("events").cum_sum() / at_risk.clip(lower_bound=1.0))
        hazard = latest(rows.select("as_of"), stream, by=[])["hazard"]
        # How probable an event is within the horizon, if the hazard stays as it is.
        return rows.select(1 - (-pl.lit(hazard) * pl.col(HORIZON)).exp()).to_series().rename("trailing_rate")
