"""A tick of work orders computed again as it was: the same records, the same model, the same digests.

Here: what is particular to work orders. Not here: the comparison with what was recorded
(`opsguard_assets.models.recompute`), what-if over a whole period (`replay`).
"""

from datetime import datetime

from opsguard_assets.config.settings import Settings
from opsguard_assets.models.champions import Champions
from opsguard_assets.models.recompute import RecomputedTick, rescored, settled_again
from opsguard_assets.vendors.alerts.assets import VENDOR_MONITOR, found_in
from opsguard_assets.vendors.orders.score_io import work_order_scorer
from resources.lake import Lake


def recompute_tick(lake: Lake, champions: Champions, as_of: datetime, settings: Settings) -> RecomputedTick:
    """Computes a recorded tick of work orders again.

    Args:
        lake: The lake as now.
        champions: Who scored when.
        as_of: The moment.
        settings: Thresholds and plans: those in force now, which are not recorded with a tick.

    Returns:
        The tick; its rows are those of `work_order_risk`.

    Raises:
        NoTickError: When no tick of that moment was recorded, or its model cannot be had any more.
    """
    found = rescored(work_order_scorer(settings), lake, champions, as_of, command="opsguard tick vendors --as-of")
    settled = settled_again(
        champions.database,
        VENDOR_MONITOR,
        as_of,
        settings,
        lambda _: found_in(found.lake, settings, found.rows, as_of),
    )
    return RecomputedTick(found.tick, rows={"work_order_risk": found.rows}, digests={**found.digests, **settled})
