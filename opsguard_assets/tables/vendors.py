"""Contractors and their jobs."""

import dataframely as dy
import polars as pl

from opsguard_assets.tables import columns as c
from opsguard_assets.tables.values import PRIORITIES


class Vendors(dy.Schema):
    """A contractor."""

    vendor_id = c.identifier("the contractor", required=True)
    name = c.line("name for people", required=True)
    trade = c.line("what they do; rankings are within a trade")
    email = c.line("address for mail")
    hourly_rate = c.measure("price of an hour, in the operations currency", low=0)
    known_at = c.known_at()


class WorkOrders(dy.Schema):
    """A contractor's job, in its latest known state."""

    work_order_id = c.identifier("the job", required=True)
    vendor_id = c.identifier("whose job it is", required=True)
    site_id = c.identifier("where")
    client_id = c.identifier("for whom")
    category = c.line("kind of job")
    priority = c.choice("urgency", PRIORITIES)
    is_planned = c.flag("whether it is planned maintenance; unknown: the source does not say")
    created_at = c.instant("when it was ordered (UTC)", required=True)
    due_at = c.until("by when it should be done (UTC)")
    accepted_at = c.instant("when the contractor accepted (UTC)")
    completed_at = c.instant("when it was done (UTC)")
    status = c.line("state in the source's words")
    estimated_hours = c.measure("hours that were estimated", low=0)
    actual_hours = c.measure("hours that it took", low=0)
    quality_rating = c.measure("rating of the result, 1 worst to 5 best", low=1, high=5)
    is_rework_of = c.identifier("the earlier job that this one repairs")
    cost = c.measure("price, in the operations currency", low=0)
    known_at = c.known_at()

    @dy.rule()
    def accepted_not_before_created(cls) -> pl.Expr:
        """The acceptance does not precede the order."""
        return c.not_before("accepted_at", "created_at")

    @dy.rule()
    def completed_not_before_created(cls) -> pl.Expr:
        """The completion does not precede the order."""
        return c.not_before("completed_at", "created_at")

    @dy.rule()
    def no_rework_of_itself(cls) -> pl.Expr:
        """A job does not repair itself."""
        return (pl.col("is_rework_of") != pl.col("work_order_id")).fill_null(value=True)
