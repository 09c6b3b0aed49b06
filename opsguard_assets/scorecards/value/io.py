"""What acting was worth in the twelve months to a month, read from the lake and the database.

Here: reading and composing. Not here: measuring (`holdout`), rows (`worth`).

Outcomes are the rows of the key figure of deadlines, so that the value and the figure count the same tickets in the
same months, and a ticket counts only after its deadline.
"""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Final

import dataframely as dy
import polars as pl

from opsguard_assets.alerts.alert_type import AlertType
from opsguard_assets.alerts.finding import BELOW, HELD_BACK, NOT_IN_PLAN
from opsguard_assets.alerts.suppression import holdout_place
from opsguard_assets.config.settings import Settings
from opsguard_assets.domains import PROBLEMS
from opsguard_assets.remediation.outcomes.io import outcomes_of
from opsguard_assets.remediation.outcomes.verdicts import AUTO_RESOLVED
from opsguard_assets.scorecards.kpis.past_io import Past
from opsguard_assets.scorecards.kpis.schemas import ClientMonths, KpiRows
from opsguard_assets.scorecards.value.estimate import ANNOUNCED, ESTIMATE, estimates
from opsguard_assets.scorecards.value.holdout import ALERTED, EFFECT, effects, with_share
from opsguard_assets.scorecards.value.schemas import ValueDelivered
from opsguard_assets.scorecards.value.worth import (
    ALERTS_RESOLVED,
    COUNTS,
    LATE_ORDERS,
    NO_SHOWS,
    UNITS,
    Figures,
    WindowOfClient,
    recorded,
    value_delivered,
)
from opsguard_assets.tables.months import month_after
from opsguard_assets.tables.registry import CALENDARS, CLIENTS, SITES, SLA_POLICIES, TICKETS
from opsguard_assets.tables.values import INSTANT
from opsguard_assets.tickets.risk.alert_types import BREACH_RISK
from opsguard_assets.tickets.risk.schemas import SLA_RISK
from opsguard_assets.tickets.sla.promises import promises
from resources.lake import Lake

MONTHS = 12
DEADLINES, ORDERS = "sla_performance", "vendor_jobs_in_time"
# An alert was raised some time before the deadline that puts its ticket into the window.
_BEFORE = timedelta(days=62)
# What says that a finding reached the threshold, as the lifecycle of alerts records it.
_DECIDED: Final = (HELD_BACK, "raised", "refreshed", "reopened")


def window_start(month: date) -> date:
    """The first day of the window whose last month this is."""
    return month_after(month, 1 - MONTHS)


def value_at(
    past: Past,
    lake: Lake,
    settings: Settings,
    declared: Mapping[str, AlertType],
    rows: dy.DataFrame[KpiRows],
    month: date,
    as_of: datetime,
) -> dy.DataFrame[ValueDelivered]:
    """What acting was worth in the twelve months to a month, by client and of all together.

    Args:
        past: Decisions on findings, playbooks.
        lake: Tickets, policies, clients.
        settings: What one is worth.
        declared: The types of alerts that domains declare.
        rows: Those behind the key figures; they hold the twelve months.
        month: The first day of the last month.
        as_of: The moment; what was known later does not count.
    """
    starts = window_start(month)
    counted_rows = rows.filter(
        pl.col("month").is_between(starts, month),
        pl.col("kpi").is_in([DEADLINES, ORDERS]),
        pl.col("excluded").is_null(),
    )
    clients = lake.known(CLIENTS, as_of).select("client_id").unique().collect()["client_id"].sort()
    alerted = _alerted(past, counted_rows, starts, as_of)
    numbered = with_share(alerted)
    together = effects(numbered.with_columns(client_id=pl.lit("")))
    measured = pl.concat([effects(numbered), together.with_columns(client_id=pl.lit(None, pl.String))])
    estimated, since = _estimated(past, lake, settings, counted_rows, alerted, as_of)
    begins = datetime.combine(starts, datetime.min.time(), UTC)
    counted = _counted(past, lake, settings, declared, counted_rows, begins, as_of, as_of)
    units = _units(lake, settings, clients, counted_rows, alerted, month, as_of)
    figures = Figures(measured.select(EFFECT.names()), estimated, counted)
    first = alerted["decided_at"].min()
    found = value_delivered(
        figures,
        units,
        month=month,
        window_starts=starts,
        alerted_since=max(first.date(), starts) if isinstance(first, datetime) else None,
        estimated_since=since,
    )
    return recorded(found, pl.lit(as_of, INSTANT))


