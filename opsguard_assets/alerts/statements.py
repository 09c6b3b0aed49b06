"""The statements that settle a tick: a fixed number, however many findings there are.

Here: SQL. Not here: order and parameters (`lifecycle`). `f` holds the findings of the tick, one row per key; `plan`
holds the decision for each, and the alert as it was.
"""

from typing import Final

CREATE_FINDINGS: Final = """
CREATE TEMP TABLE f (
    dedup_key text, alert_type text, entity_type text, entity_id text, client_id text, site_id text, severity text,
    score double precision, title text, reason text, evidence jsonb, is_raising boolean, withheld text, told_by text,
    model_name text, model_version text, model_run_id text, findings bigint
) ON COMMIT DROP
"""
COPY_FINDINGS: Final = "COPY f FROM STDIN WITH (FORMAT csv)"
# The planner may still believe that the stored tables are empty. Indexes on both sides, used whatever it believes, keep
# every join from walking all pairs; compiling statements that run once would cost more than they take.
USE_INDEXES: Final = "SET LOCAL enable_seqscan = off"
DO_NOT_COMPILE: Final = "SET LOCAL jit = off"
INDEX_FINDINGS: Final = "CREATE UNIQUE INDEX ON f (dedup_key)"
ANALYZE_FINDINGS: Final = "ANALYZE f (dedup_key)"
PLAN_BY_ALERT: Final = "CREATE INDEX ON plan (alert_id)"
PLAN_BY_KEY: Final = "CREATE UNIQUE INDEX ON plan (dedup_key)"
ANALYZE_PLAN: Final = "ANALYZE plan (dedup_key, alert_id, decision, state)"
GONE_BY_ALERT: Final = "CREATE UNIQUE INDEX ON gone (alert_id)"
DECIDED_BY_KEY: Final = "CREATE INDEX ON decided (dedup_key)"
ANALYZE_DECIDED: Final = "ANALYZE decided (dedup_key, decision, alert_id)"

# The last alert of a key is the only one that can be unresolved; one that only withdrawn ticks raised never was.
PLAN: Final = """
CREATE TEMP TABLE plan ON COMMIT DROP AS
WITH known AS (
    SELECT f.*, a.alert_id, a.state, a.severity AS old_severity, a.alert_type AS old_type,
           a.state_before_mute, a.awaits_clearing, a.resolution, a.resolved_at, m.mute_id,
           array_position(ARRAY['low', 'medium', 'high', 'critical'], f.severity) AS rank,
           array_position(ARRAY['low', 'medium', 'high', 'critical'], a.severity) AS old_rank
    FROM f
    LEFT JOIN LATERAL (
        SELECT * FROM alerts
        WHERE alerts.dedup_key = f.dedup_key AND resolution IS DISTINCT FROM 'withdrawn'
        ORDER BY alert_id DESC LIMIT 1
    ) AS a ON true
    LEFT JOIN LATERAL (
        SELECT mute_id FROM mutes
        WHERE CAST(:as_of AS timestamptz) >= begins_at AND CAST(:as_of AS timestamptz) < ends_at
          AND f.alert_type <> ALL (CAST(:life_safety AS text[]))
          AND (mutes.alert_type IS NULL OR mutes.alert_type = f.alert_type)
          AND (mutes.entity_id IS NULL OR mutes.entity_id = f.entity_id)
          AND (mutes.site_id IS NULL OR mutes.site_id = f.site_id)
          AND (mutes.client_id IS NULL OR mutes.client_id = f.client_id)
        ORDER BY mute_id LIMIT 1
    ) AS m ON true
)
SELECT *, CASE
    WHEN state <> 'resolved' AND withheld = ANY (CAST(:ending AS text[])) THEN withheld
    WHEN state <> 'resolved' AND mute_id IS NOT NULL THEN 'muted'
    WHEN state = 'suppressed' THEN 'mute ended'
    WHEN state <> 'resolved' AND is_raising THEN 'refreshed'
    WHEN state <> 'resolved' THEN 'held by hysteresis'
    WHEN NOT is_raising THEN 'below the threshold'
    WHEN withheld IS NOT NULL THEN withheld
    WHEN awaits_clearing AND rank <= old_rank THEN 'resolved by a person'
    WHEN mute_id IS NOT NULL THEN 'muted'
    WHEN resolution = ANY (CAST(:comes_back AS text[]))
        AND resolved_at >= CAST(:as_of AS timestamptz) - CAST(:reopen_within AS interval) THEN 'reopened'
    ELSE 'raised'
  END AS decision
FROM known
"""

# Alerts whose condition no finding of the tick holds any more, and those that a finding's mark ends.
CLEARED: Final = """
CREATE TEMP TABLE gone ON COMMIT DROP AS
SELECT a.alert_id, a.dedup_key, a.state, a.severity, f.withheld AS mark, f.told_by
FROM alerts AS a LEFT JOIN f USING (dedup_key)
WHERE a.state <> 'resolved' AND a.alert_type = ANY (CAST(:alert_types AS text[]))
  AND (f.dedup_key IS NULL OR f.withheld = ANY (CAST(:ending AS text[])))
"""

