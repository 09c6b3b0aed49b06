"""The risk that nobody comes, as an asset, for the clients that want it. Not here: features, models, the risk."""

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
from opsguard_assets.shifts.calendar.assets import SHIFT_CALENDAR_KEY
from opsguard_assets.shifts.no_show.schemas import SHIFT_RISK
from opsguard_assets.shifts.no_show.score_io import no_show_scorer

SHIFT_RISK_KEY = key_of(SHIFT_RISK)


def shift_risk_asset(settings: Settings, deps: list[dg.AssetKey]) -> dg.AssetsDefinition:
    """The asset of the risk of no-shows; it follows the calendar and punches (`deps`)."""
    scorer = no_show_scorer(settings)
    return risk_asset(
        RiskAsset(
            scorer,
            deps=(SHIFT_CALENDAR_KEY, *deps),
            description="The probability that nobody comes, for every part in a shift of the next 24 hours at the "
            "clients of shifts.no_show_risk_for (nobody by default). Grain: shift_id, person_id, as_of.",
            shown=lambda rows, as_of: _shown(rows, as_of, scorer.problem.alert_from),
        )
    )


def _shown(rows: pl.DataFrame, as_of: datetime, alert_from: float) -> dict[str, dg.MetadataValue]:
    riskiest = rows.sort("risk", "shift_id", descending=[True, False]).head(20)
    columns = ("shift_id", "person_id", "starts_at", "risk", "reason")
    words = Captions(f"Risk of {len(rows):,} parts in shifts", "parts", "probability that nobody comes")
    return {
        "headline": dg.MetadataValue.md(
            f"**{len(rows):,} parts in shifts within 24 hours**, {float(rows['risk'].sum()):.1f} no-shows expected."
        ),
        **figures({"as_of": as_of, "dagster/row_count": len(rows), "expected_no_shows": float(rows["risk"].sum())}),
        "riskiest": preview(riskiest.select(columns).with_columns(pl.col("risk").round(3))),
        "risk_distribution": picture(
            risk_distribution(rows["risk"], {"alert": alert_from}, words), "Risk distribution"
        ),
    }
