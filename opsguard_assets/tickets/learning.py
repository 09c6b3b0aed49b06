"""From the history of tickets to labelled moments: what a model of SLA breaches learns from and is judged by.

Here: which moments, their features as known then, their labels. Not here: features themselves and learning (`ml`).
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

import polars as pl

from ml.moments import moments_of, sampled
from ml.sla_breach.features import features
from ml.sla_breach.problem import TASK
from ml.sla_breach.streams import Streams, streams
from ml.sla_breach.work import work_after
from opsguard_assets.tables.versions import SUPERSEDED_AT
from opsguard_assets.tickets.clock_history import TicketHistory, clock_history, readings_at, valid
from opsguard_assets.tickets.outcomes import lives_of, outcomes
from opsguard_assets.tickets.working_time import INSTANT

PER_TICKET, LONGEST_AGE, SEED = 8, timedelta(days=14), 1
# A ticket without a deadline of its own (paused when it was seen last) tells nothing for so long.
_UNKNOWN_DEADLINE = timedelta(days=30)


@dataclass(frozen=True)
class Past:
    """What was known of tickets by an instant, prepared for any moment before it.

    Attributes:
        until: The instant.
        clocks: The clock history.
        lives: From when to when each ticket could be acted on, and how it ended as far as that was known.
        known: The streams of features.
        calendars: All versions of calendars.
    """

    until: datetime
    clocks: pl.DataFrame
    lives: pl.DataFrame
    known: Streams
    calendars: pl.DataFrame

    @classmethod
    def of(cls, history: TicketHistory, until: datetime) -> "Past":
        """Prepares a history as it was known at `until`."""
        then = as_known(history, until)
        clocks = clock_history(then, until)
        told = streams(valid(then.tickets), outcomes(clocks, until), valid(then.clients))
        return cls(until, clocks, lives_of(clocks, until), told, valid(then.calendars))

    def of_lives(self, lives: pl.DataFrame, protocol: str) -> pl.DataFrame:
        """Labelled moments of some lives, chosen by a protocol (`ml.moments`).

        Raises:
            ProtocolError: When the protocol is not known.
        """
        due = self.clocks.group_by(TASK.key).agg(due_at=pl.col("resolution_due_at").first())
        return self.labelled(moments_of(lives.join(due, on=TASK.key, how="left"), protocol, key=TASK.key))

    def training(self) -> pl.DataFrame:
        """Labelled moments of tickets whose outcome had to be known by `until`, kept promises and missed ones alike.

        A ticket whose deadline lies ahead is left out even if it has ended: only those that kept their promise could
        have ended, and learning from them would say that promises are kept.
        """
        return self.watched().drop_nulls("is_late")

    def watched(self) -> pl.DataFrame:
        """Moments of all tickets, with how long each was seen open afterwards.

        Returns:
            Rows as of `labelled` with the columns of `ml.sla_breach.work.work_after`; `is_late` is null where the
            outcome could not be known yet (`training`).
        """
        drawn = sampled(
            self.lives.select(TASK.key, "begins_at", "ends_at"),
            key=TASK.key,
            per_entity=PER_TICKET,
            longest=LONGEST_AGE,
            seed=SEED,
        )
        rows = self.described(drawn)
        last = self.clocks.group_by(TASK.key).agg(due=pl.col("resolution_due_at").last())
        is_mature = pl.coalesce("due", pl.col("begins_at") + _UNKNOWN_DEADLINE) <= pl.lit(self.until, INSTANT)
        told = rows.join(last, on=TASK.key, how="left", maintain_order="left").with_columns(
            pl.when(is_mature).then(name).alias(name) for name in ("is_late", "lead_minutes")
        )
        return told.drop("due").hstack(work_after(self.known, rows, self.until))

    def labelled(self, moments: pl.DataFrame) -> pl.DataFrame:
        """Features and labels of moments at which a ticket was open and its deadline had not passed.

        Returns:
            `KEYS` and `FEATURES` of `ml.sla_breach.features`, `begins_at`, `is_late`, `lead_minutes` (to the missed
            deadline; null where it was kept). Moments without a known outcome are left out.
        """
        return self.described(moments).drop_nulls("is_late")

    def described(self, moments: pl.DataFrame) -> pl.DataFrame:
        """Like `labelled`, with the moments whose outcome is not known (`is_late` null)."""
        readings = readings_at(moments, self.clocks, self.calendars)
        running = readings.filter(pl.col("ended_at").is_null() & ~pl.col("is_breached"))
        rows = features(self.known, running).filter("is_open")
        told = self.lives.select(TASK.key, "begins_at", "is_late", "ends_at")
        lead = (pl.col("ends_at") - pl.col("as_of")).dt.total_microseconds() / 60e6
        return (
            rows.join(told, on=TASK.key, how="left", maintain_order="left")
            .with_columns(lead_minutes=pl.when("is_late").then(lead))
            .drop("ends_at")
        )


def as_known(history: TicketHistory, until: datetime) -> TicketHistory:
    """The versions that were known at an instant; what came to replace them later had not come."""
    moment = pl.lit(until, INSTANT)
    ends = pl.when(pl.col(SUPERSEDED_AT) <= moment).then(SUPERSEDED_AT).alias(SUPERSEDED_AT)
    return TicketHistory(
        **{name: rows.filter(pl.col("known_at") <= moment).with_columns(ends) for name, rows in vars(history).items()}
    )
