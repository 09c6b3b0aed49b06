"""The risk of late work orders as an asset. Not here: features, models, the risk itself."""

from datetime import datetime

import dagster as dg
import polars as pl

from opsguard_assets.config.settings import Settings
from opsguard_assets.metadata import (
    figures,
    key_of,
    picture,
    preview,
)
from opsguard_assets.models.plots import Captions, risk_distribution
from opsguard_assets.models.scoring_assets import RiskAsset, risk_asset
from opsguard_assets.vendors.orders.schemas import WORK_ORDER_RISK
from opsguard_assets.vendors.orders.score_io import work_order_scorer

WORK_ORDER_RISK_KEY = key_of(WORK_ORDER_RISK)


def work_order_risk_asset(settings: Settings, deps: list[dg.AssetKey]) -> dg.AssetsDefinition:
    """The asset of the risk of late orders; it follows the table of orders (`deps`)."""
    scorer = work_order_scorer(settings)
    return risk_asset(
        RiskAsset(
            scorer,
            deps=tuple(deps),
            description="The probability that an open work order is not done by the due time that was first promised. "
            "Grain: work_order_id, as_of.",
            shown=lambda rows, as_of: _shown(rows, as_of, scorer.problem.alert_from),
        )
    )


def _shown(rows: pl.DataFrame, as_of: datetime, alert_from: float) -> dict[str, dg.MetadataValue]:
    riskiest = rows.sort("risk", "work_order_id", descending=[True, False]).head(20)
    columns = ("work_order_id", "vendor_id", "site_id", "due_at", "risk", "reason")
    words = Captions(f"Risk of {len(rows):,} open work orders", "orders", "probability of being late")
    expected = float(rows["risk"].sum())
    return {
        "headline": dg.MetadataValue.md(f"**{len(rows):,} open work orders**, {expected:.1f} of them expected late."),
        **figures({"as_of": as_of, "dagster/row_count": len(rows), "expected_late": expected}),
        "riskiest": preview(riskiest.select(columns).with_columns(pl.col("risk").round(3))),
        "risk_distribution": picture(
            risk_distribution(rows["risk"], {"alert": alert_from}, words), "Risk distribution"
        ),
    }
