"""The helpdesk: what was promised, what was asked for, what changed."""

import dataframely as dy
import polars as pl

from opsguard_assets.tables import columns as c
from opsguard_assets.tables.values import PRIORITIES, TICKET_STATUSES


class SlaPolicies(dy.Schema):
    """A promise to answer and to solve within a time."""

    policy_id = c.identifier("the policy", required=True)
    client_id = c.identifier("whom it was promised to; none means every client")
    priority = c.choice("which tickets", PRIORITIES, required=True)
    response_minutes = c.count("working minutes to the first response", low=1, required=True)
    resolution_minutes = c.count("working minutes to the solution", low=1, required=True)
    calendar_id = c.identifier("working time of the clock; none means that of the site")
    pauses_on = c.texts("statuses in which the clock pauses")
    stops_at = c.choice("which status stops the clock", ("resolved", "closed"))
    penalty_amount = c.measure("what a breach costs, in the client's currency", low=0)
    known_at = c.known_at()


class Tickets(dy.Schema):
    """A request, in its latest known state."""

    ticket_id = c.identifier("the ticket", required=True)
    client_id = c.identifier("who asked", required=True)
    site_id = c.identifier("which site it is about")
    category = c.line("kind of request")
    priority = c.choice("urgency", PRIORITIES, required=True)
    status = c.choice("state of work", TICKET_STATUSES, required=True)
    assignee_id = c.identifier("person who works on it")
    group_id = c.identifier("team that is responsible")
    title = c.line("one line by the requester")
    description = c.prose("the request in full")
    opened_at = c.instant("when it was opened (UTC)", required=True)
    first_response_at = c.instant("first answer to the requester (UTC)")
    resolved_at = c.instant("when a solution was given (UTC)")
    closed_at = c.instant("when it was closed (UTC)")
    due_at = c.until("deadline given by the source (UTC); otherwise computed from the policy")
    source = c.line("channel: phone, mail, portal, …")
    sentiment = c.measure("tone of the requester, -1 angry to 1 pleased", low=-1, high=1)
    updated_at = c.instant("when this state came about (UTC)", required=True)
    updated_by = c.identifier("person who made the last change")
    known_at = c.known_at()

    @dy.rule()
    def answered_not_before_opened(cls) -> pl.Expr:
        """The first response does not precede the opening."""
        return c.not_before("first_response_at", "opened_at")

    @dy.rule()
    def resolved_not_before_opened(cls) -> pl.Expr:
        """The solution does not precede the opening."""
        return c.not_before("resolved_at", "opened_at")

    @dy.rule()
    def closed_not_before_opened(cls) -> pl.Expr:
        """The closing does not precede the opening."""
        return c.not_before("closed_at", "opened_at")

    @dy.rule()
    def updated_not_before_opened(cls) -> pl.Expr:
        """No state of a ticket precedes its opening."""
        return c.not_before("updated_at", "opened_at")


class TicketEvents(dy.Schema):
    """A change of one field of a ticket."""

    ticket_id = c.identifier("the ticket", required=True)
    at = c.instant("when it changed (UTC)", required=True)
    field = c.line("what changed: status, priority, assignee_id, group_id, category, site_id", required=True)
    old = c.line("value before; none at creation")
    new = c.line("value after")
    actor_id = c.identifier("person who changed it")
    known_at = c.known_at()
