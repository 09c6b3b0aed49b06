"""The ticket system that is none: what is handed to it is OpsGuard's own record. Not here: those records."""

from dataclasses import dataclass

from resources.answers import Answer, Outcome
from resources.ticket_system.change import Cancellation, Change, NewTicket

_RECORDED = Answer(Outcome.DONE, "recorded in OpsGuard")


@dataclass(frozen=True)
class RecordOnlySystem:
    """Nothing outside OpsGuard is changed, and nothing can go wrong there."""

    kind: str = "record"
    acts_outside: bool = False
    can_tell: bool = True

    def apply(self, change: Change) -> Answer:  # noqa: ARG002 - every kind is handed the change
        """Done as soon as it is recorded."""
        return _RECORDED

    def create(self, ticket: NewTicket) -> Answer:  # noqa: ARG002 - likewise
        """The same."""
        return _RECORDED

    def cancel(self, cancellation: Cancellation) -> Answer:  # noqa: ARG002 - likewise
        """The same."""
        return _RECORDED
