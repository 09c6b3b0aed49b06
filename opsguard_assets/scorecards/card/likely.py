"""What is likely to go wrong next: stored risks of the newest tick of each kind, most urgent first, by client.

Here: choosing and ordering. Not here: reading (`io`), words (`forms`). Nothing is scored here.

What is beyond its alert's threshold comes first, then what happens sooner, then what is more likely. So a ticket
that is due in an hour stands above a device that may fail within a day.
"""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Final

import polars as pl

from opsguard_assets.config.settings import Settings
from opsguard_assets.tables.values import INSTANT

TICKETS, DEVICES, SHIFTS, ORDERS = (
    "tickets/sla_risk",
    "devices/device_risk",
    "shifts/shift_risk",
    "vendors/work_order_risk",
)
FEEDS: Final = (TICKETS, DEVICES, SHIFTS, ORDERS, "tickets", "devices", "people", "sites", "work_orders")
RISK: Final = pl.Schema(
    {
        "client_id": pl.String(),
        "kind": pl.String(),
        "entity_id": pl.String(),
        "name": pl.String(),
        "site": pl.String(),
        "probability": pl.Float64(),
        "by": INSTANT,
        "action": pl.String(),
    }
)
TOP: Final = 8
# What is less likely than this is nothing to print on a page of answers, whatever comes sooner.
_LEAST: Final = 0.2
_WITHIN: Final = {
    "1h": timedelta(hours=1),
    "24h": timedelta(days=1),
    "7d": timedelta(days=7),
    "30d": timedelta(days=30),
}


def likely(feeds: Mapping[str, pl.LazyFrame], settings: Settings, as_of: datetime, top: int = TOP) -> pl.DataFrame:
    """The rows of `card.Risk` of every client.

    Args:
        feeds: Stored risks and the names of what they are about (FEEDS), as known at the moment. Risks may hold several
            ticks; the newest by the moment counts. A feed that is left out holds nothing.
        settings: Thresholds of alerts.
        as_of: The moment: what was due before it is not to come.
        top: How many of a client.

    Returns:
        Rows of RISK, most urgent first within each client.
    """
    parts = [
        rows_of(newest, feeds, settings).with_columns(pl.lit(kind).alias("kind"))
        for kind, (feed, rows_of) in _KINDS.items()
        if (newest := _newest(feeds, feed, as_of)) is not None
    ]
    if not parts:
        return pl.DataFrame(schema=RISK)
    every = pl.concat([part.select(*_RAW) for part in parts]).filter(
        pl.col("probability") >= _LEAST, (pl.col("by") > pl.lit(as_of, INSTANT)).fill_null(value=False)
    )
    sites = _named(feeds, "sites", "site_id", "name").rename({"name": "site"})
    ranked = (
        every.drop_nulls("client_id").join(sites, on="site_id", how="left")
        .with_columns(is_alerted=pl.col("probability") >= pl.col("alert_from"))
        .sort(
            "client_id", "is_alerted", "by", "probability", "kind", "entity_id",
            descending=[False, True, False, True, False, False],
        )
    )  # fmt: skip
    return (
        ranked.group_by("client_id", maintain_order=True)
        .head(top)
        .select(pl.col(name).cast(dtype) for name, dtype in RISK.items())
        .collect()
    )


def _newest(feeds: Mapping[str, pl.LazyFrame], name: str, as_of: datetime) -> pl.LazyFrame | None:
    """The rows of the newest tick; of a client without rows in it nothing is likely, whatever older ticks said."""
    if name not in feeds:
        return None
    rows = feeds[name].filter(pl.col("as_of") <= pl.lit(as_of, INSTANT))
    return rows.filter(pl.col("as_of") == pl.col("as_of").max())


def _named(feeds: Mapping[str, pl.LazyFrame], feed: str, key: str, name: str) -> pl.LazyFrame:
    if feed not in feeds:
        return pl.LazyFrame(schema={key: pl.String, "name": pl.String})
    return feeds[feed].select(key, name=pl.col(name).cast(pl.String)).unique(key)


def _tickets(rows: pl.LazyFrame, feeds: Mapping[str, pl.LazyFrame], settings: Settings) -> pl.LazyFrame:
    named = rows.join(_named(feeds, "tickets", "ticket_id", "title"), on="ticket_id", how="left")
    return named.with_columns(
        entity_id="ticket_id",
        name=pl.coalesce("name", "ticket_id"),
        probability="risk",
        by="resolution_due_at",
        action=pl.lit("move_ticket"),
        alert_from=pl.lit(settings.sla.alert_from),
    )


def _devices(rows: pl.LazyFrame, feeds: Mapping[str, pl.LazyFrame], settings: Settings) -> pl.LazyFrame:
    chosen = settings.device_failure
    named = rows.join(_named(feeds, "devices", "device_id", "kind"), on="device_id", how="left")
    return named.with_columns(
        entity_id="device_id",
        name=pl.when(pl.col("name").is_null()).then("device_id").otherwise(pl.format("{} {}", "name", "device_id")),
        probability=f"risk_{chosen.judged_within}",
        by=pl.col("as_of") + _WITHIN[chosen.judged_within],
        action=pl.lit("visit_device"),
        alert_from=pl.lit(chosen.alert_from),
    )


def _shifts(rows: pl.LazyFrame, feeds: Mapping[str, pl.LazyFrame], settings: Settings) -> pl.LazyFrame:
    named = rows.join(_named(feeds, "people", "person_id", "name"), on="person_id", how="left")
    return named.with_columns(
        entity_id=pl.format("{}/{}", "shift_id", "person_id"),
        name=pl.coalesce("name", "person_id"),
        probability="risk",
        by="starts_at",
        action=pl.lit("confirm_shift"),
        alert_from=pl.lit(settings.shifts.no_show_alert_from),
    )


def _orders(rows: pl.LazyFrame, feeds: Mapping[str, pl.LazyFrame], settings: Settings) -> pl.LazyFrame:
    named = rows.join(_named(feeds, "work_orders", "work_order_id", "category"), on="work_order_id", how="left")
    return named.with_columns(
        entity_id="work_order_id",
        name=pl.when(pl.col("name").is_null()).then("work_order_id")
        .otherwise(pl.format("{} {}", "name", "work_order_id")),
        probability="risk",
        by="due_at",
        action=pl.lit("chase_vendor"),
        alert_from=pl.lit(settings.vendors.late_alert_from),
    )  # fmt: skip


_KINDS: Final[Mapping[str, tuple[str, Callable[..., pl.LazyFrame]]]] = {
    "ticket": (TICKETS, _tickets),
    "device": (DEVICES, _devices),
    "shift": (SHIFTS, _shifts),
    "work_order": (ORDERS, _orders),
}
_RAW: Final = ("client_id", "site_id", "kind", "entity_id", "name", "probability", "by", "action", "alert_from")
