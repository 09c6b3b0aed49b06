"""Escalations as side effects: what was planned becomes a change that the ticket system is handed.

Here: the adapter of the effects engine. Not here: the engine (`opsguard_assets.effects`), kinds of ticket systems
(`resources.ticket_system`), the plan.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from opsguard_assets.effects.machine import Effect
from resources.answers import Answer
from resources.ticket_system.change import Change, TicketSystem


@dataclass(frozen=True)
class HelpdeskAdapter:
    """Carries escalations out in a ticket system.

    Every kind of ticket system knows a key that it has seen, so handing over again never does anything twice.

    Attributes:
        system: The ticket system; its kind is the target.
    """

    system: TicketSystem

    @property
    def targets(self) -> Collection[str]:
        """The kind that is in use."""
        return (self.system.kind,)

    @property
    def can_tell(self) -> bool:
        """As the ticket system says."""
        return self.system.can_tell

    def may_repeat(self, effect: Effect) -> bool:  # noqa: ARG002 - the same for every escalation
        """Always: ticket systems compare keys."""
        return True

    def send(self, effect: Effect) -> Answer:
        """Hands the change over; a kind that can tell finds out about earlier hand-overs by the key."""
        return self.system.apply(change_of(effect))

    def ask(self, effect: Effect) -> Answer:
        """The same as handing it over again: the key there decides."""
        return self.send(effect)


def change_of(effect: Effect) -> Change:
    """The change that an escalation asks for."""
    wanted = dict(effect.payload)
    for name in ("as_of", "expected_updated_at"):
        wanted[name] = datetime.fromisoformat(wanted[name])
    return Change(key=effect.idempotency_key, was_sent=effect.is_in_doubt, **wanted)
