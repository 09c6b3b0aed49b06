-- Returns an execution of a client with its playbook; nothing where it is another client's.
SELECT
    e.execution_id, e.playbook, e.digest, e.alert_id, e.opening, e.client_id, e.site_id, e.mode, e.requested_by,
    e.is_by_hand, e.undo_of, e.state, e.phase, e.step, e.triggered_at, e.begun_at, e.ended_at, e.due_at, e.deadline_at,
    e.reason, v.content ->> 'title' AS title, u.execution_id AS undone_by
FROM executions AS e
JOIN playbook_versions AS v ON v.playbook = e.playbook AND v.digest = e.digest
LEFT JOIN executions AS u ON u.undo_of = e.execution_id
WHERE e.execution_id = :execution_id AND COALESCE(e.client_id, '') = COALESCE(:client_id, '')
