"""How often something is computed, stated once: the cron string and the ages at which a result is late follow from it.

Here: the `Cadence`. Not here: which job has which (the record of its domain), and schedules (`cadences`).
"""

from dataclasses import dataclass
from datetime import timedelta

MINUTE, HOUR, DAY, WEEK = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1), timedelta(days=7)
# The longest one: a result of the month before is not late before that.
MONTH = timedelta(days=31)
_SLACK = timedelta(hours=2)


@dataclass(frozen=True)
class Cadence:
    """Time between two ticks, and when in the hour, the day or the week they run.

    Attributes:
        every: A part of an hour in whole minutes, an hour, a day, a week or a calendar month.
        offset: How far into that time it runs, in whole minutes; weeks begin on Sunday at midnight, months on their
            first day. Clocks are those of the operations time zone.
    """

    every: timedelta
    offset: timedelta = timedelta(0)

    def __post_init__(self) -> None:
        """Refuses what no cron string can say.

        Raises:
            ValueError: When it is something else.
        """
        if self.every not in (HOUR, DAY, WEEK, MONTH) and (HOUR % self.every or self.every % MINUTE):
            raise ValueError(f"{self.every} is not part of an hour, an hour, a day, a week or a month")
        if self.offset % MINUTE or not timedelta(0) <= self.offset < self.every:
            raise ValueError(f"{self.offset} is not within {self.every}")

    @property
    def cron(self) -> str:
        """The cron string."""
        days, rest = divmod(self.offset, DAY)
        hour, minute = divmod(rest // MINUTE, 60)
        if self.every == MONTH:
            return f"{minute} {hour} {days + 1} * *"
        if self.every >= DAY:
            return f"{minute} {hour} * * {days if self.every == WEEK else '*'}"
        if self.every < HOUR and not minute:
            return f"*/{self.every // MINUTE} * * * *"
        return f"{','.join(str(each) for each in range(minute, 60, self.every // MINUTE))} * * * *"

    @property
    def words(self) -> str:
        """The end of a schedule's name: `every_15_minutes`."""
        named = {HOUR: "hour", DAY: "day", WEEK: "week", MONTH: "month"}
        return f"every_{named.get(self.every) or f'{self.every // MINUTE}_minutes'}"

    @property
    def is_frequent(self) -> bool:
        """Whether the next tick comes within a day, and does what the last one failed to do."""
        return self.every < DAY

    @property
    def late_after(self) -> timedelta:
        """The age from which a result is late: one tick may be left out while its predecessor still runs.

        What is computed once a day may take its time.
        """
        return 2 * self.every if self.is_frequent else self.every + _SLACK

    @property
    def stale_after(self) -> timedelta:
        """The age from which a result is at fault."""
        return 3 * self.every if self.is_frequent else 2 * self.every + _SLACK
