"""The replay of a past period as an asset: asked for from the UI with a period, its page kept beside the lake.

Here: reading the period, one replay, its figures and pictures. Not here: the replay itself (`replay`).
"""

import base64
from datetime import UTC, datetime, timedelta

import dagster as dg
import polars as pl

from ml.model import RiskModel
from ml.replay import Period
from opsguard_assets.metadata import OWNERS, Materialized, figures, key_of, preview
from opsguard_assets.models.problem import Problem
from opsguard_assets.models.promotion import Office
from opsguard_assets.models.replay import GRID, SHOWN, Replayed, as_table, replay
from opsguard_assets.models.replay_report import Asked, headline, pictures
from opsguard_assets.models.serving import trained_of
from opsguard_assets.moment import instant_of
from resources.lake import Lake


class ReplayConfig(dg.Config):
    """What to replay: instants in ISO 8601 with their offset, and minutes between ticks.

    Without a period it is the last 28 days.
    """

    begins_at: str | None = None
    ends_at: str | None = None
    every_minutes: int = 60

    def period(self) -> Period:
        """The period.

        Raises:
            ValueError: When an instant has no offset, or the period ends before it begins.
        """
        ends = instant_of(self.ends_at) if self.ends_at else datetime.now(UTC).replace(microsecond=0)
        begins = instant_of(self.begins_at) if self.begins_at else ends - timedelta(days=28)
        if begins >= ends:
            raise ValueError(f"the period ends ({ends}) before it begins ({begins})")
        return Period(begins, ends)


def replay_key(problem: Problem) -> dg.AssetKey:
    """The key of a problem's replays."""
    return dg.AssetKey(["models", f"{problem.name}_replay"])


def replay_asset(problem: Problem) -> dg.AssetsDefinition:
    """The asset of replays on demand."""

    @dg.asset(
        key=replay_key(problem),
        deps=[key_of(table) for table in problem.inputs],
        group_name="models",
        kinds={"polars"},
        owners=OWNERS,
        description="What would have been alerted in a past period, when, and what missed: by the champion, if it knew "
        "nothing later than the period's beginning, and by the rule. Launch it with a period.",
    )
    def replayed(config: ReplayConfig, lake: dg.ResourceParam[Lake], models: dg.ResourceParam[Office]) -> Materialized:
        period, step = config.period(), timedelta(minutes=config.every_minutes)
        past = problem.past(lake, datetime.now(UTC))
        grid = sorted({*GRID, problem.alert_from})
        results = replay(
            problem, past, _models(problem, models, period), period, step=step, thresholds=grid, costs=problem.costs
        )
        asked = Asked(problem.name, problem.entity, problem.event, period, step, problem.alert_from)
        return dg.MaterializeResult(metadata=_told(asked, results))

    return replayed


def _models(problem: Problem, models: Office, period: Period) -> list[RiskModel]:
    """The champion, if the period is new to it, and the rule."""
    version = models.champions.current(problem.name)
    if version is None:
        return [problem.rule]
    model, until = trained_of(version)
    return [problem.rule] if until > period.begins_at else [model, problem.rule]


def _told(asked: Asked, results: list[Replayed]) -> dict[str, dg.MetadataValue]:
    rows = pl.DataFrame(list(as_table(results))).select(SHOWN).with_columns(pl.col(pl.Float64).round(3))
    shown = {
        title: dg.MetadataValue.md(f"![{title}](data:image/png;base64,{base64.b64encode(picture).decode()})")
        for title, picture in pictures(asked, results).items()
    }
    return {
        "headline": dg.MetadataValue.text(headline(asked, results[0])),
        **figures({"begins_at": asked.period.begins_at, "ends_at": asked.period.ends_at, "scores": results[0].ticks}),
        "thresholds": preview(rows, limit=60),
        **shown,
    }
