"""Coverage of posts as an asset. Not here: counting (`coverage`), keeping it (`coverage.io`)."""

from datetime import datetime

import dagster as dg
import polars as pl

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
from opsguard_assets.shifts.coverage.coverage import with_shares
from opsguard_assets.shifts.coverage.io import coverage_at, record_coverage
from opsguard_assets.shifts.coverage.schemas import SHIFT_COVERAGE
from opsguard_assets.shifts.verdicts.assets import SHIFT_COMPLIANCE_KEY
from opsguard_assets.shifts.verdicts.plots import coverage_bars
from resources.database import Database
from resources.lake import TABLES_LOCK, Lake

SHIFT_COVERAGE_KEY = key_of(SHIFT_COVERAGE)
_ADDS_UP = "coverage_adds_up"
_NOW = ("site_id", "post", "is_critical", "required", "scheduled", "present", "unknown", "missing")


def shift_coverage_asset() -> dg.AssetsDefinition:
    """The asset of coverage; it follows the verdicts."""

    @dg.asset(
        key=SHIFT_COVERAGE_KEY,
        deps=[SHIFT_COMPLIANCE_KEY],
        group_name="shifts",
        kinds={"polars", "deltalake"},
        owners=owners_of("shifts"),
        metadata={
            "dagster/column_schema": column_schema(SHIFT_COVERAGE),
            "dagster/table_name": SHIFT_COVERAGE.derived_name,
        },
        description="Whether every post has the people that it needs: now, and in minutes of one person over the last "
        "24 hours. Grain: site_id, post, as_of.",
        check_specs=[check_spec(_ADDS_UP, SHIFT_COVERAGE_KEY)],
    )
    def shift_coverage(
        config: Moment, lake: dg.ResourceParam[Lake], database: dg.ResourceParam[Database]
    ) -> Materialized:
        as_of = config.instant()
        with database.lock(TABLES_LOCK):
            rows = coverage_at(lake, as_of)
        record_coverage(lake, rows, as_of)
        return dg.MaterializeResult(metadata=_shown(rows, as_of), check_results=[_adds_up(rows)])

    return shift_coverage


def _adds_up(rows: pl.DataFrame) -> dg.AssetCheckResult:
    """No post is manned beyond its need, and everybody who is missing was required."""
    within = [
        pl.col(part).is_between(0, pl.col(whole))
        for part, whole in (
            ("scheduled_minutes", "needed_minutes"),
            ("manned_minutes", "needed_minutes"),
            ("missing", "required"),
        )
    ]
    wrong = rows.filter(~pl.all_horizontal(within))
    return dg.AssetCheckResult(
        check_name=_ADDS_UP,
        passed=wrong.is_empty(),
        description=f"{len(rows):,} posts of which {len(wrong):,} have more than they need, or less than nothing",
        metadata={"wrong": preview(wrong)},
    )


def _shown(rows: pl.DataFrame, as_of: datetime) -> dict[str, dg.MetadataValue]:
    needed, runs = float(rows["needed_minutes"].sum()), rows.filter(pl.col("required") > 0)
    shares = {
        name: float(rows[f"{name}_minutes"].sum()) / needed if needed else None for name in ("scheduled", "manned")
    }
    manned, short = shares["manned"], runs.filter(pl.col("missing") > 0)
    message = "nobody was needed" if manned is None else f"{manned:.1%} of the person-hours needed were manned"
    worst = [
        with_shares(rows, *by).sort("short_minutes", *by, descending=[True, *(False for _ in by)])
        for by in (("site_id",), ("site_id", "post"))
    ]
    return {
        "headline": dg.MetadataValue.md(
            f"**{len(short):,} of {len(runs):,} posts are short now**; in the last 24 hours {message}."
        ),
        **figures(
            {
                "as_of": as_of,
                "dagster/row_count": len(rows),
                "posts_short_now": len(short),
                "short_hours": round(float(rows["short_minutes"].sum()) / 60, 1),
                **{f"{name}_share_of_needed_hours": share for name, share in shares.items()},
            }
        ),
        "short_now": preview(
            short.sort("is_critical", "missing", "site_id", descending=[True, True, False]).select(_NOW)
        ),
        "coverage_of_sites": preview(worst[0]),
        "coverage_of_posts": preview(worst[1]),
        "bars": picture(coverage_bars(rows), "The posts that lacked the most"),
    }
