"""What stored predictions said, and whether it came true: key figures, and how good each learned problem was.

Here: rows out of stored scores and outcomes that were joined to them. Not here: the joins themselves
(`prediction_feeds_io`). Nothing is scored again: models change, and learn from all clients.

A prediction that somebody acted on says little of the model: the trouble may be gone because of it. So predictions
count about whose alert nobody did anything: no person took it up, no playbook acted, the ticket was not escalated.
"""

from datetime import timedelta
from decimal import Decimal
from typing import Final

import dataframely as dy
import polars as pl

from opsguard_assets.config.settings import Settings
from opsguard_assets.scorecards.kpis.alerts import EPISODES, EXECUTIONS
from opsguard_assets.scorecards.kpis.kpi import WATERMARKS, Band, Feeds, Kpi
from opsguard_assets.scorecards.kpis.months import in_month
from opsguard_assets.scorecards.kpis.schemas import KPI_ROWS, Announcements, ClientMonths, PredictionQuality
from opsguard_assets.tables.table import rows_of
from opsguard_assets.tables.values import INSTANT

RISKS, TICKS, SCORES, ESCALATED = "tickets/sla_risk", "database/ticks", "models/scores", "database/escalated"
# A column of `SCORES` besides: `problem`, `entity` (as logged), `entity_type`, `entity_id` (as alerts name it),
# `client_id`, `site_id`, `as_of`, `risk`, `unit` (a life of the entity), `settled_at`, `is_event`, `alert_from`,
# `alert_type`, `scored_by`; scores without a known outcome are not in it.
_SCORE_JOB: Final = "score_sla_job"
_TICK_EVERY: Final = timedelta(minutes=15)
_CADENCES: Final = 2
_ALREADY_LATE, _ACTED_ON = "already_late", "acted_on"
_UNIT: Final = ["problem", "client_id", "month", "entity", "unit"]


def at_risk_rows(feeds: Feeds, months: pl.LazyFrame, settings: Settings) -> pl.LazyFrame:
    """Open tickets at the last tick of each month, and which of them will probably be late, as that tick had said.

    Args:
        feeds: `tickets/sla_risk`, `database/ticks` and the watermarks.
        months: Rows of `ClientMonths`.
        settings: From which risk on (`sla.alert_from`).
    """
    ticks = feeds[TICKS].filter(pl.col("job") == _SCORE_JOB).select("as_of", tick_at="as_of").sort("as_of")
    through = feeds[WATERMARKS].filter(pl.col("feed") == RISKS).select("through_at")
    # The month that runs has no end yet; it shows what the newest tick says.
    ends = months.join(through, how="cross").with_columns(until=pl.min_horizontal("ends_at", "through_at"))
    last = (
        ends.filter(pl.col("starts_at") < pl.col("until"))
        .sort("until")
        .join_asof(ticks, left_on="until", right_on="as_of", tolerance=_CADENCES * _TICK_EVERY)
        .drop_nulls("tick_at")
        .select("client_id", "month", "tick_at")
        .collect()
    )
    instants = last["tick_at"].unique()
    risks = feeds[RISKS].filter(
        pl.col("date").is_in(instants.dt.date().unique().implode()), pl.col("as_of").is_in(instants.implode())
    )
    open_then = risks.join(last.lazy(), left_on=["client_id", "as_of"], right_on=["client_id", "tick_at"])
    why = pl.when(pl.col("state") == "breached").then(pl.lit(_ALREADY_LATE))
    is_counted = pl.col("excluded").is_null()
    # A ticket without a deadline, or one that nothing can be said of, is open and not at risk.
    is_at_risk = (pl.col("risk") >= settings.sla.alert_from).fill_null(value=False)
    return open_then.with_columns(excluded=why).select(
        pl.lit("tickets_at_risk").alias("kpi"),
        "month", "client_id", "site_id",
        pl.lit("ticket").alias("entity_type"),
        pl.col("ticket_id").alias("entity_id"),
        pl.col("as_of").alias("at"),
        (is_counted & is_at_risk).cast(pl.Float64).alias("numerator"),
        is_counted.cast(pl.Float64).alias("denominator"),
        pl.col("risk").alias("measure"),
        "excluded",
    ).select(KPI_ROWS.columns)  # fmt: skip


