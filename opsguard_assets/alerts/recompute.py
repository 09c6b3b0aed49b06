"""Recomputes the decisions of a settled tick from the alerts and mutes as they were before it.

Here: restoring a past state of alerts from their transitions, and planning on it. Not here: findings (each domain),
and settling (`lifecycle`). Nothing is changed: everything happens in temporary tables that end with the transaction.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Final

import polars as pl
from sqlalchemy import Connection, text

from opsguard_assets.alerts.finding import LATE_TICK, checked
from opsguard_assets.alerts.lifecycle import FIND_CLEARED, PLAN, REOPEN_WITHIN, Monitor, copy_findings, values_of
from resources.database import Database
from resources.sql import statement
from resources.ticks import digest_of

_INDEX: Final = text("CREATE INDEX ON pg_temp.alerts (dedup_key, alert_id)")
_IS_LATE: Final = text("SELECT is_late FROM monitor_ticks WHERE monitor = :monitor AND as_of = :as_of")
_SCHEMA: Final = {"dedup_key": pl.String, "decision": pl.String, "detail": pl.String}


@contextmanager
def before_tick(database: Database, monitor: Monitor, as_of: datetime) -> Iterator[Connection]:
    """A transaction in which `alerts` and `mutes` are what a monitor's settled tick found when it began."""
    with database.begin() as connection:
        for step in (statement(__name__, "before_tick/alerts"), _INDEX, statement(__name__, "before_tick/mutes")):
            connection.execute(step, values_of(monitor, as_of))
        yield connection


def decided(
    connection: Connection,
    findings: pl.DataFrame,
    monitor: Monitor,
    as_of: datetime,
    *,
    reopen_within: timedelta = REOPEN_WITHIN,
) -> pl.DataFrame:
    """What a tick decides on findings, given the alerts that a connection shows; nothing is changed.

    Args:
        connection: That of `before_tick`.
        findings: What was found (`lifecycle.settle`).
        monitor: Who found it.
        as_of: The tick.
        reopen_within: As in `lifecycle.settle`.

    Returns:
        `dedup_key`, `decision`, `detail`.
    """
    values = values_of(monitor, as_of, reopen_within)
    rows = checked(findings)
    if connection.execute(_IS_LATE, values).scalar():
        late = rows.select("dedup_key").unique()
        return late.select("dedup_key", decision=pl.lit(LATE_TICK), detail=pl.lit(None, pl.String))
    copy_findings(connection, rows)
    for step in (PLAN, FIND_CLEARED):
        connection.execute(step, values)
    decisions = [tuple(row) for row in connection.execute(statement(__name__, "before_tick/decided"))]
    return pl.DataFrame(decisions, schema=_SCHEMA, orient="row")


def digest_of_decisions(decisions: pl.DataFrame) -> str:
    """The digest of what was decided on each key; numbers of alerts are not part of it."""
    return digest_of(decisions.select(*_SCHEMA), key=["dedup_key", "decision"])
