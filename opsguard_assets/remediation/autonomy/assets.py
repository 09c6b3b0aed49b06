"""The ladder as an asset: which mode each playbook has, and why. Not here: the ladder (`ladder`), recording (`io`)."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

import dagster as dg
import polars as pl

from opsguard_assets.config.settings import Settings
from opsguard_assets.metadata import Materialized, figures, owners_of, preview
from opsguard_assets.moment import Moment
from opsguard_assets.remediation.autonomy.io import climb
from resources.database import Database

AUTONOMY_KEY: Final = dg.AssetKey(["remediation", "autonomy"])


def autonomy_asset(settings: Settings, deps: Sequence[dg.AssetKey]) -> dg.AssetsDefinition:
    """The asset of the ladder; it runs before anything is started, so that what fell does not act once more.

    Args:
        settings: The ladder.
        deps: What it follows.
    """

    @dg.asset(
        key=AUTONOMY_KEY,
        deps=deps,
        group_name="remediation",
        kinds={"postgres", "polars"},
        owners=owners_of("remediation"),
        description="How much each playbook may do by itself: shadow, with approval, alone. It rises by people's "
        "agreement and by success, both by their lower bound, and falls by itself.",
    )
    def autonomy(config: Moment, database: dg.ResourceParam[Database]) -> Materialized:
        # Executions begin by the clock, whatever moment this run is for.
        found = climb(database, settings.remediation, datetime.now(UTC))
        moved = found.filter(pl.col("to_mode") != pl.col("mode"))
        return dg.MaterializeResult(
            metadata={
                **figures({"as_of": config.instant(), "playbooks": len(found), "moved": len(moved)}),
                "ladder": preview(found.with_columns(pl.col(pl.Float64).round(3))),
            }
        )

    return autonomy
