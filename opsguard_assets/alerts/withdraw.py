"""Withdraws ticks that a monitor settled wrongly: alerts become what they would be without those ticks.

Here: the statements and their order, in the caller's transaction. Not here: settling (`lifecycle`), scores and ticks of
jobs (`opsguard_assets.withdrawal`).

The state of an alert follows from its transitions. Those of withdrawn ticks are marked and no longer count; what people
did in between does. What a tick overwrites without a transition (score, title, reason, evidence) is brought up to date
by the next tick. Rows that are taken out of `monitor_ticks` and `decisions` are kept in `withdrawn_rows`.
"""

from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, text

from opsguard_assets.alerts.finding import COUNTED, WITHDRAWN
from opsguard_assets.alerts.lifecycle import lock_alerts
from resources.withdrawn import Withdrawal

# Late ticks changed nothing. Those that are newer than every tick that stays came late only because of the others.
_TICKS: Final = """
CREATE TEMP TABLE gone_ticks ON COMMIT DROP AS
WITH newest AS (
    SELECT max(as_of) AS as_of FROM monitor_ticks WHERE monitor = :monitor AND NOT is_late AND as_of < :since
)
SELECT t.* FROM monitor_ticks AS t CROSS JOIN newest
WHERE monitor = :monitor AND EXISTS (
    SELECT FROM monitor_ticks AS g WHERE g.monitor = :monitor AND NOT g.is_late AND g.as_of >= :since)
  AND (t.as_of >= :since OR (t.is_late AND (newest.as_of IS NULL OR t.as_of > newest.as_of)))
"""
_BEFORE: Final = "SELECT max(as_of) FROM monitor_ticks WHERE monitor = :monitor AND NOT is_late AND as_of < :since"
_UNDONE: Final = """
CREATE TEMP TABLE undone ON COMMIT DROP AS
SELECT t.* FROM alert_transitions AS t
JOIN gone_ticks AS g ON NOT g.is_late AND t.at = g.as_of AND t.actor = g.monitor
WHERE t.withdrawal_id IS NULL
"""
# Whoever acted on an alert that was only raised or opened again by these ticks acted on nothing.
_MOOT: Final = """
INSERT INTO undone
SELECT t.* FROM alert_transitions AS t
JOIN (SELECT alert_id, min(transition_id) AS first, bool_or(from_state IS NULL) AS is_raised
      FROM undone GROUP BY alert_id) AS f USING (alert_id)
WHERE t.transition_id > f.first AND t.withdrawal_id IS NULL
  AND NOT EXISTS (SELECT FROM undone AS u WHERE u.transition_id = t.transition_id)
  AND (f.is_raised OR 'resolved' = (
      SELECT b.to_state FROM alert_transitions AS b
      WHERE b.alert_id = t.alert_id AND b.withdrawal_id IS NULL AND b.transition_id < f.first
      ORDER BY b.transition_id DESC LIMIT 1))
"""
_MARK: Final = """
UPDATE alert_transitions AS t SET withdrawal_id = :number
FROM undone AS u WHERE t.transition_id = u.transition_id
"""
_DECIDED: Final = """
CREATE TEMP TABLE gone_decisions ON COMMIT DROP AS
SELECT d.*, (SELECT count(*) FROM gone_ticks AS g
             WHERE NOT g.is_late AND g.as_of BETWEEN d.first_as_of AND d.last_as_of) AS gone
FROM decisions AS d
WHERE d.monitor = :monitor AND (
    (d.decision = 'late tick' AND EXISTS (SELECT FROM gone_ticks AS g WHERE g.is_late AND g.as_of = d.first_as_of))
    OR (d.decision <> 'late tick' AND d.last_as_of >= :since))
"""
_KEEP_DECISIONS: Final = """
INSERT INTO withdrawn_rows (withdrawal_id, table_name, row)
SELECT :number, 'decisions', to_jsonb(d) - 'gone' FROM gone_decisions AS d
"""
_KEEP_TICKS: Final = """
INSERT INTO withdrawn_rows (withdrawal_id, table_name, row)
SELECT :number, 'monitor_ticks', to_jsonb(g) FROM gone_ticks AS g
"""
_DROP_DECISIONS: Final = """
DELETE FROM decisions AS d USING gone_decisions AS g
WHERE d.monitor = g.monitor AND d.dedup_key = g.dedup_key AND d.first_as_of = g.first_as_of
  AND (g.decision = 'late tick' OR g.first_as_of >= :since)
"""
_SHORTEN_DECISIONS: Final = """
UPDATE decisions AS d SET last_as_of = CAST(:before AS timestamptz), ticks = d.ticks - g.gone
FROM gone_decisions AS g
WHERE d.monitor = g.monitor AND d.dedup_key = g.dedup_key AND d.first_as_of = g.first_as_of
"""
_DROP_TICKS: Final = """
DELETE FROM monitor_ticks AS t USING gone_ticks AS g WHERE t.monitor = g.monitor AND t.as_of = g.as_of
"""
# Findings that met an alert are counted in it.
_UNMEET: Final = """
UPDATE alerts AS a SET
    occurrences = greatest(a.occurrences - m.met, 1),
    last_seen_at = coalesce(
        (SELECT max(d.last_as_of) FROM decisions AS d
         WHERE d.monitor = :monitor AND d.alert_id = a.alert_id AND d.decision = ANY (CAST(:counted AS text[]))),
        least(a.last_seen_at, greatest(a.first_seen_at, coalesce(CAST(:before AS timestamptz), a.first_seen_at))))
FROM (
    SELECT alert_id, sum(findings * gone) AS met FROM gone_decisions
    WHERE decision = ANY (CAST(:counted AS text[])) AND alert_id IS NOT NULL GROUP BY alert_id
) AS m
WHERE a.alert_id = m.alert_id
"""
_RAISED: Final = "SELECT alert_id FROM undone WHERE from_state IS NULL"
_NOTE_CLOSED: Final = f"""
INSERT INTO alert_transitions (alert_id, at, actor, from_state, to_state, detail, severity, resolution, withdrawal_id)
SELECT alert_id, :at, :actor, state, 'resolved', :detail, severity, '{WITHDRAWN}', :number
FROM alerts WHERE alert_id IN ({_RAISED})
"""  # noqa: S608 - our own words
_CLOSE: Final = f"""
UPDATE alerts SET state = 'resolved', state_before_mute = NULL, resolved_at = :at, resolved_by = :actor,
    resolution = '{WITHDRAWN}', awaits_clearing = false
WHERE alert_id IN ({_RAISED})
"""  # noqa: S608 - our own words
# What the transitions that count say of the other alerts: `t` is the last one, `r` resolved it, `s` suppressed it, `o`
# opened it last, `b` is the last one before the withdrawn ones.
_RESTORED: Final = f"""
CREATE TEMP TABLE restored ON COMMIT DROP AS
WITH touched AS (
    SELECT alert_id, min(transition_id) AS first,
           count(*) FILTER (WHERE from_state = 'resolved' AND to_state <> 'resolved') AS reopened,
           (array_agg(substring(detail FROM '(\\S+) became ') ORDER BY transition_id)
            FILTER (WHERE detail LIKE '% became %'))[1] AS old_type
    FROM undone WHERE alert_id NOT IN ({_RAISED}) GROUP BY alert_id
), counting AS (
    SELECT t.* FROM alert_transitions AS t JOIN touched USING (alert_id) WHERE t.withdrawal_id IS NULL
), told AS (
    SELECT touched.*, t.transition_id, r.at AS resolved_at,
           CASE WHEN t.to_state = 'resolved' THEN 'resolved'
                WHEN s.transition_id IS NOT NULL AND NOT EXISTS (
                    SELECT FROM counting AS c WHERE c.alert_id = touched.alert_id AND c.transition_id > s.transition_id
                    AND c.to_state <> 'suppressed' AND (c.actor = :monitor OR c.to_state = 'resolved'))
                THEN 'suppressed'
                WHEN t.to_state = 'suppressed' THEN 'acknowledged' ELSE t.to_state END AS state, r.actor AS resolved_by,
           coalesce(r.resolution, CASE r.actor WHEN :monitor THEN 'cleared' ELSE 'by a person' END) AS resolution,
           r.transition_id AS resolving, s.transition_id AS suppressing, s.from_state AS unsuppressed,
           o.transition_id AS opening, b.severity AS old_severity
    FROM touched
    JOIN LATERAL (SELECT * FROM counting AS c WHERE c.alert_id = touched.alert_id
                  ORDER BY transition_id DESC LIMIT 1) AS t ON true
    LEFT JOIN LATERAL (SELECT * FROM counting AS c WHERE c.alert_id = touched.alert_id AND c.to_state = 'resolved'
                       AND c.from_state IS DISTINCT FROM 'resolved' ORDER BY transition_id DESC LIMIT 1) AS r ON true
    LEFT JOIN LATERAL (SELECT * FROM counting AS c WHERE c.alert_id = touched.alert_id AND c.to_state = 'suppressed'
                       AND c.from_state IS DISTINCT FROM 'suppressed' ORDER BY transition_id DESC LIMIT 1) AS s ON true
    LEFT JOIN LATERAL (SELECT * FROM counting AS c WHERE c.alert_id = touched.alert_id AND c.to_state <> 'resolved'
                       AND (c.from_state IS NULL OR c.from_state = 'resolved')
                       ORDER BY transition_id DESC LIMIT 1) AS o ON true
    LEFT JOIN LATERAL (SELECT * FROM counting AS c WHERE c.alert_id = touched.alert_id
                       AND c.transition_id < touched.first ORDER BY transition_id DESC LIMIT 1) AS b ON true
)
SELECT told.*, k.at AS acknowledged_at, k.actor AS acknowledged_by,
       k.transition_id IS NOT NULL AND k.transition_id > coalesce(suppressing, 0) AS is_acknowledged_since
FROM told
LEFT JOIN LATERAL (
    SELECT * FROM counting AS c
    WHERE c.alert_id = told.alert_id AND c.actor <> :monitor AND c.transition_id > coalesce(told.opening, 0)
      AND (c.to_state = 'acknowledged' OR (c.from_state = 'suppressed' AND c.to_state = 'suppressed'))
    ORDER BY transition_id DESC LIMIT 1) AS k ON true
"""  # noqa: S608 - our own words
_NOTE_RESTORED: Final = """
INSERT INTO alert_transitions (alert_id, at, actor, from_state, to_state, detail, severity, resolution, withdrawal_id)
SELECT a.alert_id, :at, :actor, a.state, r.state, :detail, coalesce(r.old_severity, a.severity),
       CASE r.state WHEN 'resolved' THEN r.resolution END, :number
FROM restored AS r JOIN alerts AS a USING (alert_id)
"""
_RESTORE: Final = """
UPDATE alerts AS a SET
    state = r.state, severity = coalesce(r.old_severity, a.severity), alert_type = coalesce(r.old_type, a.alert_type),
    openings = greatest(a.openings - r.reopened, 1),
    resolved_at = CASE r.state WHEN 'resolved' THEN r.resolved_at END,
    resolved_by = CASE r.state WHEN 'resolved' THEN r.resolved_by END,
    resolution = CASE r.state WHEN 'resolved' THEN r.resolution END,
    awaits_clearing = r.state = 'resolved' AND r.resolution = 'by a person' AND r.transition_id = r.resolving,
    acknowledged_at = r.acknowledged_at, acknowledged_by = r.acknowledged_by,
    state_before_mute = CASE WHEN r.state <> 'suppressed' THEN NULL WHEN r.is_acknowledged_since THEN 'acknowledged'
                             ELSE coalesce(r.unsuppressed, 'open') END
FROM restored AS r WHERE a.alert_id = r.alert_id
"""
_COUNTS: Final = """
SELECT (SELECT count(*) FROM gone_ticks WHERE NOT is_late) AS ticks,
       (SELECT count(*) FROM gone_ticks WHERE is_late) AS late_ticks,
       (SELECT count(DISTINCT alert_id) FROM undone WHERE from_state IS NULL) AS closed,
       (SELECT count(*) FROM restored AS r JOIN undone_states AS u USING (alert_id)
        WHERE u.state = 'resolved' AND r.state <> 'resolved') AS reopened
"""
_STATES: Final = """
CREATE TEMP TABLE undone_states ON COMMIT DROP AS
SELECT alert_id, state FROM alerts WHERE alert_id IN (SELECT alert_id FROM undone)
"""
_STEPS: Final = (
    _UNDONE,
    _MOOT,
    _STATES,
    _MARK,
    _DECIDED,
    _KEEP_DECISIONS,
    _KEEP_TICKS,
    _DROP_DECISIONS,
    _SHORTEN_DECISIONS,
    _DROP_TICKS,
    _UNMEET,
    _NOTE_CLOSED,
    _CLOSE,
    _RESTORED,
    _NOTE_RESTORED,
    _RESTORE,
)
_TABLES: Final = ("restored", "gone_decisions", "undone_states", "undone", "gone_ticks")


