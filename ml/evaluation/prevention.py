"""The measured effect of acting: the hold-out compared with the entities that were acted on.

Here: two counts in, a difference with its interval out. Not here: who is in the hold-out (`opsguard_assets.alerts`).
"""

from dataclasses import dataclass
from math import sqrt

from ml.evaluation.intervals import wilson_ends

LEAST = 30


@dataclass(frozen=True)
class Group:
    """Entities of comparable risk, and how many of them had the event."""

    n: int
    late: int

    @property
    def share(self) -> float:
        """Share of late ones."""
        return self.late / self.n

    def interval(self) -> tuple[float, float]:
        """The Wilson score interval of the share, 95 %."""
        low, high = wilson_ends(self.share, self.n)
        return low, high


@dataclass(frozen=True)
class Prevention:
    """The effect of acting.

    Attributes:
        held_back: The hold-out: scored and not acted on.
        acted_on: Those that were acted on.
        difference: By how much acting lowers the share of events; null with too few entities.
        low: Lower end of its 95 % interval (Newcombe's hybrid score).
        high: Upper end.
    """

    held_back: Group
    acted_on: Group
    difference: float | None = None
    low: float | None = None
    high: float | None = None

    @property
    def words(self) -> str:
        """The result in one sentence."""
        if self.difference is None:
            return (
                f"{self.held_back.n} held back and {self.acted_on.n} acted on with known outcomes; {LEAST} of each are "
                "needed to measure what acting prevents"
            )
        return (
            f"acting lowers the share of events by {self.difference:.1%} ({self.low:.1%} to {self.high:.1%}): "
            f"{self.held_back.share:.1%} of {self.held_back.n} held back, {self.acted_on.share:.1%} of "
            f"{self.acted_on.n} acted on"
        )


def prevention(held_back: Group, acted_on: Group) -> Prevention:
    """The difference of two shares with Newcombe's interval (method 10 of his comparison, 1998)."""
    if min(held_back.n, acted_on.n) < LEAST:
        return Prevention(held_back, acted_on)
    difference = held_back.share - acted_on.share
    (low, high), (lower, upper) = held_back.interval(), acted_on.interval()
    return Prevention(
        held_back,
        acted_on,
        difference,
        difference - sqrt((held_back.share - low) ** 2 + (upper - acted_on.share) ** 2),
        difference + sqrt((high - held_back.share) ** 2 + (acted_on.share - lower) ** 2),
    )
