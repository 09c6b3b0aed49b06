-- Returns the executions that were triggered within a period, as they stood at its end: when the first step that does
-- more than read was done, also after a failure, or may have been done; how many approvals people decided, and when it
-- was undone.
WITH chosen AS (
    SELECT * FROM executions
    WHERE triggered_at >= :since AND triggered_at <= :as_of AND undo_of IS NULL
), acted AS (
    SELECT s.execution_id, min(s.started_at) AS acted_at
    FROM execution_steps AS s JOIN chosen USING (execution_id)
    WHERE s.phase <> 'undo' AND s.state IN ('done', 'unknown') AND s.ended_at <= :as_of
      AND s.action <> ALL (CAST(:reading AS text[]))
    GROUP BY s.execution_id
), asked AS (
    SELECT a.execution_id, count(*) AS approvals
    FROM approvals AS a JOIN chosen USING (execution_id)
    WHERE a.decided_at <= :as_of AND a.decision IN ('approved', 'denied')
    GROUP BY a.execution_id
)
SELECT c.execution_id, c.playbook, c.alert_id, c.opening, c.client_id, c.site_id, c.mode,
       CASE WHEN c.ended_at <= :as_of THEN c.state ELSE 'running' END AS state,
       c.triggered_at, CASE WHEN c.ended_at <= :as_of THEN c.ended_at END AS ended_at,
       acted.acted_at, coalesce(asked.approvals, 0) AS approvals, u.triggered_at AS undone_at
FROM chosen AS c
LEFT JOIN acted USING (execution_id)
LEFT JOIN asked USING (execution_id)
LEFT JOIN executions AS u ON u.undo_of = c.execution_id AND u.triggered_at <= :as_of
ORDER BY c.execution_id
