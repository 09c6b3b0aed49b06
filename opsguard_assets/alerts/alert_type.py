"""A type of alerts as people meet it: what it means, which plans hold it, by when and what to do.

Here: the description. Not here: any type (each domain declares its own beside the rule that finds it).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class AlertType:
    """A type of alerts.

    Attributes:
        name: Its name, also in the deduplication key of its findings.
        meaning: What it means; a threshold is named by its setting in braces, and said as it is in force.
        next_step: What somebody should do, in the imperative, where the finding itself does not say better.
        due: The entry of the evidence that says by when something can still be done; None where there is none.
        plan: The smallest plan that holds it, where `plans` of opsguard.yaml say nothing else; None for everybody's.
    """

    name: str
    meaning: str
    next_step: str
    due: str | None = None
    plan: str | None = None


def names(types: Iterable[AlertType]) -> tuple[str, ...]:
    """The names of some types."""
    return tuple(each.name for each in types)


def smallest_plans(types: Iterable[AlertType]) -> Mapping[str, str | None]:
    """The smallest plan that holds each of some types."""
    return {each.name: each.plan for each in types}
