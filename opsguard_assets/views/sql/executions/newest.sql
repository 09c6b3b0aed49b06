-- Returns the newest executions of a client, with how each playbook stands now.
SELECT
    e.execution_id, e.playbook, e.alert_id, e.mode, e.state, e.triggered_at, e.ended_at, e.undo_of, e.reason,
    a.title AS alert_title, v.content ->> 'title' AS title, p.mode AS mode_now, p.mode_since, p.paused_at, p.removed_at
FROM executions AS e
JOIN alerts AS a USING (alert_id)
JOIN playbook_versions AS v ON v.playbook = e.playbook AND v.digest = e.digest
LEFT JOIN playbooks AS p ON p.playbook = e.playbook
WHERE COALESCE(e.client_id, '') = COALESCE(:client_id, '')
ORDER BY e.execution_id DESC
LIMIT :limit
