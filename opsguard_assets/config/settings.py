"""Every knob of OpsGuard with its default and its meaning: the schema of `opsguard.yaml`.

Here: thresholds, cadences, retention, sources. Not here: addresses of stores and secrets; those come from the
environment (`resources.environment`).
"""

from pydantic import Field, field_validator, model_validator

from opsguard_assets.config.alerts import AlertLife
from opsguard_assets.config.base import Strict, Zone
from opsguard_assets.config.devices import DeviceAlerts
from opsguard_assets.config.escalation import Escalation
from opsguard_assets.config.failures import DeviceFailure
from opsguard_assets.config.learning import Learning, Money
from opsguard_assets.config.plans import Plans
from opsguard_assets.config.shifts import Shifts
from opsguard_assets.config.sources import Source
from opsguard_assets.config.ticket_system import RecordOnly, TicketSystemSettings
from opsguard_assets.config.vendors import Vendors


class Operations(Strict):
    """The operations desk.

    Attributes:
        timezone: Zone of every documented cadence.
    """

    timezone: Zone = "UTC"


class SlaThresholds(Strict):
    """SLA breach prevention.

    Attributes:
        alert_from: Risk from which a ticket is alerted.
        high_from: Risk from which the alert is of high severity instead of medium.
        clear_below: Risk below which it clears.
        escalate_from: Risk from which a ticket is escalated.
        holdout_share: Share of the tickets, by a stable hash, that is scored and not acted on: prevention can be
            measured then.
        alerts_per_day: Maximum number of alerts of likely breaches per day, for the highest risks. Default: no limit.
        missed_tick_limit_minutes: A tick older than this is not caught up: the next one covers it.
    """

    alert_from: float = Field(default=0.70, gt=0, lt=1)
    high_from: float = Field(default=0.85, gt=0, lt=1)
    clear_below: float = Field(default=0.60, gt=0, lt=1)
    escalate_from: float = Field(default=0.80, gt=0, lt=1)
    holdout_share: float = Field(default=0.0, ge=0, le=0.5)
    alerts_per_day: int | None = Field(default=None, ge=0)
    missed_tick_limit_minutes: int = Field(default=60, ge=1)

    @property
    def reasons_from(self) -> float:
        """The risk from which a reason is told: of every alert until it clears, and of every escalation."""
        return min(self.clear_below, self.escalate_from)

    @model_validator(mode="after")
    def _in_order(self) -> "SlaThresholds":
        if not self.clear_below <= self.alert_from <= self.high_from:
            raise ValueError(
                f"clear_below ({self.clear_below}), alert_from ({self.alert_from}) and high_from ({self.high_from}) "
                "must rise in this order; give all three"
            )
        return self


class Retention(Strict):
    """What the daily housekeeping keeps.

    Attributes:
        lake_days: Old lake versions stay readable this long.
        raw_days: Raw records of loads that were accepted so long ago are deleted; those of other loads stay.
        decision_days: Decisions on findings older than this are deleted; alerts and their history stay.
        risk_days: Scores of ticks older than this are deleted; their outcomes are kept.
        run_days: Finished Dagster runs older than this are deleted.
    """

    lake_days: int = Field(default=30, ge=7)
    raw_days: int = Field(default=365, ge=7)
    decision_days: int = Field(default=90, ge=7)
    risk_days: int = Field(default=90, ge=7)
    run_days: int = Field(default=14, ge=1)


class Settings(Strict):
    """The whole of `opsguard.yaml`."""

    operations: Operations = Operations()
    sources: tuple[Source, ...] = ()
    sla: SlaThresholds = SlaThresholds()
    retention: Retention = Retention()
    alerts: AlertLife = AlertLife()
    escalation: Escalation = Escalation()
    ticket_system: TicketSystemSettings = RecordOnly()
    plans: Plans = Plans()
    device_alerts: DeviceAlerts = DeviceAlerts()
    device_failure: DeviceFailure = DeviceFailure()
    shifts: Shifts = Shifts()
    vendors: Vendors = Vendors()
    learning: Learning = Learning()
    money: Money = Money()

    @field_validator("sources")
    @classmethod
    def _unique_names(cls, sources: tuple[Source, ...]) -> tuple[Source, ...]:
        names = [source.name for source in sources]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"two sources are named {', '.join(twice)}; give each a name of its own")
        return sources