# What a person had resolved may be raised again from here on: said in its history, or no past state could be told.
NOTE_FORGIVEN: Final = """
INSERT INTO alert_transitions (alert_id, at, actor, from_state, to_state, detail, severity, resolution)
SELECT alert_id, :as_of, :actor, 'resolved', 'resolved', 'the condition cleared; it is raised again when it returns',
       severity, resolution
FROM alerts AS a
WHERE a.awaits_clearing AND a.alert_type = ANY (CAST(:alert_types AS text[]))
  AND NOT EXISTS (SELECT FROM f WHERE f.dedup_key = a.dedup_key)
"""

FORGIVE: Final = """
UPDATE alerts AS a SET awaits_clearing = false
WHERE a.awaits_clearing AND a.alert_type = ANY (CAST(:alert_types AS text[]))
  AND NOT EXISTS (SELECT FROM f WHERE f.dedup_key = a.dedup_key)
"""

NOTE_CHANGES: Final = """
INSERT INTO alert_transitions (alert_id, at, actor, from_state, to_state, severity, detail)
SELECT alert_id, :as_of, :actor, state,
       CASE decision WHEN 'muted' THEN 'suppressed' WHEN 'mute ended' THEN state_before_mute
                     WHEN 'reopened' THEN 'open' ELSE state END,
       severity,
       concat_ws('; ',
           CASE decision WHEN 'muted' THEN 'muted by ' || mute_id WHEN 'mute ended' THEN 'the mute ended'
                         WHEN 'reopened' THEN 'the condition is back' END,
           CASE WHEN alert_type <> old_type THEN old_type || ' became ' || alert_type END,
           CASE WHEN severity <> old_severity THEN 'severity ' || old_severity || ' to ' || severity END)
FROM plan
WHERE (decision IN ('refreshed', 'held by hysteresis') AND (severity, alert_type) <> (old_severity, old_type))
   OR (decision = 'muted' AND state <> 'resolved'
       AND (state <> 'suppressed' OR (severity, alert_type) <> (old_severity, old_type)))
   OR decision IN ('mute ended', 'reopened')
"""

MEET: Final = """
UPDATE alerts AS a SET
    alert_type = p.alert_type, severity = p.severity, score = p.score, title = p.title, reason = p.reason,
    evidence = p.evidence,
    model_name = p.model_name, model_version = p.model_version, model_run_id = p.model_run_id,
    client_id = p.client_id, site_id = p.site_id,
    occurrences = a.occurrences + p.findings, last_seen_at = :as_of,
    state = CASE p.decision WHEN 'muted' THEN 'suppressed' WHEN 'mute ended' THEN p.state_before_mute
                            WHEN 'reopened' THEN 'open' ELSE a.state END,
    state_before_mute = CASE WHEN p.decision = 'muted' AND a.state <> 'suppressed' THEN a.state
                             WHEN p.decision = 'muted' THEN a.state_before_mute END,
    openings = a.openings + CASE p.decision WHEN 'reopened' THEN 1 ELSE 0 END,
    resolved_at = NULL, resolved_by = NULL, resolution = NULL, awaits_clearing = false,
    acknowledged_at = CASE p.decision WHEN 'reopened' THEN NULL ELSE a.acknowledged_at END,
    acknowledged_by = CASE p.decision WHEN 'reopened' THEN NULL ELSE a.acknowledged_by END
FROM plan AS p
WHERE a.alert_id = p.alert_id
  AND (p.decision IN ('refreshed', 'held by hysteresis', 'mute ended', 'reopened')
       OR (p.decision = 'muted' AND p.state <> 'resolved'))
"""

RAISE: Final = """
INSERT INTO alerts (dedup_key, alert_type, entity_type, entity_id, client_id, site_id, severity, state,
                    state_before_mute, score, title, reason, evidence, model_name, model_version, model_run_id,
                    occurrences, first_seen_at, last_seen_at)
SELECT dedup_key, alert_type, entity_type, entity_id, client_id, site_id, severity,
       CASE decision WHEN 'muted' THEN 'suppressed' ELSE 'open' END, CASE decision WHEN 'muted' THEN 'open' END,
       score, title, reason, evidence, model_name, model_version, model_run_id, findings, :as_of, :as_of
FROM plan
WHERE decision = 'raised' OR (decision = 'muted' AND (state IS NULL OR state = 'resolved'))
ORDER BY dedup_key
"""

