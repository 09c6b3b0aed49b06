"""The point-in-time dataset of work orders: when they were open, their outcomes, rows of features.

Here: orders, labels, moments. Not here: features (`ml.problems.work_order_late`), reading them from the lake
(`orders.problem_io`).

Orders are taken as they were known first, so a due time that is postponed later changes no label, and past scores can
be recomputed. A label is mature a month after the due time; an order without a known completion by then is late.
Younger orders are left out: only those that are done would have a label, which would bias it.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property

import polars as pl

from ml.dataset.drawn import DrawnDataset
from ml.dataset.task import Task
from ml.features.moments import sampled
from ml.problems.work_order_late.features import Streams, features, streams
from ml.problems.work_order_late.problem import KEY, TASK
from opsguard_assets.tables.values import INSTANT

# For so long a completion by the due time may still become known.
SETTLES = timedelta(days=30)
_PER_ORDER, _LONGEST, _SEED = 2, timedelta(days=90), 13
ORDER = (
    KEY, "batch_id", "vendor_id", "site_id", "client_id", "category", "priority", "opened_at", "due_at",
    "accepted_known_at", "estimated_hours", "batch_size",
)  # fmt: skip


@dataclass(frozen=True)
class OrderDataset(DrawnDataset):
    """What was known of work orders by an instant.

    Attributes:
        until: The instant.
        orders: Orders that have a due time (`ORDER`), with `completed_at`, `completed_known_at`, `off_at` (when it was
            known that it was called off), all null where that did not happen.
        task: What is learned.
    """

    until: datetime
    orders: pl.DataFrame
    task: Task = TASK

    @cached_property
    def known(self) -> Streams:
        """The streams of features."""
        return streams_of(self.orders, self.until)

    @cached_property
    def lives(self) -> pl.DataFrame:
        """The time in which each order is scored: the key, `begins_at`, `ends_at`, `is_event`, `due_at`."""
        result = outcomes(self.orders, self.until)
        return (
            self.orders.select(
                KEY,
                "due_at",
                begins_at="opened_at",
                ends_at=pl.min_horizontal("due_at", "completed_known_at", "off_at"),
            )
            .filter(pl.col("begins_at") < pl.col("ends_at"))
            .join(result, on=KEY, how="left", maintain_order="left")
            .select(KEY, "begins_at", "ends_at", "is_event", "due_at")
        )

    @property
    def decided(self) -> pl.DataFrame:
        """Lives in the form that `ml.evaluation.prediction_log.with_outcomes` joins to scores."""
        return self.lives.with_columns(settled_at=pl.col("due_at") + SETTLES).rename(
            {KEY: "entity", "due_at": "event_at"}
        )

    def matured(self, since: datetime) -> pl.DataFrame:
        """Labelled rows of orders that came after an instant, with `settled_at` and `trailing_rate`."""
        return self._labelled_since(since).with_columns(settled_at=pl.col("due_at") + SETTLES, trailing_rate="all_rate")

    def _drawn(self, lives: pl.DataFrame) -> pl.DataFrame:
        return sampled(lives, key=KEY, per_entity=_PER_ORDER, longest=_LONGEST, seed=_SEED)

    def _rows(self, moments: pl.DataFrame) -> pl.DataFrame:
        """Features and what happened, one row per moment."""
        placed = moments.select(KEY, "as_of").join(self.orders.select(ORDER), on=KEY, how="left", maintain_order="left")
        described = features(self.known, placed)
        outcome = self.lives.select(KEY, "begins_at", "is_event")
        joined = described.join(outcome, on=KEY, how="left", maintain_order="left")
        lead = (pl.col("due_at") - pl.col("as_of")).dt.total_microseconds() / 60e6
        return joined.with_columns(lead_minutes=pl.when("is_event").then(lead))


def outcomes(orders: pl.DataFrame, until: datetime) -> pl.DataFrame:
    """The labels of past orders: the key and `is_event`, by the newest record known at an instant.

    An order has a label once its due time lies `SETTLES` back, whatever became known before.
    """
    is_settled = pl.col("due_at") + SETTLES <= pl.lit(until, INSTANT)
    called_off = (pl.col("off_at") < pl.min_horizontal("completed_known_at", pl.col("due_at") + SETTLES)).fill_null(
        value=False
    )
    is_late = (pl.col("completed_at") > pl.col("due_at")).fill_null(value=True)
    return orders.filter(is_settled, ~called_off).select(KEY, is_event=is_late)


def order_outcomes(orders: pl.DataFrame, until: datetime) -> pl.DataFrame:
    """The first known outcome of past orders: the key, `at`, `is_late` and the columns of features.

    A completion that becomes known more than `SETTLES` after the due time does not change the outcome, because features
    hold what was known at the time.
    """
    deadline = pl.col("due_at") + SETTLES
    is_late = (pl.col("completed_at") > pl.col("due_at")) | pl.col("completed_at").is_null()
    in_time_to_know = pl.col("completed_known_at") <= deadline
    settled = orders.with_columns(
        at=pl.min_horizontal("completed_known_at", deadline),
        is_late=pl.when(in_time_to_know).then(is_late).otherwise(statement=True),
    )
    # An order that was called off before it was due, or before anybody knew more, tells nothing.
    called_off = (pl.col("off_at") < pl.col("at")).fill_null(value=False)
    return settled.filter(pl.col("at") <= pl.lit(until, INSTANT), ~called_off).select(
        KEY, "batch_id", "vendor_id", "site_id", "client_id", "category", "at", "is_late"
    )


def streams_of(orders: pl.DataFrame, until: datetime) -> Streams:
    """The streams of features of what was known by an instant."""
    gone = pl.min_horizontal("completed_known_at", "off_at")
    stayed = gone.is_null() | (gone > pl.col("due_at"))
    spans = orders.select("vendor_id", "site_id", "opened_at", overdue_at=pl.when(stayed).then("due_at"), gone_at=gone)
    return streams(order_outcomes(orders, until), spans)
