"""What a problem tells of its past: lives of entities, and rows of features with what happened then.

Here: the protocol between problems and those who train, judge, watch and replay. Not here: any problem.
"""

from datetime import datetime, timedelta
from typing import Protocol

import polars as pl

from ml.dataset.problem import Task


class Past(Protocol):
    """What was known of a problem's entities by an instant, prepared for any moment before it.

    Rows have the task's key, `as_of`, the features, `begins_at`, `is_late` (whether the event came; null until the time
    in which it counts has passed by what is known, whatever happened before: outcomes that are known early are of one
    kind) and `lead_minutes` (to the event, where it came). Lives and rows, to learn from and to judge: one rule.
    """

    @property
    def task(self) -> Task:
        """What is learned."""
        ...

    @property
    def until(self) -> datetime:
        """The instant of knowledge."""
        ...

    @property
    def lives(self) -> pl.DataFrame:
        """From when to when each entity was at risk: the key, `begins_at`, `ends_at`, `is_late` (as that of rows)."""
        ...

    def watched(self) -> pl.DataFrame:
        """Rows to learn from, of all entities: with `watched_minutes`, `is_ended` and `watchable_minutes`."""
        ...

    def of_lives(self, lives: pl.DataFrame, protocol: str) -> pl.DataFrame:
        """Labelled rows of some lives, at moments chosen by a protocol (`ml.features.moments`).

        Raises:
            ProtocolError: When the protocol is not known.
        """
        ...

    def ticks(self, lives: pl.DataFrame, step: timedelta) -> pl.DataFrame:
        """Rows of all ticks of some lives, whether or not their outcome is known."""
        ...

    def matured(self, since: datetime) -> pl.DataFrame:
        """Labelled rows that nobody could learn from by `since`: with `settled_at` and `trailing_rate`.

        `settled_at` is when the outcome had to be known, `trailing_rate` what anybody could have said of the moment.
        """
        ...

    def between(self, begins: datetime, ends: datetime) -> pl.DataFrame:
        """A sample of rows in a span, to compare features with those of another one."""
        ...
