"""What the plans that clients buy hold.

Here: what a file says of plans. Not here: which plan holds a type of alerts where no file says so (the `alert_types.py`
of its domain), and which client has which plan (`clients.plan`).
"""

from collections.abc import Mapping

from opsguard_assets.config.base import Strict


class Plan(Strict):
    """One plan.

    Attributes:
        alerts: Types of alerts that the plan holds; None where their own declarations say it. A type that no plan holds
            is everybody's.
    """

    alerts: tuple[str, ...] | None = ()


class Plans(Strict):
    """What each plan holds, the smallest first; a client of whom no plan is known receives everything.

    Attributes:
        bronze: Triage, basic predictive alerts, scorecard: of SLA, that a deadline has passed.
        silver: Bronze, and SLA prevention, shift compliance, device health, vendor performance.
        gold: Silver, and remediation, advanced device assurance, priority support.
    """

    bronze: Plan = Plan(alerts=None)
    silver: Plan = Plan(alerts=None)
    gold: Plan = Plan(alerts=None)

    def alerts_by_plan(self, smallest: Mapping[str, str | None]) -> dict[str, tuple[str, ...]]:
        """Types of alerts per plan.

        Args:
            smallest: The smallest plan that holds each type by its declaration; None where it is everybody's.
        """
        plans = tuple(type(self).model_fields)
        held = {}
        for place, plan in enumerate(plans):
            declared = tuple(name for name, least in smallest.items() if least in plans[: place + 1])
            given: tuple[str, ...] | None = getattr(self, plan).alerts
            held[plan] = declared if given is None else given
        return held
