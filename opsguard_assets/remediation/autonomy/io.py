"""The ladder in the database: how playbooks stand, and their moves, each with its reason and figures.

Here: one transaction that reads, asks the ladder and records. Not here: the ladder (`ladder`), what executions say of a
playbook (`runs`), executions themselves (`remediation.engine`).
"""

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any, Final

import polars as pl
from pydantic import ValidationError
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
        connection.execute(statement(__name__, "lock"))
        rows, _, found = _judged(connection, settings, now)
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
        connection.execute(statement(__name__, "lock"))
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


def ladder_at(database: Database, settings: Remediation, now: datetime) -> list[dict[str, Any]]:
    """How every playbook in use stands on the ladder, by name: what `climb` would find, and nothing moves.

    Args:
        database: Playbooks and executions, of all clients.
        settings: The ladder, and the greatest mode of all.
        now: The time of the clock (UTC).

    Returns:
        Rows of `ladder.MOVE` with `title`, `highest` and the columns of `modes`.
    """
    with database.begin() as connection:
        rows, standing, found = _judged(connection, settings, now)
    known = modes(database)
    titles = {row["playbook"]: row["content"]["title"] for row in rows}
    highest = found.join(standing.select("playbook", "highest"), on="playbook", maintain_order="left")
    return [
        {**known[row["playbook"]], **row, "title": titles[row["playbook"]]}
        for row in highest.iter_rows(named=True)
        if row["playbook"] in known
    ]


def _judged(
    connection: Connection, settings: Remediation, now: datetime
) -> tuple[list[dict[str, Any]], pl.DataFrame, pl.DataFrame]:
    """What is known of the playbooks, rows of `ladder.STANDING`, and rows of `ladder.MOVE`.

    A text that this version of OpsGuard cannot read is left out: triggers have not replaced it yet.
    """
    rows: list[dict[str, Any]] = []
    held: dict[str, Playbook] = {}
    for row in connection.execute(statement(__name__, "standings")).mappings():
        with suppress(ValidationError):
            held[row["playbook"]] = Playbook.model_validate(row["content"])
            rows.append(dict(row))
    if not rows:
        return [], pl.DataFrame(schema=STANDING), pl.DataFrame(schema=MOVE)
    standing = pl.DataFrame([_standing(row, held[row["playbook"]], settings) for row in rows], schema=STANDING)
    return rows, standing, moves(standing, _runs(connection, rows, held, settings, now), settings.ladder)


def _standing(row: Mapping[str, Any], playbook: Playbook, settings: Remediation) -> dict[str, Any]:
    figures = row["figures"] or {}
    is_same = figures.get("digest") in {None, row["digest"]}
    return {
        "playbook": row["playbook"],
        "mode": row["mode"],
        "highest": min(playbook.max_autonomy, settings.max_autonomy, key=MODES.index),
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
