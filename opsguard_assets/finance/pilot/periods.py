"""The days of a pilot and of its base line, in the client's zone.

Here: bounds. Not here: what lies in them.

The base line has as many days as the pilot and ends where it begins, so that both are compared by rates of equal spans.
A pilot that runs counts up to its last whole day, and so does its base line.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import dataframely as dy
import polars as pl

from opsguard_assets.scorecards.kpis.schemas import ClientMonths
from opsguard_assets.tables.table import dtypes_of, rows_of

_DAY, _LONGEST = timedelta(days=1), 366


class PeriodError(ValueError):
    """The days make no pilot; the message says why."""


@dataclass(frozen=True)
class Period:
    """A pilot and its base line.

    Attributes:
        first: First day of the pilot.
        last: Its last day.
        through: The last day that counts.
        zone: The client's zone.
    """

    first: date
    last: date
    through: date
    zone: str

    @property
    def days(self) -> int:
        """How many days of it count."""
        return (self.through - self.first).days + 1

    @property
    def before(self) -> date:
        """First day of the base line."""
        return self.first - self.days * _DAY

    @property
    def is_whole_weeks(self) -> bool:
        """Whether both spans have the same weekdays."""
        return self.days % 7 == 0

    def starts_at(self, day: date) -> datetime:
        """The first instant of a day (UTC)."""
        return datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(self.zone)).astimezone(UTC)

    @property
    def since(self) -> datetime:
        """The first instant of the pilot (UTC)."""
        return self.starts_at(self.first)

    @property
    def until(self) -> datetime:
        """The first instant that counts no more (UTC)."""
        return self.starts_at(self.through + _DAY)

    def spans(self, client_id: str) -> dy.DataFrame[ClientMonths]:
        """Base line and pilot of a client as spans of key figures, each named by its first day."""
        rows = [
            (client_id, self.before, self.starts_at(self.before), self.since),
            (client_id, self.first, self.since, self.until),
        ]
        return rows_of(ClientMonths, pl.DataFrame(rows, schema=dtypes_of(ClientMonths), orient="row"))


def period(first: date, last: date, zone: str, as_of: datetime) -> Period:
    """The days of a pilot as they stand at a moment.

    Args:
        first: Its first day.
        last: Its last day.
        zone: The client's zone.
        as_of: The moment (UTC).

    Raises:
        PeriodError: When it ends before it begins, is longer than a year, or no day of it is over.
    """
    if last < first:
        raise PeriodError(f"the pilot ends on {last}, before it begins on {first}")
    if (last - first).days >= _LONGEST:
        raise PeriodError(f"{first} to {last} is more than a year; a pilot is some weeks")
    over = as_of.astimezone(ZoneInfo(zone)).date() - _DAY
    if over < first:
        raise PeriodError(f"no day of the pilot is over yet: it begins on {first} ({zone})")
    return Period(first, last, min(last, over), zone)
