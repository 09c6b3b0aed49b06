"""Incidents, and alerts of other systems."""

import dataframely as dy
import polars as pl

from opsguard_assets.tables import columns as c
from opsguard_assets.tables.values import SEVERITIES

RESOLUTIONS = ("actioned", "no_action", "duplicate", "false_alarm")


class SecurityEvents(dy.Schema):
    """An incident record."""

    event_id = c.identifier("the incident", required=True)
    site_id = c.identifier("where", required=True)
    at = c.instant("when it happened (UTC)", required=True)
    kind = c.line("what happened")
    severity = c.choice("how bad", SEVERITIES)
    is_false_alarm = c.flag("whether it turned out to be nothing")
    responded_at = c.instant("when somebody first acted on it (UTC)")
    resolved_at = c.instant("when it was over (UTC)")
    known_at = c.known_at()

    @dy.rule()
    def responded_not_before_happened(cls) -> pl.Expr:
        """Nobody acts on an incident before it happened."""
        return c.not_before("responded_at", "at")

    @dy.rule()
    def resolved_not_before_happened(cls) -> pl.Expr:
        """An incident is not over before it happened."""
        return c.not_before("resolved_at", "at")


class ExternalAlerts(dy.Schema):
    """An alert from another system."""

    alert_id = c.identifier("the alert", required=True)
    site_id = c.identifier("where")
    at = c.instant("when it was raised (UTC)", required=True)
    kind = c.line("what it is about", required=True)
    severity = c.choice("how bad", SEVERITIES, required=True)
    title = c.line("one line for people")
    body = c.prose("the alert in full")
    entity_type = c.line("kind of thing that it is about")
    entity_id = c.identifier("the thing that it is about")
    acknowledged_at = c.instant("when somebody took it up (UTC)")
    resolved_at = c.instant("when it was over (UTC)")
    resolution = c.choice("how it ended", RESOLUTIONS)
    known_at = c.known_at()

    @dy.rule()
    def acknowledged_not_before_raised(cls) -> pl.Expr:
        """Nobody takes up an alert before it is raised."""
        return c.not_before("acknowledged_at", "at")

    @dy.rule()
    def resolved_not_before_raised(cls) -> pl.Expr:
        """An alert is not over before it is raised."""
        return c.not_before("resolved_at", "at")
