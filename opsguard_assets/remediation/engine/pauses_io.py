"""Playbooks that paused themselves, told to people: one alert per pause, until somebody lets the playbook go on.

Here: findings and settling. Not here: when a playbook pauses itself (`breaker`), the type of the alert
(`alerts.own_types`), who is told (`routing`).
"""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import polars as pl

from opsguard_assets.alerts.finding import FINDING
from opsguard_assets.alerts.lifecycle import Monitor, settle
from opsguard_assets.alerts.own_types import PLAYBOOK_PAUSED
from opsguard_assets.remediation.engine.breaker import BREAKER
from resources.database import Database
from resources.sql import statement

MONITOR: Final = Monitor("playbooks", (PLAYBOOK_PAUSED.name,))


def settle_paused(database: Database, at: datetime) -> bool:
    """Raises and clears the alerts of playbooks that paused themselves; whether there was anything to settle.

    A pause and its alert may be two transactions: the next tick compares both, so that none is forgotten.

    Args:
        database: Where playbooks and alerts are.
        at: The time of the clock (UTC).
    """
    asked = {"breaker": BREAKER, "alert_type": PLAYBOOK_PAUSED.name}
    with database.begin() as connection:
        rows = connection.execute(statement(__name__, "reading/pauses"), asked).mappings().all()
    if all(row["playbook"] is not None and row["alert_id"] is not None for row in rows):
        return False
    settle(database, _findings([dict(row) for row in rows if row["playbook"] is not None]), MONITOR, at)
    return True


def _findings(rows: Sequence[Mapping[str, Any]]) -> pl.DataFrame:
    found = [
        {
            "dedup_key": f"{PLAYBOOK_PAUSED.name}:{row['playbook']}",
            "alert_type": PLAYBOOK_PAUSED.name,
            "entity_type": "playbook",
            "entity_id": row["playbook"],
            "severity": "high",
            "title": f"playbook {row['playbook']} paused itself",
            "reason": f"{row['paused_why']}; alerts of its kind are left to people since "
            f"{row['paused_at']:%Y-%m-%d %H:%M} UTC",
            "evidence": json.dumps({"paused_at": row["paused_at"].isoformat(), "why": row["paused_why"]}),
            "is_raising": True,
        }
        for row in rows
    ]
    return pl.DataFrame(found, schema=FINDING)
