"""The ladder in the database: how playbooks stand, and their moves, each with its reason and figures.

Here: one transaction that reads, asks the ladder and records. Not here: the ladder (`ladder`), what executions say of a
playbook (`runs`), executions themselves (`remediation.engine`).
"""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import polars as pl
from sqlalchemy import Connection

from opsguard_assets.alerts.finding import BY_PERSON
from opsguard_assets.config.remediation import Mode, Remediation
from opsguard_assets.remediation.autonomy.ladder import MOVE, SHADOW, STANDING, moves
from opsguard_assets.remediation.autonomy.runs import RECORDED, quietens, said_of
from opsguard_assets.remediation.playbook.model import MODES, Playbook
from resources.database import Database
from resources.sql import statement

ACTOR: Final = "ladder"
# Older executions say less of what a playbook does today, and reading all of them would cost more every day.
_NEWEST: Final = 200
_FIGURES: Final = (
    "holds", "runs", "agreed", "disagreed", "agreed_low", "succeeded", "failed", "success_low", "success_high", "harms",
)  # fmt: skip


def climb(database: Database, settings: Remediation, now: datetime) -> pl.DataFrame:
    """Lets every playbook rise or fall as it has earned; rows of `ladder.MOVE`, also of those that stay.

    Args:
        database: Playbooks and executions.
        settings: The ladder, and the greatest mode of all.
        now: The time of the clock (UTC).
    """
    with database.begin() as connection:
        rows = [dict(row) for row in connection.execute(statement(__name__, "standings")).mappings()]
        if not rows:
            return pl.DataFrame(schema=MOVE)
        held = {row["playbook"]: Playbook.model_validate(row["content"]) for row in rows}
        standing = pl.DataFrame([_standing(row, held[row["playbook"]], settings) for row in rows], schema=STANDING)
        found = moves(standing, _runs(connection, rows, held, settings, now), settings.ladder)
        moved = found.filter(pl.col("to_mode") != pl.col("mode"))
        digests = {row["playbook"]: row["digest"] for row in rows}
        _move(connection, [_record(row, digests) for row in moved.iter_rows(named=True)], ACTOR, now)
    return found


def set_mode(database: Database, playbook: str, mode: Mode, *, actor: str, why: str, now: datetime) -> str | None:
    """A person gives a playbook a mode; what fell may rise again from there.

    Returns:
        Its former mode; None where the engine does not know the playbook.
    """
    with database.begin() as connection:
        rows = {row["playbook"]: row for row in connection.execute(statement(__name__, "standings")).mappings()}
        if playbook not in rows:
            return None
        row = rows[playbook]
        record = {
            "playbook": playbook, "mode": row["mode"], "to_mode": mode, "reason": why,
            "figures": {"digest": row["digest"]},
        }  # fmt: skip
        _move(connection, [record], actor, now)
        return str(row["mode"])


def history(database: Database, playbook: str, *, limit: int = 20) -> list[dict[str, Any]]:
    """The changes of a playbook's mode, the newest first."""
    asked = {"playbook": playbook, "limit": limit}
    with database.begin() as connection:
        return [dict(row) for row in connection.execute(statement(__name__, "history"), asked).mappings()]


def modes(database: Database) -> dict[str, dict[str, Any]]:
    """Playbooks that the engine knows, by name: mode, since when and why, whether it is paused or switched off."""
    with database.begin() as connection:
        return {row["playbook"]: dict(row) for row in connection.execute(statement(__name__, "modes")).mappings()}


def _standing(row: Mapping[str, Any], playbook: Playbook, settings: Remediation) -> dict[str, Any]:
    figures = row["figures"] or {}
    is_same = figures.get("digest") in {None, row["digest"]}
    return {
        "playbook": row["playbook"],
        "mode": row["mode"],
        "highest": min(playbook.max_mode, settings.max_mode, key=MODES.index),
        "is_held": row["actor"] == ACTOR and bool(figures.get("holds")) and is_same,
        "is_new_text": row["mode"] != SHADOW and not is_same,
    }


def _runs(
    connection: Connection,
    rows: Sequence[Mapping[str, Any]],
    held: Mapping[str, Playbook],
    settings: Remediation,
    now: datetime,
) -> pl.DataFrame:
    matures = timedelta(hours=settings.outcome_hours)
    asked = {
        "playbooks": [row["playbook"] for row in rows], "digests": [row["digest"] for row in rows],
        "modes": [row["mode"] for row in rows], "mode_since": [row["mode_since"] for row in rows],
        "counts_from": [row["counts_from"] for row in rows],
        "matures": matures, "by_person": BY_PERSON, "newest": _NEWEST, "now": now,
    }  # fmt: skip
    found = connection.execute(statement(__name__, "runs"), asked).mappings()
    recorded = pl.DataFrame([tuple(row[name] for name in RECORDED) for row in found], schema=RECORDED, orient="row")
    quiet = [name for name, playbook in held.items() if quietens(playbook)]
    return said_of(recorded, quiet, now, matures)


def _record(row: Mapping[str, Any], digests: Mapping[str, str]) -> dict[str, Any]:
    figures = {"digest": digests[row["playbook"]], **{name: row[name] for name in _FIGURES}}
    return {**{name: row[name] for name in ("playbook", "mode", "to_mode", "reason")}, "figures": figures}


def _move(connection: Connection, records: Sequence[Mapping[str, Any]], actor: str, now: datetime) -> None:
    if records:
        connection.execute(statement(__name__, "move"), {"rows": json.dumps(records), "actor": actor, "now": now})
