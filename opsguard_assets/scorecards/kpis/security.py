"""Security as key figures: how fast incidents are answered, and how many were critical.

Here: rows of `external_alerts` and `security_events`. Not here: alerts that OpsGuard raises itself (`alerts`).

Alarms of other systems and written incident records are often about the same trouble: in the simulated provider every
record is of an alarm. Joined they would count it twice, so each has a figure of its own.
"""

from decimal import Decimal
from typing import Final

import polars as pl

from opsguard_assets.config.settings import Settings
from opsguard_assets.scorecards.kpis.kpi import Band, Feeds, Kpi
from opsguard_assets.scorecards.kpis.months import in_month, with_client, with_through
from opsguard_assets.scorecards.kpis.schemas import KPI_ROWS

_ALERTS, _EVENTS = "external_alerts", "security_events"
_URGENT: Final = ("high", "critical")
_SOURCE = "Our rule: a median, because what nobody answers must not improve it."


def response_rows(feeds: Feeds, months: pl.LazyFrame, _settings: Settings) -> pl.LazyFrame:
    """Minutes from each critical or high alert of another system to its acknowledgement.

    Args:
        feeds: `external_alerts`, `sites` and the watermarks.
        months: Rows of `ClientMonths`.

    Returns:
        Rows of `KpiRows`; `measure` is the least that is known of an alert that nobody acknowledged yet.
    """
    urgent = feeds[_ALERTS].filter(pl.col("severity").is_in(_URGENT))
    why = pl.when(pl.col("resolution").is_in(["false_alarm", "duplicate"])).then("resolution")
    named = urgent.select("site_id", "at", entity_id="alert_id", answered_at="acknowledged_at", excluded=why)
    return _answered("incident_response", "alert", with_through(named, feeds, _ALERTS), feeds, months)


def record_response_rows(feeds: Feeds, months: pl.LazyFrame, _settings: Settings) -> pl.LazyFrame:
    """Minutes from each critical or high incident to when somebody first acted, by the records.

    Args:
        feeds: `security_events`, `sites` and the watermarks.
        months: Rows of `ClientMonths`.

    Returns:
        Rows of `KpiRows`. A record that is over and says nothing of a response is unknown, not unanswered.
    """
    urgent = feeds[_EVENTS].filter(pl.col("severity").is_in(_URGENT))
    is_unsaid = pl.col("responded_at").is_null() & pl.col("resolved_at").is_not_null()
    why = (
        pl.when(pl.col("is_false_alarm")).then(pl.lit("false_alarm"))
        .when(is_unsaid).then(pl.lit("unknown_response"))
    )  # fmt: skip
    named = urgent.select("site_id", "at", entity_id="event_id", answered_at="responded_at", excluded=why)
    return _answered("incident_record_response", "event", with_through(named, feeds, _EVENTS), feeds, months)


def _answered(name: str, entity: str, rows: pl.LazyFrame, feeds: Feeds, months: pl.LazyFrame) -> pl.LazyFrame:
    waited = (pl.coalesce("answered_at", "through_at") - pl.col("at")).dt.total_microseconds() / 60e6
    is_counted = pl.col("excluded").is_null()
    return in_month(with_client(rows, feeds), months, "at").select(
        pl.lit(name).alias("kpi"),
        "month", "client_id", "site_id",
        pl.lit(entity).alias("entity_type"),
        "entity_id", "at",
        # What is answered of what has to be: the numerator says how many of the minutes are more than a bound.
        (is_counted & pl.col("answered_at").is_not_null()).cast(pl.Float64).alias("numerator"),
        is_counted.cast(pl.Float64).alias("denominator"),
        pl.when(is_counted).then(waited.clip(lower_bound=0)).alias("measure"),
        "excluded",
    ).select(KPI_ROWS.columns)  # fmt: skip