def came_true_rows(feeds: Feeds, months: pl.LazyFrame, _settings: Settings) -> pl.LazyFrame:
    """Announcements whose outcome became known in the month, and whether they came true.

    Args:
        feeds: `models/scores`, `database/alert_episodes`, `database/executions`, `database/escalated`.
        months: Rows of `ClientMonths`.
    """
    announced = _judged(feeds, months).drop_nulls("announced_at")
    is_counted = pl.col("excluded").is_null()
    return announced.select(
        pl.lit("predictions_came_true").alias("kpi"),
        "month", "client_id", "site_id",
        pl.col("entity_type"),
        pl.format("{} {} {}", "problem", "entity", pl.col("announced_at").dt.to_string("%Y-%m-%dT%H:%M:%SZ"))
        .alias("entity_id"),
        pl.col("settled_at").alias("at"),
        (is_counted & pl.col("came_true")).cast(pl.Float64).alias("numerator"),
        is_counted.cast(pl.Float64).alias("denominator"),
        pl.col("announced").alias("measure"),
        "excluded",
    ).select(KPI_ROWS.columns)  # fmt: skip


def announcements(feeds: Feeds, months: dy.LazyFrame[ClientMonths]) -> dy.DataFrame[Announcements]:
    """What was announced, whether it came true, and whether somebody acted on it: one row per thing.

    Args:
        feeds: As of `came_true_rows`.
        months: Rows of `ClientMonths`.
    """
    found = _judged(feeds, months).drop_nulls("announced_at").select(
        "client_id", "month", "problem", "came_true", probability="announced",
        was_acted_on=pl.col("excluded").is_not_null(),
    )  # fmt: skip
    rows = found.select(Announcements.column_names()).sort("client_id", "month", "problem", "probability")
    return rows_of(Announcements, rows.collect())


def predicted(feeds: Feeds, months: dy.LazyFrame[ClientMonths]) -> dy.DataFrame[PredictionQuality]:
    """How good predictions were, by client, month, problem and what scored: the columns of `card.Predicted`.

    Args:
        feeds: As of `came_true_rows`.
        months: Rows of `ClientMonths`.

    Returns:
        An entity counts once, however often it was scored: Brier score and base rate are over entities.
    """
    units = _judged(feeds, months).filter(pl.col("excluded").is_null())
    is_announced = pl.col("announced_at").is_not_null()
    base = pl.col("happened").mean()
    found = (
        units.group_by("client_id", "month", "problem", "scored_by")
        .agg(
            announced=is_announced.sum().cast(pl.Int64),
            came_true=pl.col("came_true").filter(is_announced).sum().cast(pl.Int64),
            expected=pl.col("announced").filter(is_announced).sum(),
            brier=pl.col("squared").mean(),
            brier_base=base * (1 - base),
        )
        .sort("client_id", "month", "problem", "scored_by")
        .collect()
    )
    return rows_of(PredictionQuality, found.select(PredictionQuality.column_names()))


