"""What `wait_for` waits for: each condition asked once for all that wait for it, however many they are.

Here: the conditions. Not here: when they are asked and for how long is waited (`remediation.engine`).

A condition holds by what was recorded after the step began: an alert that cleared, a report that came. Where nothing
is known it does not hold.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final

import polars as pl

from opsguard_assets.remediation.actions.action import World
from opsguard_assets.tables.registry import DEVICES, TABLES, TELEMETRY, TICKETS, WORK_ORDERS
from opsguard_assets.tables.values import INSTANT
from resources.sql import statement

# A step that waits: `began_at` is when it began (UTC).
WAITING: Final = pl.Schema(
    {
        "execution_id": pl.Int64(),
        "alert_id": pl.Int64(),
        "entity_type": pl.String(),
        "entity_id": pl.String(),
        "site_id": pl.String(),
        "began_at": INSTANT,
    }
)
# What is read, what waits, and the time of the clock; the executions whose condition holds.
Condition = Callable[[World, pl.DataFrame, datetime], pl.Series]


def holding(world: World, condition: str, waiting: pl.DataFrame, now: datetime) -> set[int]:
    """The executions whose condition holds.

    Args:
        world: What is read.
        condition: Its name.
        waiting: Rows of `WAITING`: all that wait for it.
        now: The time of the clock (UTC).
    """
    if waiting.is_empty():
        return set()
    return set(CONDITIONS[condition](world, waiting, now).to_list())


def _alert_cleared(world: World, waiting: pl.DataFrame, now: datetime) -> pl.Series:  # noqa: ARG001 - the database holds what is now
    """A monitor saw it clear, or it ended at its source; not where somebody resolved it by their word."""
    return _by_alert(world, waiting, "cleared")


def _alert_acknowledged(world: World, waiting: pl.DataFrame, now: datetime) -> pl.Series:  # noqa: ARG001 - the database holds what is now
    return _by_alert(world, waiting, "acknowledged")


def _by_alert(world: World, waiting: pl.DataFrame, name: str) -> pl.Series:
    asked = {"alert_ids": waiting["alert_id"].unique().to_list()}
    with world.database.begin() as connection:
        found = connection.execute(statement(__name__, f"conditions/{name}"), asked).scalars().all()
    return waiting.filter(pl.col("alert_id").is_in(list(found)))["execution_id"]


def _device_reports(world: World, waiting: pl.DataFrame, now: datetime) -> pl.Series:
    """A report of the device was measured after the step began."""
    of_devices = waiting.filter(pl.col("entity_type") == "device").select(
        "execution_id", "began_at", device_id="entity_id"
    )
    return _reported(world, of_devices, now)


def _site_reports(world: World, waiting: pl.DataFrame, now: datetime) -> pl.Series:
    """A report of any device of the site was measured after the step began."""
    devices = world.lake.known(DEVICES, now).select("device_id", "site_id").collect()
    at_sites = waiting.select(
        "execution_id", "began_at", site_id=pl.coalesce(pl.when(_is("site")).then("entity_id"), "site_id")
    )
    return _reported(world, at_sites.join(devices, on="site_id"), now).unique()


def _reported(world: World, asked: pl.DataFrame, now: datetime) -> pl.Series:
    """The executions of rows (`execution_id`, `device_id`, `began_at`) whose device has a later report."""
    if asked.is_empty():
        return asked["execution_id"]
    since = asked.select(pl.col("began_at").min()).item()
    reports = (
        world.lake.known(TELEMETRY, now)
        .filter(pl.col("at") > pl.lit(since, INSTANT), pl.col("device_id").is_in(asked["device_id"].implode()))
        .group_by("device_id")
        .agg(pl.col("at").max())
        .collect()
    )
    return asked.join(reports, on="device_id").filter(pl.col("at") > pl.col("began_at"))["execution_id"]


def _ticket(is_so: pl.Expr) -> Condition:
    return lambda world, waiting, now: _by_entity(world, waiting, TICKETS.name, "ticket_id", is_so, now)


def _by_entity(world: World, waiting: pl.DataFrame, table: str, key: str, is_so: pl.Expr, now: datetime) -> pl.Series:
    """The executions whose ticket or order is so, as known now."""
    kind = key.removesuffix("_id")
    asked = waiting.filter(pl.col("entity_type") == kind)
    wanted = asked["entity_id"].unique()
    rows = world.lake.known(TABLES[table], now).filter(pl.col(key).is_in(wanted.implode()), is_so)
    found = rows.select(key).collect()
    return asked.join(found, left_on="entity_id", right_on=key, how="semi")["execution_id"]


def _shift_covered(world: World, waiting: pl.DataFrame, now: datetime) -> pl.Series:  # noqa: ARG001 - the database holds what is now
    """Somebody said yes to the shift."""
    asked = {"execution_ids": waiting["execution_id"].to_list()}
    with world.database.begin() as connection:
        found = connection.execute(statement(__name__, "conditions/covered"), asked).scalars().all()
    return waiting.filter(pl.col("execution_id").is_in(list(found)))["execution_id"]


def _is(kind: str) -> pl.Expr:
    return pl.col("entity_type") == kind


CONDITIONS: Final[Mapping[str, Condition]] = {
    "alert_cleared": _alert_cleared,
    "alert_acknowledged": _alert_acknowledged,
    "device_reports": _device_reports,
    "site_reports": _site_reports,
    "ticket_assigned": _ticket(pl.col("assignee_id").is_not_null()),
    "ticket_responded": _ticket(pl.col("first_response_at").is_not_null()),
    "ticket_resolved": _ticket(pl.col("resolved_at").is_not_null()),
    "shift_covered": _shift_covered,
    "order_scheduled": lambda world, waiting, now: _by_entity(
        world, waiting, WORK_ORDERS.name, "work_order_id", pl.col("accepted_at").is_not_null(), now
    ),
}
