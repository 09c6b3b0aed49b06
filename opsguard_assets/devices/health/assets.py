"""The health of devices as an asset: how well the fleet is, who is worst, and why.

Here: reading the stores, calling one function, showing its figures. Not here: health itself (`health.score`).
"""

from datetime import timedelta

import dagster as dg
import polars as pl

from opsguard_assets.config.settings import Settings
from opsguard_assets.devices.failure.checkpoint_io import advance_checkpoint
from opsguard_assets.devices.health.io import health_at
from opsguard_assets.devices.health.plots import fleet_histogram, worst_sparklines
from opsguard_assets.devices.health.schemas import DEVICE_HEALTH
from opsguard_assets.devices.telemetry.full_hour import full_hour
from opsguard_assets.devices.telemetry.hourly_io import hourly_known
from opsguard_assets.metadata import (
    Materialized,
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
from opsguard_assets.moment import Moment
from resources.database import Database
from resources.lake import TABLES_LOCK, Lake

DEVICE_HEALTH_KEY = key_of(DEVICE_HEALTH)
_COMPLETE = "every_device_has_a_score"
_BANDS = ("critical", "warning", "good")
_WORST = 12


def device_health_asset(settings: Settings, deps: list[dg.AssetKey]) -> dg.AssetsDefinition:
    """The asset of health; it follows the rollups (`deps`)."""

    @dg.asset(
        key=DEVICE_HEALTH_KEY,
        # It advances the checkpoint that the risk of the same hour reads, so it goes first.
        op_tags={"dagster/priority": "1"},
        deps=deps,
        group_name="devices",
        kinds={"polars", "deltalake"},
        owners=owners_of("devices"),
        metadata={
            "dagster/column_schema": column_schema(DEVICE_HEALTH),
            "dagster/table_name": DEVICE_HEALTH.derived_name,
        },
        description="Health 0 to 100 of every device in service over the trailing 72 hours: battery, signal, uptime, "
        "temperature; silence counts against all of them. Grain: device_id, as_of.",
        check_specs=[check_spec(_COMPLETE, DEVICE_HEALTH_KEY, blocking=True)],
    )
    def device_health(
        config: Moment, lake: dg.ResourceParam[Lake], database: dg.ResourceParam[Database]
    ) -> Materialized:
        as_of = full_hour(config.instant())
        with database.lock(TABLES_LOCK):
            health = health_at(
                lake,
                as_of,
                replace_below=settings.device_alerts.replace_below,
                checkpoint=advance_checkpoint,
            )
            worst = health.sort("score", "device_id").head(_WORST)
            since = as_of - timedelta(hours=72)
            hours = hourly_known(lake, as_of, since=since).join(worst.lazy(), on="device_id", how="semi").collect()
        where = {"date": as_of.date(), "as_of": as_of}
        lake.replace_slice(DEVICE_HEALTH.derived_name, health, where=where, partition_by=["date"])
        return dg.MaterializeResult(metadata=_shown(health, worst, hours), check_results=[_complete(health)])

    return device_health


def _complete(health: pl.DataFrame) -> dg.AssetCheckResult:
    """Whether every device has one score. A device without one is named; the others are stored all the same."""
    distinct, is_scored = health["device_id"].n_unique(), health["score"].is_between(0, 100).fill_null(value=False)
    odd = health.filter(~is_scored)["device_id"].sort()
    message = f"{len(health)} rows of {distinct} devices in service; {is_scored.sum()} scores lie between 0 and 100"
    if len(odd):
        message += f"; without one: {first_of(odd)}. Look at their reports and at their row in `devices`"
    return dg.AssetCheckResult(
        check_name=_COMPLETE,
        passed=len(health) == distinct and not len(odd),
        severity=severity_of(twice=len(health) - distinct, odd=len(odd), rows=len(health)),
        description=message,
    )


def _shown(health: pl.DataFrame, worst: pl.DataFrame, hours: pl.DataFrame) -> dict[str, dg.MetadataValue]:
    bands = {band: int((health["band"] == band).sum()) for band in _BANDS}
    columns = ("device_id", "site_id", "kind", "score", "band", "days_to_empty", "silence_minutes", "reason")
    return {
        "headline": dg.MetadataValue.md(
            f"**{len(health):,} devices in service**: {bands['critical']:,} critical, {bands['warning']:,} to watch, "
            f"{bands['good']:,} well."
        ),
        **figures({"dagster/row_count": len(health), **{f"devices_{band}": n for band, n in bands.items()}}),
        "worst_devices": preview(worst.select(columns).with_columns(pl.col(pl.Float64).round(1))),
        "fleet": picture(fleet_histogram(health["score"]), "Health of the fleet"),
        "worst_72_hours": picture(worst_sparklines(worst, hours), "Worst devices"),
    }
