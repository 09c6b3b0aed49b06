"""The record of vendors. Not here: what a record is (`opsguard_assets.domain`), and anything that it names."""

from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from opsguard_assets.alerts.alert_type import OPSGUARD, AlertType
from opsguard_assets.cadence import DAY, HOUR, MINUTE, Cadence
from opsguard_assets.config.settings import Settings
from opsguard_assets.domain import Domain, Job, Learned, Tables, Tick
from opsguard_assets.vendors.alerts.alert_types import MONITOR, TYPES
from opsguard_assets.vendors.job_names import SCORE_VENDORS_JOB, WATCH_ORDERS_JOB
from opsguard_assets.vendors.orders.schemas import WORK_ORDER_RISK
from opsguard_assets.vendors.scores.schemas import VENDOR_MONTHS, VENDOR_RANKING, VENDOR_SCORES

if TYPE_CHECKING:
    from opsguard_assets.models.problem import Problem

_NEEDS = ("work_orders",)


def _assets(settings: Settings, fed: Sequence[str]) -> Sequence[Any]:
    from opsguard_assets.vendors.assets import vendor_assets  # noqa: PLC0415 - imports Dagster

    return vendor_assets(settings, fed)


def _work_order_late(settings: Settings) -> "Problem":
    from opsguard_assets.vendors.orders.problem_io import work_order_late  # noqa: PLC0415 - imports what models need

    return work_order_late(settings)


VENDORS = Domain(
    name="vendors",
    needs=_NEEDS,
    assets=_assets,
    jobs=(
        Job(
            name=WATCH_ORDERS_JOB,
            cadence=Cadence(HOUR, 20 * MINUTE),
            needs=_NEEDS,
            assets=(WORK_ORDER_RISK.derived_name, "alerts/vendor_alerts"),
            purpose="The risk of open work orders at one moment, and alerts of vendors.",
            schedule="Work orders that are overdue or will be, and alerts of vendors.",
            limit=timedelta(minutes=50),
            catch_up=HOUR,
            settles=MONITOR,
            counts=(WORK_ORDER_RISK, "open orders"),
        ),
        Job(
            name=SCORE_VENDORS_JOB,
            cadence=Cadence(DAY, 2 * HOUR + 30 * MINUTE),
            needs=_NEEDS,
            assets=(VENDOR_SCORES.derived_name, VENDOR_MONTHS.derived_name, VENDOR_RANKING.derived_name),
            # One step computes all three, and goes by the first.
            at_moment=(VENDOR_SCORES.derived_name,),
            purpose="Scores, months and ranking of vendors.",
            schedule="Scores and ranking of vendors, before the scorecards.",
        ),
    ),
    monitor=MONITOR,
    alert_types=TYPES,
    problems=(
        Learned(
            name="work_order_late",
            question="will a vendor miss the due time of an order?",
            scored_by=WATCH_ORDERS_JOB,
            declare=_work_order_late,
            unavailable=AlertType(
                name="work_order_model_unavailable",
                meaning="The learned model of late work orders cannot score; the rule does.",
                next_step="look at `opsguard models`: the rule scores meanwhile",
                cause=OPSGUARD,
            ),
        ),
    ),
    ticks=(
        Tick(
            name="vendors",
            computes="scores, and the risk of open work orders",
            scores=(WORK_ORDER_RISK, VENDOR_SCORES, VENDOR_RANKING),
            recorded_by=WATCH_ORDERS_JOB,
        ),
    ),
    tables=Tables(versioned=(VENDOR_MONTHS,), scores=(VENDOR_SCORES, VENDOR_RANKING, WORK_ORDER_RISK)),
)
