"""The assets of shifts together: calendar, verdicts, coverage, alerts. Not here: any of them."""

from collections.abc import Sequence

import dagster as dg

from opsguard_assets.config.settings import Settings
from opsguard_assets.metadata import key_of
from opsguard_assets.shifts.alerts.assets import shift_alerts_asset
from opsguard_assets.shifts.calendar.assets import shift_calendar_asset
from opsguard_assets.shifts.calendar.io import INPUTS
from opsguard_assets.shifts.coverage.assets import shift_coverage_asset
from opsguard_assets.shifts.no_show.assets import shift_risk_asset
from opsguard_assets.shifts.verdicts.assets import shift_compliance_asset
from opsguard_assets.tables.registry import ATTENDANCE, PUNCH_FEEDS


def shift_assets(settings: Settings, fed: Sequence[str]) -> list[dg.AssetsDefinition]:
    """The assets of shifts.

    Args:
        settings: Thresholds.
        fed: Names of the canonical tables that sources fill.
    """
    planned = [key_of(table) for table in INPUTS if table.name in fed]
    punched = [key_of(table) for table in (ATTENDANCE, PUNCH_FEEDS) if table.name in fed]
    calendar = shift_calendar_asset(settings, planned)
    if not punched:
        return [calendar]
    return [
        calendar,
        shift_compliance_asset(settings, punched),
        shift_coverage_asset(),
        shift_risk_asset(settings, punched),
        shift_alerts_asset(settings),
    ]
