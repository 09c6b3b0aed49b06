"""The risk of one tick as an asset, the same for all problems: one scored tick, its page, its two checks.

Here: Dagster around `scoring`. Not here: scoring, and what a page shows of a domain's rows.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

import dagster as dg
import polars as pl

from opsguard_assets.metadata import (
    CHAMPION_SCORED,
    Materialized,
    champion_check,
    check_spec,
    column_schema,
    first_of,
    key_of,
    owners_of,
    severity_of,
)
from opsguard_assets.models.promotion import ModelCatalog
from opsguard_assets.models.scoring import ScoredTick, Scorer, score_tick, skip_tick
from opsguard_assets.moment import Moment
from resources.database import Database
from resources.lake import Lake


@dataclass(frozen=True)
class Completeness:
    """Whether every entity of a tick has one risk.

    Attributes:
        words: What was counted, and what to do.
        rows: Entities that need a row.
        twice: Rows too many.
        odd: Entities that lack a row or a risk.
        others: Other faults that withhold nothing.
        figures: What the check shows beside the words.
    """

    words: str
    rows: int
    twice: int = 0
    odd: int = 0
    others: int = 0
    figures: Mapping[str, int] | None = None

    def result(self, name: str) -> dg.AssetCheckResult:
        """The result of a check. What is odd about a few rows is a warning and holds up none of the others."""
        return dg.AssetCheckResult(
            check_name=name,
            passed=not (self.twice or self.odd or self.others),
            severity=severity_of(twice=self.twice, odd=self.odd, rows=self.rows),
            description=self.words,
            metadata=dict(self.figures or {}),
        )


@dataclass(frozen=True)
class RiskAsset:
    """What is particular about the asset of a problem's risk.

    Attributes:
        scorer: How its ticks are scored.
        deps: What it follows.
        description: What people read in the UI.
        shown: The metadata of a tick's rows.
        tick: The moment of the tick that an instant belongs to.
        complete: Whether the tick is complete; that each row is there once and has its risk where left out.
    """

    scorer: Scorer
    deps: tuple[dg.AssetKey, ...]
    description: str
    shown: Callable[[pl.DataFrame, datetime], Mapping[str, dg.MetadataValue]]
    tick: Callable[[datetime], datetime] = lambda instant: instant
    complete: Callable[[Lake, ScoredTick], Completeness] | None = None


def risk_asset(described: RiskAsset) -> dg.AssetsDefinition:
    """The asset of a problem's risk."""
    scorer = described.scorer
    table, group = scorer.table, scorer.problem.group
    key, complete = key_of(table), f"{scorer.problem.scored_name}_risk_complete"

    @dg.asset(
        key=key,
        deps=described.deps,
        group_name=group,
        kinds={"polars", "deltalake"},
        owners=owners_of(group),
        metadata={"dagster/column_schema": column_schema(table), "dagster/table_name": table.derived_name},
        description=described.description,
        check_specs=[check_spec(complete, key, blocking=True), check_spec(CHAMPION_SCORED, key)],
    )
    def risk(
        config: Moment,
        lake: dg.ResourceParam[Lake],
        database: dg.ResourceParam[Database],
        models: dg.ResourceParam[ModelCatalog],
    ) -> Materialized:
        asked = config.instant()
        as_of = described.tick(asked)
        if scorer.unwanted is not None:
            skip_tick(scorer, lake, database, as_of)
            checks = [
                Completeness(scorer.unwanted, rows=0).result(complete),
                champion_check("nobody", scorer.unwanted, is_trained=False),
            ]
            return dg.MaterializeResult(metadata={"headline": scorer.unwanted}, check_results=checks)
        # The champion of now also scores the last full hour, so that a promotion shows within a minute.
        found = score_tick(scorer, lake, models.champions, as_of, served_at=asked)
        counted = described.complete(lake, found) if described.complete else each_once(scorer, found.rows)
        served = found.served
        by = f"{served.model.name} {served.model.version}"
        return dg.MaterializeResult(
            metadata=described.shown(found.rows, as_of),
            check_results=[
                counted.result(complete),
                champion_check(by, served.trouble, is_trained=served.is_trained),
            ],
        )

    return risk


def each_once(scorer: Scorer, rows: pl.DataFrame) -> Completeness:
    """Whether each row is there once, and has its risk where it needs one."""
    entities = scorer.problem.entities
    distinct = rows.select(scorer.key).n_unique()
    asked = rows.filter(scorer.needs_risk)
    odd = scorer.without_risk(rows).select(scorer.problem.prediction_log.entity).to_series().sort()
    words = f"{len(rows)} rows of {distinct} {entities}; {len(asked)} need a risk, {len(asked) - len(odd)} have one"
    if len(odd):
        words += f"; without one: {first_of(odd)}. Look at their records"
    return Completeness(words, rows=len(asked), twice=len(rows) - distinct, odd=len(odd))
