"""Triggers in the database: what happened to alerts is read, decided on and recorded, in one transaction.

Here: statements and their order. Not here: deciding (`triggers`), the executions afterwards (`advance_io`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import polars as pl
from sqlalchemy import Connection, text

from opsguard_assets.domains import ALERT_TYPES
from opsguard_assets.incidents.grouping import ALERT
from opsguard_assets.incidents.io import Context, described
from opsguard_assets.incidents.rules_io import context_of
from opsguard_assets.remediation.actions.action import World
from opsguard_assets.remediation.engine.triggers import CANDIDATE, Rules, decide
from opsguard_assets.remediation.engine.versions_io import keep, off_clients
from opsguard_assets.remediation.playbook.model import Playbook
from opsguard_assets.tables.registry import CLIENTS
from opsguard_assets.tables.values import INSTANT
from resources.lake import Lake
from resources.sql import statement

LOCK: Final = "opsguard triggers"
# An alert that nobody triages is decided on without its priority after this.
_PATIENCE: Final = timedelta(minutes=20)
_READ: Final = pl.Schema(
    {
        **{name: CANDIDATE[name] for name in ("alert_id", "opening", "transition_id", "kind", "recorded_at")},
        **{
            name: ALERT[name]
            for name in (
                "dedup_key", "alert_type", "entity_type", "entity_id", "client_id", "site_id", "severity", "state",
                "title", "priority", "incident_id",
            )
        },
    }
)  # fmt: skip
_RECENT: Final = pl.Schema(
    {"playbook": pl.String(), "entity_type": pl.String(), "entity_id": pl.String(), "at": INSTANT}
)


@dataclass(frozen=True)
class Triggered:
    """What a run of triggers did.

    Attributes:
        looked_at: Transitions of alerts.
        decisions: New decisions, by what was decided.
    """

    looked_at: int
    decisions: Mapping[str, int]


def trigger(world: World, playbooks: Sequence[Playbook], *, now: datetime) -> Triggered:
    """Starts what has to start about what happened to alerts since the last run.

    Args:
        world: What is read and where it is written.
        playbooks: Those in use.
        now: The time of the clock (UTC).
    """
    context = context_of(world.settings, ALERT_TYPES, world.lake, now)
    enabled = _enabled(world.lake, now)
    with world.database.begin() as connection:
        connection.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))"), {"name": LOCK})
        standing = keep(connection, playbooks, now)
        candidates = _candidates(connection, playbooks, context, enabled, now)
        if candidates.is_empty():
            return Triggered(0, {})
        rules = Rules(world.settings.remediation.max_autonomy, off_clients(connection), standing, context.entitlements)
        decided = decide(candidates, playbooks, rules, _recent(connection, candidates, playbooks, now), now)
        looked_at = candidates.group_by("alert_id").agg(pl.col("transition_id").max())
        connection.execute(statement(__name__, "triggers/looked_at"), {"rows": looked_at.write_json()})
        found = connection.execute(statement(__name__, "triggers/decided"), {"rows": decided.write_json(), "at": now})
        return Triggered(len(candidates), {row.decision: int(row.number) for row in found})


def _candidates(
    connection: Connection, playbooks: Sequence[Playbook], context: Context, enabled: pl.DataFrame, now: datetime
) -> pl.DataFrame:
    widest = max((each.limits.start_within_minutes for each in playbooks), default=0.0)
    # What is older than any playbook allows is looked at for a day more: the decision says that it was too old.
    values = {"since": now - timedelta(minutes=widest) - timedelta(days=1), "patience": now - _PATIENCE}
    rows = connection.execute(statement(__name__, "triggers/candidates"), values).all()
    read = pl.DataFrame([tuple(row) for row in rows], schema=_READ, orient="row")
    if read.is_empty():
        return CANDIDATE.to_frame()
    shared = [name for name in ALERT.names() if name in _READ]
    known = described(read.select(shared).unique("alert_id"), context)
    facts = known.select("alert_id", "cause", "team", "plan", "is_life_safety")
    return (
        read.join(facts, on="alert_id", how="left", maintain_order="left")
        .join(enabled, on="client_id", how="left", maintain_order="left")
        .with_columns(alerts=pl.lit(1, pl.Int64))
        .select(pl.col(name).cast(dtype) for name, dtype in CANDIDATE.items())
    )


def _enabled(lake: Lake, now: datetime) -> pl.DataFrame:
    """(`client_id`, `soar_enabled`) as known now."""
    return lake.known(CLIENTS, now).select("client_id", "soar_enabled").unique("client_id").collect()


def _recent(
    connection: Connection, candidates: pl.DataFrame, playbooks: Sequence[Playbook], now: datetime
) -> pl.DataFrame:
    longest = max(each.limits.cool_down_minutes for each in playbooks)
    entities = candidates.select("entity_type", "entity_id").unique()
    values = {
        "entities": entities.write_json(), "playbooks": [each.playbook for each in playbooks],
        "since": now - timedelta(minutes=longest),
    }  # fmt: skip
    rows = connection.execute(statement(__name__, "triggers/recent"), values).all()
    return pl.DataFrame([tuple(row) for row in rows], schema=_RECENT, orient="row")
