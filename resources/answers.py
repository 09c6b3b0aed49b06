"""What is certain after something was handed to a system outside: the answer that every adapter gives.

Here: outcomes and answers. Not here: handing over (`ticket_system`), what an answer leads to
(`opsguard_assets.effects`).
"""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum


class Outcome(StrEnum):
    """What is certain after a hand-over, about it and every earlier one under the same key."""

    DONE = "done"  # it happened, now or before under the same key
    SUPERSEDED = "superseded"  # the world is not as expected: a person's newer change won; nothing happened
    FAILED = "failed"  # it was refused for good; nothing happened
    NOT_REACHED = "not reached"  # nothing happened; it may be tried again
    UNKNOWN = "unknown"  # nobody can tell whether it happened


@dataclass(frozen=True)
class Answer:
    """An outcome and why.

    Attributes:
        outcome: What is certain.
        words: Why, in words for people; no secrets.
        retry_after: How long the system asked to be left alone; None where it asked nothing.
        look_after: When this one is to be taken up again; None: as usual. It concerns no other.
        is_heard: Whether the system answered, although what was asked for did not happen or is not certain.
    """

    outcome: Outcome
    words: str
    retry_after: timedelta | None = None
    look_after: timedelta | None = None
    is_heard: bool = False

    @property
    def is_clear(self) -> bool:
        """Whether the system outside answered, so that it is there and works."""
        return self.is_heard or self.outcome not in {Outcome.NOT_REACHED, Outcome.UNKNOWN}
