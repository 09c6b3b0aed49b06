"""A tick of SLA risk computed again as it was: the same records, the same model, the same digests.

Here: what is particular to SLA risk. Not here: the comparison with what was recorded
(`opsguard_assets.models.recompute`), what-if over a whole period (`replay`).
"""

from datetime import datetime

from opsguard_assets.config.settings import Settings
from opsguard_assets.models.champions import Champions
from opsguard_assets.models.recompute import RecomputedTick, rescored, settled_again
from opsguard_assets.tickets.risk.alert_assets import SLA_MONITOR, marked_findings
from opsguard_assets.tickets.risk.score_io import sla_scorer
from resources.lake import Lake


def recompute_tick(lake: Lake, champions: Champions, as_of: datetime, settings: Settings) -> RecomputedTick:
    """Recomputes a recorded tick.

    Args:
        lake: The lake as now.
        champions: Who scored when.
        as_of: The moment.
        settings: Thresholds, plans, hold-out and budget: those in force now, which are not recorded with a tick.

    Returns:
        The tick; its rows are those of `sla_risk`.

    Raises:
        NoTickError: When no tick of that moment was recorded, or its model cannot be had any more.
    """
    found = rescored(sla_scorer(settings), lake, champions, as_of, command="opsguard tick sla --as-of")
    settled = settled_again(
        champions.database,
        SLA_MONITOR,
        as_of,
        settings,
        lambda before: marked_findings(found.lake, before, settings, found.rows, as_of),
    )
    return RecomputedTick(found.tick, rows={"sla_risk": found.rows}, digests={**found.digests, **settled})