def value_between(
    past: Past,
    lake: Lake,
    settings: Settings,
    declared: Mapping[str, AlertType],
    rows: dy.DataFrame[KpiRows],
    window: dy.DataFrame[ClientMonths],
    as_of: datetime,
) -> WindowOfClient:
    """What acting was worth to one client in a window; nothing of another client is in it.

    Args:
        past: Decisions on findings, playbooks.
        lake: Tickets, policies, clients.
        settings: What one is worth.
        declared: The types of alerts that domains declare.
        rows: Those behind the key figures.
        window: The client and its days: one row.
        as_of: The moment; what was known later does not count.
    """
    client_id, first, since, until = window.select("client_id", "month", "starts_at", "ends_at").row(0)
    own = rows.filter(
        pl.col("client_id") == client_id,
        pl.col("month") == first,
        pl.col("kpi").is_in([DEADLINES, ORDERS]),
        pl.col("excluded").is_null(),
    )
    alerted = _alerted(past, own, first, as_of)
    measured = effects(with_share(alerted))
    counted = _counted(past, lake, settings, declared, own, since, until, as_of)
    units = _units(lake, settings, pl.Series([client_id]), own, alerted, first, as_of)
    figures = Figures(
        measured.select(EFFECT.names()), ESTIMATE.to_frame(), counted.filter(pl.col("client_id") == client_id)
    )
    found = value_delivered(figures, units.drop_nulls("client_id"), month=first, window_starts=first)
    due = own.filter(pl.col("kpi") == DEADLINES, pl.col("numerator") == 0).select("entity_id", "at")
    warned = due.join(alerted, on="entity_id").filter(pl.col("decided_at") < pl.col("at"))
    hours = warned.select((pl.col("at") - pl.col("decided_at")).dt.total_seconds() / 3600).to_series()
    row = next(measured.iter_rows(named=True), None)
    share = row["expected_share"] if row else None
    median = hours.median()
    return WindowOfClient(
        value=recorded(found, pl.lit(as_of, INSTANT)),
        acted_on=row["acted_on"] if row else 0,
        held_back=row["held_back"] if row else 0,
        expected=None if row is None or share is None else share * row["acted_on"],
        late=len(due),
        warned=len(warned),
        lead_hours=float(median) if isinstance(median, int | float) else None,
    )


def _estimated(
    past: Past, lake: Lake, settings: Settings, rows: pl.DataFrame, alerted: pl.DataFrame, as_of: datetime
) -> tuple[pl.DataFrame, date | None]:
    """What acting prevented by the model's odds (`ESTIMATE`), and the first month whose scores are all kept.

    Where anything was held back, that measures it or will, and there is no estimate. Scores are deleted before
    decisions are, so the estimate has a window of its own. Those of the rule are no odds and do not count.
    """
    nothing = ESTIMATE.to_frame(), None
    if alerted["is_held_back"].any() or not lake.exists(SLA_RISK.derived_name):
        return nothing
    stored = lake.scan(SLA_RISK.derived_name).filter(pl.col("as_of") <= pl.lit(as_of, INSTANT))
    since = _first_whole_month(stored.select(pl.col("date").min()).collect().item(), rows["month"])
    if since is None:
        return nothing
    begins = datetime.combine(since, datetime.min.time(), UTC) - _BEFORE
    chosen = pl.concat(
        [
            alerted.select("entity_id", is_told=pl.lit(value=True)),
            _untold(past, begins, as_of).with_columns(is_told=pl.lit(value=False)),
        ]
    )
    first = (
        stored.filter(pl.col("risk") >= settings.sla.alert_from)
        .select("as_of", "risk", "model_name", entity_id="ticket_id")
        .sort("as_of")
        .unique("entity_id", keep="first", maintain_order=True)
        .filter(pl.col("model_name") != PROBLEMS["sla_breach"].declare(settings).rule.name)
    )
    outcomes = rows.filter(pl.col("kpi") == DEADLINES, pl.col("month") >= since)
    announced = (
        outcomes.lazy()
        .select("client_id", "entity_id", is_event=pl.col("numerator") == 0)
        .join(chosen.lazy(), on="entity_id")
        .join(first, on="entity_id")
        .select(pl.col(name).cast(kind) for name, kind in ANNOUNCED.items())
        .collect()
    )
    return estimates(announced), since


def _first_whole_month(first_day: date | None, months: pl.Series) -> date | None:
    """The first of some months that begins on a day or after it."""
    later = months.filter(months >= first_day) if first_day is not None else months.clear()
    found = later.min()
    return found if isinstance(found, date) else None


def _breach_decisions(past: Past, since: datetime, as_of: datetime) -> pl.DataFrame:
    """Decisions on risks of tickets within a period, with the ticket as `entity_id`."""
    begin = f"{BREACH_RISK}:"
    return past.decisions.filter(
        pl.col("last_as_of") >= pl.lit(since, INSTANT),
        pl.col("first_as_of") <= pl.lit(as_of, INSTANT),
        pl.col("dedup_key").str.starts_with(begin),
    ).with_columns(entity_id=pl.col("dedup_key").str.slice(len(begin)))


def _untold(past: Past, since: datetime, as_of: datetime) -> pl.DataFrame:
    """(`entity_id`): tickets of which the plan kept every finding of a period back: nobody was ever told of them."""
    by_ticket = _breach_decisions(past, since, as_of).group_by("entity_id").agg(
        is_kept=(pl.col("decision") == NOT_IN_PLAN).any(),
        is_untold=pl.col("decision").is_in([NOT_IN_PLAN, BELOW]).all(),
    )  # fmt: skip
    return by_ticket.filter("is_kept", "is_untold").select("entity_id").sort("entity_id")


