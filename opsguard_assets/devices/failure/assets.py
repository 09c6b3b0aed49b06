"""The risk of devices as an asset: who will fail, who is worth a visit today, and whether it came so.

Here: reading the stores, calling one function, showing its figures. Not here: features, models, the risk itself.
"""

from datetime import datetime

import dagster as dg
import polars as pl

from ml.problems.device_failure.rule import DeviceRule
from opsguard_assets.alerts.lifecycle import Monitor, settle
from opsguard_assets.config.failures import DeviceFailure
from opsguard_assets.config.settings import Settings
from opsguard_assets.devices.failure.risk import FAILED, OFFLINE, UP, Explain
from opsguard_assets.devices.failure.risk_io import risk_at
from opsguard_assets.devices.failure.schemas import DEVICE_RISK
from opsguard_assets.devices.job_names import SCORE_DEVICES_JOB
from opsguard_assets.devices.telemetry.full_hour import full_hour
from opsguard_assets.intake.assets import TABLES_LOCK
from opsguard_assets.metadata import (
    CHAMPION_SCORED,
    Materialized,
    champion_check,
    check_spec,
    column_schema,
    figures,
    first_of,
    key_of,
    owners_of,
    picture,
    preview,
    severity_of,
)
from opsguard_assets.models.findings import model_findings, model_monitor
from opsguard_assets.models.plots import Captions, risk_distribution
from opsguard_assets.models.problem import Problem
from opsguard_assets.models.promotion import ModelCatalog
from opsguard_assets.models.serving import Serving, scored_by, serving
from opsguard_assets.moment import Moment
from resources.database import Database
from resources.lake import Lake
from resources.ticks import Tick, digest_of, record_tick

DEVICE_RISK_KEY = key_of(DEVICE_RISK)
_COMPLETE = "device_risk_complete"
_UNAVAILABLE = "device_model_unavailable"
_MONITOR = Monitor(model_monitor("device_failure"), (_UNAVAILABLE,))
_WORST = 20


def device_risk_asset(problem: Problem, settings: Settings, deps: list[dg.AssetKey]) -> dg.AssetsDefinition:
    """The asset of device risk; it follows the rollups (`deps`)."""
    chosen = settings.device_failure

    @dg.asset(
        key=DEVICE_RISK_KEY,
        deps=deps,
        group_name="devices",
        kinds={"polars", "deltalake"},
        owners=owners_of("devices"),
        metadata={"dagster/column_schema": column_schema(DEVICE_RISK), "dagster/table_name": DEVICE_RISK.derived_name},
        description="The probability that a device fails or goes offline within an hour, a day, a week and 30 days, "
        "what it looks like and what to do; the devices most worth a visit are ranked. Grain: device_id, as_of.",
        check_specs=[
            check_spec(_COMPLETE, DEVICE_RISK_KEY, blocking=True),
            check_spec(CHAMPION_SCORED, DEVICE_RISK_KEY),
        ],
    )
    def device_risk(
        config: Moment,
        lake: dg.ResourceParam[Lake],
        database: dg.ResourceParam[Database],
        models: dg.ResourceParam[ModelCatalog],
    ) -> Materialized:
        asked = config.instant()
        as_of = full_hour(asked)
        # Who is champion now scores the last full hour, too: a promotion shows within a minute.
        champion = serving(models.champions, problem.name, problem.rule, asked, makes=problem.makes)
        with database.lock(TABLES_LOCK):
            served, rows = scored_by(champion, problem.name, problem.rule, lambda by: scored(lake, by, as_of, chosen))
            # An imported history knows nothing of when anybody could have seen it.
            imported = any(lake.has_hindsight(table, as_of) for table in problem.inputs)
            seen = None if imported else max((at for t in problem.inputs if (at := lake.loaded_upto(t))), default=None)
        where = {"date": as_of.date(), "as_of": as_of}
        lake.replace_slice(DEVICE_RISK.derived_name, rows, where=where, partition_by=["date"])
        digest = digest_of(rows, key=["device_id"])
        by = served.model
        record_tick(database, Tick(SCORE_DEVICES_JOB, as_of, len(rows), digest, by.name, by.version, seen))
        settle(database, model_findings(served, problem.name, alert_type=_UNAVAILABLE), _MONITOR, as_of)
        shown = _shown(rows, as_of, chosen.judged_within, chosen.alert_from)
        return dg.MaterializeResult(metadata=shown, check_results=[_complete(rows), _served(served)])

    return device_risk


def scored(lake: Lake, served: Serving, as_of: datetime, chosen: DeviceFailure) -> pl.DataFrame:
    """The rows of `device_risk` of a tick, as they are stored."""
    found = risk_at(lake, served.model, as_of, Explain(chosen.visits_per_day))
    ranked = with_visits(found, within=chosen.judged_within, visits=chosen.visits_per_day)
    return ranked.with_columns(model_run_id=pl.lit(served.run_id, pl.String), date=pl.lit(as_of.date())).select(
        DEVICE_RISK.columns
    )


def with_visits(risk: pl.DataFrame, *, within: str, visits: int) -> pl.DataFrame:
    """Risks with the rank of the devices most worth a visit, as many as people can visit in a day."""
    rank = pl.col(f"risk_{within}").rank("ordinal", descending=True)
    return risk.with_columns(visit_rank=pl.when(rank <= visits).then(rank.cast(pl.UInt32)))


def _complete(rows: pl.DataFrame) -> dg.AssetCheckResult:
    """Every device that is up has one risk. One that has none is told and withholds no other one."""
    distinct, up = rows["device_id"].n_unique(), rows.filter(pl.col("state") == UP)
    odd = up.filter(pl.col("risk_24h").is_null())["device_id"].sort()
    message = f"{len(rows)} rows of {distinct} devices; {len(up)} are up, {len(up) - len(odd)} of them have a risk"
    if len(odd):
        message += f"; without one: {first_of(odd)}. Look at their reports and at their row in `devices`"
    return dg.AssetCheckResult(
        check_name=_COMPLETE,
        passed=len(rows) == distinct and not len(odd),
        severity=severity_of(twice=len(rows) - distinct, odd=len(odd), rows=len(up)),
        description=message,
    )


def _served(served: Serving) -> dg.AssetCheckResult:
    name = f"{served.model.name} {served.model.version}"
    return champion_check(name, served.trouble, is_trained=served.is_trained)


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
        "headline": dg.MetadataValue.md(headline_of(rows, within, alert_from)),
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


def headline_of(rows: pl.DataFrame, within: str, alert_from: float) -> str:
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
    """How many devices are expected to fail within a day and a week; the rule's numbers are no estimates to add up."""
    if (rows["model_name"] == DeviceRule().name).any():
        return {}
    return {span: float(rows[f"risk_{span}"].sum()) for span in ("24h", "7d")}
