"""The point-in-time dataset of a problem: lives of entities, and rows of features with their labels.

Here: the protocol between problems and training, evaluation, monitoring and replay. Not here: any problem.
"""

from datetime import datetime, timedelta
from typing import Protocol

import polars as pl

from ml.dataset.task import Task


class Dataset(Protocol):
    """What was known about a problem's entities at an instant, prepared for any moment before it.

    Rows have the task's key, `as_of`, the features, `begins_at`, `is_event` (the label; null until it is mature,
    because outcomes that are known early are mostly events) and `lead_minutes` (to the event, where it came). One
    rule makes the labels of lives and of rows, for training and for evaluation.
    """

    @property
    def task(self) -> Task:
        """The prediction task."""
        ...

    @property
    def until(self) -> datetime:
        """The instant at which everything was known."""
        ...

    @property
    def lives(self) -> pl.DataFrame:
        """The time in which each entity was at risk: the key, `begins_at`, `ends_at`, `is_event` (as that of rows)."""
        ...

    def watched(self) -> pl.DataFrame:
        """Training rows of all entities: with `watched_minutes`, `is_ended` and `watchable_minutes`."""
        ...

    def of_lives(self, lives: pl.DataFrame, protocol: str) -> pl.DataFrame:
        """Labelled rows of some lives, at moments chosen by a protocol (`ml.features.moments`).

        Raises:
            ProtocolError: When the protocol is unknown.
        """
        ...

    def ticks(self, lives: pl.DataFrame, step: timedelta) -> pl.DataFrame:
        """Rows of all ticks of some lives, labelled or not."""
        ...

    def matured(self, since: datetime) -> pl.DataFrame:
        """Labelled rows that matured after `since`, with `settled_at` and `trailing_rate`.

        `settled_at` is when the label matured, `trailing_rate` the base rate that was known at the moment.
        """
        ...

    def between(self, begins: datetime, ends: datetime) -> pl.DataFrame:
        """A sample of rows in a span, to compare the features of two spans."""
        ...
