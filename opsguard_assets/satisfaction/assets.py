"""The monthly question as an asset: whom it is asked, and what the answers say so far.

Here: a run in Dagster. Not here: asking and reading (`asking_io`, `answers_io`), when there is a run (`domains`).
"""

from datetime import date
from typing import Final

import dagster as dg
import polars as pl

from opsguard_assets.config.settings import Settings
from opsguard_assets.metadata import Materialized, figures, owners_of, preview, preview_rows
from opsguard_assets.moment import Moment
from opsguard_assets.satisfaction.answers_io import questions_between
from opsguard_assets.satisfaction.asking_io import ask
from opsguard_assets.satisfaction.rating import ratings, standing
from resources.database import Database
from resources.lake import Lake

SATISFACTION_KEY: Final = dg.AssetKey(["satisfaction", "satisfaction"])
_MONTHS = dg.MonthlyPartitionsDefinition(start_date="2015-01-01")
# The table `satisfaction_questions` of the database.
_COLUMNS = (
    ("client_id", "text", "the client"),
    ("month", "date", "first day of the month that is asked about"),
    ("address", "text", "the contact; one question each and month"),
    ("asked_at", "timestamptz", "when the mail was planned"),
    ("score", "smallint", "the answer, 1 (very dissatisfied) to 5 (very satisfied); null: none"),
    ("answered_at", "timestamptz", "when it was answered"),
)


def satisfaction_asset(settings: Settings, deps: list[dg.AssetKey]) -> dg.AssetsDefinition:
    """The asset of the question.

    Args:
        settings: Whom to ask; nobody unless `satisfaction.clients` names contacts.
        deps: The clients.
    """

    @dg.asset(
        key=SATISFACTION_KEY,
        deps=[dg.AssetDep(key, partition_mapping=dg.AllPartitionMapping()) for key in deps],
        partitions_def=_MONTHS,
        group_name="scorecards",
        kinds={"postgres"},
        owners=owners_of("satisfaction"),
        metadata={"dagster/column_schema": dg.TableSchema([dg.TableColumn(*each) for each in _COLUMNS])},
        description="One question about the month to each contact of a client: how satisfied were you? Five answers, "
        "by a link in a mail. Nobody is asked unless `satisfaction.clients` names contacts, and each contact once a "
        "month. Grain: client_id, month, address.",
    )
    def satisfaction(
        context: dg.AssetExecutionContext,
        config: Moment,
        lake: dg.ResourceParam[Lake],
        database: dg.ResourceParam[Database],
    ) -> Materialized:
        month, as_of = date.fromisoformat(context.partition_key), config.instant()
        asked = ask(lake, database, settings, month, at=as_of, by="ask_satisfaction_job")
        months = questions_between(database, date(month.year - 1, month.month, 1), month, as_of)
        found = _judged(ratings(months, "month"), settings.satisfaction.target)
        planned = sum(each.planned for each in asked)
        target = settings.satisfaction.target
        words = f"{planned} questions planned" if asked else "nobody is to be asked (satisfaction.clients)"
        return dg.MaterializeResult(
            metadata={
                "headline": dg.MetadataValue.text(f"{month:%B %Y}: {words}; the target is {target} of 5."),
                **figures({"as_of": as_of, "dagster/row_count": len(months), "planned": planned}),
                "clients": preview_rows([vars(each) for each in asked]),
                "answers": preview(found),
            }
        )

    return satisfaction


def _judged(found: pl.DataFrame, target: float) -> pl.DataFrame:
    """Months, the newest first, with how their mean stands to the target."""
    ends = found.select("low", "high").iter_rows()
    words = pl.Series("target", [standing(low, high, target) for low, high in ends], pl.String)
    return found.with_columns(pl.col(pl.Float64).round(2), words).sort("month", descending=True)