def _judged(feeds: Feeds, months: pl.LazyFrame) -> pl.LazyFrame:
    """Entities with the month in which their outcome became known: what was said first at the threshold, what happened.

    Columns: `_UNIT`, `entity_type`, `site_id`, `scored_by`, `settled_at`, `announced_at` and `announced` (null: never
    at the threshold), `came_true`, `happened` and `squared` (means over its scores), `excluded`.
    """
    scores = in_month(feeds[SCORES], months, "settled_at").sort("as_of")
    is_over = pl.col("risk") >= pl.col("alert_from")
    event = pl.col("is_event").cast(pl.Float64)
    units = scores.group_by(_UNIT).agg(
        pl.col("entity_type", "entity_id", "alert_type", "site_id").last(),
        pl.coalesce(pl.col("settled_at").filter(is_over).first(), pl.col("settled_at").last()).alias("settled_at"),
        scored_by=pl.coalesce(pl.col("scored_by").filter(is_over).first(), pl.col("scored_by").last()),
        began_at=pl.col("as_of").first(),
        announced_at=pl.col("as_of").filter(is_over).first(),
        announced=pl.col("risk").filter(is_over).first(),
        came_true=pl.col("is_event").filter(is_over).first(),
        happened=event.mean(),
        squared=((pl.col("risk") - event) ** 2).mean(),
    )
    acted = _acted(feeds).sort("acted_at")
    # The first deed since the entity was first scored; what came after the outcome changed nothing.
    touched = units.sort("began_at").join_asof(
        acted, left_on="began_at", right_on="acted_at", by=["alert_type", "entity_id"], strategy="forward",
        check_sortedness=False,
    )  # fmt: skip
    is_changed = (pl.col("acted_at") <= pl.col("settled_at")).fill_null(value=False)
    return touched.with_columns(excluded=pl.when(is_changed).then(pl.lit(_ACTED_ON)))


def _acted(feeds: Feeds) -> pl.LazyFrame:
    """When somebody or something acted on the alerts of an entity: `alert_type`, `entity_id`, `acted_at`."""
    episodes = feeds[EPISODES].select("alert_id", "opening", "alert_type", "entity_id", "taken_at")
    by_playbook = feeds[EXECUTIONS].filter(pl.col("mode") != "shadow").join(episodes, on=["alert_id", "opening"])
    parts = [
        episodes.select("alert_type", "entity_id", acted_at="taken_at"),
        by_playbook.select("alert_type", "entity_id", "acted_at"),
        feeds[ESCALATED].select("alert_type", "entity_id", "acted_at"),
    ]
    typed = [part.with_columns(pl.col("acted_at").cast(INSTANT)) for part in parts]
    return pl.concat(typed).drop_nulls("acted_at")


TICKETS_AT_RISK = Kpi(
    name="tickets_at_risk",
    label="Tickets at risk at month end",
    unit="percent",
    aggregate="share",
    is_better="lower",
    band=Band(good=Decimal(5), warning=Decimal(15)),
    section="risk",
    formula="100 * open tickets whose risk of missing the deadline was at or above the alert's threshold "
    "/ open tickets that were not late yet",
    population="Tickets that were open at the last prediction of the month and not late.",
    membership="The last prediction before the month's end; in the month that runs the newest one.",
    exclusions="Tickets that were late already; how many these are is shown.",
    no_data="No prediction within 30 minutes before the month's end, or no ticket was open. Risks are never computed "
    "again afterwards, and are kept for a limited time.",
    source="Predictions as they were made, by a learned model or a fixed rule. Bands: 5 and 15 % of open "
    "tickets, our choice.",
    feeds=(RISKS, TICKS),
    watermarks=(RISKS,),
    rows=at_risk_rows,
)
PREDICTIONS_CAME_TRUE = Kpi(
    name="predictions_came_true",
    label="Predictions that came true",
    unit="percent",
    aggregate="share",
    is_better="higher",
    band=None,
    section="predictions",
    formula="100 * announcements that came true / announcements; one is the first prediction of a ticket, device, "
    "shift, order or alert at or above the alert's threshold",
    population="Announcements whose outcome became known in the month and on which nobody acted.",
    membership="The instant at which the outcome had to be known.",
    exclusions="Announcements that somebody acted on: the alert was taken up, a playbook acted, or the ticket was "
    "escalated. What was prevented did not come true for a good reason.",
    no_data="No such announcement.",
    source="Precision of the predictions as they were made. No bands: thresholds are set by what a miss and "
    "an alert cost.",
    feeds=(SCORES, EPISODES, EXECUTIONS, ESCALATED),
    watermarks=(SCORES,),
    rows=came_true_rows,
)
PREDICTION_KPIS = (TICKETS_AT_RISK, PREDICTIONS_CAME_TRUE)
