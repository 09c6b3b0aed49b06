"""How clients are billed, and what finance aims at. Not here: prices (`plans`), unit costs (`learning.Money`)."""

from collections.abc import Mapping
from typing import Annotated, Final, Literal

from pydantic import Field

from opsguard_assets.config.base import Strict
from opsguard_assets.config.features import FeatureName

Share = Annotated[float, Field(ge=0, le=1)]
# Shares of clients within six months of the roll-out.
_TARGETS: Final[Mapping[FeatureName, float]] = {
    "scorecard": 0.7, "sla_prevention": 0.6, "triage": 0.5, "device_health": 0.4, "remediation": 0.3,
}  # fmt: skip


class Billing(Strict):
    """Billing.

    Attributes:
        changes: next_month: what is in force when a month begins is billed for all of it. daily: each day by what was
            in force at its end.
        adoption_targets: Share of clients that should use a feature.
        shadow_days: Alerts that no plan of the client held are counted over so many days.
    """

    changes: Literal["next_month", "daily"] = "next_month"
    adoption_targets: Mapping[FeatureName, Share] = _TARGETS
    shadow_days: Annotated[int, Field(ge=1, le=366)] = 90
