"""A tick of shifts computed again as it was: the same records, the same model, the same digests.

Here: what is particular to shifts. Not here: the comparison with what was recorded
(`opsguard_assets.models.recompute`), what-if over a whole period (`replay`).
"""

from datetime import datetime

from opsguard_assets.config.settings import Settings
from opsguard_assets.models.champions import Champions
from opsguard_assets.models.recompute import RecomputedTick, rescored, settled_again
from opsguard_assets.shifts.alerts.assets import SHIFT_MONITOR, found_in
from opsguard_assets.shifts.no_show.score_io import no_show_scorer
from resources.lake import Lake


def recompute_tick(lake: Lake, champions: Champions, as_of: datetime, settings: Settings) -> RecomputedTick:
    """Computes a recorded tick of shifts again; verdicts are part of its findings.

    Args:
        lake: The lake as now.
        champions: Who scored when.
        as_of: The moment.
        settings: Limits, thresholds and plans: those in force now, which are not recorded with a tick.

    Returns:
        The tick; its rows are those of `shift_risk`, none where no client wants risks.

    Raises:
        NoTickError: When no tick of that moment was recorded, or its model cannot be had any more.
    """
    found = rescored(no_show_scorer(settings), lake, champions, as_of, command="opsguard tick shifts --as-of")
    settled = settled_again(
        champions.database,
        SHIFT_MONITOR,
        as_of,
        settings,
        lambda before: found_in(found.lake, before, settings, found.rows, as_of),
    )
    return RecomputedTick(found.tick, rows={"shift_risk": found.rows}, digests={**found.digests, **settled})
