"""The replay of a past period as an asset: asked for from the UI with a period, its page kept beside the lake.

Here: reading the period, one replay, its figures and pictures. Not here: the replay itself (`replay`).
"""

import base64
from datetime import UTC, datetime, timedelta

import dagster as dg
import polars as pl

from ml.model import RiskModel
from ml.replay import Period
from ml.sla_breach.problem import TASK
from ml.sla_breach.rule import RuleBaseline
from opsguard_assets.config.settings import Settings
from opsguard_assets.metadata import OWNERS, Materialized, figures, key_of, preview
from opsguard_assets.models.promotion import Office
from opsguard_assets.models.serving import trained_of
from opsguard_assets.tickets.knowledge import EVENTS, TICKETS, history_of
from opsguard_assets.tickets.learning import Past
from opsguard_assets.tickets.model_assets import order_of
from opsguard_assets.tickets.moment import instant_of
from opsguard_assets.tickets.replay import GRID, SHOWN, Replayed, as_table, replay
from opsguard_assets.tickets.replay_report import Asked, headline, pictures
from resources.lake import Lake

REPLAY_KEY = dg.AssetKey(["models", "sla_breach_replay"])
REPLAY_JOB = "replay_sla_job"


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


def replay_asset(settings: Settings) -> dg.AssetsDefinition:
    """The asset of replays on demand."""

    @dg.asset(
        key=REPLAY_KEY,
        deps=[key_of(TICKETS), key_of(EVENTS)],
        group_name="models",
        kinds={"polars"},
        owners=OWNERS,
        description="What would have been alerted in a past period, when, and what missed: by the champion, if it knew "
        "nothing later than the period's beginning, and by the rule. Launch it with a period.",
    )
    def sla_breach_replay(
        config: ReplayConfig, lake: dg.ResourceParam[Lake], models: dg.ResourceParam[Office]
    ) -> Materialized:
        period, step = config.period(), timedelta(minutes=config.every_minutes)
        threshold = settings.sla.alert_from
        past = Past.of(history_of(lake), datetime.now(UTC))
        grid = sorted({*GRID, threshold})
        costs = order_of(settings, period.ends_at).costs
        results = replay(past, _models(models, period), period, step=step, thresholds=grid, costs=costs)
        return dg.MaterializeResult(metadata=_told(Asked(TASK.problem, period, step, threshold), results))

    return sla_breach_replay


def _models(models: Office, period: Period) -> list[RiskModel]:
    """The champion, if the period is new to it, and the rule."""
    version = models.champions.current(TASK.problem)
    if version is None:
        return [RuleBaseline()]
    model, until = trained_of(version)
    return [RuleBaseline()] if until > period.begins_at else [model, RuleBaseline()]


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