NOTE_RAISED: Final = """
INSERT INTO alert_transitions (alert_id, at, actor, from_state, to_state, severity, detail)
SELECT a.alert_id, :as_of, :actor, NULL, a.state, a.severity,
       CASE p.decision WHEN 'muted' THEN 'muted by ' || p.mute_id ELSE 'the condition holds' END
FROM plan AS p JOIN alerts AS a ON a.dedup_key = p.dedup_key AND a.state <> 'resolved'
WHERE (p.decision = 'raised' OR p.decision = 'muted') AND (p.alert_id IS NULL OR a.alert_id > p.alert_id)
"""

CLEAR: Final = """
UPDATE alerts AS a SET state = 'resolved', state_before_mute = NULL, resolved_at = :as_of, resolved_by = :actor,
                       resolution = coalesce(gone.mark, 'cleared')
FROM gone WHERE a.alert_id = gone.alert_id
"""

NOTE_CLEARED: Final = """
INSERT INTO alert_transitions (alert_id, at, actor, from_state, to_state, detail, severity, resolution)
SELECT alert_id, :as_of, :actor, state, 'resolved',
       CASE mark WHEN 'expired' THEN 'it is over and no longer judged; nothing cleared'
                 ELSE concat_ws(': ', coalesce(mark, 'the condition cleared'), told_by) END,
       severity, coalesce(mark, 'cleared')
FROM gone
"""

DECIDED: Final = """
CREATE TEMP TABLE decided ON COMMIT DROP AS
SELECT p.dedup_key, p.decision, p.findings,
       CASE p.decision WHEN 'muted' THEN 'mute ' || p.mute_id WHEN p.withheld THEN p.told_by END AS detail, a.alert_id
FROM plan AS p LEFT JOIN alerts AS a ON a.dedup_key = p.dedup_key AND a.state <> 'resolved'
UNION ALL
SELECT dedup_key, 'cleared', 0, NULL, alert_id FROM gone WHERE mark IS NULL
"""

# An equal decision of the tick before goes on; anything else begins a row of its own. No key has two rows that end with
# the same tick: of late ticks, which are no tick before, there is one row each.
EXTEND: Final = """
UPDATE decisions AS d SET last_as_of = :as_of, ticks = d.ticks + 1, findings = n.findings
FROM decided AS n
WHERE d.monitor = :monitor AND d.dedup_key = n.dedup_key AND d.last_as_of = :before
  AND d.decision = n.decision AND d.detail IS NOT DISTINCT FROM n.detail AND d.alert_id IS NOT DISTINCT FROM n.alert_id
"""

BEGIN: Final = """
INSERT INTO decisions (monitor, dedup_key, first_as_of, last_as_of, ticks, decision, detail, findings, alert_id)
SELECT :monitor, n.dedup_key, :as_of, :as_of, 1, n.decision, n.detail, n.findings, n.alert_id
FROM decided AS n
WHERE NOT EXISTS (
    SELECT FROM decisions AS d
    WHERE d.monitor = :monitor AND d.dedup_key = n.dedup_key AND d.last_as_of = :as_of AND d.first_as_of < :as_of)
"""

LATE: Final = """
INSERT INTO decisions (monitor, dedup_key, first_as_of, last_as_of, ticks, decision, findings)
SELECT :monitor, dedup_key, :as_of, :as_of, 1, 'late tick', findings FROM f
"""

NOTE_TICK: Final = """
INSERT INTO monitor_ticks (monitor, as_of, findings, digest, is_late, settled_by)
VALUES (:monitor, :as_of, :findings, :digest, :is_late, :settled_by)
"""

TICKS_BEFORE: Final = """
SELECT (SELECT max(as_of) FROM monitor_ticks WHERE monitor = :monitor AND NOT is_late) AS newest,
       EXISTS (SELECT FROM monitor_ticks WHERE monitor = :monitor AND as_of = :as_of) AS is_known
"""
FINDINGS_OF: Final = "SELECT findings FROM monitor_ticks WHERE monitor = :monitor AND as_of = :as_of"

COUNTS: Final = "SELECT decision, count(*) AS keys, sum(findings) AS findings FROM decided GROUP BY decision"
COUNTS_OF_LATE: Final = "SELECT 'late tick' AS decision, count(*) AS keys, sum(findings) AS findings FROM f"

# A late tick may lie within a run of decisions that knew nothing of it.
DECISIONS_AT: Final = """
SELECT d.dedup_key, d.decision, d.detail, d.findings, d.alert_id
FROM decisions AS d JOIN monitor_ticks AS t ON t.monitor = d.monitor AND t.as_of = :as_of
WHERE d.monitor = :monitor AND d.first_as_of <= :as_of AND d.last_as_of >= :as_of
  AND (d.decision = 'late tick') = t.is_late
ORDER BY d.dedup_key
"""
PRUNE: Final = "DELETE FROM decisions WHERE last_as_of < :before"
PRUNE_TICKS: Final = """
DELETE FROM monitor_ticks AS t WHERE as_of < :before
  AND as_of < (SELECT max(as_of) FROM monitor_ticks AS n WHERE n.monitor = t.monitor)
"""
