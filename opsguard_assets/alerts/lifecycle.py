"""The lifecycle of alerts: a tick raises, refreshes and clears them in one transaction.

Here: the order of statements, locks and idempotency. Not here: SQL (`sql/settling`), what people do (`people`).

A monitor settles one tick at a time, in order. Settling a tick twice changes nothing; an older tick is recorded
as late. A process that dies before the commit leaves no trace.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

import polars as pl
from sqlalchemy import Connection, TextClause, text

from opsguard_assets.alerts.finding import (
    CLEARED,
    COMES_BACK,
    ENDING,
    FINDING,
    LIFE_SAFETY,
    FindingError,
    checked,
)
from opsguard_assets.tables.values import SEVERITIES
from resources.copying import copy_in
from resources.database import Database
from resources.sql import statement
from resources.ticks import digest_of, this_program

LOCK = "opsguard alerts"
REOPEN_WITHIN = timedelta(minutes=60)


def _sql(name: str) -> TextClause:
    return statement(__name__, f"settling/{name}")


PLAN, FIND_CLEARED = _sql("plan"), _sql("find_cleared")
# The statements that settle a tick, in order. Their number does not depend on the number of findings.
_SETTLING: Final = (
    # The planner may still assume empty tables, because nothing has analysed them yet. Forcing indexes on both sides
    # avoids nested loops over all pairs. JIT costs more than these statements, which run once.
    text("SET LOCAL enable_seqscan = off"),
    text("SET LOCAL jit = off"),
    PLAN,
    text("CREATE INDEX ON plan (alert_id)"),
    text("CREATE UNIQUE INDEX ON plan (dedup_key)"),
    text("ANALYZE plan (dedup_key, alert_id, decision, state)"),
    FIND_CLEARED,
    text("CREATE UNIQUE INDEX ON gone (alert_id)"),
    # Notes are written before the change where they need the old state, and after it where they need its numbers.
    _sql("note_forgiven"),
    _sql("forgive"),
    _sql("note_changes"),
    _sql("refresh"),
    _sql("raise"),
    _sql("note_raised"),
    _sql("clear"),
    _sql("note_cleared"),
    _sql("decided"),
    text("CREATE INDEX ON decided (dedup_key)"),
    text("ANALYZE decided (dedup_key, decision, alert_id)"),
    _sql("extend_decisions"),
    _sql("begin_decisions"),
)
_LATE: Final = _sql("decide_late")
_FINDINGS_OF: Final = text("SELECT findings FROM monitor_ticks WHERE monitor = :monitor AND as_of = :as_of")
_COUNTS: Final = text("SELECT decision, count(*) AS keys, sum(findings) AS findings FROM decided GROUP BY decision")
_COUNTS_OF_LATE: Final = text("SELECT 'late tick' AS decision, count(*) AS keys, sum(findings) AS findings FROM f")
_PRUNE: Final = text(
    "DELETE FROM decisions WHERE last_as_of < :before "
    "AND (decision NOT IN ('raised', 'held back') OR last_as_of < :measured_before)"
)


@dataclass(frozen=True)
class Monitor:
    """A monitor.

    Attributes:
        name: The key of its ticks and decisions, and the actor in the history of alerts.
        alert_types: The types that only this monitor raises; what it no longer finds is cleared.
        others: The types of all other monitors, where this one raises any type but these: its types are then those that
            it finds, and those of its unresolved alerts. None where `alert_types` are all.
        life_safety: Types that nobody can mute.
    """

    name: str
    alert_types: tuple[str, ...]
    others: tuple[str, ...] | None = None
    life_safety: tuple[str, ...] = LIFE_SAFETY

    def strange(self, types: Iterable[str]) -> list[str]:
        """Those among some types that it must not raise."""
        if self.others is not None:
            return sorted(set(types) & set(self.others))
        return sorted(set(types) - set(self.alert_types))


@dataclass(frozen=True)
class Settled:
    """The result of settling a tick.

    Attributes:
        findings: Number of findings.
        decisions: Findings per decision; `cleared` counts alerts without a finding.
        is_repeated: Whether the tick had been settled before; nothing was changed.
        is_late: Whether a later tick had been settled before; nothing was changed.
    """

    findings: int
    decisions: Mapping[str, int]
    is_repeated: bool = False
    is_late: bool = False

    @property
    def is_complete(self) -> bool:
        """Whether every finding ended in exactly one decision."""
        return self.is_repeated or self.findings == sum(
            n for decision, n in self.decisions.items() if decision != "cleared"
        )


def settle(
    database: Database,
    findings: pl.DataFrame,
    monitor: Monitor,
    as_of: datetime,
    *,
    reopen_within: timedelta = REOPEN_WITHIN,
) -> Settled:
    """Settles one tick of a monitor.

    Args:
        database: The database of alerts.
        findings: Rows of `finding.FINDING`: every entity whose condition holds, including those between the clearing
            and the raising threshold, and those whose alert ends otherwise than by clearing, with their mark
            (`finding.ENDING`). Several rows of a key count as one with the highest severity.
        monitor: The monitor.
        as_of: The tick, UTC.
        reopen_within: An alert that cleared within this time is reopened instead of raising a second one.

    Raises:
        FindingError: When findings violate their contract, or their type belongs to another monitor.
    """
    rows = checked(findings)
    strange = monitor.strange(rows["alert_type"].unique())
    if strange:
        raise FindingError(f"{monitor.name} found {', '.join(strange)}, which is not one of its types.")
    with database.begin() as connection:
        lock_alerts(connection)
        monitor = replace(monitor, alert_types=types_of(connection, monitor, rows["alert_type"].unique()))
        values = values_of(monitor, as_of, reopen_within)
        newest, is_known = connection.execute(_sql("ticks_before"), values).one()
        if is_known:
            count = connection.execute(_FINDINGS_OF, values).scalar_one()
            return Settled(int(count), _decided(connection, values), is_repeated=True)
        copy_findings(connection, rows)
        is_late = newest is not None and as_of < newest
        for step in (_LATE,) if is_late else _SETTLING:
            connection.execute(step, values | {"before": newest})
        connection.execute(_sql("note_tick"), values | _tick_of(rows, is_late=is_late))
        counted = connection.execute(_COUNTS_OF_LATE if is_late else _COUNTS)
        found = {row.decision: int(row.keys if row.decision == CLEARED else row.findings or 0) for row in counted}
        return Settled(len(rows), {decision: n for decision, n in found.items() if n}, is_late=is_late)


def decisions_at(database: Database, monitor: str, as_of: datetime) -> pl.DataFrame:
    """The decisions of one tick: `dedup_key`, `decision`, `detail`, `findings`, `alert_id`."""
    with database.begin() as connection:
        rows = connection.execute(_sql("decisions_at"), {"monitor": monitor, "as_of": as_of}).all()
    names = {
        "dedup_key": pl.String,
        "decision": pl.String,
        "detail": pl.String,
        "findings": pl.Int64,
        "alert_id": pl.Int64,
    }
    return pl.DataFrame([tuple(row) for row in rows], schema=names, orient="row")


def prune(database: Database, before: datetime, measured_before: datetime) -> int:
    """Deletes decisions and ticks that ended before an instant; alerts and their history stay.

    Args:
        database: The database.
        before: The instant.
        measured_before: That of decisions by which the effect of acting is measured: raised and held back.

    Returns:
        How many decisions were deleted.
    """
    with database.begin() as connection:
        deleted = connection.execute(_PRUNE, {"before": before, "measured_before": measured_before}).rowcount
        connection.execute(_sql("prune_ticks"), {"before": before})
    return int(deleted)


def digest_of_findings(findings: pl.DataFrame) -> str:
    """The digest of the findings of a tick, without suppression marks."""
    rows = findings.select(pl.col(name).cast(dtype) for name, dtype in FINDING.items())
    return digest_of(rows.drop("withheld", "told_by"), key=["dedup_key", "severity", "title"])


def _tick_of(rows: pl.DataFrame, *, is_late: bool) -> dict[str, Any]:
    return {
        "findings": len(rows),
        "digest": digest_of_findings(rows),
        "is_late": is_late,
        "settled_by": this_program(),
    }


def types_of(connection: Connection, monitor: Monitor, found: Iterable[str] = ()) -> tuple[str, ...]:
    """The types of a monitor now; of one with an open set those that it found, and those of its unresolved alerts."""
    if monitor.others is None:
        return monitor.alert_types
    values = {"monitor": monitor.name, "others": list(monitor.others)}
    return tuple(sorted({*found, *connection.execute(_sql("types_of"), values).scalars()}))


def lock_alerts(connection: Connection) -> None:
    """Takes the lock for changing alerts until the end of the transaction."""
    connection.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))"), {"name": LOCK})


def values_of(monitor: Monitor, as_of: datetime, reopen_within: timedelta = REOPEN_WITHIN) -> dict[str, Any]:
    """The parameters of the statements of a tick."""
    return {
        "monitor": monitor.name,
        "actor": monitor.name,
        "as_of": as_of,
        "alert_types": list(monitor.alert_types),
        "life_safety": list(monitor.life_safety),
        "counts_anew": monitor.others is not None,
        "ending": list(ENDING),
        "comes_back": list(COMES_BACK),
        "reopen_within": reopen_within,
    }


def copy_findings(connection: Connection, rows: pl.DataFrame) -> None:
    """Copies checked findings into the temporary table `f`, one row per key."""
    order = pl.Enum(SEVERITIES)
    merged = (
        rows.sort(pl.col("severity").cast(order), "score", descending=True, nulls_last=True, maintain_order=True)
        .with_columns(findings=pl.len().over("dedup_key"), is_raising=pl.col("is_raising").any().over("dedup_key"))
        .unique("dedup_key", keep="first", maintain_order=True)
        .select(*FINDING, "findings")
    )
    connection.execute(_sql("create_findings"))
    copy_in(connection, "f", merged)
    connection.execute(text("CREATE UNIQUE INDEX ON f (dedup_key)"))
    connection.execute(text("ANALYZE f (dedup_key)"))


def _decided(connection: Connection, values: Mapping[str, Any]) -> dict[str, int]:
    """The decisions of a tick that was settled before."""
    counts = Counter[str]()
    for row in connection.execute(_sql("decisions_at"), dict(values)):
        counts[row.decision] += 1 if row.decision == CLEARED else row.findings
    return dict(counts)
