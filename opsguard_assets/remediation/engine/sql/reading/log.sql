-- Returns executions with their alert and the approval that they wait for, the newest first.
SELECT
    e.execution_id, e.playbook, e.alert_id, a.title, e.client_id, e.site_id, e.mode, e.state, e.reason, e.requested_by,
    e.undo_of, e.triggered_at, e.begun_at, e.ended_at, e.due_at, e.deadline_at, p.approval_id, p.team, p.expires_at
FROM executions AS e
JOIN alerts AS a USING (alert_id)
LEFT JOIN approvals AS p ON p.execution_id = e.execution_id AND p.decision IS NULL
WHERE (e.state = ANY (:states)) AND (CAST(:playbook AS text) IS NULL OR e.playbook = :playbook)
AND (CAST(:alert_id AS bigint) IS NULL OR e.alert_id = :alert_id)
ORDER BY e.execution_id DESC
LIMIT :limit
