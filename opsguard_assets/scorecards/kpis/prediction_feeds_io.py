"""Stored scores of all learned problems, joined to the outcomes that are known by a moment.

Here: reading. Not here: how outcomes are joined (each problem's `prediction_log`), figures of them (`predictions`).
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

import polars as pl

from ml.evaluation.prediction_log import LABELLED
from opsguard_assets.config.settings import Settings
from opsguard_assets.domains import PROBLEMS
from opsguard_assets.tables.values import INSTANT
from resources.lake import Lake

# Scores of so long before the first month count, for entities that were at risk for longer (as `models.outcomes`).
LONGEST: Final = timedelta(days=60)
SCORE: Final = pl.Schema(
    {
        "problem": pl.String(),
        "entity": pl.String(),
        "entity_type": pl.String(),
        "entity_id": pl.String(),
        "client_id": pl.String(),
        "site_id": pl.String(),
        "as_of": INSTANT,
        "risk": pl.Float64(),
        "unit": pl.UInt32(),
        "settled_at": INSTANT,
        "is_event": pl.Boolean(),
        "alert_from": pl.Float64(),
        "alert_type": pl.String(),
        "scored_by": pl.String(),
    }
)


def scores(lake: Lake, settings: Settings, since: datetime, as_of: datetime) -> pl.LazyFrame:
    """Stored scores whose outcome is known (`SCORE`).

    Args:
        lake: The lake.
        settings: Thresholds; which problems are learned.
        since: The first instant of the months.
        as_of: The moment: no later score, and no outcome that was known later.
    """
    return pl.concat([pl.LazyFrame(schema=SCORE), *_of_problems(lake, settings, since, as_of)])


def scored_through(lake: Lake, settings: Settings, as_of: datetime) -> datetime | None:
    """Through when there are scores: the newest tick of any problem by a moment; None before the first."""
    newest = [
        lake.scan(table).filter(pl.col("date") <= as_of.date(), pl.col("as_of") <= pl.lit(as_of, INSTANT))
        .select(pl.col("as_of").max()).collect().item()
        for table in _tables(settings) if lake.exists(table)
    ]  # fmt: skip
    return max((each for each in newest if each is not None), default=None)


def _tables(settings: Settings) -> list[str]:
    return [learned.declare(settings).prediction_log.table.derived_name for learned in PROBLEMS.values()]


def _of_problems(lake: Lake, settings: Settings, since: datetime, as_of: datetime) -> Iterator[pl.LazyFrame]:
    for learned in PROBLEMS.values():
        problem = learned.declare(settings)
        log = problem.prediction_log
        if not lake.exists(log.table.derived_name):
            continue
        days = pl.col("date").is_between((since - LONGEST).date(), as_of.date())
        stored = lake.scan(log.table.derived_name).filter(days, pl.col("as_of") <= pl.lit(as_of, INSTANT))
        asked = stored.select(
            "as_of",
            "model_name",
            pl.col("model_version").cast(pl.String),
            "client_id",
            "site_id",
            entity=log.entity.cast(pl.String),
            risk=log.risk,
            # Alerts name the thing by the first part of the key: a shift, not who is expected in it.
            entity_id=pl.col(log.table.key[0]).cast(pl.String),
        )
        rows = asked.drop_nulls("risk").collect()
        if rows.is_empty():
            continue
        said = ["entity", "as_of", "risk", "model_name", "model_version"]
        labelled = log.with_outcomes(lake, rows.select(said), as_of).filter(pl.col("fate") == LABELLED)
        owners = rows.unique(["entity", "as_of"], keep="last").select(
            "entity", "as_of", "client_id", "site_id", "entity_id"
        )
        yield (
            labelled.join(owners, on=["entity", "as_of"])
            .select(
                pl.lit(problem.name).alias("problem"),
                "entity",
                pl.lit(problem.entity).alias("entity_type"),
                "entity_id",
                "client_id",
                "site_id",
                "as_of",
                "risk",
                pl.col("unit").cast(pl.UInt32),
                "settled_at",
                "is_event",
                pl.lit(problem.alert_from).alias("alert_from"),
                pl.lit(problem.alert_type, pl.String).alias("alert_type"),
                pl.when(pl.col("model_name") == problem.rule.name).then(pl.lit("rule"))
                .otherwise(pl.format("{} {}", "model_name", "model_version")).alias("scored_by"),
            )
            .select(pl.col(name).cast(dtype) for name, dtype in SCORE.items())
            .lazy()
        )  # fmt: skip
