"""Taking executions that are due, and the conditions that they wait for.

Here: leases, limits and polls, one statement each. Not here: what is done with what was taken (`advance_io`).

A lease alone is never enough: a worker that was held up may come back after its lease has ended. So every commit checks
the lease as a fencing token (`moves_io`).
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import polars as pl
from sqlalchemy import text

from opsguard_assets.effects.adapter import Adapter
from opsguard_assets.remediation.actions.action import World
from opsguard_assets.remediation.actions.conditions import WAITING, holding
from opsguard_assets.remediation.actions.offering import PROMISED
from resources.database import Database
from resources.processes import is_gone, this_mark
from resources.sql import statement

LOCK: Final = "opsguard remediation"
# Longer than any step takes: what a step plans is read within minutes, and what it does is one transaction.
LEASE: Final = timedelta(minutes=15)
_AT_ONCE: Final = 50
_ROW: Final = pl.Schema({**WAITING, "condition": pl.String()})


@dataclass(frozen=True)
class Claim:
    """An execution that this worker holds.

    Attributes:
        execution_id: Which.
        lease: The fencing token.
    """

    execution_id: int
    lease: str


def end_leases(database: Database, now: datetime) -> None:
    """Ends the leases of workers that are known to be gone."""
    with database.begin() as connection:
        workers = connection.execute(statement(__name__, "claiming/workers")).scalars().all()
        gone = [worker for worker in workers if is_gone(worker)]
        if gone:
            connection.execute(statement(__name__, "claiming/end_leases"), {"now": now, "workers": gone})


def claim(database: Database, now: datetime) -> tuple[list[Claim], int]:
    """Takes executions that are due, within the limits of their playbooks.

    Returns:
        Those taken, and how many were looked at: none where nothing is due.
    """
    lease = str(uuid.uuid4())
    values = {"now": now, "most": _AT_ONCE, "lease": lease, "lease_until": now + LEASE, "worker": this_mark()}
    with database.begin() as connection:
        # The limits of a playbook count executions that other workers may be taking at the same time.
        connection.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))"), {"name": LOCK})
        row = connection.execute(statement(__name__, "claiming/claim"), values).one()
    return [Claim(number, lease) for number in row.execution_ids], int(row.looked_at)


def poll(world: World, known: set[int], now: datetime) -> set[int]:
    """Looks at the conditions of all executions that wait and are due: one question per kind of condition.

    Args:
        world: What is read.
        known: Executions whose condition was found to hold in this tick already.
        now: The time of the clock (UTC).

    Returns:
        Those whose condition holds. The others wait on.
    """
    asked = {"now": now, "except": sorted(known)}
    with world.database.begin() as connection:
        rows = connection.execute(statement(__name__, "claiming/waiting"), asked).all()
    if not rows:
        return set()
    waiting = pl.DataFrame([tuple(row) for row in rows], schema=_ROW, orient="row")
    holds: set[int] = set()
    for (condition,), group in waiting.partition_by("condition", as_dict=True).items():
        holds |= holding(world, str(condition), group.select(WAITING.names()), now)
    others = [number for number in waiting["execution_id"] if number not in holds]
    if others:
        poll_at = now + timedelta(seconds=world.settings.remediation.poll_seconds)
        values = {"execution_ids": others, "poll_at": poll_at, "now": now}
        with world.database.begin() as connection:
            connection.execute(statement(__name__, "claiming/poll_again"), values)
    return holds


def next_due(database: Database, adapters: Sequence[Adapter], now: datetime) -> datetime | None:
    """When there is something to do next; None where nothing waits.

    Args:
        database: Where executions are.
        adapters: How their side effects leave the house.
        now: The time of the clock (UTC): what a process that is gone held is due.
    """
    values = {
        "targets": [target for adapter in adapters for target in adapter.targets],
        "telling": [target for adapter in adapters if adapter.can_tell for target in adapter.targets],
    }
    with database.begin() as connection:
        due_at: datetime | None = connection.execute(statement(__name__, "claiming/next_due"), values).scalar()
        workers = connection.execute(statement(__name__, "claiming/workers")).scalars().all()
    return now if any(is_gone(worker) for worker in workers) else due_at


@dataclass(frozen=True)
class Standing:
    """What has not ended.

    Attributes:
        unended: Executions.
        in_doubt: Executions of which a step is unknown, also where a person cancelled them.
        doubts: The numbers of the first of these.
        overdue: Executions that were due long ago.
        leased: Executions that a worker should have let go long ago.
    """

    unended: int
    in_doubt: int
    doubts: Sequence[int]
    overdue: int
    leased: int


def standing_of(database: Database, before: datetime) -> Standing:
    """What has not ended, and what was due before a moment."""
    with database.begin() as connection:
        row = connection.execute(statement(__name__, "claiming/overdue"), {"before": before}).one()
    return Standing(int(row.unended), int(row.in_doubt), list(row.doubts), int(row.overdue), int(row.leased))


def unkept(database: Database, since: datetime) -> int:
    """How many promised shifts could not be recorded, of executions that ended since a moment without seeing it."""
    asked = {"since": since, "promised": sorted(PROMISED)}
    with database.begin() as connection:
        return int(connection.execute(statement(__name__, "claiming/unkept"), asked).scalar_one())
