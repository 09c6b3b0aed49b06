"""The prediction problem of alerts that need a person, its history from the lake, and one tick of it.

Here: reading. Not here: features (`ml.problems.alert_action`), outcomes (`outcomes`), moments (`dataset`), the asset
(`assets`).
"""

from dataclasses import replace
from datetime import datetime, timedelta

import polars as pl

from ml.evaluation import prediction_log
from ml.evaluation.money import Costs
from ml.models.model import RiskModel
from ml.models.probabilities import probabilities
from ml.problems.alert_action.features import FEATURES, WINDOW
from ml.problems.alert_action.problem import KEY, PROBLEM, TASK
from ml.problems.alert_action.rule import AlertRule
from opsguard_assets.alerts.kinds import life_safety_kinds
from opsguard_assets.config.settings import Settings
from opsguard_assets.models.problem import PredictionLog, Problem
from opsguard_assets.tables.registry import TABLES
from opsguard_assets.tables.table import Table
from opsguard_assets.tables.values import INSTANT
from opsguard_assets.tables.versions import IS_WITHDRAWN, SUPERSEDED_AT, visible
from opsguard_assets.triage.learning.dataset import AlertDataset, Known
from opsguard_assets.triage.learning.outcomes import external_versions, joined, own_versions
from opsguard_assets.triage.learning.schemas import ALERT_EPISODES, ALERT_RISK
from resources.lake import Lake

EXTERNAL, SITES, CLIENTS, DUTY = (TABLES[name] for name in ("external_alerts", "sites", "clients", "duty"))
STEP = timedelta(minutes=15)


def alert_action(settings: Settings) -> Problem:
    """Will this alert need a person?"""
    chosen, money = settings.alert_action, settings.money
    task = replace(TASK, acting_from=(chosen.alert_from,))
    return Problem(
        name=PROBLEM,
        entity="alert",
        event=TASK.event,
        group="triage",
        inputs=(ALERT_EPISODES,),
        further=(EXTERNAL, SITES, CLIENTS, DUTY),
        dataset=lambda lake, until: replace(dataset_at(lake, until, settings), task=task),
        rule=AlertRule(),
        makes=frozenset(FEATURES).__contains__,
        # People who see an alert act at once, so no lead is needed for it to help.
        costs=Costs(money.service_call_cost, money.alert_cost, money.prevented_share, 0.0),
        alert_from=chosen.alert_from,
        clear_below=chosen.clear_below,
        alert_type=None,
        step=STEP,
        prediction_log=PredictionLog(
            ALERT_RISK, pl.col(KEY), lambda lake, scores, until: with_outcomes(lake, scores, until, settings)
        ),
    )


def with_outcomes(lake: Lake, scores: pl.DataFrame, until: datetime, settings: Settings) -> pl.DataFrame:
    """Recorded scores with their fates (`ml.evaluation.prediction_log.with_outcomes`)."""
    return prediction_log.with_outcomes(scores, dataset_at(lake, until, settings).decided, until)


def dataset_at(lake: Lake, until: datetime, settings: Settings, *, since: datetime | None = None) -> AlertDataset:
    """What was known of alerts by an instant.

    Args:
        lake: The records.
        until: The instant.
        settings: When outcomes are mature, and what protects lives.
        since: Only alerts raised from here on, and those that are still unresolved; all of them where left out.
    """
    matures = timedelta(hours=settings.alert_action.matures_after_hours)
    return AlertDataset(
        until, known_at(lake, until, since=since), matures, life_safety_kinds(settings.triage.life_safety)
    )


def known_at(lake: Lake, until: datetime, *, since: datetime | None = None) -> Known:
    """What was known of alerts and of those who handle them by an instant; see `dataset_at`."""
    sites = lake.known(SITES, until).select("site_id", "client_id", "timezone").collect()
    own = own_versions(_versions(lake, ALERT_EPISODES, until, "raised_at", since))
    others = external_versions(_versions(lake, EXTERNAL, until, "at", since), sites)
    plans = lake.versions(CLIENTS).filter(pl.col("known_at") <= pl.lit(until, INSTANT), visible())
    return Known(
        joined(own, others),
        sites.select("site_id", "timezone"),
        plans.select("client_id", at="known_at", plan=pl.col("plan").cast(pl.String)).collect(),
        _duty(lake, until, since),
    )


def _versions(lake: Lake, table: Table, until: datetime, raised: str, since: datetime | None) -> pl.DataFrame:
    """All versions of alerts that were known by an instant, of those raised since another one or unresolved."""
    known = lake.versions(table).filter(pl.col("known_at") <= pl.lit(until, INSTANT))
    if since is None:
        return known.collect()
    begins, key = pl.lit(since, INSTANT), list(table.key)
    recent = known.filter(pl.col(raised) >= begins)
    unresolved = lake.known(table, until, live_only=True).filter(pl.col(raised) < begins).select(key)
    older = known.filter(pl.col(raised) < begins).join(unresolved, on=key, how="semi")
    return pl.concat([recent, older]).collect()


def _duty(lake: Lake, until: datetime, since: datetime | None) -> pl.DataFrame:
    """Stretches of people on duty, each as long as it was known so."""
    last = pl.lit(until, INSTANT)
    rows = lake.versions(DUTY).filter(pl.col("known_at") <= last, ~pl.col(IS_WITHDRAWN), visible())
    if since is not None:
        rows = rows.filter(pl.col("ends_at") >= pl.lit(since, INSTANT))
    # What was superseded after the moment still held at it.
    gone = pl.when(pl.col(SUPERSEDED_AT) <= last).then(SUPERSEDED_AT)
    return rows.select(
        starts_at=pl.max_horizontal("starts_at", "known_at"), ends_at=pl.min_horizontal("ends_at", gone)
    ).collect()


def risk_at(lake: Lake, model: RiskModel, as_of: datetime, settings: Settings) -> pl.DataFrame:
    """The probability that each unresolved alert needs a person, by what was known at a moment.

    Returns:
        The columns of `ALERT_RISK` but those of the model and the day.
    """
    matures = timedelta(hours=settings.alert_action.matures_after_hours)
    dataset = dataset_at(lake, as_of, settings, since=as_of - WINDOW - matures)
    now = pl.lit(as_of, INSTANT)
    unresolved = dataset.episodes.filter(pl.col("begins_at") <= now, pl.col("gone_at").is_null())
    rows = dataset.at(unresolved, as_of)
    risks = probabilities(model, rows)
    columns = (
        KEY, "alert_id", "opening", "external_alert_id", "alert_type", "entity_id", "site_id", "client_id",
        "begins_at", "as_of",
    )  # fmt: skip
    return rows.select(*columns, risk=risks, reason=model.reasons(rows))
