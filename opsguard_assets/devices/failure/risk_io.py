"""One tick of device risk: what was known at a moment, scored; and a tick of the past as it was recorded.

Here: reading. Not here: the risk itself (`risk`), kept rows (`failure.checkpoint_io`), the asset (`failure.assets`).
"""

from datetime import datetime

import polars as pl

from ml.models.learned import LearnedModel
from ml.models.model import RiskModel
from ml.problems.device_failure.features import channels_in, features
from ml.problems.device_failure.streams import streams
from opsguard_assets.devices.failure.checkpoint_io import carried_at
from opsguard_assets.devices.failure.problem_io import DEVICES, events_of, removed_at
from opsguard_assets.devices.failure.risk import Explain, device_risk, in_service
from opsguard_assets.devices.failure.schemas import DEVICE_RISK
from opsguard_assets.devices.telemetry.hourly_io import hourly_versions
from opsguard_assets.tables.registry import TABLES
from opsguard_assets.tables.values import INSTANT
from resources.lake import Lake

_SITES = TABLES["sites"]


def risk_at(lake: Lake, model: RiskModel, as_of: datetime, explain: Explain) -> pl.DataFrame:
    """The risk of every device in service, by what was known at a moment.

    It reads the rows that the tick before kept and the rollups that became known since: the cost does not grow with
    history.

    Returns:
        Rows of `device_risk` without what only the tick knows (`model_run_id`, `visit_rank`, `date`).
    """
    carried = carried_at(lake, as_of)
    devices = lake.known(DEVICES, as_of).collect()
    events = events_of(lake).filter(pl.col("known_at") <= pl.lit(as_of, INSTANT)).collect()
    known = streams(hourly_versions(lake).head(0).collect(), devices, events, carried)
    removed = removed_at(lake, as_of, carried.devices)
    moments = devices.select("device_id", as_of=pl.lit(as_of, INSTANT)).sort("device_id")
    wanted = channels_in(model.features) if isinstance(model, LearnedModel) else ()
    rows = in_service(features(known, moments, channels=wanted), removed)
    found = device_risk(_with_unknown(rows, model), model, as_of, explain)
    sites = lake.known(_SITES, as_of).select("site_id", "client_id").unique("site_id").collect()
    return found.join(sites, on="site_id", how="left", maintain_order="left")


def recorded_risk(lake: Lake, as_of: datetime) -> pl.DataFrame:
    """The rows of `device_risk` of a tick that was computed."""
    moment = pl.lit(as_of, INSTANT)
    rows = lake.scan(DEVICE_RISK.derived_name).filter(pl.col("date") == as_of.date(), pl.col("as_of") == moment)
    return rows.collect()


def _with_unknown(rows: pl.DataFrame, model: RiskModel) -> pl.DataFrame:
    """Features of channels that no device reports any more are unknown, and not missing."""
    if not isinstance(model, LearnedModel):
        return rows
    absent = [name for name in model.features if name not in rows.columns]
    return rows.with_columns(pl.lit(None, pl.Float64).alias(name) for name in absent)
