"""Scores, months and ranking of vendors as assets. Not here: scores (`score`), keeping them (`scores.io`)."""

from collections.abc import Iterator
from datetime import datetime

import dagster as dg
import polars as pl

from opsguard_assets.config.settings import Settings
from opsguard_assets.metadata import (
    Materialized,
    check_spec,
    column_schema,
    figures,
    key_of,
    owners_of,
    picture,
    preview,
)
from opsguard_assets.moment import Moment
from opsguard_assets.tables.table import Table
from opsguard_assets.vendors.scores.io import Scored, keep_scores, scored_at
from opsguard_assets.vendors.scores.plots import ranking_plot, trend_plot
from opsguard_assets.vendors.scores.schemas import VENDOR_MONTHS, VENDOR_RANKING, VENDOR_SCORES
from resources.database import Database
from resources.lake import TABLES_LOCK, Lake

VENDOR_SCORES_KEY, VENDOR_MONTHS_KEY, VENDOR_RANKING_KEY = (
    key_of(table) for table in (VENDOR_SCORES, VENDOR_MONTHS, VENDOR_RANKING)
)
_ONE_MONTH = "every_work_order_in_one_month"
_DESCRIPTIONS = {
    VENDOR_SCORES: "Vendors on 0 to 100 over the last 90 days: jobs in time, time against estimate, ratings, rework; "
    "drawn towards the peers, with an interval. Grain: vendor_id, as_of.",
    VENDOR_MONTHS: "The same for each of six whole months and the current one, with what moved it; what was said "
    "before stays readable. Grain: vendor_id, month.",
    VENDOR_RANKING: "Places within a trade of the vendors with jobs enough. Grain: vendor_id, as_of.",
}


def vendor_score_assets(settings: Settings, deps: list[dg.AssetKey]) -> dg.AssetsDefinition:
    """The assets of scores; they follow the tables of orders, vendors and tickets (`deps`)."""

    @dg.multi_asset(
        name=VENDOR_SCORES_KEY.to_python_identifier(),
        specs=[_spec(table, deps) for table in _DESCRIPTIONS],
        check_specs=[check_spec(_ONE_MONTH, VENDOR_MONTHS_KEY)],
    )
    def vendor_scores(
        config: Moment, lake: dg.ResourceParam[Lake], database: dg.ResourceParam[Database]
    ) -> Iterator[Materialized]:
        as_of = config.instant()
        with database.lock(TABLES_LOCK):
            scored = scored_at(lake, as_of, settings)
            changed = keep_scores(lake, scored, as_of, settings)
        yield dg.MaterializeResult(asset_key=VENDOR_SCORES_KEY, metadata=_shown(scored, as_of))
        yield dg.MaterializeResult(
            asset_key=VENDOR_MONTHS_KEY,
            metadata=_shown_months(scored, changed),
            check_results=[_in_one_month(scored)],
        )
        yield dg.MaterializeResult(asset_key=VENDOR_RANKING_KEY, metadata=_shown_ranking(scored))

    return vendor_scores


def _spec(table: Table, deps: list[dg.AssetKey]) -> dg.AssetSpec:
    return dg.AssetSpec(
        key_of(table),
        deps=deps,
        group_name="vendors",
        kinds={"polars", "deltalake"},
        owners=owners_of("vendors"),
        description=_DESCRIPTIONS[table],
        metadata={"dagster/column_schema": column_schema(table), "dagster/table_name": table.derived_name},
    )


def _in_one_month(scored: Scored) -> dg.AssetCheckResult:
    counted = int(scored.months["jobs"].sum())
    return dg.AssetCheckResult(
        check_name=_ONE_MONTH,
        asset_key=VENDOR_MONTHS_KEY,
        passed=counted == scored.stored,
        description=f"of {scored.stored:,} stored work orders that count in these months, the months hold {counted:,}",
    )


def _shown(scored: Scored, as_of: datetime) -> dict[str, dg.MetadataValue]:
    rows = scored.scores
    frame, ranked = rows.drop_nulls("score"), rows.drop_nulls("rank")
    worst = ranked.sort("score", "vendor_id").head(1)
    lowest = f"; the lowest is {worst['name'][0]} with {worst['score'][0]:.1f}" if len(worst) else ""
    columns = ("name", "trade", "jobs", "score", "low", "high", "grade", "rank", "ranked", "sentiment")
    return {
        "headline": dg.MetadataValue.text(
            f"{len(frame):,} vendors scored, {len(ranked):,} with jobs enough to rank{lowest}."
        ),
        **figures(
            {
                "as_of": as_of,
                "dagster/row_count": len(rows),
                "ranked": len(ranked),
                "jobs": int(rows["jobs"].sum()),
                "mean_score": float(frame.select(pl.col("score").mean()).item()) if len(frame) else None,
            }
        ),
        "scores": preview(rows.select(columns)),
        "plot": picture(ranking_plot(rows), "Scores of vendors"),
    }


def _shown_months(scored: Scored, changed: int) -> dict[str, dg.MetadataValue]:
    moved = scored.months.filter(pl.col("change").is_not_null()).sort(pl.col("change").abs(), descending=True)
    by_month = scored.months.group_by("month").agg(
        vendors=pl.len(), jobs=pl.col("jobs").sum(), mean_score=pl.col("score").mean().round(1),
        lowest=pl.col("score").min(), highest=pl.col("score").max(),
    )  # fmt: skip
    spread = by_month.rename({"mean_score": "score", "lowest": "low", "highest": "high"})
    title = "Mean score of each month, from the lowest vendor to the highest"
    return {
        **figures({"dagster/row_count": len(scored.months), "new_or_changed": changed}),
        "months": preview(by_month.sort("month")),
        "plot": picture(trend_plot(spread, title=title), title),
        "greatest_changes": preview(moved.select("name", "month", "jobs", "score", "change", "drivers")),
    }


def _shown_ranking(scored: Scored) -> dict[str, dg.MetadataValue]:
    columns = ("trade", "rank", "ranked", "name", "score", "low", "high", "grade", "jobs", "change", "drivers")
    return {
        **figures({"dagster/row_count": len(scored.ranking)}),
        "ranking": preview(scored.ranking.select(columns), limit=50),
        "plot": picture(ranking_plot(scored.ranking), "Ranked vendors"),
    }
