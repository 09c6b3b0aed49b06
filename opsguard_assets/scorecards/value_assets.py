"""What acting was worth, as an asset. Not here: measuring it (`value`)."""

from datetime import date, datetime
from typing import Any, Final

import dagster as dg
import polars as pl

from opsguard_assets.config.settings import Settings
from opsguard_assets.domains import ALERT_TYPES
from opsguard_assets.metadata import Materialized, column_schema, figures, key_of, owners_of, preview
from opsguard_assets.moment import Moment
from opsguard_assets.scorecards.kpis.past_io import Past
from opsguard_assets.scorecards.kpis.schemas import KPI_ROWS
from opsguard_assets.scorecards.value.io import value_at
from opsguard_assets.scorecards.value.schemas import VALUE_DELIVERED
from opsguard_assets.scorecards.value.worth import BREACHES, TOO_FEW
from opsguard_assets.tables.months import month_after, month_of
from resources.database import Database
from resources.lake import Lake

VALUE_KEY: Final = key_of(VALUE_DELIVERED)


def value_asset(settings: Settings) -> dg.AssetsDefinition:
    """The asset of the value of the twelve months to the last whole one.

    Args:
        settings: What one is worth, and the zone of operations.
    """

    @dg.asset(
        key=VALUE_KEY,
        deps=[key_of(KPI_ROWS)],
        group_name="scorecards",
        kinds={"polars", "deltalake"},
        owners=owners_of("scorecards"),
        metadata={
            "dagster/column_schema": column_schema(VALUE_DELIVERED),
            "dagster/table_name": VALUE_DELIVERED.derived_name,
        },
        description="What acting was worth to each client in the twelve months to the last whole one: deadlines kept, "
        "against the hold-out and with an interval; alerts that playbooks resolved, posts filled, hours saved; in "
        "money where a figure is told from none. Grain: month, client_id, item.",
    )
    def value_delivered(
        config: Moment, lake: dg.ResourceParam[Lake], database: dg.ResourceParam[Database]
    ) -> Materialized:
        as_of = config.instant()
        month = last_whole_month(as_of, settings.operations.timezone)
        rows = KPI_ROWS.rows(lake.scan(KPI_ROWS.derived_name).collect())
        found = value_at(Past.read(database, as_of, month), lake, settings, ALERT_TYPES, rows, month, as_of)
        lake.replace_slice(VALUE_DELIVERED.derived_name, found, where={"month": month}, partition_by=("month",))
        together = found.filter(pl.col("client_id").is_null(), pl.col("item") == BREACHES).row(0, named=True)
        return dg.MaterializeResult(
            metadata={
                "headline": dg.MetadataValue.text(f"In the 12 months to {month:%B %Y}: {_words(together)}."),
                **figures({"as_of": as_of, "dagster/row_count": len(found)}),
                "all_clients": preview(found.filter(pl.col("client_id").is_null())),
                "by_client": preview(found.drop_nulls("client_id")),
            }
        )

    return value_delivered


def last_whole_month(as_of: datetime, zone: str) -> date:
    """The first day of the month before the one that runs."""
    return month_after(month_of(as_of, zone), -1)


def _words(row: dict[str, Any]) -> str:
    if row["method"] == TOO_FEW:
        return f"{row['held_back']} alerted tickets held back, {row['needed']} needed to measure what alerts prevent"
    return f"alerts kept {row['count']:,.0f} deadlines (95 %: {row['low']:,.0f} to {row['high']:,.0f})"
