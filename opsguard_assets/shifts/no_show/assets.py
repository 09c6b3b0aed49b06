"""The risk that nobody comes, as an asset, for the clients that want it. Not here: features, models, the risk."""

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
from opsguard_assets.shifts.calendar.assets import SHIFT_CALENDAR_KEY
from opsguard_assets.shifts.no_show.problem_io import risk_at
from opsguard_assets.shifts.no_show.schemas import SHIFT_RISK
from opsguard_assets.shifts.verdicts.io import limits_of
from resources.database import Database
from resources.lake import Lake

SHIFT_RISK_KEY = key_of(SHIFT_RISK)
_UNAVAILABLE = "no_show_model_unavailable"
_MONITOR = Monitor(model_monitor("no_show"), (_UNAVAILABLE,))


def shift_risk_asset(problem: Problem, settings: Settings, deps: list[dg.AssetKey]) -> dg.AssetsDefinition:
    """The asset of the risk of no-shows; it follows the calendar and punches (`deps`)."""
    clients, limits = settings.shifts.no_show_risk_for, limits_of(settings)

    @dg.asset(
        key=SHIFT_RISK_KEY,
        deps=[SHIFT_CALENDAR_KEY, *deps],
        group_name="shifts",
        kinds={"polars", "deltalake"},
        owners=owners_of("shifts"),
        metadata={"dagster/column_schema": column_schema(SHIFT_RISK), "dagster/table_name": SHIFT_RISK.derived_name},
        description="The probability that nobody comes, for every part in a shift of the next 24 hours at the clients "
        "of shifts.no_show_risk_for (nobody by default). Grain: shift_id, person_id, as_of.",
        check_specs=[check_spec(CHAMPION_SCORED, SHIFT_RISK_KEY)],
    )
    def shift_risk(
        config: Moment,
        lake: dg.ResourceParam[Lake],
        database: dg.ResourceParam[Database],
        models: dg.ResourceParam[ModelCatalog],
    ) -> Materialized:
        as_of = config.instant()
        if not clients:
            words = "no client wants it: shifts.no_show_risk_for is empty"
            check = champion_check("nobody", words, is_trained=False)
            return dg.MaterializeResult(metadata={"headline": words}, check_results=[check])
        champion = serving(models.champions, problem.name, problem.rule, as_of, makes=problem.makes)
        with database.lock(TABLES_LOCK):
            served, found = scored_by(
                champion, problem.name, problem.rule, lambda by: risk_at(lake, by.model, as_of, clients, limits)
            )
        rows = found.with_columns(
            model_name=pl.lit(served.model.name),
            model_version=pl.lit(served.model.version),
            model_run_id=pl.lit(served.run_id, pl.String),
            date=pl.lit(as_of.date()),
        ).select(SHIFT_RISK.columns)
        where = {"date": as_of.date(), "as_of": as_of}
        lake.replace_slice(SHIFT_RISK.derived_name, rows, where=where, partition_by=["date"])
        settle(database, model_findings(served, problem.name, alert_type=_UNAVAILABLE), _MONITOR, as_of)
        by = f"{served.model.name} {served.model.version}"
        check = champion_check(by, served.trouble, is_trained=served.is_trained)
        return dg.MaterializeResult(metadata=_shown(rows, as_of, problem.alert_from), check_results=[check])

    return shift_risk


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
