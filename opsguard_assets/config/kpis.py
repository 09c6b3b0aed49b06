"""Settings of key figures: bands and targets, for all clients and for single ones.

Here: their shape. Not here: default bands and definitions (`opsguard_assets.scorecards.kpis.registry`).
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Literal

from pydantic import Field

from opsguard_assets.config.base import Strict

# The key figures that there are; a test compares them with the registry.
KpiName = Literal[
    "sla_performance",
    "first_response_sla",
    "helpdesk_sentiment",
    "repeat_tickets",
    "device_uptime",
    "incident_response",
    "incident_record_response",
    "critical_security_events",
    "auto_resolution",
    "mtta",
    "mttr",
    "repeat_incidents",
    "tickets_at_risk",
    "predictions_came_true",
    "attendance_compliance",
    "attended_at_all",
    "tour_coverage",
    "work_order_backlog",
    "planned_maintenance",
    "vendor_jobs_in_time",
    "first_time_fix",
    "geofence_violations",
]


class FigureTerms(Strict):
    """When a figure is good; what is left out is as in the registry, or as for all clients.

    Attributes:
        good: Good from here on, in the unit of the figure.
        warning: Bad beyond here.
        target: What is aimed at; `good` where left out.
        per: Counts are shown per so many of what they are counted among, such as 100 orders.
    """

    good: Decimal | None = None
    warning: Decimal | None = None
    target: Decimal | None = None
    per: int | None = Field(default=None, ge=1)


class Kpis(Strict):
    """Key figures.

    Attributes:
        figures: Bands and targets by key figure.
        clients: The same of single clients, by client and key figure.
        planned_categories: Categories of work orders that are planned maintenance, where a source does not mark it.
        tour_grace_minutes: A tour that is completed so many minutes after its due time is in time.
    """

    figures: Mapping[KpiName, FigureTerms] = Field(default_factory=dict)
    clients: Mapping[str, Mapping[KpiName, FigureTerms]] = Field(default_factory=dict)
    planned_categories: tuple[str, ...] = ()
    tour_grace_minutes: int = Field(default=15, ge=0, le=1_440)
