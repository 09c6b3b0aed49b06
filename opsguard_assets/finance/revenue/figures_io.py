"""All tables of revenue of a moment together, and what the lake held before. Not here: any figure, assets, pages."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import dataframely as dy
import polars as pl

from opsguard_assets.config.settings import Settings
from opsguard_assets.entitlements.entitled import Entitlements
from opsguard_assets.entitlements.io import entitlements_at
from opsguard_assets.entitlements.prices import AMOUNT, DISCOUNT, lines
from opsguard_assets.entitlements.schemas import PlanStates, PriceLines
from opsguard_assets.finance.revenue.announced import announced
from opsguard_assets.finance.revenue.io import costs_of, counted, first_month, known_at, shadow_at
from opsguard_assets.finance.revenue.movements import ZERO, balances, by_month, movements
from opsguard_assets.finance.revenue.schemas import (
    ADOPTION,
    ARR,
    CHURN_RISK,
    MRR,
    SUBSCRIPTIONS,
    UPGRADES,
    USAGE,
    Announced,
    ClientStates,
    Moments,
    MovedBalances,
    Mrr,
)  # fmt: skip
from opsguard_assets.finance.revenue.states import Known, month_ends, states
from opsguard_assets.finance.revenue.upgrades import upgrade_candidates
from opsguard_assets.finance.revenue.use import adoption, churn_risk, usage
from opsguard_assets.tables.months import month_after, month_of, months_to
from opsguard_assets.tables.table import S_co, Table, rows_of
from opsguard_assets.tables.values import INSTANT
from resources.database import Database
from resources.lake import Lake

TABLES = (SUBSCRIPTIONS, MRR, ARR, USAGE, ADOPTION, CHURN_RISK, UPGRADES)
# Use is counted over so many months.
_MONTHS_OF_USE = 6


@dataclass(frozen=True)
class Revenue:
    """What is known of revenue at a moment.

    Attributes:
        as_of: The moment.
        month: The month that is not over yet.
        known: What was ever known of clients and sites.
        held: What clients receive now.
        now: States of now.
        lines: What they pay now.
        coming: Announced ends.
        tables: Rows by table (`schemas`).
        without_client: Suppressed alerts of whom no client is known.
        unknown: Names in `plans.clients` that no source knows: their terms change nothing.
    """

    as_of: datetime
    month: date
    known: Known
    held: Entitlements
    now: dy.DataFrame[ClientStates]
    lines: dy.DataFrame[PriceLines]
    coming: dy.DataFrame[Announced]
    tables: Mapping[str, pl.DataFrame]
    without_client: int
    unknown: tuple[str, ...]

    def rows(self, table: Table[S_co]) -> dy.DataFrame[S_co]:
        """The rows of a table."""
        return table.rows(self.tables[table.name])

    @property
    def unplanned(self) -> tuple[str, ...]:
        """Clients that are served and of whom no plan is known: they pay nothing."""
        served = self.now.filter(pl.col("plan").is_null(), ~pl.col("is_ended"))
        return tuple(served["client_id"].sort())


def revenue_at(
    lake: Lake, database: Database, settings: Settings, declared: Mapping[str, Any], as_of: datetime
) -> Revenue:
    """Everything about revenue at a moment.

    Args:
        lake: Clients, sites, and what else keys of alerts name.
        database: Alerts, messages, executions.
        settings: Plans and billing.
        declared: Types of alerts by name.
        as_of: The moment (UTC).
    """
    zone, plans = settings.operations.timezone, settings.plans
    known, month = known_at(lake, plans, as_of), month_of(as_of, zone)
    today = as_of.astimezone(ZoneInfo(zone)).date()
    moved = mrr_of(known, settings, as_of)
    held = entitlements_at(lake, settings, as_of)
    moment = pl.DataFrame({"on": [today], "at": [as_of]}, schema={"on": pl.Date, "at": INSTANT})
    now = states(known, plans, rows_of(Moments, moment))
    paid, coming = lines(rows_of(PlanStates, now), plans), announced(plans, today)
    features = {name: each.feature for name, each in declared.items()}
    months = months_to(month_after(month, -_MONTHS_OF_USE), month)
    since = datetime(months[0].year, months[0].month, 1, tzinfo=ZoneInfo(zone))
    alerts, runs, sent = counted(database, settings, since, as_of)
    used = usage(alerts, runs, sent, held, features)
    shadow, without = shadow_at(database, lake, settings, as_of)
    tables = {
        SUBSCRIPTIONS.name: subscriptions(now, paid, coming, as_of),
        MRR.name: moved,
        ARR.name: arr_of(moved),
        USAGE.name: used,
        ADOPTION.name: adoption(used, held, settings.billing.adoption_targets, months),
        CHURN_RISK.name: churn_risk(moved, used, coming, months[-2], months[-5:-2]),
        UPGRADES.name: upgrade_candidates(shadow, now, held, features, costs_of(settings, declared)),
    }
    unknown = tuple(sorted(set(plans.clients) - set(known.clients["client_id"])))
    typed = {table.name: table.typed(tables[table.name].select(table.columns).lazy()).collect() for table in TABLES}
    return Revenue(as_of, month, known, held, now, paid, coming, typed, without, unknown)


def mrr_of(known: Known, settings: Settings, as_of: datetime) -> pl.DataFrame:
    """Balances and movements of all months up to that of a moment; that one is provisional."""
    zone, plans = settings.operations.timezone, settings.plans
    month, first = month_of(as_of, zone), first_month(known, zone)
    ends = month_ends(months_to(first or month, month), zone, as_of)
    at_ends = states(known, plans, rows_of(Moments, ends))
    found = balances(at_ends, lines(rows_of(PlanStates, at_ends), plans), ends)
    return movements(found).with_columns(is_provisional=pl.col("month") == month)


def arr_of(moved: pl.DataFrame) -> pl.DataFrame:
    """Rows of `schemas.Arr`."""
    return by_month(moved).join(moved.select("month", "is_provisional").unique(), on="month").sort("month")


def subscriptions(now: pl.DataFrame, paid: pl.DataFrame, coming: pl.DataFrame, as_of: datetime) -> pl.DataFrame:
    """Rows of `schemas.Subscriptions`.

    Args:
        now: States of now, with `bought`.
        paid: Rows of `prices.LINE` of now.
        coming: Announced ends.
        as_of: The moment.
    """
    sums = paid.group_by("client_id").agg(mrr=pl.col("amount").sum())
    beside = paid.filter(~pl.col("item").is_in(["bronze", "silver", "gold", DISCOUNT]))
    added = beside.group_by("client_id").agg(add_ons=pl.col("item").sort().str.join(", "))
    ends = coming.filter(pl.col("what") == "service").select("client_id", "ends_on")
    tried = coming.filter(pl.col("what") != "service").select("client_id", trial_ends_on="ends_on")
    rows = now.with_columns(as_of=pl.lit(as_of, INSTANT))
    for each in (sums, added, ends, tried):
        rows = rows.join(each, on="client_id", how="left", maintain_order="left")
    return rows.with_columns(pl.col("mrr").fill_null(ZERO).cast(AMOUNT))


def moved_since(before: dy.DataFrame[Mrr], now: dy.DataFrame[Mrr]) -> dy.DataFrame[MovedBalances]:
    """Months that were over when they were stored, and whose balance is another one by now.

    Args:
        before: Balances as stored.
        now: The same as computed.
    """
    closed = before.filter(~pl.col("is_provisional")).select("client_id", "month", was="mrr")
    rows = closed.join(now.select("client_id", "month", "mrr"), on=["client_id", "month"], how="full", coalesce=True)
    inside = pl.col("month").is_in(closed["month"].unique().implode())
    other = pl.col("was").fill_null(ZERO) != pl.col("mrr").fill_null(ZERO)
    return rows_of(MovedBalances, rows.filter(inside & other).sort("month", "client_id"))


def stored_mrr(lake: Lake) -> dy.DataFrame[Mrr]:
    """Balances as stored; none before the first run."""
    return MRR.rows(lake.scan(MRR.derived_name).collect()) if lake.exists(MRR.derived_name) else MRR.empty()


def keep(lake: Lake, found: Revenue) -> None:
    """Writes all tables of revenue."""
    for table in TABLES:
        lake.replace(table.derived_name, found.rows(table))
