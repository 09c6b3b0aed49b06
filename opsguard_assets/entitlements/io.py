"""What clients receive, of the lake as known at a moment. Not here: the gate (`entitled`)."""

from datetime import datetime
from zoneinfo import ZoneInfo

import polars as pl

from opsguard_assets.config.features import FeatureName
from opsguard_assets.config.settings import Settings
from opsguard_assets.entitlements.entitled import Entitlements, entitled, entitlements
from opsguard_assets.tables.registry import CLIENTS
from resources.lake import Lake


def entitlements_at(lake: Lake, settings: Settings, as_of: datetime) -> Entitlements:
    """What clients receive at a moment, by the plans that were known then (UTC): the past does not follow today's."""
    clients = lake.known(CLIENTS, as_of).select("client_id", pl.col("plan").cast(pl.String)).collect()
    return entitlements(clients, settings.plans, as_of.astimezone(ZoneInfo(settings.operations.timezone)).date())


def is_entitled(held: Entitlements, client_id: str | None, feature: FeatureName) -> bool:
    """Whether one client receives a feature; True for what belongs to no client."""
    asked = pl.DataFrame({"client_id": [client_id], "feature": [feature]}, schema_overrides={"client_id": pl.String})
    return bool(entitled(asked, held).item())
