"""A tick of alerts computed again as it was: the same records, the same model, the same digests.

Here: what is particular to alerts. Not here: the comparison with what was recorded
(`opsguard_assets.models.recompute`), what-if over a whole period (`replay`).
"""

from datetime import datetime

from opsguard_assets.config.settings import Settings
from opsguard_assets.models.champions import Champions
from opsguard_assets.models.recompute import RecomputedTick, rescored
from opsguard_assets.triage.learning.score_io import alert_scorer
from resources.lake import Lake


def recompute_tick(lake: Lake, champions: Champions, as_of: datetime, settings: Settings) -> RecomputedTick:
    """Computes a recorded tick of alerts again.

    Args:
        lake: The lake as now.
        champions: Who scored when.
        as_of: The moment.
        settings: When outcomes are mature: the settings in force now, which are not recorded with a tick.

    Returns:
        The tick; its rows are those of `alert_risk`. Probabilities raise no alerts, so there are no findings.

    Raises:
        NoTickError: When no tick of that moment was recorded, or its model cannot be had any more.
    """
    found = rescored(alert_scorer(settings), lake, champions, as_of, command="opsguard tick triage --as-of")
    return RecomputedTick(found.tick, rows={"alert_risk": found.rows}, digests=found.digests)
