"""Every knob of OpsGuard with its default and its meaning: the schema of `opsguard.yaml`.

Here: thresholds, cadences, retention, sources. Not here: addresses of stores and secrets; those come from the
environment (`resources.environment`).
"""

from pydantic import field_validator

from opsguard_assets.config.alert_action import AlertAction
from opsguard_assets.config.alert_lifecycle import AlertLife
from opsguard_assets.config.base import Strict, Zone
from opsguard_assets.config.billing import Billing
from opsguard_assets.config.delivery import Delivery
from opsguard_assets.config.devices import DeviceAlerts
from opsguard_assets.config.escalation import Escalation
from opsguard_assets.config.failures import DeviceFailure
from opsguard_assets.config.kpis import Kpis
from opsguard_assets.config.learning import Learning, Money
from opsguard_assets.config.plans import Plans
from opsguard_assets.config.remediation import Remediation
from opsguard_assets.config.retention import Retention
from opsguard_assets.config.routing import Routing
from opsguard_assets.config.satisfaction import Satisfaction
from opsguard_assets.config.scorecards import Scorecards
from opsguard_assets.config.shifts import Shifts
from opsguard_assets.config.sla import SlaThresholds
from opsguard_assets.config.sources import Source
from opsguard_assets.config.ticket_system import RecordOnly, TicketSystemSettings
from opsguard_assets.config.triage import Triage
from opsguard_assets.config.vendors import Vendors
from opsguard_assets.config.web import WebService


class Operations(Strict):
    """The operations desk.

    Attributes:
        timezone: Zone of every documented cadence.
    """

    timezone: Zone = "UTC"


class Settings(Strict):
    """The whole of `opsguard.yaml`."""

    operations: Operations = Operations()
    sources: tuple[Source, ...] = ()
    sla: SlaThresholds = SlaThresholds()
    retention: Retention = Retention()
    alerts: AlertLife = AlertLife()
    alert_action: AlertAction = AlertAction()
    escalation: Escalation = Escalation()
    ticket_system: TicketSystemSettings = RecordOnly()
    delivery: Delivery = Delivery()
    plans: Plans = Plans()
    billing: Billing = Billing()
    device_alerts: DeviceAlerts = DeviceAlerts()
    device_failure: DeviceFailure = DeviceFailure()
    shifts: Shifts = Shifts()
    vendors: Vendors = Vendors()
    learning: Learning = Learning()
    money: Money = Money()
    triage: Triage = Triage()
    web: WebService = WebService()
    routing: Routing = Routing()
    remediation: Remediation = Remediation()
    scorecards: Scorecards = Scorecards()
    kpis: Kpis = Kpis()
    satisfaction: Satisfaction = Satisfaction()

    @field_validator("sources")
    @classmethod
    def _unique_names(cls, sources: tuple[Source, ...]) -> tuple[Source, ...]:
        names = [source.name for source in sources]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"two sources are named {', '.join(twice)}; give each a name of its own")
        return sources
