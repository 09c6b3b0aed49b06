"""What clients receive and pay, of the lake as known at a moment. Not here: the gate (`entitled`), lines (`prices`)."""

from datetime import datetime
from zoneinfo import ZoneInfo

import dataframely as dy
import polars as pl

from opsguard_assets.config.features import FeatureName
from opsguard_assets.config.settings import Settings
from opsguard_assets.entitlements.entitled import Entitlements, entitled, entitlements
from opsguard_assets.entitlements.prices import AMOUNT, lines
from opsguard_assets.entitlements.schemas import MonthlyPrices, PlanStates
from opsguard_assets.tables.registry import CLIENTS, DEVICES, SITES
from opsguard_assets.tables.table import rows_of
from resources.lake import Lake


def entitlements_at(lake: Lake, settings: Settings, as_of: datetime) -> Entitlements:
    """What clients receive at a moment, by the plans that were known then (UTC): the past does not follow today's."""
    clients = lake.known(CLIENTS, as_of).select("client_id", pl.col("plan").cast(pl.String)).collect()
    return entitlements(clients, settings.plans, as_of.astimezone(ZoneInfo(settings.operations.timezone)).date())


def monthly_prices(lake: Lake, settings: Settings, held: Entitlements, as_of: datetime) -> dy.DataFrame[MonthlyPrices]:
    """What clients pay in a month by the plan that is in force at a moment.

    Args:
        lake: Sites and devices, as known then.
        settings: Price lists, exceptions and discounts.
        held: What clients receive at the moment (`entitlements_at`).
        as_of: The moment (UTC).

    Returns:
        Decimals in the currency of plans: 0 in a trial, null where no plan is known or service has ended.
    """
    sites = lake.known(SITES, as_of).select("site_id", "client_id").unique("site_id", keep="last").collect()
    devices = lake.known(DEVICES, as_of).select("device_id", "site_id").unique("device_id", keep="last").collect()
    of_sites = sites.group_by("client_id").agg(sites=pl.len().cast(pl.Int64))
    of_devices = devices.join(sites, on="site_id").group_by("client_id").agg(devices=pl.len().cast(pl.Int64))
    on = as_of.astimezone(ZoneInfo(settings.operations.timezone)).date()
    states = (
        held.clients.join(of_sites, on="client_id", how="left")
        .join(of_devices, on="client_id", how="left")
        .with_columns(pl.col("sites", "devices").fill_null(0), on=pl.lit(on))
    )
    amounts = (
        lines(rows_of(PlanStates, states), settings.plans)
        .group_by("client_id")
        .agg(price=pl.col("amount").sum().cast(AMOUNT))
    )
    is_known = pl.col("plan").is_not_null() & ~pl.col("is_ended")
    priced = held.clients.join(amounts, on="client_id", how="left", maintain_order="left").with_columns(
        price=pl.when(is_known).then(pl.col("price").fill_null(0)).cast(AMOUNT)
    )
    return rows_of(MonthlyPrices, priced)


def is_entitled(held: Entitlements, client_id: str | None, feature: FeatureName) -> bool:
    """Whether one client receives a feature; True for what belongs to no client."""
    asked = pl.DataFrame({"client_id": [client_id], "feature": [feature]}, schema_overrides={"client_id": pl.String})
    return bool(entitled(asked, held).item())
