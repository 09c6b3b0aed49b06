"""The point-in-time dataset of tickets: labelled moments for models of SLA breaches.

Here: which moments, their features as known then, their labels. Not here: features themselves and training (`ml`).
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

import dataframely as dy
import polars as pl

from ml.dataset.task import Task
from ml.features.moments import moments_of, sampled, ticks_of
from ml.problems.sla_breach.features import features
from ml.problems.sla_breach.problem import TASK
from ml.problems.sla_breach.streams import Streams, streams
from ml.problems.sla_breach.work import work_after
from opsguard_assets.tables.reference import Calendars
from opsguard_assets.tables.registry import CALENDARS
from opsguard_assets.tables.values import INSTANT
from opsguard_assets.tables.versions import SUPERSEDED_AT
from opsguard_assets.tickets.learning.outcomes import lives_of, outcomes
from opsguard_assets.tickets.learning.schemas import TicketLife
from opsguard_assets.tickets.sla.clock_history import TicketHistory, clock_history, readings_at, valid
from opsguard_assets.tickets.sla.schemas import PastClock

PER_TICKET, LONGEST_AGE, SEED = 8, timedelta(days=14), 1
_PER_LOOK = 4


@dataclass(frozen=True)
class TicketDataset:
    """What was known of tickets by an instant, prepared for any moment before it.

    Attributes:
        until: The instant.
        clocks: The clock history.
        lives: When each ticket could be acted on, and its label if it is mature (`lives_of`).
        known: The streams of features.
        calendars: All versions of calendars.
        task: The prediction task.
    """

    until: datetime
    clocks: dy.DataFrame[PastClock]
    lives: dy.DataFrame[TicketLife]
    known: Streams
    calendars: dy.DataFrame[Calendars]
    task: Task = TASK

    @classmethod
    def of(cls, history: TicketHistory, until: datetime, task: Task = TASK) -> "TicketDataset":
        """Prepares a history as it was known at `until`."""
        then = as_known(history, until)
        clocks = clock_history(then, until)
        known_streams = streams(valid(then.tickets), outcomes(clocks, until), valid(then.clients))
        return cls(until, clocks, lives_of(clocks, until), known_streams, CALENDARS.rows(valid(then.calendars)), task)

    def of_lives(self, lives: pl.DataFrame, protocol: str) -> pl.DataFrame:
        """Labelled moments of some lives, chosen by a protocol (`ml.features.moments`).

        Raises:
            ProtocolError: When the protocol is not known.
        """
        due = self.clocks.group_by(TASK.key).agg(due_at=pl.col("resolution_due_at").first())
        return self.labelled(moments_of(lives.join(due, on=TASK.key, how="left"), protocol, key=TASK.key))

    def training(self) -> pl.DataFrame:
        """Labelled moments of tickets whose label was mature by `until`, whatever the label."""
        return self.watched().drop_nulls("is_event")

    def ticks(self, lives: pl.DataFrame, step: timedelta) -> pl.DataFrame:
        """Rows of all ticks of some lives, as of `described`."""
        return self.described(ticks_of(lives, step, key=TASK.key))

    def matured(self, since: datetime) -> pl.DataFrame:
        """Labelled moments of tickets that came after an instant and whose deadline has passed.

        Returns:
            Rows as of `labelled` with `settled_at` (the deadline) and `trailing_rate` (of all tickets, as known then).
        """
        lives = self.lives.filter(
            pl.col("settled_at") <= pl.lit(self.until, INSTANT), pl.col("begins_at") >= pl.lit(since, INSTANT)
        )
        settled = lives.select(TASK.key, "settled_at")
        rows = self.labelled(_some(lives)).join(settled, on=TASK.key, how="left", maintain_order="left")
        return rows.with_columns(trailing_rate="late_rate")

    def between(self, begins: datetime, ends: datetime) -> pl.DataFrame:
        """A sample of moments of the tickets that came in a span."""
        began = pl.col("begins_at").is_between(pl.lit(begins, INSTANT), pl.lit(ends, INSTANT), closed="left")
        return self.described(_some(self.lives.filter(began)))

    def watched(self) -> pl.DataFrame:
        """Moments of all tickets, with how long each was observed open afterwards.

        Returns:
            Rows as of `labelled` with the columns of `ml.problems.sla_breach.work.work_after`; `is_event` is null where
            the outcome could not be known yet (`training`).
        """
        drawn = sampled(
            self.lives.select(TASK.key, "begins_at", "ends_at"),
            key=TASK.key,
            per_entity=PER_TICKET,
            longest=LONGEST_AGE,
            seed=SEED,
        )
        rows = self.described(drawn)
        return rows.hstack(work_after(self.known, rows, self.until))

    def labelled(self, moments: pl.DataFrame) -> pl.DataFrame:
        """Features and labels of moments at which a ticket was open and its deadline had not passed.

        Returns:
            `KEYS` and `FEATURES` of `ml.problems.sla_breach.features`, `begins_at`, `is_event`, `lead_minutes` (to the
            missed deadline; null where it was kept). Moments of tickets whose deadline lies ahead are left out, ended
            or not.
        """
        return self.described(moments).drop_nulls("is_event")

    def described(self, moments: pl.DataFrame) -> pl.DataFrame:
        """Like `labelled`, with the moments whose outcome is not known (`is_event` null)."""
        readings = readings_at(moments, self.clocks, self.calendars)
        running = readings.filter(pl.col("ended_at").is_null() & ~pl.col("is_breached"))
        rows = features(self.known, running).filter("is_open")
        frame = self.lives.select(TASK.key, "begins_at", "is_event", "ends_at")
        lead = (pl.col("ends_at") - pl.col("as_of")).dt.total_microseconds() / 60e6
        return (
            rows.join(frame, on=TASK.key, how="left", maintain_order="left")
            .with_columns(lead_minutes=pl.when("is_event").then(lead))
            .drop("ends_at")
        )


def _some(lives: pl.DataFrame) -> pl.DataFrame:
    """Some moments of each life, to look at."""
    spans = lives.select(TASK.key, "begins_at", "ends_at")
    return sampled(spans, key=TASK.key, per_entity=_PER_LOOK, longest=LONGEST_AGE, seed=SEED)


def as_known(history: TicketHistory, until: datetime) -> TicketHistory:
    """The versions that were known at an instant, with `superseded_at` as known then."""
    moment = pl.lit(until, INSTANT)
    ends = pl.when(pl.col(SUPERSEDED_AT) <= moment).then(SUPERSEDED_AT).alias(SUPERSEDED_AT)
    return TicketHistory(
        **{name: rows.filter(pl.col("known_at") <= moment).with_columns(ends) for name, rows in vars(history).items()}
    )