def _alerted(past: Past, rows: pl.DataFrame, starts: date, as_of: datetime) -> pl.DataFrame:
    """Tickets that reached the threshold and whose deadline lies in the window: rows of `ALERTED`.

    Each with the first decision about it; one that went on from before the window counts with its first moment.
    """
    since = datetime.combine(starts, datetime.min.time(), UTC) - _BEFORE
    decided = (
        _breach_decisions(past, since, as_of)
        .filter(pl.col("decision").is_in(_DECIDED))
        .sort("dedup_key", "first_as_of")
        .unique("dedup_key", keep="first", maintain_order=True)
        .select("entity_id", decided_at="first_as_of", is_held_back=pl.col("decision") == HELD_BACK)
    )
    outcomes = rows.filter(pl.col("kpi") == DEADLINES).select(
        "client_id", "entity_id", is_event=pl.col("numerator") == 0
    )
    found = decided.join(outcomes, on="entity_id", how="inner")
    placed = found.with_columns(place=holdout_place(found["entity_id"]))
    return placed.select(pl.col(name).cast(kind) for name, kind in ALERTED.items())


def _counted(
    past: Past,
    lake: Lake,
    settings: Settings,
    declared: Mapping[str, AlertType],
    rows: pl.DataFrame,
    since: datetime,
    until: datetime,
    as_of: datetime,
) -> pl.DataFrame:
    """What is counted one by one between two instants, as judged at a moment: rows of `COUNTS`."""
    within, end = pl.lit(since, INSTANT), pl.lit(until, INSTANT)
    filled = past.filled.filter(pl.col("answered_at").is_between(within, end, closed="left"))
    known = (
        past.episodes.filter(pl.col("raised_at") >= within),
        past.executions.filter(pl.col("triggered_at") >= within),
    )
    found = outcomes_of(*known, lake, settings, declared, [], as_of).executions
    executions = found.filter(pl.col("triggered_at") <= end)
    late = rows.filter(pl.col("kpi") == ORDERS, pl.col("numerator") == 0)
    counts = (
        _by_client(filled, NO_SHOWS),
        _by_client(executions.filter(pl.col("verdict") == AUTO_RESOLVED), ALERTS_RESOLVED),
        _by_client(late, LATE_ORDERS),
    )
    return pl.concat(
        each.drop_nulls("client_id").select(pl.col(name).cast(kind) for name, kind in COUNTS.items()) for each in counts
    )


def _by_client(rows: pl.DataFrame, item: str) -> pl.DataFrame:
    return rows.group_by("client_id").agg(count=pl.len()).with_columns(item=pl.lit(item)).sort("client_id")


def _units(
    lake: Lake,
    settings: Settings,
    clients: pl.Series,
    rows: pl.DataFrame,
    alerted: pl.DataFrame,
    month: date,
    as_of: datetime,
) -> pl.DataFrame:
    """What one is worth by client, and of all together: rows of `UNITS`.

    All together have no penalty and the unit values of the settings: contracts differ, and so may currencies.
    """
    costs = pl.DataFrame(
        [{"client_id": client, **settings.money.units_of(client)} for client in [*clients, None]],
        schema={name: kind for name, kind in UNITS.items() if name not in {"months", "penalty"}},
    )
    ages = pl.concat(
        [rows.select("client_id", "month"), rows.select(pl.lit(None, pl.String).alias("client_id"), "month")]
    )
    span = (pl.lit(month).dt.year() - pl.col("month").min().dt.year()) * MONTHS
    months = ages.group_by("client_id").agg(
        months=(span + pl.lit(month).dt.month() - pl.col("month").min().dt.month() + 1).cast(pl.Int64)
    )
    penalties = _penalties(lake, alerted.filter(pl.col("is_held_back").not_()), as_of)
    return (
        costs.join(months, on="client_id", how="left", nulls_equal=True)
        .join(penalties, on="client_id", how="left", nulls_equal=True)
        .select(UNITS.names())
    )


def _penalties(lake: Lake, acted_on: pl.DataFrame, as_of: datetime) -> pl.DataFrame:
    """The mean penalty of a breach over the tickets acted on: (`client_id`, `penalty`); null where any names none."""
    wanted = acted_on.select(ticket_id="entity_id").lazy()
    tickets = lake.known(TICKETS, as_of).join(wanted, on="ticket_id", how="semi").collect()
    policies = lake.known(SLA_POLICIES, as_of).collect()
    calendars = lake.known(CALENDARS, as_of).collect()
    sites, clients = (lake.known(each, as_of).collect() for each in (SITES, CLIENTS))
    promised = promises(tickets, policies, calendars, sites, clients).select("ticket_id", "policy_id")
    return (
        tickets.select("ticket_id", "client_id")
        .join(promised, on="ticket_id")
        .join(policies.select("policy_id", "penalty_amount").unique("policy_id"), on="policy_id", how="left")
        .group_by("client_id")
        .agg(penalty=pl.when(pl.col("penalty_amount").is_null().any().not_()).then(pl.col("penalty_amount").mean()))
    )
