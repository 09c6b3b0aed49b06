"""One tick of device risk: what was known at a moment, scored.

Here: reading, and how ticks are scored. Not here: the risk itself (`risk`), kept rows (`failure.checkpoint_io`), the
asset (`failure.assets`).
"""

from datetime import datetime

import polars as pl

from ml.models.learned import LearnedModel
from ml.models.model import RiskModel
from ml.problems.device_failure.features import channels_in, features
from ml.problems.device_failure.streams import streams
from opsguard_assets.config.settings import Settings
from opsguard_assets.devices.failure.checkpoint_io import checkpoint_at
from opsguard_assets.devices.failure.problem_io import device_failure, events_of, removed_at
from opsguard_assets.devices.failure.risk import RISKS, UP, Explain, device_risk, in_service
from opsguard_assets.devices.job_names import SCORE_DEVICES_JOB
from opsguard_assets.devices.telemetry.hourly_io import hourly_versions
from opsguard_assets.models.scoring import Scorer
from opsguard_assets.tables.registry import DEVICES, SITES
from opsguard_assets.tables.values import INSTANT
from resources.lake import Lake

MODEL_UNAVAILABLE = "device_model_unavailable"


def device_scorer(settings: Settings) -> Scorer:
    """How ticks of device risk are scored."""
    chosen = settings.device_failure
    explain = Explain(chosen.visits_per_day, alerted_by=f"risk_{chosen.judged_within}", alerted_from=chosen.clear_below)

    def score(lake: Lake, model: RiskModel, as_of: datetime) -> pl.DataFrame:
        found = risk_at(lake, model, as_of, explain)
        return with_visits(found, within=chosen.judged_within, visits=chosen.visits_per_day)

    problem = device_failure(settings)
    return Scorer(
        problem,
        job=SCORE_DEVICES_JOB,
        alert_type=MODEL_UNAVAILABLE,
        score=score,
        reads=problem.inputs,
        risks=RISKS,
        needs_risk=pl.col("state") == UP,
    )


def risk_at(lake: Lake, model: RiskModel, as_of: datetime, explain: Explain) -> pl.DataFrame:
    """The risk of every device in service, by what was known at a moment.

    It reads the checkpoint and the rollups that became known since, so the cost does not grow with history.

    Returns:
        Rows of `device_risk` without the columns that the tick adds (`model_run_id`, `visit_rank`, `date`).
    """
    checkpoint = checkpoint_at(lake, as_of)
    devices = lake.known(DEVICES, as_of).collect()
    events = events_of(lake).filter(pl.col("known_at") <= pl.lit(as_of, INSTANT)).collect()
    known = streams(hourly_versions(lake).head(0).collect(), devices, events, checkpoint)
    removed = removed_at(lake, as_of, checkpoint.devices)
    moments = devices.select("device_id", as_of=pl.lit(as_of, INSTANT)).sort("device_id")
    wanted = channels_in(model.features) if isinstance(model, LearnedModel) else ()
    rows = in_service(features(known, moments, channels=wanted), removed)
    found = device_risk(_with_unknown(rows, model), model, as_of, explain)
    sites = lake.known(SITES, as_of).select("site_id", "client_id").unique("site_id").collect()
    return found.join(sites, on="site_id", how="left", maintain_order="left")


def with_visits(risk: pl.DataFrame, *, within: str, visits: int) -> pl.DataFrame:
    """Risks with the rank of the devices most worth a visit, as many as people can visit in a day."""
    rank = pl.col(f"risk_{within}").rank("ordinal", descending=True)
    return risk.with_columns(visit_rank=pl.when(rank <= visits).then(rank.cast(pl.UInt32)))


def _with_unknown(rows: pl.DataFrame, model: RiskModel) -> pl.DataFrame:
    """Adds a null column for each feature of a channel that no device reports any more."""
    if not isinstance(model, LearnedModel):
        return rows
    absent = [name for name in model.features if name not in rows.columns]
    return rows.with_columns(pl.lit(None, pl.Float64).alias(name) for name in absent)
