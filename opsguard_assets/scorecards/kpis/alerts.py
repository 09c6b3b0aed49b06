"""Key figures of the alerts that clients received: taken up, over, without hands, again.

Here: definitions and rows, out of episodes of alerts and executions of playbooks. Not here: reading them
(`past_io`), the verdicts of playbooks on their own page (`remediation.outcomes`).

An alert was delivered where nothing kept it from people: not its plan, a hold-out or a budget (then there is none), nor
a mute, and no other alert took its place. An episode lasts from when an alert was raised, or opened again, to its end.
"""

from datetime import timedelta
from decimal import Decimal
from typing import Final

import polars as pl

from opsguard_assets.alerts.finding import AT_SOURCE, CLEARED, ENDING
from opsguard_assets.config.settings import Settings
from opsguard_assets.scorecards.kpis.kpi import Band, Feeds, Kpi
from opsguard_assets.scorecards.kpis.months import in_month
from opsguard_assets.scorecards.kpis.schemas import KPI_ROWS

EPISODES: Final = "database/alert_episodes"
EXECUTIONS: Final = "database/executions"
_AGAIN_WITHIN: Final = timedelta(days=30)
_OTHERS_TOOK_OVER: Final = [reason for reason in ENDING if reason != AT_SOURCE]
_SUPPRESSED, _REPLACED, _OPEN, _REOPENED, _NO_PLAYBOOK = (
    "suppressed", "replaced_or_expired", "not_acknowledged", "opened_again", "no_playbook",
)  # fmt: skip
_EPISODE: Final = ["alert_id", "opening"]


def _not_delivered() -> pl.Expr:
    return (
        pl.when(pl.col("was_suppressed")).then(pl.lit(_SUPPRESSED))
        .when(pl.col("resolution").is_in(_OTHERS_TOOK_OVER)).then(pl.lit(_REPLACED))
    )  # fmt: skip


def _rows(
    found: pl.LazyFrame, name: str, *, numerator: pl.Expr | None = None, measure: pl.Expr | None = None
) -> pl.LazyFrame:
    is_counted = pl.col("excluded").is_null()
    counted = is_counted.cast(pl.Float64)
    return found.select(
        pl.lit(name).alias("kpi"),
        "month", "client_id", "site_id",
        pl.lit("alert").alias("entity_type"),
        pl.format("{}/{}", *_EPISODE).alias("entity_id"),
        "at",
        (counted if numerator is None else (is_counted & numerator).cast(pl.Float64)).alias("numerator"),
        counted.alias("denominator"),
        (pl.lit(None, pl.Float64) if measure is None else pl.when(is_counted).then(measure)).alias("measure"),
        "excluded",
    ).select(KPI_ROWS.columns)  # fmt: skip


def _minutes(since: str, until: str) -> pl.Expr:
    return (pl.col(until) - pl.col(since)).dt.total_microseconds() / 60e6


def acknowledged_rows(feeds: Feeds, months: pl.LazyFrame, _settings: Settings) -> pl.LazyFrame:
    """Minutes from each delivered alert to when a person took it up.

    Args:
        feeds: `database/alert_episodes`.
        months: Rows of `ClientMonths`.
    """
    raised = in_month(feeds[EPISODES], months, "raised_at")
    is_open = pl.when(pl.col("taken_at").is_null()).then(pl.lit(_OPEN))
    found = raised.with_columns(excluded=pl.coalesce(_not_delivered(), is_open))
    return _rows(found, "mtta", measure=_minutes("raised_at", "taken_at"))


def resolved_rows(feeds: Feeds, months: pl.LazyFrame, _settings: Settings) -> pl.LazyFrame:
    """Minutes from each delivered alert to its end.

    Args:
        feeds: `database/alert_episodes`.
        months: Rows of `ClientMonths`.
    """
    found = in_month(feeds[EPISODES], months, "over_at").with_columns(excluded=_not_delivered())
    return _rows(found, "mttr", measure=_minutes("raised_at", "over_at"))


def auto_resolved_rows(feeds: Feeds, months: pl.LazyFrame, settings: Settings) -> pl.LazyFrame:
    """Delivered alerts that ended, and which of them without a person's hand after a playbook had acted.

    Args:
        feeds: `database/alert_episodes`, `database/executions`.
        months: Rows of `ClientMonths`.
        settings: How long the cause must stay away (`remediation.outcome_hours`).
    """
    acting = feeds[EXECUTIONS].filter(
        pl.col("acted_at").is_not_null(), pl.col("mode") != "shadow", pl.col("undone_at").is_null()
    )
    # Nobody can tell what an execution did that ended unknown.
    done = acting.filter(pl.col("state") != "unknown").group_by(_EPISODE).agg(pl.col("acted_at").min())
    began = acting.group_by("client_id").agg(since_at=pl.col("acted_at").min())
    ended = in_month(feeds[EPISODES], months, "over_at").join(done, on=_EPISODE, how="left")
    known = ended.join(began, on="client_id", how="left")
    has_none = pl.when(~(pl.col("since_at") < pl.col("ends_at")).fill_null(value=False)).then(pl.lit(_NO_PLAYBOOK))
    within = timedelta(hours=settings.remediation.outcome_hours)
    cleared = pl.col("resolution").is_in([CLEARED, AT_SOURCE])
    untouched = (pl.col("taken_at") > pl.col("over_at")).fill_null(pl.col("taken_at").is_null())
    stayed = ~(pl.col("reopened_at") <= pl.col("over_at") + within).fill_null(value=False)
    acted = pl.col("acted_at").is_between("raised_at", "over_at", closed="left").fill_null(value=False)
    found = known.with_columns(excluded=pl.coalesce(_not_delivered(), has_none))
    return _rows(found, "auto_resolution", numerator=cleared & acted & untouched & stayed)


