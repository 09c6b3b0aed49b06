"""The episodes of alerts and the probability that they need a person, as assets.

Here: Dagster around them. Not here: episodes, features, models, the probability itself.
"""

from collections.abc import Sequence
from datetime import datetime

import dagster as dg
import polars as pl

from opsguard_assets.config.settings import Settings
from opsguard_assets.metadata import (
    Materialized,
    column_schema,
    figures,
    key_of,
    owners_of,
    picture,
    preview,
)
from opsguard_assets.models.plots import Captions, risk_distribution
from opsguard_assets.models.scoring_assets import RiskAsset, risk_asset
from opsguard_assets.moment import Moment
from opsguard_assets.triage.learning.episodes_io import update_episodes
from opsguard_assets.triage.learning.schemas import ALERT_EPISODES, ALERT_RISK
from opsguard_assets.triage.learning.score_io import alert_scorer
from resources.database import Database
from resources.lake import Lake

ALERT_EPISODES_KEY, ALERT_RISK_KEY = key_of(ALERT_EPISODES), key_of(ALERT_RISK)
_SHOWN = 20


def episodes_asset(settled: Sequence[dg.AssetKey]) -> dg.AssetsDefinition:
    """The asset of episodes: what changed in the lifecycle of alerts since the last run; it follows `settled`."""

    @dg.asset(
        key=ALERT_EPISODES_KEY,
        deps=settled,
        group_name="triage",
        kinds={"postgres", "deltalake"},
        owners=owners_of("triage"),
        metadata={
            "dagster/column_schema": column_schema(ALERT_EPISODES),
            "dagster/table_name": ALERT_EPISODES.derived_name,
        },
        description="Every alert from its opening to its end, with one version per change as it became known: what "
        "models of alerts learn from. Grain: alert_id, opening, known_at.",
    )
    def alert_episodes(
        config: Moment, lake: dg.ResourceParam[Lake], database: dg.ResourceParam[Database]
    ) -> Materialized:
        as_of = config.instant()
        written = update_episodes(lake, database, as_of)
        return dg.MaterializeResult(
            metadata=figures({"as_of": as_of, "versions": written.versions, "corrected": written.corrected})
        )

    return alert_episodes


def alert_risk_asset(settings: Settings, deps: list[dg.AssetKey]) -> dg.AssetsDefinition:
    """The asset of the probability that unresolved alerts need a person; it follows their episodes and `deps`."""
    scorer = alert_scorer(settings)
    return risk_asset(
        RiskAsset(
            scorer,
            deps=(ALERT_EPISODES_KEY, *deps),
            description="The probability that an unresolved alert needs a person: of OpsGuard, or of another system. "
            "Grain: episode_id, as_of.",
            shown=lambda rows, as_of: _shown(rows, as_of, scorer.problem.alert_from),
        )
    )


def _shown(rows: pl.DataFrame, as_of: datetime, alert_from: float) -> dict[str, dg.MetadataValue]:
    first = rows.sort("risk", "episode_id", descending=[True, False]).head(_SHOWN)
    columns = ("episode_id", "alert_type", "entity_id", "site_id", "begins_at", "risk", "reason")
    words = Captions(
        f"Need of a person of {len(rows):,} unresolved alerts", "alerts", "probability of needing a person"
    )
    expected = float(rows["risk"].sum())
    return {
        "headline": dg.MetadataValue.md(
            f"**{len(rows):,} unresolved alerts**, {expected:.1f} of them real by the model."
        ),
        **figures({"as_of": as_of, "dagster/row_count": len(rows), "expected_real": expected}),
        "first": preview(first.select(columns).with_columns(pl.col("risk").round(3))),
        "risk_distribution": picture(
            risk_distribution(rows["risk"], {"needs a person": alert_from}, words), "Distribution of probabilities"
        ),
    }
