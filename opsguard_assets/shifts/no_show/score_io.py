"""How ticks of the risk of no-shows are scored. Not here: the risk of a moment (`no_show.problem_io`), the asset."""

from datetime import datetime

import polars as pl

from ml.models.model import RiskModel
from opsguard_assets.config.settings import Settings
from opsguard_assets.models.scoring import Scorer
from opsguard_assets.shifts.job_names import JUDGE_SHIFTS_JOB
from opsguard_assets.shifts.no_show.problem_io import no_show, risk_at
from opsguard_assets.shifts.verdicts.io import limits_of
from opsguard_assets.tables.registry import CLIENTS, PEOPLE, PUNCH_FEEDS
from resources.lake import Lake

MODEL_UNAVAILABLE = "no_show_model_unavailable"


def no_show_scorer(settings: Settings) -> Scorer:
    """How ticks of shifts are scored: at the clients that want it, which are none by default.

    A tick is recorded in any case, so that its verdicts and alerts can be recomputed.
    """
    clients, limits = settings.shifts.no_show_risk_for, limits_of(settings)

    def score(lake: Lake, model: RiskModel, as_of: datetime) -> pl.DataFrame:
        return risk_at(lake, model, as_of, clients, limits)

    problem = no_show(settings)
    return Scorer(
        problem,
        job=JUDGE_SHIFTS_JOB,
        alert_type=MODEL_UNAVAILABLE,
        score=score,
        # The alerts of the same tick also read feeds, people and the plans of clients.
        reads=(*problem.inputs, PUNCH_FEEDS, PEOPLE, CLIENTS),
        unwanted=None if clients else "no client wants it: shifts.no_show_risk_for is empty",
    )
