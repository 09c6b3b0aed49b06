"""All key figures in the order in which they are shown. Not here: their definitions (one module per subject)."""

from collections.abc import Mapping

from opsguard_assets.scorecards.kpis.kpi import Kpi
from opsguard_assets.scorecards.kpis.tickets import TICKET_KPIS

KPIS: Mapping[str, Kpi] = {kpi.name: kpi for kpi in (*TICKET_KPIS,)}
