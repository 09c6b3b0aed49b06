"""A tick of SLA risk computed again as it was: the same records, the same model, the same digests.

Here: the rows of one recorded tick out of the lake as it had been recorded then. Not here: the comparison with what was
recorded (`opsguard_assets.models.recompute`), what-if over a whole period (`replay`).
"""

from datetime import datetime

from ml.problems.sla_breach.features import FEATURES
from ml.problems.sla_breach.problem import TASK
from ml.problems.sla_breach.rule import RuleBaseline
from opsguard_assets.config.settings import Settings
from opsguard_assets.models.champions import Champions
from opsguard_assets.models.recompute import (
    Digests,
    RecomputedTick,
    compared_with_stored,
    model_of,
    recorded_tick,
    settled_again,
)
from opsguard_assets.tickets.job_names import SCORE_JOB
from opsguard_assets.tickets.risk.alert_assets import SLA_MONITOR, marked_findings
from opsguard_assets.tickets.risk.score_io import recorded_risk, scored
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
    database = champions.database
    tick = recorded_tick(database, SCORE_JOB, as_of, command="opsguard tick sla --as-of")
    served = model_of(champions, tick, TASK.problem, RuleBaseline(), makes=frozenset(FEATURES).__contains__)
    seen = lake.as_recorded(tick.recorded_upto)
    risk = scored(seen, served.model, served.run_id, as_of, settings.sla)
    stored = compared_with_stored(risk, recorded_risk(lake, as_of), key=["ticket_id"])
    return RecomputedTick(
        tick,
        rows={"sla_risk": risk},
        digests={
            "scores": Digests(stored.again, tick.digest),
            "scores_in_lake": stored,
            **settled_again(
                database,
                SLA_MONITOR,
                as_of,
                settings,
                lambda before: marked_findings(seen, before, settings, risk, as_of),
            ),
        },
    )
