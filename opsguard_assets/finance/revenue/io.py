"""What revenue is made of, read from the stores as known at a moment. Not here: any figure (pure modules beside)."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

import polars as pl
from sqlalchemy import Connection

from opsguard_assets.config.plans import Plans
from opsguard_assets.config.settings import Settings
from opsguard_assets.finance.revenue.schemas import KnownClients, KnownDevices, KnownSites
from opsguard_assets.finance.revenue.states import CLIENT, DEVICE, SITE, Known
from opsguard_assets.finance.revenue.upgrades import SHADOW
from opsguard_assets.finance.revenue.use import ALERTS, COUNTED
from opsguard_assets.tables.registry import CLIENTS, TABLES
from opsguard_assets.tables.table import Table, empty_of, rows_of
from opsguard_assets.tables.values import INSTANT
from opsguard_assets.tables.versions import IS_WITHDRAWN, SUPERSEDED_AT
from resources.database import Database
from resources.lake import Lake
from resources.sql import statement

# As `alerts.finding.NOT_IN_PLAN` records it.
_OUTSIDE: Final = "not in the plan"
# Which things the keys of findings name: the beginning of a key, the table that knows them, and its column.
_NAMED: Final = {
    "sla_breach_risk": "tickets", "sla_breached": "tickets", "site_silent": "sites", "coverage_gap": "sites",
    "shift": "rosters", "geofence_violation": "rosters", "no_show_risk": "rosters",
    "work_order_overdue": "work_orders", "work_order_at_risk": "work_orders",
}  # fmt: skip
_KEYS: Final = {
    "tickets": "ticket_id", "sites": "site_id", "rosters": "roster_id", "work_orders": "work_order_id",
    "devices": "device_id",
}  # fmt: skip
# Alerts of a part in a shift share one key; the first of them stands for all.
_OF_SHIFTS: Final = "late_arrival"


def known_at(lake: Lake, plans: Plans, as_of: datetime) -> Known:
    """What was ever known, up to a moment, of clients, their sites, and devices that are paid for."""
    sites = _stretches(lake, TABLES["sites"], as_of)
    by_device = {name for name, each in plans.add_ons.items() if each.per == "device"}
    paying = [c for c, terms in plans.clients.items() if by_device & {each.feature for each in terms.add}]
    theirs = sites.filter(pl.col("client_id").is_in(paying)).select("site_id").unique().collect()
    devices = empty_of(KnownDevices)
    if len(theirs):
        rows = _stretches(lake, TABLES["devices"], as_of).filter(pl.col("site_id").is_in(theirs["site_id"].implode()))
        devices = rows_of(KnownDevices, rows.select(DEVICE.names()).collect())
    clients = _stretches(lake, CLIENTS, as_of).with_columns(pl.col("plan").cast(pl.String)).select(CLIENT.names())
    return Known(
        rows_of(KnownClients, clients.collect()), rows_of(KnownSites, sites.select(SITE.names()).collect()), devices
    )


def _stretches(lake: Lake, table: Table, as_of: datetime) -> pl.LazyFrame:
    """Versions with `since` and `until`; those that were outdated on arrival, or are no longer believed, were none."""
    moment = pl.lit(as_of, INSTANT)
    return (
        lake.versions(table)
        .filter(~pl.col(IS_WITHDRAWN).fill_null(value=False), pl.col("known_at") <= moment)
        .with_columns(since=pl.col("known_at"), until=pl.col(SUPERSEDED_AT))
        .filter(pl.col("until").is_null() | (pl.col("until") > pl.col("since")))
    )


def counted(
    database: Database, settings: Settings, since: datetime, as_of: datetime
) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """Alerts told (`ALERTS`), playbooks run and scorecards sent (`COUNTED`)."""
    values = {"zone": settings.operations.timezone, "since": since, "as_of": as_of}
    with database.begin() as connection:
        alerts = _read(connection, "alerts_told", values, ALERTS)
        runs = _read(connection, "playbooks_run", values, COUNTED)
        cards = _read(connection, "scorecards_sent", values, COUNTED)
    return alerts, runs, cards


def shadow_at(database: Database, lake: Lake, settings: Settings, as_of: datetime) -> tuple[pl.DataFrame, int]:
    """Alerts that no plan of their client held (`SHADOW`), and how many have no known client."""
    values = {"decision": _OUTSIDE, "since": as_of - timedelta(days=settings.billing.shadow_days), "as_of": as_of}
    with database.begin() as connection:
        found = connection.execute(statement(__name__, "outside_plans"), values).scalars().all()
    keys = pl.DataFrame({"dedup_key": list(found)}, schema={"dedup_key": pl.String}).with_columns(
        # `(?s)`: identifiers are received texts, and may hold line breaks.
        kind=pl.col("dedup_key").str.extract(r"^([^:]*):"),
        _named=pl.col("dedup_key").str.extract(r"(?s)^[^:]*:(.*)$"),
    )
    entity = (
        pl.when(pl.col("table") == "rosters").then(pl.col("_named").str.extract(r"(?s)^(.*)@"))
        .when(pl.col("kind") == "coverage_gap").then(pl.col("_named").str.extract(r"(?s)^([^/]*)/"))
        .otherwise("_named")
    )  # fmt: skip
    placed = keys.with_columns(
        table=pl.col("kind").replace_strict(_NAMED, default="devices", return_dtype=pl.String)
    ).with_columns(entity=entity)
    owners = _owners(lake, placed, as_of)
    rows = placed.join(owners, on=["table", "entity"], how="left", maintain_order="left").with_columns(
        alert_type=pl.col("kind").replace({"shift": _OF_SHIFTS})
    )
    known = rows.filter(pl.col("client_id").is_not_null())
    counts = known.group_by("client_id", "alert_type").agg(alerts=pl.len().cast(pl.Int64))
    return counts.select(SHADOW.names()).sort("client_id", "alert_type"), len(rows) - len(known)


def _owners(lake: Lake, placed: pl.DataFrame, as_of: datetime) -> pl.DataFrame:
    """(`table`, `entity`, `client_id`) of what keys name."""
    sites = lake.known(TABLES["sites"], as_of).select("site_id", _of="client_id").unique("site_id").collect()
    found = []
    for table, key in _KEYS.items():
        wanted = placed.filter(pl.col("table") == table)["entity"].drop_nulls().unique()
        if wanted.is_empty():
            continue
        rows = lake.known(TABLES[table], as_of).filter(pl.col(key).is_in(wanted.implode())).collect()
        own = pl.col("client_id") if "client_id" in rows.columns else pl.lit(None, pl.String)
        at = pl.DataFrame(rows).unique(key, keep="last").join(sites, on="site_id", how="left")
        found.append(at.select(pl.lit(table).alias("table"), entity=pl.col(key), client_id=pl.coalesce(own, "_of")))
    schema = {"table": pl.String, "entity": pl.String, "client_id": pl.String}
    return pl.concat(found) if found else pl.DataFrame(schema=schema)


def costs_of(settings: Settings, declared: Any) -> dict[str, Decimal]:
    """What one trouble of each type costs, by `money`.

    Args:
        settings: `money`.
        declared: Types of alerts by name, with `cost` and `cost_share`.
    """
    cent = Decimal("0.01")
    return {
        name: (Decimal(str(getattr(settings.money, each.cost))) * Decimal(str(each.cost_share))).quantize(cent)
        for name, each in declared.items()
    }


def first_month(known: Known, zone: str) -> date | None:
    """The month in which the first client was known; None before."""
    first = known.clients.select(pl.col("since").min().dt.convert_time_zone(zone).dt.date()).item()
    return None if first is None else date(first.year, first.month, 1)


def _read(connection: Connection, name: str, values: dict[str, Any], schema: pl.Schema) -> pl.DataFrame:
    rows = connection.execute(statement(__name__, name), values).all()
    return pl.DataFrame([tuple(row) for row in rows], schema=schema, orient="row")
