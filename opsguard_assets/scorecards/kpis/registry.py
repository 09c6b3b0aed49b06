"""All key figures in the order in which they are shown. Not here: their definitions (one module per subject)."""

from collections.abc import Mapping

from opsguard_assets.scorecards.kpis.alerts import ALERT_KPIS
from opsguard_assets.scorecards.kpis.attendance import ATTENDANCE_KPIS, FENCE_KPIS
from opsguard_assets.scorecards.kpis.devices import DEVICE_UPTIME
from opsguard_assets.scorecards.kpis.kpi import Kpi
from opsguard_assets.scorecards.kpis.orders import ORDER_KPIS, VENDOR_KPIS
from opsguard_assets.scorecards.kpis.predictions import PREDICTION_KPIS
from opsguard_assets.scorecards.kpis.security import SECURITY_KPIS
from opsguard_assets.scorecards.kpis.tickets import TICKET_KPIS

_IN_ORDER = (
    *TICKET_KPIS, *ATTENDANCE_KPIS, *ORDER_KPIS, DEVICE_UPTIME, *SECURITY_KPIS, *FENCE_KPIS, *ALERT_KPIS, *VENDOR_KPIS,
    *PREDICTION_KPIS,
)  # fmt: skip
KPIS: Mapping[str, Kpi] = {kpi.name: kpi for kpi in _IN_ORDER}
