"""The risk of devices as an asset: who will fail, who is worth a visit today, and whether it came so.

Here: reading the stores, calling one function, showing its figures. Not here: features, models, the risk itself.
"""

from datetime import datetime

import dagster as dg
import dataframely as dy
import polars as pl

from ml.problems.device_failure.rule import DeviceRule
from opsguard_assets.config.settings import Settings
from opsguard_assets.devices.failure.risk import FAILED, OFFLINE, UP
from opsguard_assets.devices.failure.risk_io import device_scorer
from opsguard_assets.devices.failure.schemas import DEVICE_RISK, DeviceRisk
from opsguard_assets.devices.telemetry.full_hour import full_hour
from opsguard_assets.metadata import (
    figures,
    key_of,
    picture,
    preview,
)
from opsguard_assets.models.plots import Captions, risk_distribution
from opsguard_assets.models.scoring_assets import RiskAsset, risk_asset

DEVICE_RISK_KEY = key_of(DEVICE_RISK)
_COMPLETE = "device_risk_complete"
_WORST = 20


def device_risk_asset(settings: Settings, deps: list[dg.AssetKey]) -> dg.AssetsDefinition:
    """The asset of device risk; it follows the rollups (`deps`)."""
    chosen = settings.device_failure
    return risk_asset(
        RiskAsset(
            device_scorer(settings),
            deps=tuple(deps),
            description="The probability that a device fails or goes offline within an hour, a day, a week and 30 "
            "days, what it looks like and what to do; the devices most worth a visit are ranked. Grain: device_id, "
            "as_of.",
            shown=lambda rows, as_of: _shown(rows, as_of, chosen.judged_within, chosen.alert_from),
            tick=full_hour,
        )
    )


def _shown(rows: pl.DataFrame, as_of: datetime, within: str, alert_from: float) -> dict[str, dg.MetadataValue]:
    column = f"risk_{within}"
    states = {state: int((rows["state"] == state).sum()) for state in (UP, OFFLINE, FAILED)}
    worst = (
        rows.filter(pl.col("state") == UP)
        .sort(column, "device_id", descending=[True, False], nulls_last=True)
        .select("visit_rank", "device_id", "site_id", "kind", column, "risk_7d", "mode", "action", "reason")
        .head(_WORST)
    )
    words = Captions(
        f"Risk of {states[UP]:,} devices that are up",
        "devices",
        f"probability of failing or going offline within {within}",
    )
    return {
        "headline": dg.MetadataValue.md(headline_of(DEVICE_RISK.rows(rows), within, alert_from)),
        **figures(
            {
                "as_of": as_of,
                "dagster/row_count": len(rows),
                **{f"devices_{state}": count for state, count in states.items()},
                **{f"expected_failures_{span}": value for span, value in _expected(rows).items()},
            }
        ),
        "worth_a_visit": preview(worst),
        "risk_distribution": picture(
            risk_distribution(rows[column], {"alert": alert_from}, words), "Risk distribution"
        ),
    }


def headline_of(rows: dy.DataFrame[DeviceRisk], within: str, alert_from: float) -> str:
    """The tick in one sentence."""
    if rows.is_empty():
        return "No device has reported yet."
    up = int((rows["state"] == UP).sum())
    likely = int((rows[f"risk_{within}"] >= alert_from).sum())
    expected = _expected(rows)
    more = (
        f"{expected['24h']:.1f} failures are expected within a day" if expected else "by a rule that estimates nothing"
    )
    return (
        f"**{len(rows):,} devices**: {up:,} are up, {len(rows) - up:,} are offline or have failed; {likely:,} are "
        f"likely to fail within {within} (risk of {alert_from:.0%} or more), {more}."
    )


def _expected(rows: pl.DataFrame) -> dict[str, float]:
    """How many devices are expected to fail within a day and a week; the rule's numbers cannot be added up."""
    if (rows["model_name"] == DeviceRule().name).any():
        return {}
    return {span: float(rows[f"risk_{span}"].sum()) for span in ("24h", "7d")}
