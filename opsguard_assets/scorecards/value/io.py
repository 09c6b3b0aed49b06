"""What acting was worth in the twelve months to a month, read from the lake and the database.

Here: reading and composing. Not here: measuring (`holdout`), rows (`worth`).

Outcomes are the rows of the key figure of deadlines, so that the value and the figure count the same tickets in the
same months, and a ticket counts only after its deadline.
"""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

import dataframely as dy
import polars as pl

from opsguard_assets.alerts.alert_type import AlertType
from opsguard_assets.alerts.suppression import holdout_place
from opsguard_assets.config.settings import Settings
from opsguard_assets.domains import PROBLEMS
from opsguard_assets.remediation.outcomes.io import outcomes_at
from opsguard_assets.remediation.outcomes.verdicts import AUTO_RESOLVED
from opsguard_assets.scorecards.kpis.schemas import KpiRows
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
    recorded,
    value_delivered,
)
from opsguard_assets.tables.months import month_after
from opsguard_assets.tables.registry import CALENDARS, CLIENTS, SITES, SLA_POLICIES, TICKETS
from opsguard_assets.tables.values import INSTANT
from opsguard_assets.tickets.risk.alert_types import BREACH_RISK
from opsguard_assets.tickets.risk.schemas import SLA_RISK
from opsguard_assets.tickets.sla.promises import promises
from resources.database import Database
from resources.lake import Lake
from resources.sql import statement

MONTHS = 12
DEADLINES, ORDERS = "sla_performance", "vendor_jobs_in_time"
# An alert was raised some time before the deadline that puts its ticket into the window.
_BEFORE = timedelta(days=62)


def window_start(month: date) -> date:
    """The first day of the window whose last month this is."""
    return month_after(month, 1 - MONTHS)


def value_at(
    database: Database,
    lake: Lake,
    settings: Settings,
    declared: Mapping[str, AlertType],
    rows: dy.DataFrame[KpiRows],
    month: date,
    as_of: datetime,
) -> dy.DataFrame[ValueDelivered]:
    """What acting was worth in the twelve months to a month, by client and of all together.

    Args:
        database: Decisions on findings, playbooks.
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
    alerted = _alerted(database, counted_rows, starts, as_of)
    numbered = with_share(alerted)
    together = effects(numbered.with_columns(client_id=pl.lit("")))
    measured = pl.concat([effects(numbered), together.with_columns(client_id=pl.lit(None, pl.String))])
    estimated, since = _estimated(database, lake, settings, counted_rows, alerted, as_of)
    counted = _counted(database, lake, settings, declared, counted_rows, starts, as_of)
    units = _units(lake, settings, clients, counted_rows, alerted, month, as_of)
    figures = Figures(measured.select(EFFECT.names()), estimated, counted)
    found = value_delivered(figures, units, month=month, window_starts=starts, estimated_since=since)
    return recorded(found, pl.lit(as_of, INSTANT))


def _estimated(
    database: Database, lake: Lake, settings: Settings, rows: pl.DataFrame, alerted: pl.DataFrame, as_of: datetime
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
    asked = {"alert_type": BREACH_RISK, "since": datetime.combine(since, datetime.min.time(), UTC) - _BEFORE}
    untold = _read(database, "untold", {**asked, "until": as_of}, ("entity_id",))
    chosen = pl.concat(
        [
            alerted.select("entity_id", is_told=pl.lit(value=True)),
            pl.DataFrame(untold, {"entity_id": pl.String}, orient="row").with_columns(is_told=pl.lit(value=False)),
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


def _alerted(database: Database, rows: pl.DataFrame, starts: date, as_of: datetime) -> pl.DataFrame:
    """Tickets that reached the threshold and whose deadline lies in the window: rows of `ALERTED`."""
    since = datetime.combine(starts, datetime.min.time(), UTC) - _BEFORE
    asked = {"alert_type": BREACH_RISK, "since": since, "until": as_of}
    decided = _read(database, "decided", asked, ("entity_id", "decided_at", "is_held_back"))
    schema = pl.Schema({"entity_id": pl.String(), "decided_at": INSTANT, "is_held_back": pl.Boolean()})
    outcomes = rows.filter(pl.col("kpi") == DEADLINES).select(
        "client_id", "entity_id", is_event=pl.col("numerator") == 0
    )
    found = pl.DataFrame(decided, schema=schema, orient="row").join(outcomes, on="entity_id", how="inner")
    placed = found.with_columns(place=holdout_place(found["entity_id"]))
    return placed.select(pl.col(name).cast(kind) for name, kind in ALERTED.items())


def _counted(
    database: Database,
    lake: Lake,
    settings: Settings,
    declared: Mapping[str, AlertType],
    rows: pl.DataFrame,
    starts: date,
    as_of: datetime,
) -> pl.DataFrame:
    """What is counted one by one: rows of `COUNTS`."""
    since = datetime.combine(starts, datetime.min.time(), UTC)
    filled = _read(database, "filled", {"since": since, "until": as_of}, ("client_id", "filled"))
    days = (as_of - since) / timedelta(days=1)
    # `outcomes_at` looks back for a setting's number of days; here it is to be the window.
    looking = settings.model_copy(
        update={"remediation": settings.remediation.model_copy(update={"outcome_days": days})}
    )
    executions = outcomes_at(database, lake, looking, declared, [], as_of).executions
    late = rows.filter(pl.col("kpi") == ORDERS, pl.col("numerator") == 0)
    counts = (
        pl.DataFrame(filled, schema={"client_id": pl.String, "count": pl.Int64}, orient="row").with_columns(
            item=pl.lit(NO_SHOWS)
        ),
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


def _read(database: Database, name: str, values: Mapping[str, Any], columns: tuple[str, ...]) -> list[tuple[Any, ...]]:
    with database.begin() as connection:
        found = connection.execute(statement(__name__, name), dict(values)).mappings()
        return [tuple(row[column] for column in columns) for row in found]