@dataclass(frozen=True)
class Undone:
    """What withdrawing the ticks of a monitor did.

    Attributes:
        ticks: Ticks that had settled something.
        late_ticks: Ticks that came too late because of them, and can be computed again.
        closed: Alerts that they had raised, closed as withdrawn.
        reopened: Alerts that they had resolved, unresolved again.
    """

    ticks: int = 0
    late_ticks: int = 0
    closed: int = 0
    reopened: int = 0

    def __add__(self, other: "Undone") -> "Undone":
        """Both together."""
        pairs = zip(vars(self).values(), vars(other).values(), strict=True)
        return Undone(*(one + more for one, more in pairs))


def undo_ticks(connection: Connection, monitor: str, withdrawal: Withdrawal) -> Undone:
    """Withdraws the ticks of a monitor from a moment on; without any there, nothing changes."""
    lock_alerts(connection)
    values = {
        **withdrawal.values,
        "monitor": monitor,
        "detail": f"ticks of {monitor} from {withdrawal.since:%Y-%m-%d %H:%M} UTC on were withdrawn: "
        f"{withdrawal.reason}",
        "counted": list(COUNTED),
    }
    values["before"] = connection.execute(text(_BEFORE), values).scalar()
    connection.execute(text(_TICKS), values)
    for statement in _STEPS:
        connection.execute(text(statement), values)
    counted = connection.execute(text(_COUNTS)).one()
    for table in _TABLES:
        connection.execute(text(f"DROP TABLE pg_temp.{table}"))
    return Undone(*map(int, counted))
