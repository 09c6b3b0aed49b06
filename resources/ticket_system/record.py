"""The ticket system that is none: escalations are OpsGuard's own records. Not here: those records."""

from dataclasses import dataclass

from resources.answers import Answer, Outcome
from resources.ticket_system.change import Change


@dataclass(frozen=True)
class RecordOnlySystem:
    """Nothing outside OpsGuard is changed, and nothing can go wrong there."""

    kind: str = "record"
    acts_outside: bool = False
    can_tell: bool = True

    def apply(self, change: Change) -> Answer:  # noqa: ARG002 - every kind is handed the change
        """Done as soon as it is recorded."""
        return Answer(Outcome.DONE, "recorded in OpsGuard")
