"""Datasets whose training rows are drawn from the lives of entities: what all of them do alike.

Here: rows of lives, ticks and spans (`ml.dataset.dataset.Dataset`). Not here: lives, the moments drawn, features.
"""

from abc import ABC, abstractmethod
from datetime import datetime, timedelta

import polars as pl

from ml.dataset.task import Task
from ml.features.moments import moments_of, ticks_of
from ml.values import INSTANT


class DrawnDataset(ABC):
    """A dataset that says what lives there are, which of their moments are drawn, and what is known at a moment."""

    task: Task

    @property
    @abstractmethod
    def lives(self) -> pl.DataFrame:
        """See `Dataset`."""

    @abstractmethod
    def _drawn(self, lives: pl.DataFrame) -> pl.DataFrame:
        """The moments of some lives to learn from: the key, `as_of`."""

    @abstractmethod
    def _rows(self, moments: pl.DataFrame) -> pl.DataFrame:
        """Features and what happened, one row per moment."""

    def watched(self) -> pl.DataFrame:
        """Rows to learn from: the moments drawn of all lives."""
        return self._rows(self._drawn(self.lives))

    def of_lives(self, lives: pl.DataFrame, protocol: str) -> pl.DataFrame:
        """Labelled rows of some lives at moments chosen by a protocol.

        Raises:
            ProtocolError: When the protocol is not known.
        """
        return self._rows(moments_of(lives, protocol, key=self.task.key)).drop_nulls("is_event")

    def ticks(self, lives: pl.DataFrame, step: timedelta) -> pl.DataFrame:
        """Rows of all ticks of some lives."""
        return self._rows(ticks_of(lives, step, key=self.task.key))

    def between(self, begins: datetime, ends: datetime) -> pl.DataFrame:
        """A sample of rows of the lives that began in a span."""
        span = pl.col("begins_at").is_between(pl.lit(begins, INSTANT), pl.lit(ends, INSTANT), closed="left")
        return self._rows(self._drawn(self.lives.filter(span)))

    def _labelled_since(self, since: datetime) -> pl.DataFrame:
        """Labelled rows of the lives that began from an instant on."""
        later = self.lives.filter(pl.col("begins_at") >= pl.lit(since, INSTANT))
        return self._rows(self._drawn(later)).drop_nulls("is_event")
