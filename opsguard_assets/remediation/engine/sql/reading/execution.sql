-- Returns executions with the texts that they follow.
SELECT
    e.execution_id, e.playbook, e.digest, e.alert_id, e.opening, e.client_id, e.site_id, e.mode, e.requested_by,
    e.undo_of, e.state, e.phase, e.step, e.triggered_at, e.begun_at, e.deadline_at, e.reason,
    CAST(v.content AS text) AS content
FROM executions AS e
JOIN playbook_versions AS v USING (playbook, digest)
WHERE e.execution_id = ANY (:execution_ids)
