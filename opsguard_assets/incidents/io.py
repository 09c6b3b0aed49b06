"""Incidents in the database: grouping in one transaction, and reading.

Here: statements and their order. Not here: what belongs together (`grouping`), what people do (`people`).

Grouping holds the lock of alerts. Should it be lost, two unique indexes remain: one unresolved incident per group, and
one incident per alert.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import polars as pl
from sqlalchemy import Connection

from opsguard_assets.alerts.lifecycle import lock_alerts
from opsguard_assets.entitlements.entitled import Entitlements, entitled_to_alerts
from opsguard_assets.incidents.grouping import ALERT, INCIDENT, GroupRules, group
from opsguard_assets.incidents.messages_io import supersede
from opsguard_assets.incidents.notices import CHAIN, RAISED
from resources.database import Database
from resources.sql import statement

ACTOR: Final = "incidents"
# The rest follows from an alert's type, its client and that client's plan (`described`).
_READ = tuple(name for name in ALERT.names() if name not in ("cause", "team", "plan", "is_in_plan", "is_life_safety"))


@dataclass(frozen=True)
class Context:
    """What grouping has to know beside alerts.

    Attributes:
        describe: From types of alerts to rows (`alert_type`, `cause`, `team`).
        entitlements: What clients receive.
        features: The feature that each declared type belongs to; None where it is everybody's.
        life_safety: Kinds that protect lives.
    """

    describe: Callable[[Sequence[str]], pl.DataFrame]
    entitlements: Entitlements
    features: Mapping[str, str | None]
    life_safety: tuple[str, ...]

    @property
    def plans(self) -> pl.DataFrame:
        """(`client_id`, `plan`): the plan in force, one row each."""
        return self.entitlements.in_force


@dataclass(frozen=True)
class Done:
    """What a run of grouping did.

    Attributes:
        opened: Incidents opened.
        joined: Alerts that went into an incident.
        changed: Incidents whose row changed.
        resolved: Incidents that ended.
    """

    opened: int = 0
    joined: int = 0
    changed: int = 0
    resolved: int = 0


def group_alerts(database: Database, context: Context, rules: GroupRules, *, at: datetime) -> Done:
    """Brings all incidents up to date with all alerts, in one transaction.

    Args:
        database: Where alerts and incidents are.
        context: What is known of types, clients and plans.
        rules: What is one incident.
        at: The time of the clock (UTC).
    """
    with database.begin() as connection:
        lock_alerts(connection)
        incidents = _read(connection, "grouping/incidents", INCIDENT)
        alerts = described(_read(connection, "grouping/alerts", pl.Schema({n: ALERT[n] for n in _READ})), context)
        done = group(alerts, incidents, rules)
        opened = _open(connection, done.opens, at)
        joins = done.joins.join(opened, on="group_key", how="left", maintain_order="left").with_columns(
            incident_id=pl.coalesce("incident_id", "opened_id")
        )
        left = joins.filter(pl.col("left").is_not_null())["alert_id"].to_list()
        if left:
            connection.execute(statement(__name__, "grouping/leave"), {"alert_ids": left, "at": at})
        if len(joins):
            rows = joins.select("incident_id", "alert_id", "why").write_json()
            connection.execute(statement(__name__, "grouping/join"), {"rows": rows, "at": at})
        ended = _change(connection, done.changes, at)
    return Done(opened=len(opened), joined=len(joins), changed=len(done.changes), resolved=ended)


def described(alerts: pl.DataFrame, context: Context) -> pl.DataFrame:
    """Alerts with what their type and their client's plan say: rows of `ALERT`."""
    kinds = context.describe(alerts["alert_type"].unique().sort().to_list())
    return (
        alerts.join(kinds, on="alert_type", how="left", maintain_order="left")
        .join(context.plans, on="client_id", how="left", maintain_order="left")
        .with_columns(
            entitled_to_alerts(alerts, context.entitlements, context.features).alias("is_in_plan"),
            is_life_safety=pl.col("alert_type").is_in(list(context.life_safety)),
        )
        .select(ALERT.names())
    )


def _read(connection: Connection, name: str, schema: pl.Schema) -> pl.DataFrame:
    rows = connection.execute(statement(__name__, name)).all()
    return pl.DataFrame([tuple(row) for row in rows], schema=schema, orient="row")


def _open(connection: Connection, opens: pl.DataFrame, at: datetime) -> pl.DataFrame:
    """(`group_key`, `opened_id`) of the incidents that were opened."""
    values = {"rows": opens.write_json(), "at": at, "actor": ACTOR}
    rows = connection.execute(statement(__name__, "grouping/open"), values).all() if len(opens) else []
    found = [(row.group_key, row.incident_id) for row in rows]
    return pl.DataFrame(found, schema={"group_key": pl.String, "opened_id": pl.Int64}, orient="row")


def _change(connection: Connection, changes: pl.DataFrame, at: datetime) -> int:
    """Writes changes; returns how many incidents ended."""
    if changes.is_empty():
        return 0
    values = {"rows": changes.write_json(), "at": at, "actor": ACTOR}
    connection.execute(statement(__name__, "grouping/change"), values)
    for state, words in (("resolved", "the incident was resolved"), ("acknowledged", "the incident was acknowledged")):
        over = changes.filter(pl.col("state") == state, pl.col("was") != state)["incident_id"].to_list()
        supersede(connection, over, [RAISED, CHAIN], at=at, actor=ACTOR, words=words)
    return int(((changes["state"] == "resolved") & (changes["was"] != "resolved")).sum())


def homeless(database: Database) -> tuple[int, int]:
    """How many alerts are open or acknowledged, and how many of them are in no unresolved incident."""
    with database.begin() as connection:
        row = connection.execute(statement(__name__, "grouping/homeless")).one()
    return int(row.alerts), int(row.homeless)


def incidents_in(database: Database, *, states: Sequence[str], limit: int) -> list[dict[str, Any]]:
    """Incidents in some states, the greatest priority first, then the oldest."""
    values = {"states": list(states), "limit": limit}
    with database.begin() as connection:
        return [dict(row) for row in connection.execute(statement(__name__, "reading/list"), values).mappings()]
