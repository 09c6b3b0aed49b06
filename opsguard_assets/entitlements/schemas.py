"""Frames of plans that cross the border of this room: columns and meanings. Not here: making them."""

import dataframely as dy

from opsguard_assets.tables.derived import count, text


class PlansHeld(dy.Schema):
    """Which plan a client has at a moment."""

    client_id = text("the client")
    plan = text("of a trial while it lasts, else bought; null if unknown")
    bought = text("the plan that was bought; null if unknown")
    is_trial = dy.Bool(nullable=False, description="whether a plan is being tried")
    is_ended = dy.Bool(nullable=False, description="whether the service has ended")


class PlanInForce(dy.Schema):
    """The plan of a client as conditions compare it."""

    client_id = text("the client")
    plan = text("of a trial while it lasts; null: unknown, or the service has ended")


class Exceptions(dy.Schema):
    """Where a client differs from its plan."""

    client_id = text("the client", nullable=False)
    feature = text("the feature", nullable=False)
    is_added = dy.Bool(nullable=False, description="whether it is received beside the plan, or not received")


class ClientFeatures(dy.Schema):
    """A feature that a client receives."""

    client_id = text("the client")
    feature = text("the feature", nullable=False)


class ClientSections(dy.Schema):
    """A section of its scorecard that a client receives."""

    client_id = text("the client")
    section = text("the section", nullable=False)


class PlanStates(dy.Schema):
    """What a client's month is priced by, on a day."""

    client_id = text("the client", nullable=False)
    on = dy.Date(nullable=False, description="the day, in the zone of operations")
    plan = text("in force; null: unknown")
    is_trial = dy.Bool(nullable=False, description="whether a plan is being tried: nothing is paid then")
    is_ended = dy.Bool(nullable=False, description="whether the service has ended")
    sites = count("sites served", nullable=False)
    devices = count("devices at them, of clients who pay by device", nullable=False)


class PriceLines(dy.Schema):
    """What a client pays for a whole month by its state on a day."""

    client_id = text("the client", nullable=False)
    on = dy.Date(nullable=False, description="the day")
    item = text('a plan, a feature, or "discount"', nullable=False)
    per = text("site, device or client", nullable=False)
    quantity = count("how many", nullable=False)
    unit_price = dy.Decimal(precision=38, scale=10, nullable=False, description="per month, in `plans.currency`")
    amount = dy.Decimal(precision=18, scale=2, nullable=False, description="rounded once, in `plans.currency`")


class MonthlyPrices(dy.Schema):
    """What a client pays in a month."""

    client_id = text("the client")
    price = dy.Decimal(
        precision=18, scale=2, nullable=True,
        description="in `plans.currency`; 0 in a trial, null where no plan is known or service has ended",
    )  # fmt: skip
