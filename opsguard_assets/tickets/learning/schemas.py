"""What is kept of tickets to learn from: their outcomes, and those that features of open tickets depend on.

Here: shapes. Not here: computing them (`learning.outcomes`, `learning.recent`).
"""

import dataframely as dy

from opsguard_assets.tables.derived import instant, minutes, text
from opsguard_assets.tables.table import Table


class Outcome(dy.Schema):
    """How a ticket ended, as far as its records tell."""

    ticket_id = text("the ticket", nullable=False)
    at = instant("when the outcome became known: a missed deadline when it passed, a kept one when the end was known")
    is_late = dy.Bool(nullable=True, description="whether the deadline was missed; null while there is no outcome")
    minutes = minutes("wall time from opening to the end, null where it was still open")


class TicketOutcome(Outcome):
    """How a ticket ended, as far as its records tell, and from when on time alone would tell more."""

    passes_at = instant("the deadline of a ticket without outcome: once it has passed, it was missed")
    changes_at = instant("the first change that was announced for the future: after it the row must be made again")


class TicketLife(dy.Schema):
    """From when to when a ticket could be acted on: known, open, its deadline not passed."""

    ticket_id = text("the ticket", nullable=False)
    begins_at = instant("when it became known", nullable=False)
    settled_at = instant("the deadline by the last clock: when the outcome has to be known", nullable=False)
    ends_at = instant("the outcome or the end, or the end of knowledge where neither is known", nullable=False)
    is_event = dy.Bool(nullable=True, description="whether the deadline was missed; null where it had not passed")


class RecentTicket(dy.Schema):
    """A version of a ticket on which features of open tickets depend, with the ticket's outcome."""

    ticket_id = text("the ticket", nullable=False)
    known_at = instant("when this version was known", nullable=False)
    superseded_at = instant("from when on another one was the row; null while it is current")
    client_id = text("who asked")
    site_id = text("which site it is about")
    category = text("kind of request")
    priority = text("urgency")
    status = text("state of work")
    assignee_id = text("person who works on it")
    group_id = text("team that is responsible")
    title = text("one line by the requester")
    source = text("channel")
    sentiment = dy.Float64(nullable=True, description="tone of the requester, -1 angry to 1 pleased")
    opened_at = instant("when it was opened")
    updated_at = instant("when this state came about")
    outcome_at = instant("when the outcome became known")
    is_late = dy.Bool(nullable=True, description="whether the deadline was missed; null while there is no outcome")
    minutes = minutes("wall time from opening to the end, null where it was still open")
    passes_at = instant("the deadline of a ticket without outcome: once it has passed, it was missed")
    changes_at = instant("the first change that was announced for the future")
    is_active = dy.Bool(nullable=False, description="whether the ticket is open, or changed lately")


TICKET_OUTCOMES = Table(name="ticket_outcomes", room="tickets", schema=TicketOutcome, key=("ticket_id",))
RECENT_TICKETS = Table(name="recent_tickets", room="tickets", schema=RecentTicket, key=("ticket_id", "known_at"))
