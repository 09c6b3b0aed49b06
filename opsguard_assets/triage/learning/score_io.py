"""How ticks of alerts that may need a person are scored. Not here: one moment (`problem_io`), the asset (`assets`)."""

from datetime import datetime

import polars as pl

from ml.models.model import RiskModel
from opsguard_assets.config.settings import Settings
from opsguard_assets.models.scoring import Scorer
from opsguard_assets.triage.job_names import TRIAGE_JOB
from opsguard_assets.triage.learning.problem_io import alert_action, risk_at
from resources.lake import Lake

MODEL_UNAVAILABLE = "alert_model_unavailable"


def alert_scorer(settings: Settings) -> Scorer:
    """How ticks of alerts are scored; their episodes lie in the lake (`episodes_io.update_episodes`)."""

    def score(lake: Lake, model: RiskModel, as_of: datetime) -> pl.DataFrame:
        return risk_at(lake, model, as_of, settings)

    problem = alert_action(settings)
    reads = (*problem.inputs, *problem.further)
    return Scorer(problem, job=TRIAGE_JOB, alert_type=MODEL_UNAVAILABLE, score=score, reads=reads)
