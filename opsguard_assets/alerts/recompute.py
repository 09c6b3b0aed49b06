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

from opsguard_assets.alerts import statements as sql
from opsguard_assets.alerts.finding import LATE_TICK, checked
from opsguard_assets.alerts.lifecycle import REOPEN_WITHIN, Monitor, copy_findings, values_of
from resources.database import Database
from resources.ticks import digest_of

# The names of the temporary tables hide those of the stored ones from every statement that follows. All changes of
# alerts take turns, so transitions recorded before the tick are those that it saw; its own carry its moment.
_ALERTS_BEFORE: Final = """
CREATE TEMP TABLE alerts ON COMMIT DROP AS
WITH told AS (
    SELECT DISTINCT ON (t.alert_id) t.*
    FROM alert_transitions AS t
    JOIN monitor_ticks AS tick ON tick.monitor = :monitor AND tick.as_of = :as_of
    LEFT JOIN withdrawals AS w USING (withdrawal_id)
    WHERE t.recorded_at <= tick.recorded_at AND NOT (t.actor = :actor AND t.at = :as_of)
      AND (w.at IS NULL OR w.at > tick.recorded_at)
    ORDER BY t.alert_id, t.transition_id DESC
), state AS (
    SELECT *, CASE WHEN to_state = 'resolved'
              THEN coalesce(resolution, CASE actor WHEN :actor THEN 'cleared' ELSE 'by a person' END) END AS reached
    FROM told
)
SELECT a.alert_id, a.dedup_key, a.alert_type, a.first_seen_at, s.to_state AS state,
       coalesce(s.severity, a.severity) AS severity, NULL::text AS state_before_mute, s.reached AS resolution,
       s.at AS resolved_at, s.reached = 'by a person' AND s.from_state IS DISTINCT FROM 'resolved' AS awaits_clearing
FROM state AS s JOIN alerts AS a USING (alert_id)
WHERE a.alert_type = ANY (CAST(:alert_types AS text[]))
"""
_MUTES_BEFORE: Final = """
CREATE TEMP TABLE mutes ON COMMIT DROP AS
SELECT m.* FROM mutes AS m
JOIN monitor_ticks AS tick ON tick.monitor = :monitor AND tick.as_of = :as_of AND m.created_at <= tick.recorded_at
"""
_INDEX: Final = "CREATE INDEX ON pg_temp.alerts (dedup_key, alert_id)"
_DECIDED: Final = """
SELECT dedup_key, decision, CASE decision WHEN 'muted' THEN 'mute ' || mute_id WHEN withheld THEN told_by END AS detail
FROM plan
UNION ALL
SELECT dedup_key, 'cleared', NULL FROM gone WHERE mark IS NULL
"""
_IS_LATE: Final = "SELECT is_late FROM monitor_ticks WHERE monitor = :monitor AND as_of = :as_of"
_SCHEMA: Final = {"dedup_key": pl.String, "decision": pl.String, "detail": pl.String}


@contextmanager
def before_tick(database: Database, monitor: Monitor, as_of: datetime) -> Iterator[Connection]:
    """A transaction in which `alerts` and `mutes` are what a monitor's settled tick found when it began."""
    with database.begin() as connection:
        for statement in (_ALERTS_BEFORE, _INDEX, _MUTES_BEFORE):
            connection.execute(text(statement), values_of(monitor, as_of))
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
    if connection.execute(text(_IS_LATE), values).scalar():
        late = rows.select("dedup_key").unique()
        return late.select("dedup_key", decision=pl.lit(LATE_TICK), detail=pl.lit(None, pl.String))
    copy_findings(connection, rows)
    for statement in (sql.PLAN, sql.CLEARED):
        connection.execute(text(statement), values)
    decisions = [tuple(row) for row in connection.execute(text(_DECIDED))]
    return pl.DataFrame(decisions, schema=_SCHEMA, orient="row")


def digest_of_decisions(decisions: pl.DataFrame) -> str:
    """The digest of what was decided on each key; numbers of alerts are not part of it."""
    return digest_of(decisions.select(*_SCHEMA), key=["dedup_key", "decision"])
