"""The risk of late work orders as an asset. Not here: features, models, the risk itself."""

from datetime import datetime

import dagster as dg
import polars as pl

from opsguard_assets.alerts.lifecycle import Monitor, settle
from opsguard_assets.config.settings import Settings
from opsguard_assets.intake.assets import TABLES_LOCK
from opsguard_assets.metadata import (
    CHAMPION_SCORED,
    Materialized,
    champion_check,
    check_spec,
    column_schema,
    figures,
    key_of,
    owners_of,
    picture,
    preview,
)
from opsguard_assets.models.findings import model_findings, model_monitor
from opsguard_assets.models.plots import Captions, risk_distribution
from opsguard_assets.models.problem import Problem
from opsguard_assets.models.promotion import ModelCatalog
from opsguard_assets.models.serving import scored_by, serving
from opsguard_assets.moment import Moment
from opsguard_assets.vendors.orders.problem_io import risk_at
from opsguard_assets.vendors.orders.schemas import WORK_ORDER_RISK
from resources.database import Database
from resources.lake import Lake

WORK_ORDER_RISK_KEY = key_of(WORK_ORDER_RISK)
_UNAVAILABLE = "work_order_model_unavailable"
_MONITOR = Monitor(model_monitor("work_order_late"), (_UNAVAILABLE,))


def work_order_risk_asset(problem: Problem, settings: Settings, deps: list[dg.AssetKey]) -> dg.AssetsDefinition:
    """The asset of the risk of late orders; it follows the table of orders (`deps`)."""

    @dg.asset(
        key=WORK_ORDER_RISK_KEY,
        deps=deps,
        group_name="vendors",
        kinds={"polars", "deltalake"},
        owners=owners_of("vendors"),
        metadata={
            "dagster/column_schema": column_schema(WORK_ORDER_RISK),
            "dagster/table_name": WORK_ORDER_RISK.derived_name,
        },
        description="The probability that an open work order is not done by the due time that was first promised. "
        "Grain: work_order_id, as_of.",
        check_specs=[check_spec(CHAMPION_SCORED, WORK_ORDER_RISK_KEY)],
    )
    def work_order_risk(
        config: Moment,
        lake: dg.ResourceParam[Lake],
        database: dg.ResourceParam[Database],
        models: dg.ResourceParam[ModelCatalog],
    ) -> Materialized:
        as_of = config.instant()
        champion = serving(models.champions, problem.name, problem.rule, as_of, makes=problem.makes)
        cancelled = settings.vendors.cancelled
        with database.lock(TABLES_LOCK):
            served, found = scored_by(
                champion, problem.name, problem.rule, lambda by: risk_at(lake, by.model, as_of, cancelled)
            )
        rows = found.with_columns(
            model_name=pl.lit(served.model.name),
            model_version=pl.lit(served.model.version),
            model_run_id=pl.lit(served.run_id, pl.String),
            date=pl.lit(as_of.date()),
        ).select(WORK_ORDER_RISK.columns)
        where = {"date": as_of.date(), "as_of": as_of}
        lake.replace_slice(WORK_ORDER_RISK.derived_name, rows, where=where, partition_by=["date"])
        settle(database, model_findings(served, problem.name, alert_type=_UNAVAILABLE), _MONITOR, as_of)
        by = f"{served.model.name} {served.model.version}"
        check = champion_check(by, served.trouble, is_trained=served.is_trained)
        return dg.MaterializeResult(metadata=_shown(rows, as_of, problem.alert_from), check_results=[check])

    return work_order_risk


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
