-- Returns the executions about some alerts, the newest first.
SELECT
    e.execution_id, e.playbook, e.alert_id, e.mode, e.state, e.triggered_at, e.ended_at, e.undo_of, e.reason,
    v.content ->> 'title' AS title
FROM executions AS e
JOIN playbook_versions AS v ON v.playbook = e.playbook AND v.digest = e.digest
WHERE e.alert_id = ANY (:alert_ids)
ORDER BY e.execution_id DESC
LIMIT :limit
