"""The replay of a past period as an asset: launched from the UI with a period; its report is stored next to the lake.

Here: reading the period, one replay, its metrics and plots. Not here: the replay itself (`replay`).
"""

from datetime import UTC, datetime, timedelta

import dagster as dg
import polars as pl

from ml.evaluation.replay import Period
from ml.models.model import RiskModel
from opsguard_assets.metadata import Materialized, figures, key_of, owners_of, png, preview
from opsguard_assets.models.problem import Problem
from opsguard_assets.models.promotion import ModelCatalog
from opsguard_assets.models.replay import GRID, SHOWN, Replayed, as_table, count_ticks, replay
from opsguard_assets.models.replay_report import Asked, headline, pictures
from opsguard_assets.models.trainings import NoModelError, in_roles
from opsguard_assets.moment import instant_of
from resources.lake import Lake
from resources.progress import Progress


class ReplayConfig(dg.Config):
    """What to replay: timestamps in ISO 8601 with offset, and minutes between ticks.

    The default period is the last 28 days; the default step is that of production.
    """

    begins_at: str | None = None
    ends_at: str | None = None
    every_minutes: int | None = None

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

    def step(self, usual: timedelta) -> timedelta:
        """Time between ticks.

        Raises:
            ValueError: When it is below one minute.
        """
        if self.every_minutes is None:
            return usual
        if self.every_minutes < 1:
            raise ValueError(f"every_minutes is {self.every_minutes}; the minimum is 1")
        return timedelta(minutes=self.every_minutes)


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
        owners=owners_of("models"),
        description="The alerts that a past period would have had, and the events without an alert: with the champion, "
        "if its training data ends before the period, else with the best model of the newest training before it; and "
        "with the rule. Runs on demand only: launch it with a period, or run `opsguard replay`.",
    )
    def replayed(
        config: ReplayConfig,
        lake: dg.ResourceParam[Lake],
        models: dg.ResourceParam[ModelCatalog],
        progress: dg.ResourceParam[Progress],
    ) -> Materialized:
        period, step = config.period(), config.step(problem.step)
        dataset = problem.dataset(lake, datetime.now(UTC))
        chosen, words = _models(problem, models, period)
        results = replay(
            problem,
            dataset,
            chosen,
            period,
            step=step,
            thresholds=sorted({*GRID, problem.alert_from}),
            costs=problem.costs,
            advance=progress.begin("scoring ticks", count_ticks(dataset, period, step)),
        )
        asked = Asked(problem.name, problem.entity, problem.event, period, step, problem.alert_from)
        return dg.MaterializeResult(metadata={**_metadata(asked, results), "model": dg.MetadataValue.text(words)})

    return replayed


def _models(problem: Problem, models: ModelCatalog, period: Period) -> tuple[list[RiskModel], str]:
    """The model for the period and the rule, chosen as by the command, and the model's name."""
    try:
        _, model = in_roles(models, problem.name, period.begins_at)[0]
    except NoModelError as error:
        return [problem.rule], f"the rule alone: {error}"
    return [model, problem.rule], f"{model.name} {model.version}"


def _metadata(asked: Asked, results: list[Replayed]) -> dict[str, dg.MetadataValue]:
    rows = pl.DataFrame(list(as_table(results))).select(SHOWN).with_columns(pl.col(pl.Float64).round(3))
    shown = {title: png(picture, title) for title, picture in pictures(asked, results).items()}
    return {
        "headline": dg.MetadataValue.text(headline(asked, results[0])),
        **figures({"begins_at": asked.period.begins_at, "ends_at": asked.period.ends_at, "scores": results[0].ticks}),
        "thresholds": preview(rows, limit=60),
        **shown,
    }