def critical_rows(feeds: Feeds, months: pl.LazyFrame, _settings: Settings) -> pl.LazyFrame:
    """Critical incidents by the records; false alarms are left out, and what may be one counts.

    Args:
        feeds: `security_events` and `sites`.
        months: Rows of `ClientMonths`.

    Returns:
        Rows of `KpiRows`.
    """
    every = feeds[_EVENTS]
    critical = every.filter(pl.col("severity") == "critical")
    why = pl.when(pl.col("is_false_alarm").fill_null(value=False)).then(pl.lit("false_alarm"))
    named = critical.select("site_id", "at", entity_id="event_id", excluded=why)
    found = in_month(with_client(named, feeds), months, "at").select(
        "month", "client_id", "site_id", "entity_id", "at", "excluded", entity_type=pl.lit("event"),
        counts=pl.col("excluded").is_null().cast(pl.Float64),
    )  # fmt: skip
    # A month without an incident at a site that records them is a good one; at another site it says nothing.
    first = with_client(every.group_by("site_id").agg(pl.col("at").min()), feeds).drop_nulls("client_id")
    watched = first.join(months, on="client_id").filter(pl.col("at") < pl.col("ends_at"))
    sites = watched.select(
        "month", "client_id", "site_id", entity_id="site_id", at="starts_at", excluded=pl.lit(None, pl.String),
        entity_type=pl.lit("site"), counts=pl.lit(0.0),
    ).select(found.collect_schema().names())  # fmt: skip
    return pl.concat([found, sites]).select(
        pl.lit("critical_security_events").alias("kpi"),
        "month", "client_id", "site_id", "entity_type", "entity_id", "at",
        pl.col("counts").alias("numerator"),
        pl.col("counts").alias("denominator"),
        pl.lit(None, pl.Float64).alias("measure"),
        "excluded",
    ).select(KPI_ROWS.columns)  # fmt: skip


INCIDENT_RESPONSE = Kpi(
    name="incident_response",
    label="Incident response",
    unit="minutes",
    aggregate="median",
    is_better="lower",
    band=Band(good=Decimal(10), warning=Decimal(30)),
    section="risk",
    formula="The median of the minutes from a critical or high alert of a security or building system to its "
    "acknowledgement. One that nobody acknowledged counts as at least the time until data end.",
    population="Critical and high alerts of other systems at the client's sites.",
    membership="The instant at which the alert was raised.",
    exclusions="False alarms and duplicates, by what the other system said.",
    no_data="Fewer than five alerts.",
    source=_SOURCE,
    feeds=("sites", _ALERTS),
    watermarks=(_ALERTS,),
    least=5,
    rows=response_rows,
)
INCIDENT_RECORD_RESPONSE = Kpi(
    name="incident_record_response",
    label="Response by incident records",
    unit="minutes",
    aggregate="median",
    is_better="lower",
    band=Band(good=Decimal(10), warning=Decimal(30)),
    section="risk",
    formula="The median of the minutes from a critical or high incident to when somebody first acted on it, by the "
    "incident records. One that is open and unanswered counts as at least the time until data end.",
    population="Critical and high incident records of the client's sites.",
    membership="The instant at which the incident happened.",
    exclusions="False alarms; records that are closed and do not say when somebody acted: their response is unknown.",
    no_data="Fewer than five incidents, or more that do not say when somebody acted than that do.",
    source=_SOURCE + " Apart from alarms, because both often tell of the same trouble.",
    feeds=("sites", _EVENTS),
    watermarks=(_EVENTS,),
    least=5,
    rows=record_response_rows,
)
CRITICAL_SECURITY_EVENTS = Kpi(
    name="critical_security_events",
    label="Critical security events",
    unit="count",
    aggregate="count",
    is_better="lower",
    band=Band(good=Decimal(0), warning=Decimal(0)),
    section="risk",
    formula="How many critical incidents were recorded that did not turn out to be false alarms.",
    population="Critical incident records of the client's sites.",
    membership="The instant at which the incident happened.",
    exclusions="False alarms. An incident of which nobody said whether it was one counts.",
    no_data="No incident of any of the client's sites was recorded by the end of the month: then nobody records them.",
    source="Default bands of the scorecard: none is good.",
    feeds=("sites", _EVENTS),
    watermarks=(_EVENTS,),
    least=0,
    rows=critical_rows,
)
SECURITY_KPIS = (INCIDENT_RESPONSE, INCIDENT_RECORD_RESPONSE, CRITICAL_SECURITY_EVENTS)
