"""What is handed to a ticket system, and what comes back. Not here: any kind of ticket system."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, Protocol

from resources.answers import Answer


class TicketSystemError(RuntimeError):
    """The ticket system is described in a way that cannot be used; the message says what to do."""


@dataclass(frozen=True, kw_only=True)
class Change:
    """One change of a ticket, as a ticket system needs it.

    Attributes:
        key: The idempotency key: the same change has the same key however often it is handed over.
        ticket_id: The ticket.
        step: The how-manieth escalation of the ticket it is, or the step of the playbook; from 1.
        priority: The new priority.
        assignee_id: The new assignee, or the old one where it stays; None where there is none.
        reason: Why, in words.
        as_of: The moment that it was planned for (UTC).
        expected_priority: The priority that the ticket has where nobody was faster.
        expected_assignee_id: Likewise its assignee; None: unassigned.
        expected_status: Likewise its status.
        expected_updated_at: When the state that OpsGuard knew came about (UTC).
        was_sent: Whether it may have been handed over before, by a run that did not live to hear the answer.
        by: What asks for it.
    """

    key: str
    ticket_id: str
    step: int
    priority: str
    assignee_id: str | None
    reason: str = field(repr=False)
    as_of: datetime
    expected_priority: str
    expected_assignee_id: str | None
    expected_status: str
    expected_updated_at: datetime
    was_sent: bool = False
    by: Literal["escalation", "playbook"] = "escalation"


@dataclass(frozen=True, kw_only=True)
class NewTicket:
    """A ticket that is to be opened.

    Attributes:
        key: The idempotency key; it also names the ticket where it is cancelled.
        title: One line.
        description: The request in full.
        priority: Its priority.
        group_id: The team that is responsible; None: nobody said.
        client_id: Who is concerned; None where that is not known.
        site_id: Where; None where that is not known.
        as_of: When it was planned (UTC).
        was_sent: Whether it may have been handed over before.
    """

    key: str
    title: str = field(repr=False)
    description: str = field(repr=False)
    priority: str
    group_id: str | None
    client_id: str | None
    site_id: str | None
    as_of: datetime
    was_sent: bool = False


@dataclass(frozen=True, kw_only=True)
class Cancellation:
    """A ticket that was opened and is not needed any more.

    Attributes:
        key: The idempotency key of the cancellation.
        created_key: The key under which the ticket was opened.
        reason: Why, in words.
        as_of: When it was planned (UTC).
        was_sent: Whether it may have been handed over before.
    """

    key: str
    created_key: str
    reason: str = field(repr=False)
    as_of: datetime
    was_sent: bool = False


class TicketSystem(Protocol):
    """A helpdesk that takes changes, opens tickets and cancels them.

    Attributes:
        kind: Its kind, as in `opsguard.yaml`.
        acts_outside: Whether something outside OpsGuard is changed.
        can_tell: Whether handing the same change over again gives a certain answer, however the last time ended.
    """

    @property
    def kind(self) -> str:
        """The kind."""

    @property
    def acts_outside(self) -> bool:
        """Whether something outside is changed."""

    @property
    def can_tell(self) -> bool:
        """Whether asking again ends doubt."""

    def apply(self, change: Change) -> Answer:
        """Hands a change over. What went wrong is an answer, never an exception."""

    def create(self, ticket: NewTicket) -> Answer:
        """Opens a ticket; likewise."""

    def cancel(self, cancellation: Cancellation) -> Answer:
        """Cancels a ticket that was opened here, unless somebody has worked on it since; likewise."""
