"""Ticks that were settled: which there are, and withdrawing those that were settled wrongly.

Here: what belongs to each kind of tick (by the records of the domains), and the order of undoing. Not here: undoing
alerts (`alerts.withdraw`) and escalations (`tickets.escalation.withdraw`), and the command.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import Connection, text

from opsguard_assets.alerts.lifecycle import lock_alerts
from opsguard_assets.alerts.withdraw import Undone, undo_ticks
from opsguard_assets.domain import Domain, Tick
from opsguard_assets.domains import DOMAINS, PROBLEMS
from opsguard_assets.models.findings import model_monitor
from opsguard_assets.models.outcomes import outcomes_of
from opsguard_assets.moment import TOLERANCE
from opsguard_assets.tickets.escalation.escalate import LOCK as ESCALATIONS
from resources.database import Database
from resources.lake import Lake
from resources.sql import statement
from resources.withdrawn import Withdrawal, begin, keep, take

Row = dict[str, Any]


@dataclass(frozen=True)
class Kind:
    """What the ticks of a kind write.

    Attributes:
        monitors: The monitors whose alerts they settle.
        scores: Tables of the lake that hold rows of every moment (`as_of`).
        job: The job that records ticks; None where none does.
        undo: What else is undone, in the same transaction; tells how many rows.
    """

    monitors: tuple[str, ...] = ()
    scores: tuple[str, ...] = ()
    job: str | None = None
    undo: Callable[[Connection, Withdrawal], int] | None = None


def _undo_watches(connection: Connection, withdrawal: Withdrawal) -> int:
    """Looks at models are taken out; champions that were dated after now are champions from now on."""
    records = take(connection, "model_watch", "as_of >= :since", withdrawal.values)
    keep(connection, "model_history", "at >= :since AND at > :at", withdrawal.values)
    date_now = text("UPDATE model_history SET at = :at WHERE at >= :since AND at > :at")
    changed = connection.execute(date_now, withdrawal.values)
    return records + int(changed.rowcount)


def _kind(domain: Domain, tick: Tick) -> Kind:
    """What a kind of tick of a domain writes, by its record."""
    own = (domain.monitor,) if domain.monitor else ()
    monitors = (*own, *(model_monitor(problem.name) for problem in domain.problems)) if tick.settles else ()
    return Kind(monitors, tuple(table.derived_name for table in tick.scores), tick.recorded_by, tick.undo)


KINDS: Final[dict[str, Kind]] = {
    **{tick.name: _kind(domain, tick) for domain in DOMAINS for tick in domain.ticks},
    "models": Kind(scores=tuple(outcomes_of(problem) for problem in PROBLEMS), undo=_undo_watches),
}


@dataclass(frozen=True)
class Withdrawn:
    """What withdrawing a kind of ticks did; all zero where there was nothing to withdraw.

    Attributes:
        number: The number of the withdrawal; None where nothing was done.
        alerts: The changes of monitor ticks and of alerts.
        recorded: Records of jobs, plans, looks that were taken out.
        scores: Rows of the lake that were deleted.
    """

    number: int | None
    alerts: Undone
    recorded: int
    scores: int


def settled_ticks(
    database: Database, kinds: list[str], *, since: datetime | None = None, limit: int = 100
) -> list[Row]:
    """Ticks that were settled, the newest moment first.

    Returns:
        `settled` (the job or monitor), `as_of`, `computed_at`, `settled_by` (null before it was recorded), `rows`,
        `is_late` (it changed nothing), `is_future`.
    """
    values = {
        "names": [name for kind in kinds for name in _names(kind)] if kinds else None,
        "since": since or datetime(1, 1, 2, tzinfo=UTC),
        "soon": datetime.now(UTC) + TOLERANCE,
        "limit": limit,
    }
    with database.begin() as connection:
        return [dict(row) for row in connection.execute(statement(__name__, "settled_ticks"), values).mappings()]


def future_ticks(database: Database) -> list[Row]:
    """Ticks that were settled for moments after now."""
    return settled_ticks(database, [], since=datetime.now(UTC) + TOLERANCE)


def withdrawals(database: Database, limit: int = 100) -> list[Row]:
    """Withdrawals so far, the newest first, with how many rows of which table were taken out."""
    with database.begin() as connection:
        return [
            dict(row) for row in connection.execute(statement(__name__, "withdrawals"), {"limit": limit}).mappings()
        ]


def withdraw(lake: Lake, database: Database, name: str, since: datetime, *, actor: str, reason: str) -> Withdrawn:
    """Withdraws the ticks of a kind from a moment on. Doing it again does nothing more.

    The lake goes first: whatever dies in between leaves records of which the same command finds the rest.

    Args:
        lake: Where scores lie.
        database: Where ticks, alerts and plans are recorded.
        name: One of `KINDS`.
        since: Ticks of this moment and later ones are withdrawn, UTC.
        actor: Who withdraws.
        reason: Why.
    """
    kind = KINDS[name]
    scores = sum(lake.forget_from(table, "as_of", since) for table in kind.scores)
    with database.lock(ESCALATIONS), database.begin() as connection:
        lock_alerts(connection)
        withdrawal = begin(connection, name, since, actor=actor, reason=reason)
        undone = [undo_ticks(connection, monitor, withdrawal) for monitor in kind.monitors]
        alerts = sum(undone, Undone())
        recorded = kind.undo(connection, withdrawal) if kind.undo else 0
        if kind.job:
            values = {**withdrawal.values, "job": kind.job}
            recorded += take(connection, "ticks", "job = :job AND as_of >= :since", values)
        if not (scores or recorded or any(vars(alerts).values())):
            # What took nothing out is no withdrawal, and leaves no record of one.
            connection.rollback()
            return Withdrawn(None, alerts, 0, 0)
    return Withdrawn(withdrawal.number, alerts, recorded, scores)


def _names(kind: str) -> Iterator[str]:
    """What `settled` says of the ticks of a kind."""
    found = KINDS[kind]
    yield from found.monitors
    if found.job:
        yield found.job
    if kind == "escalations":
        yield kind
    if kind == "models":
        yield from (f"{problem} {what}" for problem in PROBLEMS for what in ("watch", "champion"))
