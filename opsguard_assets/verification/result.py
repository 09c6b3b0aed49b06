"""What is planted for a verification, and what it finds: figures, and claims that do not hold.

Here: the shapes, and how claims are collected. Not here: verifications (`verification`), and running them (`run_io`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

# Rows that are planted into the records of the simulated provider, by canonical table; what is left out is null.
Records = Mapping[str, Sequence[Mapping[str, Any]]]


@dataclass(frozen=True)
class Wrong:
    """A claim that does not hold.

    Attributes:
        what: What was found instead of what was planted.
        where: The part of OpsGuard that said so.
        remedy: What to do next.
    """

    what: str
    where: str
    remedy: str


@dataclass
class Found:
    """What a verification found: figures in words, and the claims that do not hold.

    Attributes:
        where: The part of OpsGuard that is looked at, for claims that name no other one.
        remedy: What to do next, likewise.
    """

    where: str
    remedy: str
    figures: list[str] = field(default_factory=list)
    wrong: list[Wrong] = field(default_factory=list)
    claims: int = 0

    def figure(self, words: str) -> None:
        """Notes a figure for the table."""
        self.figures.append(words)

    def holds(self, is_true: bool, otherwise: str, *, where: str | None = None) -> bool:  # noqa: FBT001 - a claim
        """A claim about the result.

        Args:
            is_true: Whether it holds.
            otherwise: What is wrong where it does not.
            where: The part of OpsGuard that said so.
        """
        self.claims += 1
        if not is_true:
            self.wrong.append(Wrong(otherwise, where or self.where, self.remedy))
        return is_true

    def equal(self, what: str, found: object, planted: object, *, where: str | None = None) -> bool:
        """The claim that something is what was planted."""
        return self.holds(found == planted, f"{what}: found {_short(found)}, planted {_short(planted)}", where=where)


def _short(value: object) -> str:
    words = ", ".join(map(str, value)) if isinstance(value, list | tuple | set | frozenset) else str(value)
    return (words if len(words) <= _LONGEST else f"{words[:_LONGEST]} …") or "nothing"


_LONGEST = 200


@dataclass(frozen=True)
class Result:
    """The result of a verification.

    Attributes:
        name: Its name.
        asks: What has to be true.
        planted: What was planted.
        found: The figures, in words.
        claims: How many claims were checked.
        wrong: Those that do not hold.
        seconds: How long it took.
    """

    name: str
    asks: str
    planted: str
    found: str
    claims: int
    wrong: tuple[Wrong, ...]
    seconds: float

    @property
    def passed(self) -> bool:
        """Whether something was claimed, and everything of it holds."""
        return not self.wrong and self.claims > 0
