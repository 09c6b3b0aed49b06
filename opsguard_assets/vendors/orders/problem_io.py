"""The prediction problem of late work orders, its history from the lake, and one tick of risk.

Here: reading. Not here: features (`ml.problems.work_order_late`), labels and moments (`orders.dataset`), the asset
(`orders.assets`).
"""

from dataclasses import replace
from datetime import datetime, timedelta

import polars as pl

from ml.evaluation import prediction_log
from ml.models.model import RiskModel
from ml.models.probabilities import probabilities
from ml.problems.work_order_late.features import FEATURES, features
from ml.problems.work_order_late.problem import KEY, PROBLEM, TASK
from ml.problems.work_order_late.rule import WorkOrderRule
from opsguard_assets.config.settings import Settings
from opsguard_assets.models.problem import PredictionLog, Problem, costs_of
from opsguard_assets.tables.registry import WORK_ORDERS
from opsguard_assets.tables.values import INSTANT
from opsguard_assets.tables.versions import IS_WITHDRAWN, rank
from opsguard_assets.vendors.orders.dataset import ORDER, OrderDataset, streams_of
from opsguard_assets.vendors.orders.schemas import WORK_ORDER_RISK
from resources.lake import Lake

# A tick reads five years, so that it does not cost more for older ones. Rates are of the last hundred batches: only of
# who has fewer in five years does a training remember more.
REMEMBERED = timedelta(days=5 * 365)
AT_RISK = "work_order_at_risk"
_ASKED = ("vendor_id", "site_id", "client_id", "category", "priority", "due_at", "estimated_hours")


def work_order_late(settings: Settings) -> Problem:
    """Will a work order miss its due time?"""
    off, alert_from = settings.vendors.cancelled, settings.vendors.late_alert_from
    task = replace(TASK, acting_from=(alert_from,))
    return Problem(
        name=PROBLEM,
        entity="order",
        event="late completion",
        group="vendors",
        inputs=(WORK_ORDERS,),
        dataset=lambda lake, until: OrderDataset(until, orders_of(lake, until, off), task),
        rule=WorkOrderRule(),
        makes=frozenset(FEATURES).__contains__,
        costs=costs_of(settings, settings.money.late_order_cost),
        alert_from=alert_from,
        clear_below=settings.vendors.late_clear_below,
        alert_type=AT_RISK,
        step=timedelta(hours=1),
        prediction_log=PredictionLog(
            WORK_ORDER_RISK, pl.col(KEY), lambda lake, scores, until: with_outcomes(lake, scores, until, cancelled=off)
        ),
    )


def with_outcomes(lake: Lake, scores: pl.DataFrame, until: datetime, *, cancelled: tuple[str, ...]) -> pl.DataFrame:
    """Scores of the prediction log with labels (`ml.evaluation.prediction_log.with_outcomes`)."""
    return prediction_log.with_outcomes(scores, OrderDataset(until, orders_of(lake, until, cancelled)).decided, until)


def orders_of(
    lake: Lake, until: datetime, cancelled: tuple[str, ...], *, since: datetime | None = None
) -> pl.DataFrame:
    """The orders created since an instant that have a due time, as they were known first, with their outcomes.

    Returns:
        `ORDER`, `completed_at`, `completed_known_at`, `off_at`.
    """
    asked = pl.lit(value=True) if since is None else pl.col("created_at") >= pl.lit(since, INSTANT)
    versions = (
        lake.versions(WORK_ORDERS).filter(pl.col("known_at") <= pl.lit(until, INSTANT), asked).sort(rank(WORK_ORDERS))
    )
    said = versions.filter(~pl.col(IS_WITHDRAWN))
    promised = said.filter(pl.col("due_at").is_not_null())
    first = promised.group_by(KEY, maintain_order=True).agg(
        *(pl.col(name).first() for name in _ASKED),
        opened_at=pl.max_horizontal(pl.col("created_at").first(), pl.col("known_at").first()),
    )
    done = pl.col("completed_at").is_not_null()
    off = pl.col("status").str.to_lowercase().is_in(list(cancelled)).fill_null(value=False)
    later = said.group_by(KEY).agg(
        accepted_known_at=pl.col("known_at").filter(pl.col("accepted_at").is_not_null()).first(),
        completed_known_at=pl.col("known_at").filter(done).first(),
        completed_at=pl.col("completed_at").filter(done).first(),
        _off_at=pl.col("known_at").filter(off & ~done).first(),
    )
    withdrawn = versions.filter(pl.col(IS_WITHDRAWN)).group_by(KEY).agg(_withdrawn_at=pl.col("known_at").first())
    joined = first.join(later, on=KEY, how="left").join(withdrawn, on=KEY, how="left").collect()
    batch = ("vendor_id", "site_id", "due_at", "opened_at")
    return (
        joined.with_columns(
            batch_id=pl.format(
                "{}/{}/{}/{}",
                "vendor_id",
                pl.col("site_id").fill_null(""),
                *(pl.col(name).dt.epoch("s") for name in ("due_at", "opened_at")),
            ),
            batch_size=pl.len().over(batch).cast(pl.Float64),
            off_at=pl.min_horizontal("_off_at", "_withdrawn_at"),
        )
        .select(*ORDER, "completed_at", "completed_known_at", "off_at")
        .sort(KEY)
    )


def risk_at(lake: Lake, model: RiskModel, as_of: datetime, cancelled: tuple[str, ...]) -> pl.DataFrame:
    """The risk of every open order that is not due yet, by what was known at a moment.

    Returns:
        `work_order_id`, `vendor_id`, `site_id`, `client_id`, `due_at`, `as_of`, `risk`, `reason`.
    """
    orders = orders_of(lake, as_of, cancelled, since=as_of - REMEMBERED)
    now = pl.lit(as_of, INSTANT)
    is_open = pl.col("completed_known_at").is_null() & pl.col("off_at").is_null() & (pl.col("due_at") > now)
    moments = orders.filter(is_open).select(ORDER).with_columns(as_of=now)
    rows = features(streams_of(orders, as_of), moments)
    risks = probabilities(model, rows)
    return rows.select(
        KEY, "vendor_id", "site_id", "client_id", "due_at", "as_of", risk=risks, reason=model.reasons(rows)
    )
