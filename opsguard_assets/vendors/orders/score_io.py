"""How ticks of the risk of late orders are scored. Not here: the risk of a moment (`orders.problem_io`), the asset."""

from datetime import datetime

import polars as pl

from ml.models.model import RiskModel
from opsguard_assets.config.settings import Settings
from opsguard_assets.models.scoring import Scorer
from opsguard_assets.tables.registry import CLIENTS
from opsguard_assets.vendors.job_names import WATCH_ORDERS_JOB
from opsguard_assets.vendors.orders.problem_io import risk_at, work_order_late
from resources.lake import Lake

MODEL_UNAVAILABLE = "work_order_model_unavailable"


def work_order_scorer(settings: Settings) -> Scorer:
    """How ticks of work orders are scored."""
    cancelled = settings.vendors.cancelled

    def score(lake: Lake, model: RiskModel, as_of: datetime) -> pl.DataFrame:
        return risk_at(lake, model, as_of, cancelled)

    problem = work_order_late(settings)
    return Scorer(
        problem,
        job=WATCH_ORDERS_JOB,
        alert_type=MODEL_UNAVAILABLE,
        score=score,
        # The alerts of the same tick also read the plans of clients.
        reads=(*problem.inputs, CLIENTS),
    )
