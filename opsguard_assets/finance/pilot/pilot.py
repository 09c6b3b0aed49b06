"""A pilot as a value: what its page, PDF and workbook are made of. Not here: making it, words, forms.

Each number has a code whose definition and source `definitions` holds, of how many it is, its interval where it has
one, and how it is known. A number that there is not has a reason; it is never 0.
"""

from datetime import date, datetime
from decimal import Decimal
from typing import Literal

from opsguard_assets.config.base import Strict
from opsguard_assets.scorecards.card.card import Language, Measure

Unit = Literal["percent", "count", "hours", "money", "score", "times"]
# How a number is known. counted: one by one. measured: against a hold-out. estimated: by a calibrated model.
# answered: by those who were asked. priced: by the price list.
How = Literal["counted", "measured", "estimated", "answered", "priced", "none"]
Section = Literal[
    "predicted", "detected", "prevented", "resolved", "false_alarms", "adoption", "satisfaction", "returns"
]


class Number(Strict):
    """One number of a pilot.

    Attributes:
        section: Where it stands.
        code: What it is (`definitions`).
        of: What it is of: a problem, a type of alerts, a feature, a person; None where the code says it all.
        value: None: there is none, and `missing` says why.
        low: Lower end of its 95 % interval; None where it has none.
        high: Upper end.
        part: Of a share: how many; None for others.
        n: Of how many it is.
        how: How it is known.
        unit_value: What one is worth.
        money: What all of it is worth; None where that is not told from nothing.
        missing: The reason for a missing value.
    """

    section: Section
    code: str
    of: str | None = None
    value: Decimal | None
    unit: Unit
    low: Decimal | None = None
    high: Decimal | None = None
    part: int | None = None
    n: int | None = None
    how: How = "counted"
    unit_value: Decimal | None = None
    money: Decimal | None = None
    missing: str | None = None


class Compared(Strict):
    """A key figure before and during.

    Attributes:
        before: Of the base line.
        during: Of the pilot.
        low: Of the change of a share whose rows count alike: lower end of its 95 % interval; None for others.
        high: Upper end.
    """

    before: Measure
    during: Measure
    low: Decimal | None = None
    high: Decimal | None = None


class Waiting(Strict):
    """Something that cannot be said yet.

    Attributes:
        what: What (`definitions`).
        have: How many there are.
        needed: How many it takes.
        weeks: How many more weeks at the pace of the pilot; None: at this pace never.
        why: What keeps it from ever being enough; None where weeks are known.
    """

    what: str
    have: int
    needed: int
    weeks: int | None
    why: str | None = None


class Reason(Strict):
    """Why a plan is recommended, or none: a code of `spoken`, and what fills it in."""

    code: str
    plan: str | None = None
    count: int | None = None
    worth: Decimal | None = None
    price: Decimal | None = None
    features: tuple[str, ...] = ()


class Pilot(Strict):
    """What a pilot showed.

    Attributes:
        first: Its first day, in the client's zone.
        last: Its last day.
        through: The last day that counts: the last one, or the newest whole day while it runs.
        before: First day of the base line, which has as many days and ends the day before.
        timezone: The client's.
        currency: Of what things are worth.
        plan: In force when the pilot ended, or now while it runs; None: unknown.
        is_trial: Whether that plan was tried, not bought.
        prices_in: Currency of prices.
        data_through: Through when key figures are complete.
        recommended: The plan; None: none yet.
    """

    format: Literal[1] = 1
    client_id: str
    client_name: str
    first: date
    last: date
    through: date
    before: date
    timezone: str
    language: Language = "en"
    locale: str = "en_US"
    currency: str
    prices_in: str
    plan: str | None
    is_trial: bool
    as_of: datetime
    data_through: datetime | None
    code: str
    holdout_share: Decimal
    compared: tuple[Compared, ...]
    numbers: tuple[Number, ...]
    waiting: tuple[Waiting, ...]
    recommended: str | None
    reasons: tuple[Reason, ...]

    @property
    def days(self) -> int:
        """How many days count."""
        return (self.through - self.first).days + 1

    @property
    def is_running(self) -> bool:
        """Whether it is not over yet."""
        return self.through < self.last

    def number(self, code: str, of: str | None = None) -> Number | None:
        """One of its numbers; None where it has none of this code."""
        return next((each for each in self.numbers if each.code == code and each.of == of), None)
