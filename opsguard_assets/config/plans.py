"""What the plans that clients buy hold. Not here: which client has which plan (`clients.plan`)."""

from opsguard_assets.config.base import Strict

_DEVICES = ("device_silent", "site_silent", "low_battery_predicted", "replacement_recommended")
_SHIFTS = (
    "late_arrival",
    "no_show",
    "no_show_risk",
    "shift_unconfirmed",
    "wrong_site",
    "early_exit",
    "coverage_gap",
    "geofence_violation",
)
_VENDORS = ("work_order_overdue", "work_order_at_risk")
_ASSURANCE = ("device_failure_risk",)


class Plan(Strict):
    """One plan.

    Attributes:
        alerts: Types of alerts that the plan holds. A type that no plan names is everybody's.
    """

    alerts: tuple[str, ...] = ()


class Plans(Strict):
    """What each plan holds; a client of whom no plan is known receives everything.

    Attributes:
        bronze: Triage, basic predictive alerts, scorecard: of SLA, that a deadline has passed.
        silver: Bronze, and SLA prevention, shift compliance, device health, vendor performance.
        gold: Silver, and remediation, advanced device assurance, priority support.
    """

    bronze: Plan = Plan(alerts=("sla_breached",))
    silver: Plan = Plan(alerts=("sla_breached", "sla_breach_risk", *_DEVICES, *_SHIFTS, *_VENDORS))
    gold: Plan = Plan(alerts=("sla_breached", "sla_breach_risk", *_DEVICES, *_SHIFTS, *_VENDORS, *_ASSURANCE))

    def alerts_by_plan(self) -> dict[str, tuple[str, ...]]:
        """Types of alerts per plan."""
        return {"bronze": self.bronze.alerts, "silver": self.silver.alerts, "gold": self.gold.alerts}