def repeated_rows(feeds: Feeds, months: pl.LazyFrame, settings: Settings) -> pl.LazyFrame:
    """Delivered alerts, and which of them had the same cause and entity as one that had ended shortly before.

    Args:
        feeds: `database/alert_episodes`.
        months: Rows of `ClientMonths`.
        settings: Within which time an alert is reopened, not raised as a new one (`alerts`).
    """
    same = ["client_id", "cause", "entity_type", "entity_id"]
    before = feeds[EPISODES].filter(_not_delivered().is_null()).drop_nulls("over_at")
    ended = before.select(*same, "over_at", ended_at="over_at").sort("over_at")
    raised = in_month(feeds[EPISODES], months, "raised_at").sort("raised_at").join_asof(
        ended, left_on="raised_at", right_on="over_at", by=same, tolerance=_AGAIN_WITHIN, allow_exact_matches=False,
        check_sortedness=False,
    )  # fmt: skip
    # What flickers is one trouble: it is opened again, or its neighbour of the same cause follows at once.
    flickers = pl.col("raised_at") - pl.col("ended_at") <= timedelta(minutes=settings.alerts.reopen_within_minutes)
    is_same = (pl.col("opening") > 1) | flickers.fill_null(value=False)
    again = pl.when(is_same).then(pl.lit(_REOPENED))
    found = raised.with_columns(excluded=pl.coalesce(_not_delivered(), again))
    return _rows(found, "repeat_incidents", numerator=pl.col("ended_at").is_not_null())


_DELIVERED = "Alerts that nothing kept from people"
_KEPT_BACK = "Muted alerts, alerts that another one replaced, and alerts that expired."
AUTO_RESOLUTION = Kpi(
    name="auto_resolution",
    label="Alerts resolved without hands",
    unit="percent",
    aggregate="share",
    is_better="higher",
    band=Band(good=Decimal(60), warning=Decimal(40)),
    section="remediation",
    formula="100 * alerts whose cause cleared after a playbook had acted, which no person had taken up, and which did "
    "not come back within the time that was agreed / alerts that ended",
    population=f"{_DELIVERED} and that ended in the month.",
    membership="The end of the alert.",
    exclusions=f"{_KEPT_BACK} An alert that cleared because a person did the work is not resolved without hands; an "
    "approval is a decision and no hand.",
    no_data="No playbook had acted for the client by the end of the month, or no alert ended.",
    source="Our rule: what people did is not counted as done by playbooks. Bands: 60 and 40 %, our choice.",
    feeds=(EPISODES, EXECUTIONS),
    watermarks=(EPISODES,),
    rows=auto_resolved_rows,
)
MTTA = Kpi(
    name="mtta",
    label="Time until alerts are taken up",
    unit="minutes",
    aggregate="mean",
    is_better="lower",
    band=None,
    section="operations",
    formula="mean minutes from an alert to when a person acknowledged it",
    population=f"{_DELIVERED}, were raised in the month and were acknowledged.",
    membership="The instant at which the alert was raised, or opened again.",
    exclusions=f"Alerts that nobody acknowledged; how many these are is shown. {_KEPT_BACK}",
    no_data="No alert was acknowledged.",
    source="Mean time to acknowledge, of acknowledged alerts (PagerDuty, Splunk).",
    feeds=(EPISODES,),
    watermarks=(EPISODES,),
    rows=acknowledged_rows,
)
MTTR = Kpi(
    name="mttr",
    label="Time until alerts are over",
    unit="minutes",
    aggregate="mean",
    is_better="lower",
    band=None,
    section="operations",
    formula="mean minutes from an alert to its end",
    population=f"{_DELIVERED} and that ended in the month, by whatever ended them.",
    membership="The end of the alert.",
    exclusions=_KEPT_BACK,
    no_data="No alert ended.",
    source="Mean time to resolve (PagerDuty).",
    feeds=(EPISODES,),
    watermarks=(EPISODES,),
    rows=resolved_rows,
)
REPEAT_INCIDENTS = Kpi(
    name="repeat_incidents",
    label="Troubles that came again",
    unit="percent",
    aggregate="share",
    is_better="lower",
    band=None,
    section="quality",
    formula="100 * alerts raised within 30 days after an alert of the same cause and thing had ended / alerts raised",
    population=f"{_DELIVERED} and that were raised in the month.",
    membership="The instant at which the alert was raised.",
    exclusions="Alerts that were opened again, or followed one of the same cause at once: that is the same trouble. "
    f"{_KEPT_BACK}",
    no_data="No alert was raised.",
    source="Repeat incidents within 30 days, as callbacks in facility management.",
    feeds=(EPISODES,),
    watermarks=(EPISODES,),
    rows=repeated_rows,
)
ALERT_KPIS = (AUTO_RESOLUTION, MTTA, MTTR, REPEAT_INCIDENTS)
